#pragma once

#include "runtime/images/image_store.hpp"
#include "runtime/images/manifest.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace troupe::images {

/// One entry of a layer or an archive.
struct entry {
  std::string path;
  std::string content{};
  char type = 'f'; ///< f file, d folder, l link, h hard link, c device, p fifo
  int mode = 0644;
  int uid = 0;
  int gid = 0;
  int64_t size = -1; ///< said instead of that of the content
  std::map<std::string, std::string> attributes{};
};

inline entry file(std::string path, std::string content, int mode = 0644) {
  return {std::move(path), std::move(content), 'f', mode};
}

inline entry folder(std::string path, int mode = 0755) {
  return {std::move(path), "", 'd', mode};
}

inline entry link(std::string path, std::string target) {
  return {std::move(path), std::move(target), 'l'};
}

inline entry hard_link(std::string path, std::string target) {
  return {std::move(path), std::move(target), 'h'};
}

std::string make_tar(const std::vector<entry>& entries);

/// `how` is gzip, zstd or xz.
std::string compress(const std::string& bytes, const std::string& how);

/// The bytes of an image by their digests, as a registry has them.
struct made_image {
  std::map<std::string, std::string> blobs;
  std::map<std::string, std::string> types; ///< media types of documents
  std::string manifest;                     ///< digest
  std::string config;
  std::vector<std::string> layers;

  /// Adds an index over the manifest and others; returns its digest.
  std::string add_index(const std::vector<descriptor>& manifests);
  descriptor described(const std::string& digest) const;
};

struct image_wishes {
  platform on = host_platform();
  std::string compression = "gzip"; ///< or "", zstd
  std::string process = R"({"Cmd":["/bin/app"]})";
  bool docker = false; ///< media types of schema 2
};

made_image make_image(const std::vector<std::string>& layer_tars,
                      const image_wishes& wishes = {});

/// An OCI image layout as the entries of a tar; `name` is its annotation.
std::vector<entry> layout_of(const made_image& x, const std::string& name,
                             const std::string& top = "");

/// What `docker save` writes of images whose layers are not compressed.
std::vector<entry> saved(const std::vector<std::string>& layer_tars,
                         const std::string& tags);

void write_file(const std::filesystem::path& path, const std::string& bytes);
std::string read_file(const std::filesystem::path& path);

/// A folder for the test, and a store in it.
class ImageStore : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;

  /// Opens the store; again, as another process would.
  std::shared_ptr<image_store> open(time_point now = {});
  static time_point now();

  expected<std::vector<image_record>> load(const std::string& archive,
                                           const std::string& name = {});

  /// What an image's files are together, path to content: overlayfs' rules over
  /// the folders, by a reader of the marks.
  std::map<std::string, std::string> merged(const image_record& x);

  std::filesystem::path root_;
  store_options options_;
  std::shared_ptr<image_store> store_;
};

} // namespace troupe::images
