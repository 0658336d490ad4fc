#include "messages/join.pb.h"
#include "runtime/net/discovery.hpp"

#include <algorithm>

namespace troupe::net {

namespace {

// Tells our datagrams from whatever else comes to the port.
constexpr std::string_view mark = "troupe 1\n";
constexpr uint32_t our_protocol = 1;

// What fits into one datagram of any network, and no more than a person reads.
constexpr size_t longest = 1'400;
constexpr size_t most_servers = 16;

constexpr cidr loopback{{0x7f000000}, 8};

bool is_plain(const std::string& text, size_t most) {
  return text.size() <= most
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_good(const join::Discovery& msg) {
  if (!is_plain(msg.cluster_id(), 80) || !is_plain(msg.cluster_name(), 253)
      || msg.cluster_id().empty()
      || static_cast<size_t>(msg.servers_size()) > most_servers)
    return false;
  return std::all_of(
      msg.servers().begin(), msg.servers().end(),
      [](const auto& each) { return static_cast<bool>(parse_endpoint(each)); });
}

} // namespace

std::string encode(const discovery_message& x) {
  join::Discovery msg;
  msg.set_protocol(our_protocol);
  msg.set_question(!x.cluster);
  msg.set_number(x.number);
  if (x.cluster) {
    msg.set_cluster_id(x.cluster->id);
    msg.set_cluster_name(x.cluster->name);
    for (size_t i = 0; i < std::min(x.cluster->servers.size(), most_servers);
         ++i)
      msg.add_servers(x.cluster->servers[i]);
  }
  return std::string{mark} + msg.SerializeAsString();
}

std::optional<discovery_message> decode_discovery(std::string_view bytes) {
  if (bytes.size() > longest || !bytes.starts_with(mark))
    return std::nullopt;
  bytes.remove_prefix(mark.size());
  join::Discovery msg;
  if (!msg.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
      || msg.protocol() != our_protocol)
    return std::nullopt;
  discovery_message result;
  result.number = msg.number();
  if (msg.question())
    return result;
  if (!is_good(msg))
    return std::nullopt;
  result.cluster = found_cluster{msg.cluster_id(),
                                 msg.cluster_name(),
                                 {msg.servers().begin(), msg.servers().end()}};
  return result;
}

std::vector<std::string> reachable(const std::vector<std::string>& servers,
                                   ipv4 from) {
  std::vector<std::string> result;
  for (auto& each : servers) {
    auto at = parse_endpoint(each);
    if (at && (!loopback.contains(at->address) || loopback.contains(from)))
      result.push_back(each);
  }
  return result;
}

void note(std::vector<found_cluster>& to, found_cluster one) {
  auto known = std::find_if(to.begin(), to.end(),
                            [&](auto& each) { return each.id == one.id; });
  if (known == to.end()) {
    to.push_back(std::move(one));
    return;
  }
  for (auto& server : one.servers)
    if (std::find(known->servers.begin(), known->servers.end(), server)
        == known->servers.end())
      known->servers.push_back(std::move(server));
}

} // namespace troupe::net
