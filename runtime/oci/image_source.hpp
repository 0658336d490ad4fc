#pragma once

#include "messages/errors.hpp"
#include "runtime/images/keyring.hpp"
#include "runtime/process/image_folder.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
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
  /// Releases what all others hold, which are gone: their end may have come
  /// between two steps.
  virtual void keep_only(const std::set<std::string>& containers) = 0;

  /// Fetches it, as each of these until it works; none: as nobody. The answer
  /// may come on any thread, once, unless the source is gone by then.
  virtual void pull(const std::string& reference,
                    std::vector<images::credentials> as, answer done) = 0;
};

/// Images of a folder: REFERENCE/config.json beside REFERENCE/rootfs.
std::shared_ptr<image_source> folder_images(std::string folder);

/// Where the images of a node are.
struct store_place {
  std::string folders; ///< images as folders: looked at first, and not fetched
  std::filesystem::path store; ///< shared with other nodes and the command line
  std::filesystem::path hosts; ///< registries, as in certs.d
  std::string node;            ///< tells its containers from others' there
};

/// Images of a store (runtime/images), made with the first that is wanted, and
/// of registries.
std::shared_ptr<image_source> store_images(store_place where);

} // namespace troupe::oci
