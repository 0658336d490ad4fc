#pragma once

#include "messages/object.hpp"
#include "runtime/text/document.hpp"

#include <string>
#include <string_view>

namespace troupe::text {

/// Prints as `kubectl get -o yaml` does: sorted keys, lists at the column of
/// their key, strings with line breaks as blocks, quotes only where needed,
/// long lines folded after 80 columns.
std::string print_yaml(const document& doc);
std::string to_yaml(const object& x);
std::string to_yaml(const google::protobuf::Message& msg);

/// Whether `a` stands before `b` among the keys of a mapping: digits count as
/// numbers, and other signs come before letters.
bool yaml_key_less(std::string_view a, std::string_view b);

} // namespace troupe::text
