#pragma once

#include "messages/errors.hpp"
#include "messages/kinds.hpp"

#include <string>
#include <vector>

namespace troupe::printing {

/// Explains a kind, or the field that `path` leads to ("spec", "containers"),
/// as `kubectl explain` does; `recursive` names all fields below instead of
/// telling of those next below. Fails where there is no such field.
expected<std::string> explain(const kind_info& kind,
                              const std::vector<std::string>& path,
                              bool recursive);

} // namespace troupe::printing
