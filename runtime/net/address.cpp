#include "runtime/net/address.hpp"

#include <arpa/inet.h>
#include <charconv>

namespace troupe::net {

namespace {

caf::error refuse(std::string_view text, const char* what) {
  return make_error(ec::invalid,
                    "\"" + std::string{text} + "\" is not " + what);
}

template <class T>
bool parse_number(std::string_view text, T& out) {
  auto end = text.data() + text.size();
  auto [stop, code] = std::from_chars(text.data(), end, out);
  return code == std::errc{} && stop == end
         && (text.size() == 1 || text.front() != '0');
}

uint32_t mask(int bits) {
  return bits == 0 ? 0 : ~uint32_t{0} << (32 - bits);
}

} // namespace

expected<ipv4> parse_ipv4(std::string_view text) {
  uint32_t value = 0;
  auto rest = text;
  for (int part = 0; part < 4; ++part) {
    auto dot = part < 3 ? rest.find('.') : rest.size();
    uint8_t number = 0;
    if (dot == std::string_view::npos
        || !parse_number(rest.substr(0, dot), number))
      return refuse(text, "an IPv4 address");
    value = value << 8 | number;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  return ipv4{value};
}

std::string to_string(ipv4 x) {
  std::string out;
  for (auto shift : {24, 16, 8, 0}) {
    if (shift != 24)
      out += '.';
    out += std::to_string(x.value >> shift & 255);
  }
  return out;
}

expected<cidr> parse_cidr(std::string_view text) {
  auto slash = text.find('/');
  uint8_t bits = 0;
  if (slash == std::string_view::npos
      || !parse_number(text.substr(slash + 1), bits) || bits > 32)
    return refuse(text, "a range ADDRESS/BITS");
  auto address = parse_ipv4(text.substr(0, slash));
  if (!address)
    return refuse(text, "a range ADDRESS/BITS");
  return cidr{{address->value & mask(bits)}, bits};
}

std::string to_string(const cidr& x) {
  return to_string(x.base) + "/" + std::to_string(x.bits);
}

expected<endpoint> parse_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  uint16_t port = 0;
  if (colon == std::string_view::npos
      || !parse_number(text.substr(colon + 1), port))
    return refuse(text, "ADDRESS:PORT");
  auto address = parse_ipv4(text.substr(0, colon));
  if (!address)
    return refuse(text, "ADDRESS:PORT");
  return endpoint{*address, port};
}

std::string to_string(const endpoint& x) {
  return to_string(x.address) + ":" + std::to_string(x.port);
}

sockaddr_in to_sockaddr(const endpoint& x) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(x.port);
  out.sin_addr.s_addr = htonl(x.address.value);
  return out;
}

endpoint from_sockaddr(const sockaddr_in& x) {
  return {{ntohl(x.sin_addr.s_addr)}, ntohs(x.sin_port)};
}

} // namespace troupe::net
