#pragma once

#include "messages/errors.hpp"

#include <string>
#include <string_view>

namespace troupe::images {

/// A reference to an image in its parts: "nginx" is docker.io, library/nginx,
/// latest. Completed as Kubernetes and Docker do.
struct reference {
  std::string registry;   ///< host with an optional port
  std::string repository; ///< below the registry, in lower case
  std::string tag;        ///< "latest" where neither tag nor digest was given
  std::string digest;     ///< "sha256:..." or empty

  /// docker.io/library/nginx
  std::string name() const { return registry + "/" + repository; }

  /// docker.io/library/nginx:latest
  std::string whole() const;

  /// The same as people write it: nginx:latest.
  std::string familiar() const;

  /// What a registry is asked for: the digest, or the tag without one.
  const std::string& target() const { return digest.empty() ? tag : digest; }
};

/// Reads a reference. ec::invalid with the reason alone, in the words of
/// Kubernetes: "invalid reference format". It is what makes a container wait
/// with InvalidImageName.
expected<reference> parse_reference(std::string_view text);

/// Returns the message of a container with InvalidImageName.
std::string invalid_name_message(const std::string& image,
                                 const caf::error& reason);

bool is_tag(std::string_view text);

} // namespace troupe::images
