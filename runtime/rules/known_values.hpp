#pragma once

#include "runtime/rules/findings.hpp"

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::rules {

/// Reports every set field whose value is not among those that its type
/// allows, anywhere in the object. Empty text is the business of the rules
/// that require a value.
void check_known_values(const google::protobuf::Message& obj, findings& out);

} // namespace troupe::rules
