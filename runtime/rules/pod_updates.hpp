#pragma once

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

class findings;

/// Of a pod's spec very little may change.
void validate_pod_update(const core::v1::Pod& pod, const core::v1::Pod& old,
                         findings& out);

void validate_pod_status(const core::v1::Pod& pod, const core::v1::Pod& old,
                         findings& out);

} // namespace troupe::rules
