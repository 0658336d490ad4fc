#pragma once

#include "messages/time.hpp"

#include <cstdint>
#include <string>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::printing {

/// What `get pods` shows of a pod's life.
struct pod_summary {
  std::string status; ///< "Running", "Init:0/1", "CrashLoopBackOff", ...
  int64_t ready = 0;  ///< ready containers, sidecars included
  int64_t total = 0;
  int64_t restarts = 0;
  time_point last_restart{}; ///< the epoch when unknown

  std::string ready_text() const;
  /// "3", or "3 (5m ago)" when it is known when.
  std::string restarts_text(time_point now) const;
};

pod_summary summarize(const core::v1::Pod& pod);

} // namespace troupe::printing
