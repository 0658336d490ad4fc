#pragma once

#include "actors/client/api_session.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Sees to it that there is what every cluster has from the beginning, and has
/// it again: namespaces, priority classes, mandatory flow control, the Service
/// `kubernetes` with the API server's address behind it, that of the cluster's
/// DNS, the authority's ConfigMap in each namespace, and what whoever joins may
/// read of the cluster. As in Kubernetes default roles and bindings are there
/// when it starts, with what they lack; who takes some away later is left alone
/// until then.
///
/// Hears: these objects as they change; beside which server controllers are
///        active; what became of its own writes.
/// Says:  creates and updates to its session, many at a time; while controllers
///        are active beside no server, to the processes, whenever their Lease
///        is renewed: which servers are there.
/// After a restart: looks what is there, and goes on.
using bootstrap_actor = watcher_actor::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct bootstrap_state {
  static inline const char* name = "bootstrap";

  /// What is seen of one kind, by "namespace/name".
  struct seen {
    /// Whether all of a selection is here, by the key that it is limited to;
    /// "" for all of the kind.
    std::map<std::string, bool> complete;
    std::map<std::string, object> objects;
  };

  api_session api;
  std::vector<object> first; ///< what there should be, in order
  /// Flow control that is only suggested, as long as it is to be written.
  std::vector<object> suggested;
  bool flow_seen = false;     ///< it is decided whether to suggest any
  std::vector<object> policy; ///< default roles that were not looked at yet
  std::vector<uint64_t> policy_streams; ///< while there are any
  std::map<const kind_info*, seen> views;
  std::set<std::string> refused; ///< not to be tried before something changes
  std::set<std::string> busy;    ///< being written
  bool look_at_all = true;       ///< at what there should be, once all is seen
  bool election_seen = false;    ///< of the controllers, or that there is none
  std::optional<std::string> holder; ///< of it
  std::vector<std::string> present; ///< processes, while it is beside no server
  bool asks_who_is_there = false;
  object info;            ///< what the cluster tells those who join
  bool info_seen = false; ///< or that there is none
  object authentication;  ///< who signs clients' certificates, as is stored
  bool authentication_seen = false;
  uint64_t written = 0;
};

bootstrap_actor::behavior_type
bootstrap(bootstrap_actor::stateful_pointer<bootstrap_state> self, context ctx);

/// Returns the branch `apiserver` of the tree: a view and a registry for each
/// kind, the allocators, the front door and the bootstrap. Without `elections`
/// in the process it is the only one there is.
child_spec apiserver_branch(bool elections = true);

} // namespace troupe
