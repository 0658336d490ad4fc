#pragma once

#include "messages/time.hpp"

namespace troupe::core::v1 {
class Node;
class Taint;
class Toleration;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Brings the taints that stand for conditions and for `unschedulable` in line
/// with them; others are left alone. With `spare`, silence and unreadiness do
/// not evict. Returns whether anything changed.
bool set_taints(core::v1::Node& node, bool spare, time_point now);

/// Returns whether the pod with this toleration puts up with the taint.
bool tolerates(const core::v1::Toleration& toleration,
               const core::v1::Taint& taint);

} // namespace troupe::rules
