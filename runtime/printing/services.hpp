#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace troupe::core::v1 {
class Endpoints;
class Service;
} // namespace troupe::core::v1

namespace troupe::printing {

/// "80/TCP,443:30443/TCP", or `<none>`.
std::string ports_text(const core::v1::Service& x);

/// Up to three "address:port", then how many more; `<none>` without subsets.
/// Only ports with these names, all when there are none.
std::string endpoints_text(const core::v1::Endpoints& x,
                           const std::set<std::string>& port_names);

/// An IPv6 address is put in brackets.
std::string host_and_port(const std::string& host, int32_t port);

} // namespace troupe::printing
