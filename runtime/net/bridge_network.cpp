#include "runtime/net/bridge_network.hpp"

#include "runtime/crypto/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <thread>

namespace troupe::net {

namespace {

constexpr auto inner_name = "eth0";
constexpr size_t max_name = 15; // of an interface

std::string bridge_name(const layout& x) {
  auto whole = x.whole().base.value;
  return "troupe-" + std::to_string(whole >> 24) + "-"
         + std::to_string(whole >> 16 & 255);
}

std::string bridge_alias(const layout& x) {
  return "troupe bridge " + to_string(x.whole());
}

std::string pod_alias(const layout& x, const std::string& pod) {
  return "troupe pod " + to_string(x.whole()) + " " + pod;
}

std::string veth_name(const layout& x, const std::string& pod) {
  auto hash = crypto::hex_encode(crypto::sha256(pod_alias(x, pod)));
  return ("tp" + hash).substr(0, max_name);
}

caf::error while_doing(const std::string& what, const caf::error& x) {
  return make_error(is(x, ec::forbidden) ? ec::forbidden : ec::internal_error,
                    what + ": " + message_of(x));
}

/// Whether an address on the bridge is that of a node.
bool is_node(const layout& addresses, const cidr& range) {
  auto services = addresses.services().base;
  return range.bits == 32 && range.base > addresses.whole().base
         && range.base < services && range.base != addresses.gateway();
}

} // namespace

expected<bridge_network> bridge_network::open(const layout& addresses) {
  auto name = bridge_name(addresses);
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  auto found = find_link(*kernel, name);
  auto fresh = !found;
  if (fresh) {
    if (auto made = create_bridge(*kernel, name, addresses.gateway()); !made)
      return while_doing("cannot make the bridge " + name, made.error());
    found = find_link(*kernel, name);
    if (!found)
      return std::move(found.error());
  } else if (found->alias != bridge_alias(addresses)) {
    return make_error(ec::conflict, "the network interface " + name
                                        + " belongs to somebody else");
  }
  auto index = found->index;
  auto ready = set_up_link(*kernel, index, bridge_alias(addresses), 0);
  if (ready)
    ready = add_address(*kernel, index, addresses.gateway(),
                        addresses.whole().bits);
  if (ready)
    ready = add_local_range(*kernel, index, addresses.services());
  if (!ready) {
    auto error = while_doing("cannot set up the bridge " + name, ready.error());
    if (fresh)
      delete_link(*kernel, index);
    return error;
  }
  return bridge_network{addresses, index};
}

expected<void> bridge_network::add_node(ipv4 address) const {
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  return add_address(*kernel, bridge_, address, 32);
}

expected<void> bridge_network::remove_node(ipv4 address) const {
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  return remove_address(*kernel, bridge_, address, 32);
}

expected<void> bridge_network::attach(const std::string& pod, ipv4 address,
                                      int ns) const {
  if (auto gone = detach(pod); !gone)
    return gone;
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  auto name = veth_name(addresses_, pod);
  auto done = create_veth(*kernel, name, inner_name, ns, address);
  if (done) {
    auto made = find_link(*kernel, name);
    done = made ? set_up_link(*kernel, made->index, pod_alias(addresses_, pod),
                              bridge_)
                : expected<void>{std::move(made.error())};
  }
  if (done)
    done = configure_inside(address, ns);
  if (done)
    return done;
  detach(pod);
  return while_doing("cannot join pod " + pod + " to the network",
                     done.error());
}

expected<void> bridge_network::configure_inside(ipv4 address, int ns) const {
  auto inside = netlink::open_in(ns);
  if (!inside)
    return std::move(inside.error());
  auto links = list_links(*inside);
  if (!links)
    return std::move(links.error());
  int index = 0;
  for (auto& x : *links) {
    if (x.name == "lo")
      if (auto up = set_up_link(*inside, x.index, "", 0); !up)
        return up;
    if (x.name == inner_name)
      index = x.index;
  }
  if (auto up = set_up_link(*inside, index, "", 0); !up)
    return up;
  // Pods meet on the bridge; all else goes through the gateway, which is where
  // nodes and services answer.
  if (auto done = add_address(*inside, index, address, addresses_.pods().bits);
      !done)
    return done;
  auto gateway = addresses_.gateway();
  if (auto done = add_route(*inside, index, {gateway, 32}, nullptr); !done)
    return done;
  return add_route(*inside, index, {{0}, 0}, &gateway);
}

expected<void> bridge_network::detach(const std::string& pod) const {
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  auto found = find_link(*kernel, veth_name(addresses_, pod));
  if (!found)
    return is(found.error(), ec::not_found)
               ? expected<void>{caf::unit}
               : expected<void>{std::move(found.error())};
  // Without an alias it was made by a process that died at that moment.
  if (!found->alias.empty() && found->alias != pod_alias(addresses_, pod))
    return make_error(ec::conflict, "the network interface " + found->name
                                        + " belongs to somebody else");
  return delete_link(*kernel, found->index);
}

expected<void>
bridge_network::detach_others(const std::vector<std::string>& keep) const {
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  auto links = list_links(*kernel);
  if (!links)
    return std::move(links.error());
  auto prefix = pod_alias(addresses_, "");
  for (auto& x : *links) {
    if (x.alias.compare(0, prefix.size(), prefix) != 0)
      continue;
    auto pod = x.alias.substr(prefix.size());
    if (std::find(keep.begin(), keep.end(), pod) != keep.end())
      continue;
    if (auto gone = delete_link(*kernel, x.index); !gone)
      return gone;
  }
  return caf::unit;
}

expected<void> bridge_network::remove(const layout& addresses) {
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  auto links = list_links(*kernel);
  if (!links)
    return std::move(links.error());
  auto pods = pod_alias(addresses, "");
  for (auto& x : *links) {
    auto ours = x.alias == bridge_alias(addresses)
                || x.alias.compare(0, pods.size(), pods) == 0;
    if (!ours)
      continue;
    if (auto gone = delete_link(*kernel, x.index); !gone)
      return while_doing("cannot remove " + x.name, gone.error());
  }
  return caf::unit;
}

expected<void>
bridge_network::remove_if_unused(const layout& addresses,
                                 const std::vector<std::string>& gone_pods) {
  auto kernel = netlink::open();
  auto links = kernel ? list_links(*kernel)
                      : expected<std::vector<link_info>>{kernel.error()};
  auto ranges = links ? list_used_ranges(*kernel)
                      : expected<std::vector<used_range>>{links.error()};
  if (!ranges)
    return std::move(ranges.error());
  int bridge = 0;
  auto used = false;
  auto pods = pod_alias(addresses, "");
  for (auto& x : *links) {
    if (x.alias == bridge_alias(addresses))
      bridge = x.index;
    if (x.alias.compare(0, pods.size(), pods) != 0)
      continue;
    auto pod = x.alias.substr(pods.size());
    if (std::find(gone_pods.begin(), gone_pods.end(), pod) == gone_pods.end())
      used = true;
    else if (auto gone = delete_link(*kernel, x.index); !gone)
      return gone;
  }
  for (auto& x : *ranges)
    used |= x.link == bridge && is_node(addresses, x.range);
  return used || bridge == 0 ? expected<void>{caf::unit}
                             : delete_link(*kernel, bridge);
}

expected<std::vector<cidr>> bridge_network::used_ranges(const layout* own) {
  auto kernel = netlink::open();
  if (!kernel)
    return std::move(kernel.error());
  auto links = list_links(*kernel);
  if (!links)
    return std::move(links.error());
  auto ranges = list_used_ranges(*kernel);
  if (!ranges)
    return std::move(ranges.error());
  int bridge = 0;
  for (auto& x : *links)
    if (own && x.alias == bridge_alias(*own))
      bridge = x.index;
  std::vector<cidr> out;
  for (auto& x : *ranges)
    if (bridge == 0 || x.link != bridge)
      out.push_back(x.range);
  return out;
}

std::string bridge_network::obstacle() {
  std::string out;
  std::thread{[&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      out = std::string{"cannot make a network namespace: "}
            + std::strerror(errno);
      return;
    }
    auto kernel = netlink::open();
    auto made = kernel ? create_bridge(*kernel, "probe", ipv4{0x7f000001})
                       : expected<void>{std::move(kernel.error())};
    unique_fd self{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (made)
      made = create_veth(*kernel, "probe-1", "probe-2", self.get(),
                         ipv4{0x7f000001});
    if (!made)
      out = "cannot make a bridge: " + message_of(made.error());
  }}.join();
  return out;
}

} // namespace troupe::net
