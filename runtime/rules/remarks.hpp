#pragma once

#include "runtime/rules/warning.hpp"

#include <google/protobuf/message.h>

#include <vector>

namespace troupe::rules {

/// Returns what `warnings` tells of an object, each with what makes it untrue.
std::vector<warning> remarks_on(const google::protobuf::Message& obj);

} // namespace troupe::rules
