#pragma once

#include "messages/errors.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::images {

// What registries and archives say about images: OCI image specification 1.1
// and Docker's schema 2, which has the same fields under other media types.

/// Media types that are asked for and understood.
namespace media {
constexpr auto oci_index = "application/vnd.oci.image.index.v1+json";
constexpr auto oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr auto oci_config = "application/vnd.oci.image.config.v1+json";
constexpr auto oci_layer = "application/vnd.oci.image.layer.v1.tar";
constexpr auto docker_list =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr auto docker_manifest =
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr auto docker_config = "application/vnd.docker.container.image.v1+json";
} // namespace media

/// Bounds of what is read from outside.
struct document_limits {
  size_t bytes = 4 << 20; ///< of a manifest, an index or a configuration
  size_t layers = 512;    ///< overlayfs takes no more than that either
  size_t manifests = 1024;
};

/// What an image runs on.
struct platform {
  std::string os;
  std::string architecture;
  std::string variant;

  std::string text() const; ///< linux/arm/v7

  bool operator==(const platform&) const = default;
};

/// This machine's.
platform host_platform();

/// Reads "linux/arm64" and "linux/arm/v7"; ec::invalid else.
expected<platform> parse_platform(std::string_view text);

/// Points to bytes by their hash.
struct descriptor {
  std::string media_type;
  std::string digest;
  uint64_t size = 0;
  std::optional<images::platform> platform{};
  std::map<std::string, std::string> annotations{};
};

/// One image: a configuration and layers, the lowest first.
struct manifest {
  std::string media_type;
  descriptor config;
  std::vector<descriptor> layers;
};

/// Images for several platforms.
struct image_index {
  std::string media_type;
  std::vector<descriptor> manifests;
};

/// One of both.
struct document {
  std::optional<images::manifest> manifest;
  std::optional<image_index> index;
};

/// What an image's configuration says: what its process is, and which layers
/// the unpacked ones must be.
struct image_config {
  images::platform platform;
  std::vector<std::string> diff_ids; ///< of the layers, the lowest first
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> environment; ///< NAME=value
  std::vector<std::string> volumes;     ///< paths
  std::vector<std::string> ports;       ///< "80/tcp"
  std::map<std::string, std::string> labels;
  std::string working_dir;
  std::string user;
  std::string stop_signal;
  std::string created; ///< RFC 3339, as it stands there
};

/// Reads a manifest or an index. `media_type` is what the registry or the
/// descriptor called it, "" where nobody did. ec::invalid names what is wrong:
/// documents that could be both, digests that are none, sizes below zero,
/// schema 1, more layers than the limits.
expected<document> parse_document(std::string_view bytes,
                                  const std::string& media_type,
                                  const document_limits& limits = {});

/// Reads a configuration; ec::invalid names what is wrong.
expected<image_config> parse_config(std::string_view bytes,
                                    const document_limits& limits = {});

/// Returns which of an index' manifests suits best: the platform itself, else
/// what it can run too (an older variant of arm; anything that names no
/// platform). Nothing when none does.
std::optional<descriptor> choose(const image_index& from, const platform& on);

/// Whether the configuration's platform can run there.
bool can_run(const platform& what, const platform& on);

/// Whether these bytes are a layer that can be unpacked.
bool is_layer(const std::string& media_type);

/// Whether a layer must be fetched from elsewhere than the registry.
bool is_foreign_layer(const std::string& media_type);

/// Whether a descriptor points to an index or a manifest.
bool is_document(const std::string& media_type);

/// Writes an OCI manifest, for images that came without one.
std::string to_json(const manifest& x);

} // namespace troupe::images
