#pragma once

#include "messages/errors.hpp"

#include <string>
#include <vector>

namespace troupe::process {

/// A reference to an image in its parts: "nginx" is docker.io, library/nginx,
/// latest.
struct image_reference {
  std::string registry;
  std::string repository;
  std::string tag;    ///< "latest" where neither tag nor digest was given
  std::string digest; ///< "sha256:..." or empty

  /// docker.io/library/nginx:latest
  std::string whole() const;
};

/// Refuses with ec::invalid what is no reference: empty parts, upper case, dots
/// that lead out of a folder.
expected<image_reference> parse_reference(const std::string& text);

/// What an OCI image configuration says of its process.
struct image_config {
  std::string reference; ///< whole
  std::string id;        ///< "sha256:..." of the configuration
  uint64_t size = 0;
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> environment;
  std::string working_dir;
  std::string user;
  std::string stop_signal;
  std::string folder; ///< in which its configuration lies
};

/// Reads `folder`/REFERENCE/config.json. The reference may stand there as it
/// was written, in its short or in its whole form. not_found when there is
/// none, invalid when it cannot be understood.
expected<image_config> find_image(const std::string& folder,
                                  const std::string& text);

/// The arguments of a container's process, as Kubernetes builds them.
std::vector<std::string> process_arguments(const image_config& image,
                                           std::vector<std::string> command,
                                           std::vector<std::string> args);

} // namespace troupe::process
