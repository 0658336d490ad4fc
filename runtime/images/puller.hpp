#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/images/keyring.hpp"
#include "runtime/images/registry_client.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::images {

/// How far a pull is, over all layers that must be fetched.
struct pull_progress {
  size_t layers = 0;
  size_t layers_done = 0;
  uint64_t bytes = 0;
  uint64_t bytes_done = 0;
};

/// How an image is pulled.
struct pull_options {
  /// Whom to be, one after the other, until it works; none: nobody.
  std::vector<credentials> as{};
  std::vector<std::filesystem::path> host_folders{}; ///< see hosts_of
  platform on = host_platform();
  client_options client{};
  size_t at_once = 3; ///< layers
  bool pinned = false;
  /// Called in any thread, one call at a time.
  std::function<void(const pull_progress&)> progress{};
};

/// Pulls an image into a store; what is there already is not fetched. Blocks
/// until it is done, has failed or `client.cancelled` says so; what has come so
/// far serves the next attempt for a while.
///
/// Errors are the client's, with ec::invalid also for a name that is none; the
/// message is what a container's status shows. When to try again is the
/// caller's business.
expected<image_record> pull(const std::shared_ptr<image_store>& store,
                            const std::string& image,
                            const pull_options& options, time_point now);

} // namespace troupe::images
