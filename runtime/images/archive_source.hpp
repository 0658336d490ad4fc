#pragma once

#include "messages/errors.hpp"
#include "runtime/images/image_archive.hpp"
#include "runtime/images/store_work.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace troupe::images {

/// Where the files of an archive are got from.
class archive_source {
public:
  virtual ~archive_source() = default;

  virtual bool has(const std::string& path) const = 0;

  /// Returns a small file; ec::not_found, ec::invalid when it is large.
  virtual expected<std::string> document(const std::string& path) = 0;

  /// Brings a file into the store as a blob; returns its digest and size.
  virtual expected<descriptor> blob(const std::string& path) = 0;
};

/// The path of a blob in an OCI image layout.
std::string layout_path(const std::string& digest);

/// All of a tar at once: its documents in memory, all else in the store.
class tar_source : public archive_source {
public:
  explicit tar_source(store_work& work) : work_(work) {}

  caf::error read(int fd, const load_options& options);

  bool has(const std::string& path) const override;
  expected<std::string> document(const std::string& path) override;
  expected<descriptor> blob(const std::string& path) override;

private:
  class reading;

  /// Follows links within the archive.
  const std::string* find(const std::string& path) const;

  store_work& work_;
  std::map<std::string, std::string> documents_;
  std::map<std::string, descriptor> blobs_;
  std::map<std::string, std::string> links_;
};

/// The files of a folder, when they are asked for.
class folder_source : public archive_source {
public:
  folder_source(store_work& work, std::filesystem::path folder)
      : work_(work), folder_(std::move(folder)) {}

  bool has(const std::string& path) const override;
  expected<std::string> document(const std::string& path) override;
  expected<descriptor> blob(const std::string& path) override;

private:
  store_work& work_;
  std::filesystem::path folder_;
};

} // namespace troupe::images
