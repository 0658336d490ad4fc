#pragma once

#include "runtime/rules/findings.hpp"

#include <string>

namespace troupe::core::v1 {
class ServiceSpec;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Checks cluster addresses and families; `at` is the path of the spec.
void check_cluster_addresses(const core::v1::ServiceSpec& spec,
                             const field_path& at, findings& out);

void check_cluster_addresses_update(const core::v1::ServiceSpec& spec,
                                    const core::v1::ServiceSpec& old,
                                    const field_path& at, findings& out);

/// Reports what is no address, or one that cannot be reached from elsewhere:
/// unspecified, loopback (outside of the cluster's own loopback network),
/// link-local.
void check_plain_address(const std::string& text, const field_path& at,
                         findings& out);

} // namespace troupe::rules
