#pragma once

#include "messages/store_interface.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace troupe::bench {

/// How long ago that was, in milliseconds.
double ms_since(std::chrono::steady_clock::time_point start);

/// What one load came to.
struct figures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

enum class load_kind { put, get };

/// So many clients at once, each waiting for its answer before it asks again:
/// puts of 1 KB to keys of its own, or linearizable reads of those. They are
/// shared out among `doors`.
figures measure(caf::actor_system& system,
                const std::vector<store_actor>& doors, load_kind kind,
                int clients, double seconds);

/// The same, one request after the other, of any kind.
figures repeat(const std::function<void()>& what, int times);

} // namespace troupe::bench
