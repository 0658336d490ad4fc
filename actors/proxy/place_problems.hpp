#pragma once

#include "messages/codec.hpp"
#include "messages/system.pb.h"
#include "runtime/net/service_edge.hpp"

#include <caf/actor_addr.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace troupe::proxy {
class PlaceReport;
} // namespace troupe::proxy

namespace troupe {

/// The places that an edge cannot open, each with why; and when it is to try
/// again: after a second, and then after twice as long each time, up to about a
/// minute.
class place_problems {
public:
  using map = std::map<net::listener_key, std::string>;

  map& all() { return all_; }
  const map& all() const { return all_; }

  /// Returns how long to wait before the next try; nothing when none is needed,
  /// or one is planned already.
  std::optional<std::chrono::seconds> plan_retry();

  /// The planned try is made now.
  void begin_retry() { planned_ = false; }

private:
  map all_;
  uint32_t retries_ = 0; ///< in a row, since all was well
  bool planned_ = false;
};

/// Plans the next try of an actor whose state has its `problems`: a tick.
template <class Pointer>
void plan_retry(Pointer self) {
  auto wait = self->state.problems.plan_retry();
  if (!wait)
    return;
  system::Tick msg;
  msg.set_what("retry");
  self->delayed_send(self, *wait, pb<system::Tick>{std::move(msg)});
}

net::listener_key place_of(const proxy::PlaceReport& msg);

/// Returns what an edge calls, from any thread: it becomes a PlaceReport. The
/// edge outlives actors, so it holds an address only.
net::service_edge::report report_places_to(caf::actor_addr to);

} // namespace troupe
