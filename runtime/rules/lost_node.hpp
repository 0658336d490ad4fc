#pragma once

#include <string>

namespace troupe::coordination::v1 {
class Lease;
} // namespace troupe::coordination::v1

namespace troupe::rules {

/// Annotation of a node's lease: the connection of its kubelet was lost, and
/// since then nobody has renewed the lease, as long as this is the time of its
/// last renewal. A renewal makes it void, whatever clocks say.
inline constexpr const char* lost_key = "troupe.dev/lost-since-renewal";

/// Returns the JSON merge patch that marks the lease so, if it is not renewed
/// in the meantime.
std::string lost_mark(const coordination::v1::Lease& lease);

/// Returns whether a lease is marked, and not renewed since.
bool is_marked_lost(const coordination::v1::Lease& lease);

} // namespace troupe::rules
