#pragma once

#include "runtime/rules/findings.hpp"

#include <cstdint>
#include <string>

namespace troupe::meta::v1 {
class IntOrString;
} // namespace troupe::meta::v1

/// Numbers that count something, and shares of such a number.
namespace troupe::rules {

/// Reports a negative number.
void require_count(int64_t value, const field_path& at, findings& out);

/// Reports what is neither a number from zero on nor a percentage.
void require_share(const meta::v1::IntOrString& value, const field_path& at,
                   findings& out);

/// Reports a percentage above 100%.
void require_at_most_all(const meta::v1::IntOrString& value,
                         const field_path& at, findings& out);

/// Returns whether it is 0 or 0%.
bool is_none(const meta::v1::IntOrString& value);

/// Returns the value as a message shows it.
shown share_text(const meta::v1::IntOrString& value);

} // namespace troupe::rules
