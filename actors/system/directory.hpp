#pragma once

#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Knows the handle of every actor by its path, as it is now.
///
/// Hears: from who starts an actor that it did; the end of each; which one a
///        supervisor keeps away.
/// Says:  answers: the handle of a path as soon as there is one, all actors.
///        To supervisors, whom to keep away.
/// After a restart: is told anew, because all who use it are started anew
///        after it.
struct directory_state {
  static inline const char* name = "directory";

  struct entry {
    caf::actor handle;
    uint32_t restarts = 0;
    std::string failure; ///< why the one before it ended
    bool supervisor = false;
    caf::actor_addr keeper; ///< its supervisor; none for who has another parent
  };

  /// An actor that its supervisor keeps away.
  struct absence {
    caf::actor_clock::time_point until;
    entry last; ///< as it was, without a handle
  };

  std::map<std::string, entry> entries; ///< by path
  std::map<caf::actor_addr, std::string> paths;
  std::map<std::string, absence> away; ///< by path
  /// What the actors are that a supervisor keeps, also while they are away.
  std::map<std::string, std::string> components;
  /// Who asked for a path that nobody has yet, by number.
  using asking = std::map<uint64_t, caf::typed_response_promise<caf::actor>>;
  std::map<std::string, asking> waiting; ///< by path
  uint64_t last_asking = 0;
  /// Ends noted for a path between two incarnations.
  std::map<std::string, uint32_t> ends;
};

directory_actor::behavior_type
directory(directory_actor::stateful_pointer<directory_state> self);

} // namespace troupe
