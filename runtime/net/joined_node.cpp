#include "runtime/net/joined_node.hpp"

#include "runtime/net/socket.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>

namespace troupe::net {

namespace {

constexpr int node_bits = 24; ///< of the range of one node's pods

caf::error misfit(const cidr& pods, const cidr& own) {
  return make_error(ec::invalid, "the node's pods have " + to_string(own)
                                     + ", which is no 256 addresses of "
                                     + to_string(pods));
}

expected<size_t> index_of(const cidr& pods, const cidr& own) {
  if (own.bits != node_bits || !pods.contains(own.base))
    return misfit(pods, own);
  return (own.base.value - pods.base.value) >> (32 - node_bits);
}

} // namespace

cidr whole_range_of(const cidr& pods) {
  return {{pods.base.value & 0xffff0000u}, 16};
}

expected<joined_addresses> addresses_of(network_mode mode, const cidr& pods,
                                        const cidr& own) {
  auto index = index_of(pods, own);
  if (!index)
    return index.error();
  layout whole{mode, whole_range_of(pods)};
  auto node = whole.node_address(*index);
  if (!node)
    return node.error();
  auto range = whole.pod_range(*index);
  if (!range || *range != own)
    return misfit(pods, own);
  return joined_addresses{whole, *node, own};
}

expected<joined_addresses> simulated_addresses_of(const cidr& pods,
                                                  const cidr& own) {
  auto index = index_of(pods, own);
  if (!index)
    return index.error();
  auto node = simulated_layout::node_address(*index);
  if (!node)
    return node.error();
  return joined_addresses{
      {network_mode::loopback, whole_range_of(pods)}, *node, own};
}

expected<ipv4> address_towards(const endpoint& to) {
  unique_fd fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto there = to_sockaddr(to);
  if (!fd
      || connect(fd.get(), reinterpret_cast<sockaddr*>(&there), sizeof(there))
             != 0)
    return make_error(ec::service_unavailable, "no way to " + to_string(to)
                                                   + ": "
                                                   + std::strerror(errno));
  return local_endpoint(fd.get()).address;
}

std::string network_identity() {
  std::string boot;
  std::ifstream{"/proc/sys/kernel/random/boot_id"} >> boot;
  struct stat facts {};
  if (stat("/proc/self/ns/net", &facts) != 0)
    return boot;
  return boot + "." + std::to_string(facts.st_ino);
}

} // namespace troupe::net
