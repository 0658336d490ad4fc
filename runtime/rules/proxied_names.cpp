#include "runtime/rules/proxied_names.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"

#include <charconv>

namespace troupe::rules {

namespace {

constexpr uint32_t http_port = 80;
constexpr uint32_t https_port = 443;

bool read_number(std::string_view text, uint32_t& out) {
  auto last = text.data() + text.size();
  auto [end, bad] = std::from_chars(text.data(), last, out);
  return bad == std::errc{} && end == last && !text.empty();
}

std::string_view singular(std::string_view resource) {
  return resource.substr(0, resource.size() - 1);
}

/// The first port that a container declares, 0 when none does.
uint32_t declared_port(const core::v1::Pod& pod) {
  for (auto& one : pod.spec().containers())
    if (one.ports_size() > 0)
      return static_cast<uint32_t>(one.ports(0).container_port());
  return 0;
}

} // namespace

expected<proxied_name> parse_proxied_name(std::string_view resource,
                                          std::string_view text) {
  std::vector<std::string> parts(1);
  for (auto c : text)
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  proxied_name out;
  if (parts.size() == 3) {
    out.scheme = parts[0];
    parts.erase(parts.begin());
  }
  out.name = parts[0];
  if (parts.size() == 2)
    out.port = parts[1];
  auto known =
      out.scheme.empty() || out.scheme == "http" || out.scheme == "https";
  if (parts.size() > 2 || out.name.empty() || !known)
    return make_error(ec::bad_request,
                      "invalid " + std::string{singular(resource)}
                          + " request \"" + std::string{text} + "\"");
  return out;
}

bool is_port_number(std::string_view text) {
  uint32_t number = 0;
  return read_number(text, number);
}

expected<uint32_t> proxied_port(const core::v1::Pod& pod,
                                const proxied_name& what) {
  if (pod.status().pod_ip().empty())
    return make_error(ec::bad_request, "address not allowed");
  uint32_t port = 0;
  if (what.port.empty()) {
    port = declared_port(pod);
    if (port == 0)
      port = what.scheme == "https" ? https_port : http_port;
  } else if (!read_number(what.port, port) || port == 0 || port > 65535) {
    return make_error(ec::bad_request, "invalid port \"" + what.port
                                           + "\" of pod "
                                           + pod.metadata().name());
  }
  return port;
}

expected<std::string> named_port(const core::v1::Service& service,
                                 const std::string& number) {
  uint32_t wanted = 0;
  read_number(number, wanted);
  for (auto& port : service.spec().ports())
    if (static_cast<uint32_t>(port.port()) == wanted)
      return port.name();
  return make_error(ec::service_unavailable,
                    "no service port " + number + " found for service \""
                        + service.metadata().name() + "\"");
}

std::vector<proxied_target> proxied_targets(const core::v1::Endpoints& all,
                                            std::string_view port) {
  std::vector<proxied_target> out;
  for (auto& subset : all.subsets())
    for (auto& each : subset.ports()) {
      if (each.name() != port)
        continue;
      for (auto& address : subset.addresses())
        if (address.target_ref().kind() == "Pod")
          out.push_back({address.target_ref().name(), address.ip(),
                         static_cast<uint32_t>(each.port())});
      break;
    }
  return out;
}

} // namespace troupe::rules
