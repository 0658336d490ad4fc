#include "actors/kubelet/branch.hpp"

#include "actors/kubelet/kubelet.hpp"
#include "actors/kubelet/process_runtime.hpp"
#include "actors/kubelet/simulated_runtime.hpp"
#include "actors/proxy/tunnel.hpp"
#include "runtime/containers/fleet.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/machine.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

kubelet_options options_of(const cluster_config& config,
                           const node_config& node) {
  kubelet_options options;
  options.simulated = config.runtime == "simulated";
  options.machine =
      options.simulated ? simulated_machine() : this_machine(config.data_dir);
  options.machine.name = node.name;
  options.machine.addresses = {node.address};
  options.pod_range = node.pod_range;
  options.own_networks = config.pod_namespaces && !options.simulated;
  if (!options.simulated) {
    options.machine.lowest_port = config.lowest_port;
    options.remarks.push_back(
        {"LoopbackNetwork", !config.pod_namespaces, config.network_reason});
  }
  options.pods_folder =
      config.data_dir + "/nodes/" + options.machine.name + "/pods";
  return options;
}

child_spec process_spec(const cluster_config& config,
                        const kubelet_options& node) {
  child_spec spec;
  spec.name = node.machine.name + "/runtime";
  process::runtime_options options;
  options.pods = config.data_dir + "/nodes/" + node.machine.name + "/sandboxes";
  options.images =
      config.images.empty() ? config.data_dir + "/images" : config.images;
  options.shim = config.shim;
  options.profiles = config.data_dir + "/seccomp";
  if (config.runtime == "oci")
    options.rootfs =
        oci::store_images({options.images, config.data_dir + "/image-store",
                           config.data_dir + "/certs.d", node.machine.name});
  spec.start = [options](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(
        sys.spawn(process_runtime, ctx, options));
  };
  return spec;
}

child_spec simulated_spec(const kubelet_options& node) {
  child_spec spec;
  spec.name = node.machine.name + "/runtime";
  spec.start = [name = node.machine.name](caf::actor_system& sys,
                                          const context& ctx) {
    return caf::actor_cast<caf::actor>(
        sys.spawn(simulated_runtime, ctx, ctx.outside().fleet->take(name)));
  };
  return spec;
}

} // namespace

child_spec kubelet_branch(const cluster_config& config) {
  std::vector<child_spec> specs;
  for (auto& node : config.nodes) {
    auto options = options_of(config, node);
    specs.push_back(options.simulated ? simulated_spec(options)
                                      : process_spec(config, options));
    specs.push_back(kubelet_spec(options));
    specs.push_back(tunnel_spec(options.machine.name));
  }
  return branch("kubelet", {}, std::move(specs));
}

} // namespace troupe
