#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"
#include "runtime/process/image_folder.hpp"

#include <string>
#include <vector>

namespace troupe::process {

/// Where and how a container is to be set up.
struct setup_place {
  std::string container_id;
  std::string folder;        ///< of the container, absolute
  std::string log_directory; ///< of the pod
  std::string hostname;      ///< what HOSTNAME says
  std::string resolv_conf;   ///< file to appear as /etc/resolv.conf, or empty
  container::Processes processes = container::CONTAINER;
  uint32_t isolation = 0; ///< sandbox_flags that the machine allows
};

/// The fields of frame_kind::create, for a container of this image (empty when
/// it has none). invalid with the field that cannot be honoured and why; where
/// nothing can be mounted, links to the volumes are put into the folder.
expected<std::string> set_up(const container::ContainerConfig& config,
                             const image_config& image,
                             const setup_place& place);

/// invalid, where a variable of the environment has no name, or has in it what
/// would end it silently.
caf::error check_variables(const container::ContainerConfig& config);

/// Number of a signal given as "SIGTERM", "TERM" or "15"; 0 for none such.
int signal_number(const std::string& name);

/// Capabilities that stay, one bit each, after drop and then add.
expected<uint64_t> kept_capabilities(const container::Security& security);

/// Capabilities that a container of an OCI runtime has, as containerd reckons
/// them: the usual ones for containers, all of them where it is privileged.
expected<uint64_t> container_capabilities(const container::Security& security);

/// "CAP_CHOWN" and so on, in the order of their numbers.
std::vector<std::string> capability_names(uint64_t bits);

} // namespace troupe::process
