#include "runtime/net/host_names.hpp"

#include <memory>
#include <netdb.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

struct freed {
  void operator()(addrinfo* x) const { freeaddrinfo(x); }
};

} // namespace

expected<ipv4> find_ipv4(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (auto code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0)
    return make_error(ec::not_found,
                      "cannot find " + host + ": " + gai_strerror(code));
  std::unique_ptr<addrinfo, freed> all{found};
  return from_sockaddr(*reinterpret_cast<const sockaddr_in*>(found->ai_addr))
      .address;
}

} // namespace troupe::net
