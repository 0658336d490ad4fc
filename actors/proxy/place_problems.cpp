#include "actors/proxy/place_problems.hpp"

#include "messages/proxy.pb.h"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe {

namespace {

constexpr uint32_t max_doublings = 6; // of the second between two tries

} // namespace

std::optional<std::chrono::seconds> place_problems::plan_retry() {
  if (all_.empty())
    retries_ = 0;
  if (all_.empty() || planned_)
    return std::nullopt;
  planned_ = true;
  return std::chrono::seconds{1 << std::min(retries_++, max_doublings)};
}

net::listener_key place_of(const proxy::PlaceReport& msg) {
  return {msg.udp() ? net::protocol::udp : net::protocol::tcp,
          {{msg.address()}, static_cast<uint16_t>(msg.port())}};
}

net::service_edge::report report_places_to(caf::actor_addr to) {
  return [to = std::move(to)](const net::listener_key& key,
                              const std::string& problem) {
    auto handle = caf::actor_cast<caf::actor>(to);
    if (!handle)
      return;
    proxy::PlaceReport msg;
    msg.set_udp(key.kind == net::protocol::udp);
    msg.set_address(key.at.address.value);
    msg.set_port(key.at.port);
    msg.set_problem(problem);
    caf::anon_send(handle, pb<proxy::PlaceReport>{std::move(msg)});
  };
}

} // namespace troupe
