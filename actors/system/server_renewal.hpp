#pragma once

#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace troupe {

/// Keeps the certificate of a server from coming to its end: has it issued anew
/// in the last third of its life, by the authority whose key the server holds.
/// Where that fails it tries again, more and more seldom but hourly at least.
///
/// Hears: its timer.
/// Says:  nothing to others; what it keeps is in `server_links`.
/// After a restart: reads the certificate's dates, and sets its timer anew.
using server_renewal_actor = caf::typed_actor<
    // It is time.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct server_renewal_state {
  static inline const char* name = "server_renewal";

  std::unique_ptr<context> ctx;
  time_point last_third{}; ///< when that of the certificate begins
  time_point due{};        ///< when the next try is
  uint32_t failures = 0;   ///< in a row
  uint64_t renewed = 0;    ///< by whomever, while this was here
};

server_renewal_actor::behavior_type server_renewal(
    server_renewal_actor::stateful_pointer<server_renewal_state> self,
    context ctx);

} // namespace troupe
