#pragma once

#include "actors/system/calls.hpp"
#include "messages/join_interface.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>
#include <vector>

namespace troupe {

/// Stands where processes come in that have a token and no certificate yet, and
/// shows each to a join desk of this process, whichever is there at the time.
/// Every request ends: where no desk answers, with a refusal for now.
///
/// Hears: requests to join, as they came; the directory of the tree, whenever
///        there is a new one.
/// Says:  the same to a desk.
/// After a restart: there is none; it stands outside of the tree.
using join_gate_actor = caf::typed_actor<
    // The tree's directory.
    caf::reacts_to<directory_actor>>
    // Who wants to join.
    ::extend_with<joining_actor>;

/// What the gate remembers between two messages.
struct join_gate_state {
  static inline const char* name = "join_gate";

  calls requests;
  directory_actor directory;
  std::vector<std::string> desks; ///< their paths
  size_t turn = 0;                ///< which is asked next
  size_t open = 0;                ///< requests
};

/// `desks` are the paths of the desks in this process.
join_gate_actor::behavior_type
join_gate(join_gate_actor::stateful_pointer<join_gate_state> self,
          std::vector<std::string> desks);

/// Returns what takes the bytes of requests to a gate and of its answers back,
/// as `secure_network::serve_joins` wants it. `peer` is HOST:PORT or HOST. The
/// function may be called by any thread.
std::function<void(std::string request, std::string peer,
                   std::function<void(std::string answer)> reply)>
join_service_of(caf::actor_system& system, join_gate_actor gate);

} // namespace troupe
