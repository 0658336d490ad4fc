#pragma once

#include "messages/errors.hpp"
#include "runtime/process/image_folder.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::oci {

/// An image as a container can be made of it.
struct unpacked_image {
  process::image_config config;
  /// Folders of its layers, topmost first, as overlayfs takes them.
  std::vector<std::string> layers;
};

/// Where images come from. All is called on one thread and must not wait.
class image_source {
public:
  using answer = std::function<void(expected<unpacked_image>)>;

  virtual ~image_source() = default;

  /// not_found when the machine does not have it.
  virtual expected<unpacked_image> find(const std::string& reference) = 0;

  /// What `find` told of the image stays on disk until the container lets go of
  /// it, whoever is restarted meanwhile. Of a container that holds nothing
  /// `release` is no error.
  virtual caf::error hold(const std::string& container,
                          const std::string& image_id) = 0;
  virtual void release(const std::string& container) = 0;

  /// Fetches it. The answer may come on any thread, once.
  virtual void pull(const std::string& reference, answer done) = 0;
};

/// Images of a folder: REFERENCE/config.json beside REFERENCE/rootfs.
std::shared_ptr<image_source> folder_images(std::string folder);

} // namespace troupe::oci
