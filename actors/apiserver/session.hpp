#pragma once

#include "actors/apiserver/policy.hpp"
#include "actors/system/brood.hpp"
#include "actors/system/calls.hpp"
#include "runtime/rules/authorize.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The API server as one identity sees it.
///
/// Hears: requests and watches of one client; the policy that they are
///        checked against, whenever it changes.
/// Says:  writes to registries, reads and watches to views, as its own
///        identity; questions about actors to the directory; to the kubelet of
///        a pod who wants its log or a command in it.
/// After a restart: there is none. The client sees it go down and opens
///        another.
///
/// A request without a kind whose name is a path, "/version", is about what is
/// no resource: the answer is empty, and only says that the verb may be done.
///
/// A request from another process must carry the session's secret. With an
/// election, each write is done only while the term that it names is. Before
/// the first policy is known requests wait for it, but for those of
/// system:masters, who need none.
struct session_state {
  static inline const char* name = "session";

  struct backend {
    caf::actor handle;
    std::vector<std::function<void()>> waiting; ///< until it is found
    bool asked = false;
  };

  std::unique_ptr<context> ctx;
  rules::caller who;
  std::string secret;
  std::string election; ///< "" for none
  calls requests;
  std::map<std::string, backend> backends; ///< by path
  /// Which view serves a stream of a watcher.
  std::map<std::pair<caf::actor_addr, uint64_t>, std::string> streams;
  brood relays;          ///< of container streams of other processes
  uint64_t relayed = 0;  ///< so far
  bool enrolled = false; ///< through us, a process did
  std::shared_ptr<const rules::rbac_policy> policy; ///< none: not known yet
  std::vector<std::function<void()>> held;          ///< until it is
  /// Requests of another process that have no answer yet.
  std::shared_ptr<size_t> in_flight = std::make_shared<size_t>(0);
  uint64_t turned_away = 0; ///< as there were too many of them
  uint64_t served = 0;
  uint64_t refused = 0;     ///< requests that the client has no right to
  std::string last_refused; ///< the last of them
};

/// A session, and who hears the policy.
using policed_session_actor =
    command_session_actor::extend_with<policy_reader_actor>;

policed_session_actor::behavior_type
session(policed_session_actor::stateful_pointer<session_state> self,
        context ctx, rules::caller who, std::string secret,
        std::string election, std::shared_ptr<const rules::rbac_policy> policy);

} // namespace troupe
