#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/image_store.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::images {

/// How an archive is taken.
struct load_options {
  /// For an image that the archive gives no whole name: a reference, or a
  /// repository whose tag the archive knows.
  std::string name{};
  platform on = host_platform();
  uint64_t most_bytes = uint64_t{256} << 30; ///< of the archive, decompressed
  std::function<bool()> cancelled{};
};

/// Puts the images of an archive into a store: what `docker save` writes, or
/// an OCI image layout in a tar; plain or compressed with gzip, zstd, bzip2 or
/// xz. It is read once, from start to end. ec::invalid says what is wrong with
/// it; the images before are loaded then.
expected<std::vector<image_record>>
load_archive(const std::shared_ptr<image_store>& store, int fd,
             const load_options& options, time_point now);

/// The same from a folder that is an OCI image layout.
expected<std::vector<image_record>>
load_layout(const std::shared_ptr<image_store>& store,
            const std::filesystem::path& folder, const load_options& options,
            time_point now);

/// Returns the name of an image of an archive: of what the archive says
/// (annotations of an OCI layout) and what the user does. "" when neither does;
/// ec::invalid when there is only a tag.
expected<std::string> name_in_archive(const std::string& said,
                                      const std::string& given);

} // namespace troupe::images
