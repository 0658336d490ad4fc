#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/manifest.hpp"
#include "runtime/images/store_work.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::images {

/// One layer of an image that is to be unpacked.
struct layer_step {
  descriptor blob;
  std::string parent;  ///< chain id of what is below; "" for the lowest
  std::string diff_id; ///< what it must be, unpacked
  std::string chain;
};

/// Returns the layers of an image, the lowest first. ec::invalid when manifest
/// and configuration do not fit, when the image is for other machines than
/// `on`, or has layers of an unknown kind.
expected<std::vector<layer_step>> plan_layers(const manifest& from,
                                              const image_config& config,
                                              const platform& on);

/// What an image is called, and where its bytes come from.
struct installation {
  std::string manifest; ///< digest; it and the configuration are in the store
  std::vector<std::string> tags;
  std::vector<std::string> digests;
  platform on = host_platform();
  bool pinned = false;
  /// Brings a layer's blob into the store; not called for layers that are
  /// unpacked already.
  std::function<caf::error(const layer_step&)> fetch;
  std::function<bool()> cancelled{};
};

/// Reads the documents of an image that are in the store.
struct image_documents {
  images::manifest manifest;
  image_config config;
};
expected<image_documents> read_image(const image_store& store,
                                     const std::string& manifest_digest);

/// Unpacks what is missing, the lowest layer first, and names the image.
expected<image_record> install(store_work& work, const installation& what,
                               time_point now);

} // namespace troupe::images
