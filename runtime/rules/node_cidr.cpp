#include "messages/api/core_node.pb.h"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/node_plan.hpp"

#include <algorithm>
#include <unordered_set>

namespace troupe::rules {

namespace {

using core::v1::Node;

// Returns subnet `number` of the range, with a prefix of so many bits.
std::string subnet(const ip_range& whole, unsigned bits, uint32_t number) {
  auto result = whole;
  result.prefix = bits;
  auto added = number << (32 - bits);
  for (int i = 0; i < 4; ++i)
    result.base.bytes[static_cast<size_t>(i)] |=
        static_cast<uint8_t>(added >> (24 - 8 * i));
  return result.str();
}

} // namespace

std::optional<object> give_pod_cidr(const object& node,
                                    std::span<const object> nodes,
                                    const std::string& cluster_cidr) {
  auto cluster = ip_range::parse(cluster_cidr);
  if (!cluster || cluster->base.v6 || cluster->prefix > 30
      || !node.as<Node>().spec().pod_cidr().empty()
      || node.meta().has_deletion_timestamp())
    return std::nullopt;
  std::unordered_set<std::string> taken;
  for (const auto& each : nodes)
    taken.insert(each.as<Node>().spec().pod_cidr());
  auto bits = cluster->prefix <= 22 ? 24u : std::min(30u, cluster->prefix + 2);
  auto count = uint32_t{1} << (bits - cluster->prefix);
  for (uint32_t i = 0; i < count; ++i) {
    auto cidr = subnet(*cluster, bits, i);
    if (taken.count(cidr) != 0)
      continue;
    auto changed = node.copy<Node>();
    changed.mutable_spec()->set_pod_cidr(cidr);
    changed.mutable_spec()->clear_pod_cidrs();
    changed.mutable_spec()->add_pod_cidrs(cidr);
    return object::of(changed);
  }
  return std::nullopt;
}

} // namespace troupe::rules
