#pragma once

#include "runtime/rules/warning.hpp"

namespace troupe::rules {

/// Returns what is accepted in an object but probably not what the user meant,
/// each with what makes it untrue.
std::vector<warning> warnings_about(const google::protobuf::Message& obj);

} // namespace troupe::rules
