#pragma once

#include "actors/controllers/controller.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Empties namespaces that are being deleted, then lets them go.
///
/// Hears: namespaces from their view and, while one is being deleted, all that
///        is in it; what became of its own writes.
/// Says:  deletes and statuses to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, goes on with every namespace that is being deleted.
using namespace_actor = controller_actor;

/// What is in a namespace that is being deleted.
struct namespace_content {
  struct part {
    uint64_t subscription = 0;
    shown view;
  };
  std::map<const kind_info*, part> parts; ///< by kind
  std::set<std::string> deleted;          ///< uids whose delete was accepted
};

/// What the actor remembers between two messages.
struct namespace_state {
  static inline const char* name = "namespace";

  reconciler loop;             ///< session, views, the namespaces to look at
  shown* namespaces = nullptr; ///< what the loop's view of them shows
  std::map<std::string, namespace_content> ending; ///< those being deleted
  std::map<std::string, std::vector<std::string>> failures; ///< refused deletes
};

namespace_actor::behavior_type
namespace_controller(namespace_actor::stateful_pointer<namespace_state> self,
                     context ctx);

} // namespace troupe
