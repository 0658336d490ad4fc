#include "runtime/rules/service_ports.hpp"

#include "messages/api/core_service.pb.h"

#include <algorithm>

namespace troupe::rules {

namespace {

const std::string& protocol_of(const core::v1::ServicePort& port) {
  static const std::string usual = "TCP";
  return port.protocol().empty() ? usual : port.protocol();
}

} // namespace

std::vector<answering_port> answering_ports(const core::v1::Service& service,
                                            int lowest) {
  std::vector<answering_port> result;
  auto& ports = service.spec().ports();
  for (auto& port : ports) {
    answering_port x{port.port(), port.port(), {}};
    if (x.port < lowest) {
      x.answers = x.port + port_shift;
      x.why = "the proxy may not open ports below " + std::to_string(lowest);
      auto taken = std::any_of(ports.begin(), ports.end(), [&](auto& other) {
        return other.port() == x.answers
               && protocol_of(other) == protocol_of(port);
      });
      if (taken) {
        x.why += ", and " + std::to_string(x.answers)
                 + " is another port of this service";
        x.answers = 0;
      }
    }
    result.push_back(std::move(x));
  }
  return result;
}

} // namespace troupe::rules
