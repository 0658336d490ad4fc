#include "runtime/net/links.hpp"

#include <algorithm>
#include <cstring>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>

namespace troupe::net {

namespace {

constexpr uint16_t create = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

/// Attributes of text end with a zero.
std::string_view with_end(const std::string& text) {
  return {text.c_str(), text.size() + 1};
}

std::string text_of(std::string_view attribute) {
  return std::string{attribute.substr(0, attribute.find('\0'))};
}

uint32_t number_of(std::string_view attribute) {
  uint32_t out = 0;
  if (attribute.empty())
    return out;
  std::memcpy(&out, attribute.data(), std::min(sizeof(out), attribute.size()));
  return out;
}

cidr range_of(std::string_view attribute, int bits) {
  auto value = ntohl(number_of(attribute));
  return {{bits == 0 ? 0 : value & ~uint32_t{0} << (32 - bits)}, bits};
}

/// One of the addresses that anybody may give out: 0a:58 and the four bytes.
std::string hardware_address(ipv4 address) {
  std::string out{'\x0a', '\x58'};
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(address.value >> shift & 0xff));
  return out;
}

ifinfomsg link_body(int index) {
  ifinfomsg out{};
  out.ifi_family = AF_UNSPEC;
  out.ifi_index = index;
  return out;
}

ifaddrmsg address_body(int index, int bits) {
  ifaddrmsg out{};
  out.ifa_family = AF_INET;
  out.ifa_prefixlen = static_cast<uint8_t>(bits);
  out.ifa_index = static_cast<uint32_t>(index);
  return out;
}

rtmsg route_body(const cidr& to, uint8_t table, uint8_t type, uint8_t scope) {
  rtmsg out{};
  out.rtm_family = AF_INET;
  out.rtm_dst_len = static_cast<uint8_t>(to.bits);
  out.rtm_table = table;
  out.rtm_protocol = RTPROT_STATIC;
  out.rtm_scope = scope;
  out.rtm_type = type;
  return out;
}

link_info link_of(const nlmsghdr* message) {
  ifinfomsg body{};
  std::memcpy(&body, NLMSG_DATA(message), sizeof(body));
  auto find = [&](uint16_t type) {
    return find_attribute(message, sizeof(body), type);
  };
  return {body.ifi_index, static_cast<int>(number_of(find(IFLA_MASTER))),
          text_of(find(IFLA_IFNAME)), text_of(find(IFLA_IFALIAS)),
          std::string{find(IFLA_ADDRESS)}};
}

/// What already is as wished, or already gone, is no error.
expected<void> forgive(expected<void> result, ec code) {
  if (!result && is(result.error(), code))
    return caf::unit;
  return result;
}

} // namespace

expected<std::vector<link_info>> list_links(netlink& in) {
  netlink_request request{RTM_GETLINK, NLM_F_DUMP};
  request.body(link_body(0));
  std::vector<link_info> out;
  auto done = in.list(request, [&](const nlmsghdr* message) {
    if (message->nlmsg_type == RTM_NEWLINK)
      out.push_back(link_of(message));
  });
  if (!done)
    return std::move(done.error());
  return out;
}

expected<link_info> find_link(netlink& in, const std::string& name) {
  netlink_request request{RTM_GETLINK, NLM_F_ACK};
  request.body(link_body(0));
  request.attribute(IFLA_IFNAME, with_end(name));
  link_info out;
  auto done = in.list(request, [&](const nlmsghdr* message) {
    if (message->nlmsg_type == RTM_NEWLINK)
      out = link_of(message);
  });
  if (!done)
    return std::move(done.error());
  return out;
}

expected<std::vector<used_range>> list_used_ranges(netlink& in) {
  std::vector<used_range> out;
  netlink_request addresses{RTM_GETADDR, NLM_F_DUMP};
  addresses.body(address_body(0, 0));
  auto done = in.list(addresses, [&](const nlmsghdr* message) {
    ifaddrmsg body{};
    std::memcpy(&body, NLMSG_DATA(message), sizeof(body));
    auto address = find_attribute(message, sizeof(body), IFA_ADDRESS);
    if (message->nlmsg_type == RTM_NEWADDR && body.ifa_family == AF_INET
        && !address.empty())
      out.push_back({range_of(address, body.ifa_prefixlen),
                     static_cast<int>(body.ifa_index)});
  });
  if (!done)
    return std::move(done.error());
  netlink_request routes{RTM_GETROUTE, NLM_F_DUMP};
  routes.body(route_body({}, 0, 0, 0));
  done = in.list(routes, [&](const nlmsghdr* message) {
    rtmsg body{};
    std::memcpy(&body, NLMSG_DATA(message), sizeof(body));
    auto to = find_attribute(message, sizeof(body), RTA_DST);
    auto link = find_attribute(message, sizeof(body), RTA_OIF);
    if (message->nlmsg_type == RTM_NEWROUTE && body.rtm_family == AF_INET
        && !to.empty() && body.rtm_dst_len > 0)
      out.push_back(
          {range_of(to, body.rtm_dst_len), static_cast<int>(number_of(link))});
  });
  if (!done)
    return std::move(done.error());
  return out;
}

