#pragma once

#include "messages/errors.hpp"
#include "runtime/images/decompression.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::images {

/// How overlayfs is told of what a layer takes away: by attributes that only
/// root may set, or by those that anybody may (mount option userxattr).
enum class overlay_marks { trusted, user };

/// The better of those that may be set in this folder.
overlay_marks marks_for(const std::filesystem::path& folder);

/// How a layer is unpacked.
struct unpack_options {
  overlay_marks marks = overlay_marks::trusted;
  /// Give files to whom the layer says, and make devices; else all stays ours.
  bool give = true;
  uint64_t most_entries = 4'000'000;
  stream_limits stream{};
  /// Layers below, the nearest first: folders that this one goes into without
  /// telling of them look as they do there.
  std::vector<std::filesystem::path> below{};
};

/// What came of it.
struct unpacked_layer {
  std::string diff_id; ///< of the uncompressed bytes
  uint64_t bytes = 0;  ///< of its files
  uint64_t entries = 0;
};

/// Unpacks a layer (a tar, perhaps compressed) into an empty folder that can be
/// a lower directory of an overlayfs: what it removes becomes character devices
/// 0:0, a folder that hides what is below gets the attribute "opaque".
///
/// Nothing is ever written outside of `into`: names with .. are refused, links
/// are followed within it only. ec::invalid names the entry and what is wrong
/// with it, ec::timeout says it was cancelled; the folder holds a part then.
expected<unpacked_layer> unpack_layer(int fd, const std::filesystem::path& into,
                                      const unpack_options& options);

} // namespace troupe::images
