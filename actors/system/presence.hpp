#pragma once

#include "actors/system/brood.hpp"
#include "actors/system/line.hpp"
#include "actors/system/servers_listener.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Keeps this process known to every server in another one: whoever asks any
/// of them finds the actors here, and each notices when the process is gone.
///
/// Hears: where the servers are; the end of the lines to them.
/// Says:  what this process is and where its directory is, to each server; to
///        the link, where the servers are now.
/// After a restart: enrolls anew; the servers take the newer word.
using presence_actor = caf::typed_actor<
    // The pause before a server is tried again is over.
    caf::reacts_to<pb<system::Tick>>>
    // Where the servers are, from one of them.
    ::extend_with<servers_listener_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct presence_state {
  static inline const char* name = "presence";

  struct server {
    line_actor line; ///< none during a pause
    bool enrolled = false;
    uint32_t failures = 0; ///< in a row
    uint64_t tick = 0;     ///< that ends the pause
  };

  std::unique_ptr<context> ctx;
  calls requests;
  brood lines;
  std::map<std::string, server> servers; ///< by HOST:PORT
  uint64_t opened = 0;                   ///< lines
  uint64_t last_tick = 0;
};

presence_actor::behavior_type
presence(presence_actor::stateful_pointer<presence_state> self, context ctx);

} // namespace troupe
