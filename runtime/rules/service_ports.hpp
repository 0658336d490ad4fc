#pragma once

#include <string>
#include <vector>

namespace troupe::core::v1 {
class Service;
} // namespace troupe::core::v1

namespace troupe::rules {

/// How much higher a port answers that may not be opened as it is.
inline constexpr int port_shift = 8000;

/// Where a port of a service answers at the service's addresses.
struct answering_port {
  int port = 0;    ///< as the service says
  int answers = 0; ///< 0: nowhere
  std::string why; ///< empty when both are the same

  bool moved() const { return answers != 0 && answers != port; }
};

/// Returns where each port of a service answers, in their order, on a machine
/// where ports below `lowest` may not be opened: those are moved up by
/// port_shift, unless the service has another port of the same protocol there.
/// Whoever serves the ports and whoever tells of them asks here.
std::vector<answering_port> answering_ports(const core::v1::Service& service,
                                            int lowest);

} // namespace troupe::rules
