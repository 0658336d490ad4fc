#pragma once

#include "runtime/net/netlink.hpp"

namespace troupe::net {

/// A network interface.
struct link_info {
  int index = 0;
  int master = 0; ///< index of the bridge it is part of, 0 for none
  std::string name;
  std::string alias;    ///< what its maker wrote about it
  std::string hardware; ///< its hardware address, six bytes
};

/// A range of addresses that the machine knows a way to.
struct used_range {
  cidr range;
  int link = 0;
};

expected<std::vector<link_info>> list_links(netlink& in);

/// Returns ec::not_found when there is no such interface.
expected<link_info> find_link(netlink& in, const std::string& name);

/// Returns every address and route but the default route.
expected<std::vector<used_range>> list_used_ranges(netlink& in);

/// Makes a bridge. Its hardware address is made of `address` and stays: left
/// to itself a bridge takes that of one of its members, and loses it with that.
expected<void> create_bridge(netlink& in, const std::string& name,
                             ipv4 address);

/// Makes a pair of interfaces: `name` here, `peer` in the network namespace
/// behind `peer_ns`. The peer's hardware address is made of `address`, so that
/// whoever has that address next is found where neighbours remember the last.
expected<void> create_veth(netlink& in, const std::string& name,
                           const std::string& peer, int peer_ns, ipv4 address);

/// Writes the alias and, when `master` is not 0, makes it part of that bridge;
/// then brings it up.
expected<void> set_up_link(netlink& in, int index, const std::string& alias,
                           int master);

expected<void> delete_link(netlink& in, int index);

/// Gives an interface an address and a way to the rest of its range. An address
/// that is there already is fine.
expected<void> add_address(netlink& in, int index, ipv4 address, int bits);

/// Removes an address; one that is not there is fine.
expected<void> remove_address(netlink& in, int index, ipv4 address, int bits);

/// Leads `to` to the interface: straight, or through `gateway`.
expected<void> add_route(netlink& in, int index, const cidr& to,
                         const ipv4* gateway);

/// Makes the machine take every address of `range` for its own, and answer for
/// them on the interface. Goes with the interface.
expected<void> add_local_range(netlink& in, int index, const cidr& range);

} // namespace troupe::net
