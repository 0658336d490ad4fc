#include "actors/kubelet/branch.hpp"

#include "actors/kubelet/kubelet.hpp"
#include "actors/kubelet/process_runtime.hpp"
#include "runtime/net/address.hpp"
#include "runtime/system/machine.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

// 256 addresses for each node, one range behind the other.
std::string pod_range(const cluster_config& config, size_t index) {
  auto all = net::parse_cidr(config.pod_cidr);
  if (!all)
    return {};
  return to_string(net::cidr{all->at(256 * index), 24});
}

std::string node_address(const cluster_config& config, size_t index) {
  if (index < config.node_addresses.size())
    return config.node_addresses[index];
  // Only where nothing is real: nobody dials it.
  constexpr uint32_t first = 0xac100001; // 172.16.0.1
  return to_string(net::ipv4{first + static_cast<uint32_t>(index)});
}

kubelet_options options_of(const cluster_config& config, size_t index) {
  kubelet_options options;
  options.simulated = config.runtime == "simulated";
  options.machine =
      options.simulated ? simulated_machine() : this_machine(config.data_dir);
  options.machine.name = "node-" + std::to_string(index + 1);
  options.machine.addresses = {node_address(config, index)};
  options.pod_range = pod_range(config, index);
  options.own_networks = config.pod_namespaces && !options.simulated;
  options.pods_folder =
      config.data_dir + "/nodes/" + options.machine.name + "/pods";
  return options;
}

child_spec runtime_spec(const cluster_config& config,
                        const kubelet_options& node) {
  child_spec spec;
  spec.name = node.machine.name + "/runtime";
  process::runtime_options options;
  options.pods = config.data_dir + "/nodes/" + node.machine.name + "/sandboxes";
  options.images = config.data_dir + "/images";
  options.shim = config.shim;
  spec.start = [options](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(
        sys.spawn(process_runtime, ctx, options));
  };
  return spec;
}

} // namespace

child_spec kubelet_branch(const cluster_config& config) {
  std::vector<child_spec> specs;
  for (size_t i = 0; i < config.nodes; ++i) {
    auto options = options_of(config, i);
    specs.push_back(runtime_spec(config, options));
    specs.push_back(kubelet_spec(options));
  }
  return branch("kubelet", {}, std::move(specs));
}

} // namespace troupe
