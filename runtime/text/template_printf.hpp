#pragma once

#include "runtime/text/template_functions.hpp"

#include <span>
#include <string>
#include <string_view>

namespace troupe::text {

/// Go's Sprintf with the verbs %s %v %d %f %g %e %t %q %x %X %c and %%, flags,
/// width and precision. Like Go's it tells a wrong argument in the text:
/// "%!d(string=x)".
expected<std::string> template_printf(std::string_view format,
                                      std::span<const template_value> args);

} // namespace troupe::text
