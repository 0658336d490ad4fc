#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/image_record.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace troupe::images {

class image_store;

/// When images are collected, as the kubelet's configuration has it.
struct garbage_policy {
  int high_percent = 85; ///< of the disk used: collect
  int low_percent = 80;  ///< until no more than this
  std::chrono::seconds min_age = std::chrono::minutes(2);
  /// Unused for longer: removed whatever the disk is like; 0: never.
  std::chrono::seconds max_age{};
};

/// ec::invalid names what does not fit.
caf::error check(const garbage_policy& policy);

/// What of a disk is used, for the decision.
struct disk_state {
  uint64_t capacity = 0;
  uint64_t available = 0;
};

/// What is to be removed, and what that is hoped to free.
struct garbage_plan {
  std::vector<std::string> remove; ///< ids, in this order
  uint64_t wanted = 0;             ///< bytes to free; 0: nothing must go
};

/// Decides as Kubernetes does: above the high mark images go, the least
/// recently used first, until the low mark is reached; none that is in use,
/// pinned or younger than the minimum age. Pure. `remove` names all that may
/// go: who removes stops when `wanted` is freed; with the disk full of other
/// things all of them are not enough.
garbage_plan plan_garbage(const std::vector<image_record>& images,
                          const std::set<std::string>& in_use,
                          const disk_state& disk, const garbage_policy& policy,
                          time_point now);

/// What was done.
struct collected {
  std::vector<std::string> removed; ///< ids
  uint64_t wanted = 0;
  uint64_t freed = 0; ///< as the disk shows it, less than wanted: not enough
};

/// Decides and acts. What the store's holders have is in use; `in_use` names
/// what else is. Continues after what cannot be removed.
expected<collected> collect_garbage(image_store& store,
                                    const std::set<std::string>& in_use,
                                    const garbage_policy& policy,
                                    time_point now);

} // namespace troupe::images
