#pragma once

#include "messages/errors.hpp"

#include <vector>

namespace troupe::core::v1 {
class LimitRange;
class PersistentVolumeClaim;
class Pod;
} // namespace troupe::core::v1

/// LimitRange as admission. `ranges` are those of the namespace.
namespace troupe::rules {

using limit_ranges = std::vector<const core::v1::LimitRange*>;

/// Fills in what containers leave open, and notes that in an annotation.
void apply_limit_ranges(core::v1::Pod& pod, const limit_ranges& ranges);

/// Forbidden, with all reasons that the first range has.
caf::error check_limit_ranges(const core::v1::Pod& pod,
                              const limit_ranges& ranges);
caf::error check_limit_ranges(const core::v1::PersistentVolumeClaim& claim,
                              const limit_ranges& ranges);

} // namespace troupe::rules
