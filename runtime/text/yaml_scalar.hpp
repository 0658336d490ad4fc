#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::text {

/// What an unquoted YAML scalar means to Kubernetes' tools: YAML 1.1, without
/// base 60.
enum class yaml_meaning : uint8_t {
  string,
  null,
  boolean,
  integer,
  real,
  not_json,  ///< infinity or not a number
  timestamp, ///< read as a string, but quoted when written
  merge,     ///< "<<"
};

struct yaml_value {
  yaml_meaning meaning = yaml_meaning::string;
  /// JSON text, for null, booleans and numbers.
  std::string json;
};

yaml_value resolve_yaml(std::string_view plain);

/// Returns whether `str`, unquoted, would be a base 60 number to some readers.
bool is_base60(std::string_view str);

} // namespace troupe::text
