#include "runtime/rules/addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace troupe::rules {

std::optional<ip_address> ip_address::parse(std::string_view text) {
  if (text.empty() || text.size() > INET6_ADDRSTRLEN
      || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::string copy{text};
  ip_address result;
  result.v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(result.v6 ? AF_INET6 : AF_INET, copy.c_str(),
                result.bytes.data())
      != 1)
    return std::nullopt;
  return result;
}

std::string ip_address::str() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer,
                   sizeof(buffer));
}

bool ip_address::unspecified() const {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](uint8_t b) { return b == 0; });
}

bool ip_address::loopback() const {
  if (!v6)
    return bytes[0] == 127;
  return bytes[15] == 1
         && std::all_of(bytes.begin(), bytes.end() - 1,
                        [](uint8_t b) { return b == 0; });
}

bool ip_address::link_local() const {
  if (!v6)
    return bytes[0] == 169 && bytes[1] == 254;
  return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

bool ip_address::link_local_multicast() const {
  if (!v6)
    return bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0;
  return bytes[0] == 0xff && (bytes[1] & 0x0f) == 2;
}

bool ip_address::multicast() const {
  return v6 ? bytes[0] == 0xff : (bytes[0] & 0xf0) == 0xe0;
}

std::optional<ip_range> ip_range::parse(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  auto base = ip_address::parse(text.substr(0, slash));
  auto digits = text.substr(slash + 1);
  if (!base || digits.empty() || digits.size() > 3
      || (digits.size() > 1 && digits[0] == '0'))
    return std::nullopt;
  ip_range result{*base, 0};
  auto [end, err] = std::from_chars(
      digits.data(), digits.data() + digits.size(), result.prefix);
  if (err != std::errc{} || end != digits.data() + digits.size()
      || result.prefix > (base->v6 ? 128u : 32u))
    return std::nullopt;
  for (unsigned bit = result.prefix; bit < 128; ++bit)
    result.base.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80u >> (bit % 8)));
  return result;
}

std::string ip_range::str() const {
  return base.str() + "/" + std::to_string(prefix);
}

bool ip_range::contains(const ip_address& address) const {
  if (address.v6 != base.v6)
    return false;
  for (unsigned bit = 0; bit < prefix; ++bit) {
    auto mask = 0x80u >> (bit % 8);
    if (((address.bytes[bit / 8] ^ base.bytes[bit / 8]) & mask) != 0)
      return false;
  }
  return true;
}

} // namespace troupe::rules
