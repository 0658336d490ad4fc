#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::rules {

/// An IPv4 or IPv6 address.
struct ip_address {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{}; ///< the first four for IPv4

  /// Reads the usual forms; none with leading zeros or a zone.
  static std::optional<ip_address> parse(std::string_view text);

  std::string str() const;

  bool unspecified() const;
  bool loopback() const;
  bool link_local() const;
  bool link_local_multicast() const;
  bool multicast() const;

  auto operator<=>(const ip_address&) const = default;
};

/// A range of addresses in CIDR form.
struct ip_range {
  ip_address base; ///< bits beyond the prefix are zero
  unsigned prefix = 0;

  /// Reads "10.0.0.0/8"; bits beyond the prefix are dropped.
  static std::optional<ip_range> parse(std::string_view text);

  std::string str() const;
  bool contains(const ip_address& address) const;
};

} // namespace troupe::rules
