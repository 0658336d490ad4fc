#pragma once

#include "messages/errors.hpp"
#include "runtime/net/socket.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::images {

using net::unique_fd;

/// Returns an error that says what could not be done to which file, and why:
/// no_space and the like are ec::service_unavailable, the rest ec::forbidden.
/// Reads errno.
caf::error file_error(const std::string& what,
                      const std::filesystem::path& path);

/// Opens, close-on-exec.
expected<unique_fd> open_file(const std::filesystem::path& path, int flags,
                              unsigned mode = 0600);

/// Returns the content of a file; ec::not_found when there is none, ec::invalid
/// when it is larger than that.
expected<std::string> read_small(const std::filesystem::path& path,
                                 size_t most);

/// Reads until the end, piece by piece; stops at the first error.
caf::error read_pieces(int fd,
                       const std::function<caf::error(std::string_view)>& take);

/// Makes the names in a folder outlive a loss of power.
void sync_folder(const std::filesystem::path& folder);

/// Removes a tree, whatever the rights of its folders are; follows no link.
caf::error remove_tree(const std::filesystem::path& path);

/// What a tree takes on the disk.
struct disk_use {
  uint64_t bytes = 0;
  uint64_t inodes = 0;
};

disk_use use_of(const std::filesystem::path& path);

/// Holds a file locked against other holders, in this process and in others,
/// until it is gone or its process is.
class file_lock {
public:
  file_lock() = default;
  file_lock(file_lock&&) = default;
  file_lock& operator=(file_lock&&) = default;

  /// Waits. The file is made where it is missing.
  static expected<file_lock> take(const std::filesystem::path& path);

  /// Does not: returns an empty lock when another has it.
  static expected<file_lock> try_take(const std::filesystem::path& path);

  explicit operator bool() const { return fd_.get() >= 0; }

  int fd() const { return fd_.get(); }

  /// Removes the file; whoever waits for it takes a new one.
  void release_and_remove();

private:
  static expected<file_lock> take(const std::filesystem::path& path, int how);

  unique_fd fd_;
  std::filesystem::path path_;
};

} // namespace troupe::images
