#pragma once

#include "messages/api/core_reference.pb.h"
#include "runtime/rules/findings.hpp"

namespace troupe::rules {

void validate_toleration(const core::v1::Toleration& one, const field_path& at,
                         findings& out);

} // namespace troupe::rules
