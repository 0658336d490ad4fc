#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::oci {

/// The texts of an image's /etc/passwd and /etc/group; empty where it has none.
struct accounts {
  std::string passwd;
  std::string group;
};

/// Whom a container's process runs as.
struct identity {
  uint32_t user = 0;
  uint32_t group = 0;
  std::vector<uint32_t> groups; ///< more of them, without doubles
  std::string home = "/";
};

/// Finds it as Kubernetes and its runtimes do: the container's word goes before
/// the image's (`image_user`: "name", "name:group", "1000:1000"). invalid for a
/// name that the image does not know, forbidden for what runAsNonRoot forbids;
/// the latter names the pod as `whose` does.
expected<identity> find_identity(const container::Security& security,
                                 const std::string& image_user,
                                 const accounts& known,
                                 const std::string& whose);

/// Reads a file of an image of its layers, topmost first; empty where it has
/// none. Links stay within their layer.
std::string file_of_image(const std::vector<std::string>& layers,
                          const std::string& path);

accounts accounts_of_image(const std::vector<std::string>& layers);

} // namespace troupe::oci
