#pragma once

#include "messages/errors.hpp"
#include "runtime/images/layer.hpp"
#include "runtime/net/socket.hpp"

#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace troupe::images {

/// Who and what a file is said to be.
struct file_looks {
  mode_t mode = 0755;
  uid_t uid = 0;
  gid_t gid = 0;
  timespec changed{};
};

/// Returns the path without ./ and leading slashes, "" for the root itself;
/// ec::invalid when it is empty or has a part that is "..".
expected<std::string> inner_path(std::string_view path);

/// Splits a path into that of its folder and its last part.
struct split_path {
  std::string folder;
  std::string name;
};
split_path split(const std::string& path);

/// A folder that is being filled by somebody who is not trusted: paths are
/// looked up as if it were the root of all, links included.
class layer_place {
public:
  /// `options` outlives it.
  static expected<layer_place> open(const std::filesystem::path& root,
                                    const unpack_options& options);

  /// Returns a folder by its inner path, made with all above it where missing.
  /// Valid until the next call.
  expected<int> folder(const std::string& path);

  /// Returns a folder only if it is there. Owned by the caller.
  expected<net::unique_fd> find(const std::string& path) const;

  /// Makes the name free for something that is no folder.
  caf::error clear(int folder, const std::string& name);

  /// Makes a folder, or leaves the one that is there.
  caf::error make_folder(const std::string& path);

  /// Hides what lies below under this path.
  caf::error hide(const std::string& path);

  /// Hides all that lies below in this folder.
  caf::error hide_content(const std::string& path);

  /// Remembers how a folder looks; `finish` makes it so, since it must be open
  /// to us until then, and its time must not change any more.
  void set_looks(const std::string& path, const file_looks& looks) {
    looks_[path] = looks;
  }

  caf::error finish();

private:
  layer_place(net::unique_fd root, const unpack_options& options)
      : root_(std::move(root)), options_(&options) {}

  caf::error make_missing(const std::string& path);
  caf::error make_way(const std::string& path);
  caf::error make_one(int parent, const std::string& name,
                      const std::string& path);
  caf::error mark_opaque(int parent, const std::string& name);
  void look_like_below(const std::string& path);

  net::unique_fd root_;
  const unpack_options* options_;
  std::string last_path_; ///< what last_ is open at
  net::unique_fd last_;
  int links_ = 0; ///< followed on the present way
  std::map<std::string, file_looks> looks_;
};

} // namespace troupe::images
