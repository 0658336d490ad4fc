#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"
#include "runtime/oci/image_source.hpp"
#include "runtime/oci/spec.hpp"

#include <string>

namespace troupe::process {

/// What is found out once about the machine and its OCI runtime.
struct runtime_facts {
  std::string program; ///< path of the runtime
  std::string version; ///< as it tells it
  std::string prefix;  ///< of the node's control groups
  oci::cgroup_layout layout;
  uint64_t capabilities = 0; ///< that the node has
  int lowest_oom_score = -1000;
};

/// Reads what the machine tells: all but the program.
runtime_facts facts_of_machine(const std::string& pods_folder);

/// OCI runtimes of this machine, best first.
std::vector<std::string> installed_runtimes();

struct bundle_place {
  std::string container_id;
  std::string folder; ///< of the container, absolute
  oci::surroundings around;
};

/// The fields of frame_kind::create for a container that the OCI runtime
/// makes.
expected<std::string> bundle_fields(const container::ContainerConfig& config,
                                    const oci::unpacked_image& image,
                                    const bundle_place& place,
                                    const runtime_facts& facts);

} // namespace troupe::process
