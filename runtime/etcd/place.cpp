#include "runtime/etcd/place.hpp"

#include "runtime/rpc/rpc_edge.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace troupe::etcd {

namespace {

constexpr std::string_view scheme = "etcd://";

caf::error bad(std::string_view what, const std::string& why) {
  return make_error(ec::bad_request, std::string{what} + ": " + why
                                         + "; expected "
                                           "etcd://HOST:PORT[,HOST:PORT...]");
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  auto end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end && value > 0
         && value < 65'536;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.'
           || c == '-' || c == '_' || c == ':' || c == '%';
  });
}

expected<std::pair<std::string, std::string>>
parse_server(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return bad(text, "has no port");
  auto host = text.substr(0, colon);
  auto port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return bad(text, "an IPv6 address stands in square brackets");
  if (!is_host(host))
    return bad(text, "is no host and port");
  if (!is_port(port))
    return bad(text, "has a bad port");
  return std::pair{std::string{host}, std::string{port}};
}

expected<std::string> read_file(const std::string& path) {
  if (path.empty())
    return std::string{};
  std::ifstream in{path, std::ios::binary};
  std::string result{std::istreambuf_iterator<char>{in}, {}};
  if (!in || result.empty())
    return make_error(ec::service_unavailable, "cannot read " + path);
  return result;
}

} // namespace

expected<place> parse_place(std::string_view url) {
  if (url.substr(0, scheme.size()) != scheme)
    return bad(url, "does not begin with etcd://");
  auto rest = url.substr(scheme.size());
  if (!rest.empty() && rest.back() == '/')
    rest.remove_suffix(1);
  place result;
  for (;;) {
    auto comma = rest.find(',');
    auto server = parse_server(rest.substr(0, comma));
    if (!server)
      return std::move(server.error());
    result.servers.push_back(std::move(*server));
    if (comma == std::string_view::npos)
      return result;
    rest.remove_prefix(comma + 1);
  }
}

expected<rpc::endpoint> endpoint_of(const place& where, size_t server) {
  rpc::endpoint result;
  result.host = where.servers[server].first;
  result.port = where.servers[server].second;
  result.tls = where.secure();
  for (auto [path, into] :
       {std::pair{&where.authority_file, &result.authority},
        std::pair{&where.certificate_file, &result.certificate},
        std::pair{&where.key_file, &result.key}}) {
    auto text = read_file(*path);
    if (!text)
      return std::move(text.error());
    *into = std::move(*text);
  }
  return result;
}

std::string name_of(const place& where, size_t server) {
  auto& [host, port] = where.servers[server];
  auto ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + port;
}

} // namespace troupe::etcd
