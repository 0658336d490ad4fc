#pragma once

#include "runtime/text/yaml_reader.hpp"

namespace troupe::text {

/// Reads what a client sends as `read_stream` does, but for keys that occur
/// twice in a mapping: they do so in the JSON, too, whose reader tells of them.
expected<std::vector<json_source>>
read_body_stream(std::string_view text, const read_options& options = {});

} // namespace troupe::text
