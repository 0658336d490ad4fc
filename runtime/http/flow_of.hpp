#pragma once

#include "runtime/http/api_route.hpp"
#include "runtime/http/target.hpp"
#include "runtime/rules/flow_table.hpp"

#include <string_view>

namespace troupe::http {

/// Returns what of a request decides to which flow it belongs, whether or not
/// there is anything at its path. `at` is the route of `to`; `verb` is
/// Kubernetes', "" where there is none. Kubernetes: RequestInfo; a namespace is
/// in itself.
rules::flow_request flow_of(const target& to, const api_route& at,
                            std::string_view verb, std::string_view method);

} // namespace troupe::http
