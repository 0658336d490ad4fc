#pragma once

#include "messages/call.pb.h"
#include "messages/errors.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/secure_network.hpp"
#include "runtime/system/server_links.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/node_id.hpp>

#include <charconv>
#include <chrono>
#include <functional>
#include <set>
#include <string>

namespace troupe {

/// A process that hangs takes the connection and never answers.
constexpr auto dial_patience = std::chrono::seconds(2);

/// Dials `place`, HOST:PORT, without blocking; gives whoever is published there
/// to `found`, or the reason why nobody answered to `failed`. The answer may be
/// a handle that is dead already (a connection that just broke): whoever uses
/// it asks something first.
template <class Pointer, class Found>
void dial_process(Pointer self, const secure_network& network,
                  const std::string& place, Found found,
                  std::function<void(const caf::error&)> failed) {
  auto colon = place.rfind(':');
  uint16_t port = 0;
  if (colon != std::string::npos)
    std::from_chars(place.data() + colon + 1, place.data() + place.size(),
                    port);
  self->request(network.middleman(), dial_patience, caf::connect_atom::value,
                place.substr(0, colon), port)
      .then(
          [found, failed](const caf::node_id&, const caf::strong_actor_ptr& who,
                          const std::set<std::string>&) mutable {
            if (who)
              found(who);
            else
              failed(make_error(ec::service_unavailable, "nobody is there"));
          },
          [failed](const caf::error& err) {
            failed(make_error(ec::service_unavailable, message_of(err)));
          });
}

/// Puts the nonce and the proof that we are who we are into `msg`, with the
/// credential that `links` has for its user.
caf::error prove(const server_links& links, const std::string& nonce,
                 call::OpenSession& msg);

} // namespace troupe