expected<void> create_bridge(netlink& in, const std::string& name,
                             ipv4 address) {
  netlink_request request{RTM_NEWLINK, create};
  request.body(link_body(0));
  request.attribute(IFLA_IFNAME, with_end(name));
  request.attribute(IFLA_ADDRESS, hardware_address(address));
  auto info = request.open(IFLA_LINKINFO);
  request.attribute(IFLA_INFO_KIND, std::string_view{"bridge"});
  request.close(info);
  return in.run(request);
}

expected<void> create_veth(netlink& in, const std::string& name,
                           const std::string& peer, int peer_ns, ipv4 address) {
  netlink_request request{RTM_NEWLINK, create};
  request.body(link_body(0));
  request.attribute(IFLA_IFNAME, with_end(name));
  auto info = request.open(IFLA_LINKINFO);
  request.attribute(IFLA_INFO_KIND, std::string_view{"veth"});
  auto data = request.open(IFLA_INFO_DATA);
  auto other = request.open(VETH_INFO_PEER);
  request.body(link_body(0));
  request.attribute(IFLA_IFNAME, with_end(peer));
  request.attribute(IFLA_ADDRESS, hardware_address(address));
  request.attribute(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_ns));
  request.close(other);
  request.close(data);
  request.close(info);
  return in.run(request);
}

expected<void> set_up_link(netlink& in, int index, const std::string& alias,
                           int master) {
  netlink_request request{RTM_NEWLINK, NLM_F_ACK};
  auto body = link_body(index);
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  request.body(body);
  if (!alias.empty())
    request.attribute(IFLA_IFALIAS, std::string_view{alias});
  if (master != 0)
    request.attribute(IFLA_MASTER, static_cast<uint32_t>(master));
  return in.run(request);
}

expected<void> delete_link(netlink& in, int index) {
  netlink_request request{RTM_DELLINK, NLM_F_ACK};
  request.body(link_body(index));
  return forgive(in.run(request), ec::not_found);
}

expected<void> add_address(netlink& in, int index, ipv4 address, int bits) {
  netlink_request request{RTM_NEWADDR, create};
  request.body(address_body(index, bits));
  request.attribute(IFA_LOCAL, address);
  request.attribute(IFA_ADDRESS, address);
  return forgive(in.run(request), ec::already_exists);
}

expected<void> remove_address(netlink& in, int index, ipv4 address, int bits) {
  netlink_request request{RTM_DELADDR, NLM_F_ACK};
  request.body(address_body(index, bits));
  request.attribute(IFA_LOCAL, address);
  return forgive(in.run(request), ec::not_found);
}

expected<void> add_route(netlink& in, int index, const cidr& to,
                         const ipv4* gateway) {
  netlink_request request{RTM_NEWROUTE, create};
  request.body(route_body(to, RT_TABLE_MAIN, RTN_UNICAST,
                          gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK));
  if (to.bits > 0)
    request.attribute(RTA_DST, to.base);
  if (gateway)
    request.attribute(RTA_GATEWAY, *gateway);
  request.attribute(RTA_OIF, static_cast<uint32_t>(index));
  return forgive(in.run(request), ec::already_exists);
}

expected<void> add_local_range(netlink& in, int index, const cidr& range) {
  netlink_request request{RTM_NEWROUTE, create};
  request.body(route_body(range, RT_TABLE_LOCAL, RTN_LOCAL, RT_SCOPE_HOST));
  request.attribute(RTA_DST, range.base);
  request.attribute(RTA_OIF, static_cast<uint32_t>(index));
  return forgive(in.run(request), ec::already_exists);
}

} // namespace troupe::net
