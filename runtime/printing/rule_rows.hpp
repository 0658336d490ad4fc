#pragma once

#include "messages/api/rbac.pb.h"

#include <array>
#include <string>
#include <vector>

namespace troupe::printing {

/// Resources, paths, names and verbs, as kubectl shows rules.
using rule_row = std::array<std::string, 4>;

/// Returns a row for each resource or path that rules speak of, with all its
/// verbs, in kubectl's order.
std::vector<rule_row> rule_rows(
    const google::protobuf::RepeatedPtrField<rbac::v1::PolicyRule>& rules);

} // namespace troupe::printing
