#pragma once

#include "runtime/text/document.hpp"

#include <string>

namespace troupe::text {

/// Prints a value as Go's %v does: `map[a:1 b:[x y]]`. Kubernetes' messages
/// show values so.
std::string go_text(const document& value);

/// The same as %s, which complains of what is no string: `%!s(int64=1)`.
std::string go_string(const document& value);

/// Returns the name of the type that Go reads a value into:
/// `map[string]interface {}`, `string`, `int64`, ...
std::string go_type(const document& value);

} // namespace troupe::text
