#pragma once

#include <string>
#include <string_view>

namespace troupe::http {

/// Returns `bytes` in gzip's form, made quickly rather than small; "" when
/// there is no memory for it.
std::string gzip(std::string_view bytes);

} // namespace troupe::http
