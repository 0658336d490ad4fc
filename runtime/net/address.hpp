#pragma once

#include "messages/errors.hpp"

#include <compare>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>

namespace troupe::net {

/// An IPv4 address, in the order of the host.
struct ipv4 {
  uint32_t value = 0;

  auto operator<=>(const ipv4&) const = default;
};

/// Returns the address that `text` spells as four decimal numbers without
/// leading zeros; else ec::invalid.
expected<ipv4> parse_ipv4(std::string_view text);

std::string to_string(ipv4 x);

/// A range of addresses: `base` and all that share its first `bits` bits.
struct cidr {
  ipv4 base;
  int bits = 32;

  auto operator<=>(const cidr&) const = default;

  uint64_t size() const { return UINT64_C(1) << (32 - bits); }

  bool contains(ipv4 x) const {
    return x.value >= base.value && x.value - base.value < size();
  }

  bool overlaps(const cidr& x) const {
    return contains(x.base) || x.contains(base);
  }

  /// Returns the address `offset` places behind the base.
  ipv4 at(uint64_t offset) const {
    return {static_cast<uint32_t>(base.value + offset)};
  }
};

/// Returns the range that `text` spells as ADDRESS/BITS; bits of the address
/// behind the first BITS are dropped. Else ec::invalid.
expected<cidr> parse_cidr(std::string_view text);

std::string to_string(const cidr& x);

/// An address and a port.
struct endpoint {
  ipv4 address;
  uint16_t port = 0;

  auto operator<=>(const endpoint&) const = default;
};

/// Returns the endpoint that `text` spells as ADDRESS:PORT; else ec::invalid.
expected<endpoint> parse_endpoint(std::string_view text);

std::string to_string(const endpoint& x);

sockaddr_in to_sockaddr(const endpoint& x);

endpoint from_sockaddr(const sockaddr_in& x);

} // namespace troupe::net
