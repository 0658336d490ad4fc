#pragma once

#include "runtime/rules/findings.hpp"

#include <string>

namespace troupe::core::v1 {
class PersistentVolumeClaimSpec;
class PersistentVolumeSpec;
} // namespace troupe::core::v1

/// Rules of volumes and claims that other kinds have within them.
namespace troupe::rules {

/// The name of a driver for storage: a DNS subdomain, in any case, of at most
/// 63 characters.
void check_driver_name(const std::string& name, const field_path& at,
                       findings& out);

/// A claim's spec; `at` is its path.
void check_claim_spec(const core::v1::PersistentVolumeClaimSpec& spec,
                      const field_path& at, findings& out);

/// A volume that is no object of its own.
void check_inline_volume(const core::v1::PersistentVolumeSpec& spec,
                         const field_path& at, findings& out);

} // namespace troupe::rules
