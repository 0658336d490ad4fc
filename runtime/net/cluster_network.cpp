#include "runtime/net/cluster_network.hpp"

namespace troupe::net {

namespace {

struct choice {
  network_mode mode = network_mode::loopback;
  std::string reason;
};

expected<choice> choose_mode(std::optional<network_mode> wanted) {
  if (wanted == network_mode::loopback)
    return choice{network_mode::loopback, "loopback addresses were asked for"};
  auto obstacle = bridge_network::obstacle();
  if (obstacle.empty())
    return choice{network_mode::bridge,
                  "this process may make network namespaces and bridges"};
  if (wanted)
    return make_error(ec::forbidden,
                      "no network namespaces for pods: " + obstacle);
  return choice{network_mode::loopback, obstacle};
}

} // namespace

expected<cluster_network>
cluster_network::open(const std::filesystem::path& data_dir,
                      std::optional<network_mode> wanted,
                      const std::filesystem::path& registry) {
  auto chosen = choose_mode(wanted);
  if (!chosen)
    return std::move(chosen.error());
  auto recorded = recorded_layout(data_dir);
  // Without the right to, the old bridge stays; it is in nobody's way.
  if (recorded && recorded->mode() != chosen->mode) [[maybe_unused]]
    auto gone = clear(data_dir);
  std::vector<cidr> used;
  if (chosen->mode == network_mode::bridge) {
    auto ranges = bridge_network::used_ranges(recorded ? &*recorded : nullptr);
    if (!ranges)
      return std::move(ranges.error());
    used = std::move(*ranges);
  }
  auto lease = range_lease::take(registry, data_dir, chosen->mode, used);
  if (!lease)
    return std::move(lease.error());
  cluster_network out{std::move(*lease), chosen->reason};
  if (chosen->mode == network_mode::bridge) {
    auto bridge = bridge_network::open(out.addresses());
    if (!bridge)
      return std::move(bridge.error());
    out.bridge_ = std::make_unique<bridge_network>(std::move(*bridge));
  }
  return out;
}

expected<std::vector<std::string>>
cluster_network::prepare_nodes(size_t count) {
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) {
    auto address = addresses().node_address(i);
    if (!address)
      return std::move(address.error());
    if (bridge_)
      if (auto added = bridge_->add_node(*address); !added)
        return std::move(added.error());
    out.push_back(to_string(*address));
  }
  return out;
}

expected<void> cluster_network::clear(const std::filesystem::path& data_dir) {
  auto recorded = recorded_layout(data_dir);
  if (!recorded || recorded->mode() != network_mode::bridge)
    return caf::unit;
  return bridge_network::remove(*recorded);
}

expected<void> cluster_network::remove(const std::filesystem::path& data_dir) {
  if (auto gone = clear(data_dir); !gone)
    return gone;
  forget_layout(data_dir);
  return caf::unit;
}

} // namespace troupe::net
