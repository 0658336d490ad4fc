#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"
#include "runtime/oci/accounts.hpp"
#include "runtime/oci/cgroups.hpp"
#include "runtime/oci/devices.hpp"
#include "runtime/process/image_folder.hpp"

#include <string>
#include <vector>

namespace troupe::oci {

/// What a container is made of beside its configuration.
struct surroundings {
  container::SandboxConfig pod;
  std::string pod_folder;   ///< has hosts, hostname, resolv.conf, shm
  std::string bundle;       ///< folder of the bundle
  std::string hostname;     ///< what HOSTNAME says
  std::string message_file; ///< appears at the message path; may be empty
  std::string cgroup;       ///< path of its group
  cgroup_layout layout;
  identity who;
  std::vector<device> devices;
  uint64_t possible_capabilities = ~uint64_t{0}; ///< those that the node has
  int lowest_oom_score = -1000;                  ///< what the node may write
  int64_t target = 0;  ///< process whose processes it sees; 0: none
  std::string seccomp; ///< of a LOCALHOST profile, its text
};

/// A container in the words of OCI's runtime specification 1.0.2.
struct description {
  std::string bundle;  ///< config.json
  std::string command; ///< the end of a command's process, from behind "args"
  std::vector<std::string> volumes; ///< sources; appear in BUNDLE/m/NUMBER
  int stop_signal = 0;
};

/// Describes the container. Of namespaces only those of mounts and processes
/// are in it: the rest is that of whoever calls the runtime. invalid with the
/// field that cannot be honoured and why.
expected<description> describe(const container::ContainerConfig& config,
                               const process::image_config& image,
                               const surroundings& around);

/// /etc/hosts as Kubernetes manages it; `node` is the node's own, for pods that
/// are in its network.
std::string hosts_file(const container::SandboxConfig& pod,
                       const std::string& hostname, const std::string& node);

} // namespace troupe::oci
