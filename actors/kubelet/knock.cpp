#include "actors/kubelet/knock.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_state.hpp"

namespace troupe {

namespace {

using core::v1::Pod;

// Kubernetes: a port is a number, the name of one of the container's ports,
// or a number as text.
expected<uint16_t> port_of(const Pod& pod, size_t i,
                           const meta::v1::IntOrString& port) {
  int64_t number = port.int_val();
  if (port.type() == 1) {
    for (const auto& p : rules::container_at(pod, i).ports())
      if (p.name() == port.str_val())
        return static_cast<uint16_t>(p.container_port());
    char* end = nullptr;
    number = std::strtol(port.str_val().c_str(), &end, 10);
    if (port.str_val().empty() || *end != '\0')
      return make_error(ec::invalid,
                        "no port named \"" + port.str_val() + "\"");
  }
  if (number < 1 || number > 65535)
    return make_error(ec::invalid,
                      "invalid port number: " + std::to_string(number));
  return static_cast<uint16_t>(number);
}

expected<net::probe_request> http(const Pod& pod, size_t i,
                                  const core::v1::HTTPGetAction& action,
                                  const std::string& ip) {
  auto port = port_of(pod, i, action.port());
  if (!port)
    return port.error();
  net::probe_request request;
  request.kind = action.scheme() == "HTTPS" ? net::probe_request::form::https
                                            : net::probe_request::form::http;
  request.address = action.host().empty() ? ip : action.host();
  request.port = *port;
  request.path = action.path().empty() ? "/" : action.path();
  if (request.path.front() != '/')
    request.path.insert(0, "/");
  for (const auto& header : action.http_headers())
    request.headers.emplace_back(header.name(), header.value());
  return request;
}

expected<net::probe_request> tcp(const Pod& pod, size_t i,
                                 const core::v1::TCPSocketAction& action,
                                 const std::string& ip) {
  auto port = port_of(pod, i, action.port());
  if (!port)
    return port.error();
  net::probe_request request;
  request.address = action.host().empty() ? ip : action.host();
  request.port = *port;
  return request;
}

template <class Handler>
expected<net::probe_request> either(const Pod& pod, size_t i,
                                    const Handler& handler,
                                    const std::string& ip) {
  if (handler.has_http_get())
    return http(pod, i, handler.http_get(), ip);
  if (handler.has_tcp_socket())
    return tcp(pod, i, handler.tcp_socket(), ip);
  return make_error(ec::invalid,
                    "this kind of handler is not provided on this node");
}

} // namespace

expected<net::probe_request> knock_of(const Pod& pod, size_t i,
                                      const core::v1::ProbeHandler& handler,
                                      const std::string& ip) {
  return either(pod, i, handler, ip);
}

expected<net::probe_request> knock_of(const Pod& pod, size_t i,
                                      const core::v1::LifecycleHandler& handler,
                                      const std::string& ip) {
  return either(pod, i, handler, ip);
}

} // namespace troupe
