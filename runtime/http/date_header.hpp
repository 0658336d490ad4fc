#pragma once

#include "messages/time.hpp"
#include "runtime/http/http_message.hpp"

#include <string>

namespace troupe::http {

/// Returns a time as headers have it (RFC 9110, 5.6.7).
std::string date_text(time_point when);

/// RFC 9110, 6.6.1: adds when the answer was made, where it does not say so.
void add_date(response_head& head, time_point now);

} // namespace troupe::http
