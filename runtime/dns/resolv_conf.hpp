#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::dns {

/// What a resolv.conf(5) says.
struct resolv_conf {
  std::vector<std::string> servers; ///< addresses, as they are written
  std::vector<std::string> searches;
  std::vector<std::string> options;

  bool operator==(const resolv_conf&) const = default;
};

/// Reads one. Of several `search` and `domain` lines the last counts; options
/// of all lines do. What is not understood is left out.
resolv_conf parse_resolv_conf(std::string_view text);

} // namespace troupe::dns
