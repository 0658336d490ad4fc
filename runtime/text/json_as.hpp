#pragma once

#include "messages/object.hpp"

#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
} // namespace google::protobuf

namespace troupe::text {

/// Returns what an object has of the fields of another type with the same
/// numbers as JSON, without parsing it.
std::string to_json_as(const object& x,
                       const google::protobuf::Descriptor& type,
                       std::string_view api_version, std::string_view kind);

} // namespace troupe::text
