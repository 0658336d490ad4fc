#pragma once

#include "messages/errors.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class Endpoints;
class Pod;
class Service;
} // namespace troupe::core::v1

/// To whom the proxies to pods and services pass requests on.
namespace troupe::rules {

/// What "[scheme:]name[:port]" names.
struct proxied_name {
  std::string scheme; ///< "", http or https
  std::string name;
  std::string port; ///< number or name; "" for the one there is
};

/// Fails with bad_request for what is none. `resource` is pods, services or
/// nodes.
expected<proxied_name> parse_proxied_name(std::string_view resource,
                                          std::string_view text);

bool is_port_number(std::string_view text);

/// Returns the port of a pod that is meant: the one named, the first one that a
/// container declares, or that of the scheme. Fails with bad_request where the
/// pod has no address, or that is no number of a port.
expected<uint32_t> proxied_port(const core::v1::Pod& pod,
                                const proxied_name& what);

/// Returns the name of the service's port with this number;
/// service_unavailable when it has none.
expected<std::string> named_port(const core::v1::Service& service,
                                 const std::string& number);

/// Where a service answers.
struct proxied_target {
  std::string pod;
  std::string ip;
  uint32_t port = 0;
};

/// Returns the ready addresses of pods that serve the port of this name.
std::vector<proxied_target> proxied_targets(const core::v1::Endpoints& all,
                                            std::string_view port);

} // namespace troupe::rules
