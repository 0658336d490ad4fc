#pragma once

#include "messages/time.hpp"
#include "runtime/http/http_message.hpp"

namespace troupe::http {

/// RFC 9110, 6.6.1: adds when the answer was made, where it does not say so.
void add_date(response_head& head, time_point now);

} // namespace troupe::http
