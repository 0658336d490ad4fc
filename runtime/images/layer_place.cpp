#include "runtime/images/layer_place.hpp"

#include "runtime/images/file_tools.hpp"

#include <climits>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

/// As many as the kernel follows.
constexpr int most_links = 40;

const char* opaque_name(overlay_marks marks) {
  return marks == overlay_marks::trusted ? "trusted.overlay.opaque"
                                         : "user.overlay.opaque";
}

/// Opens as if `root` were the root of the file system (Linux 5.6).
int open_within(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  auto text = path.empty() ? "." : path.c_str();
  int fd;
  do
    fd = static_cast<int>(syscall(SYS_openat2, root, text, &how, sizeof(how)));
  while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return fd;
}

bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
}

caf::error entry_error(const std::string& what, const std::string& path) {
  auto err = file_error(what, path);
  // That a layer's own paths lead nowhere is the layer's fault.
  if (errno == ENOTDIR || errno == ELOOP || errno == ENOENT
      || errno == ENAMETOOLONG || errno == EEXIST)
    return make_error(ec::invalid, message_of(err));
  return err;
}

} // namespace

expected<std::string> inner_path(std::string_view path) {
  std::string result;
  if (path.empty())
    return make_error(ec::invalid, "it has no name");
  if (path.find('\0') != path.npos)
    return make_error(ec::invalid, "its name has a zero byte");
  for (size_t begin = 0; begin <= path.size();) {
    auto end = std::min(path.find('/', begin), path.size());
    auto part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".")
      continue;
    if (part == "..")
      return make_error(ec::invalid, "its path leads out of the image");
    if (!result.empty())
      result += '/';
    result += part;
  }
  return result;
}

split_path split(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == path.npos)
    return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

expected<layer_place> layer_place::open(const fs::path& root,
                                        const unpack_options& options) {
  auto fd = open_file(root, O_RDONLY | O_DIRECTORY);
  if (!fd)
    return fd.error();
  return layer_place{std::move(*fd), options};
}

expected<net::unique_fd> layer_place::find(const std::string& path) const {
  net::unique_fd fd{
      open_within(root_.get(), path, O_RDONLY | O_DIRECTORY | O_NOCTTY)};
  if (!fd)
    return entry_error("open", path);
  return fd;
}

expected<int> layer_place::folder(const std::string& path) {
  if (path.empty())
    return root_.get();
  if (last_ && last_path_ == path)
    return last_.get();
  auto fd = find(path);
  if (!fd) {
    links_ = 0;
    if (auto err = make_missing(path))
      return err;
    fd = find(path);
    if (!fd)
      return fd.error();
  }
  last_ = std::move(*fd);
  last_path_ = path;
  return last_.get();
}

caf::error layer_place::make_missing(const std::string& path) {
  for (size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    auto here = path.substr(0, end);
    if (net::unique_fd{open_within(root_.get(), here, O_PATH | O_DIRECTORY)})
      continue;
    if (auto err = make_way(here))
      return err;
    look_like_below(here);
  }
  return {};
}

caf::error layer_place::make_way(const std::string& path) {
  auto [above, name] = split(path);
  auto parent = find(above);
  if (!parent)
    return parent.error();
  struct stat info {};
  if (fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0
      || is_whiteout(info))
    return make_one(parent->get(), name, path);
  if (!S_ISLNK(info.st_mode))
    return make_error(ec::invalid, "\"" + path + "\" is no folder");
  // A link to what only a layer below has: that folder is made here, too.
  std::string target(PATH_MAX, '\0');
  auto size =
      readlinkat(parent->get(), name.c_str(), target.data(), target.size());
  if (size <= 0 || ++links_ > most_links)
    return make_error(ec::invalid, "\"" + path + "\" leads nowhere");
  target.resize(static_cast<size_t>(size));
  auto whole = (fs::path{"/" + above} / target).lexically_normal();
  auto inner = inner_path(whole.string());
  return inner ? make_missing(*inner) : inner.error();
}

caf::error layer_place::make_folder(const std::string& path) {
  if (path.empty())
    return {};
  auto [above, name] = split(path);
  auto parent = folder(above);
  return parent ? make_one(*parent, name, path) : parent.error();
}

caf::error layer_place::make_one(int parent, const std::string& name,
                                 const std::string& path) {
  struct stat info {};
  auto hidden = false;
  if (fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(info.st_mode))
      return {};
    hidden = is_whiteout(info);
    if (auto err = clear(parent, name))
      return err;
  }
  if (mkdirat(parent, name.c_str(), 0700) != 0)
    return entry_error("make", path);
  // What was taken away and comes back hides what it was before.
  if (hidden)
    if (auto err = mark_opaque(parent, name))
      return err;
  if (looks_.count(path) == 0)
    looks_[path] = file_looks{};
  return {};
}

caf::error layer_place::clear(int folder, const std::string& name) {
  struct stat info {};
  if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return {};
  if (!S_ISDIR(info.st_mode)) {
    // Looked up anew next time; who called has it open and goes on with it.
    if (S_ISLNK(info.st_mode))
      last_path_.clear();
    return unlinkat(folder, name.c_str(), 0) == 0
               ? caf::error{}
               : entry_error("replace", name);
  }
  last_path_.clear();
  return remove_tree("/proc/self/fd/" + std::to_string(folder) + "/" + name);
}

caf::error layer_place::hide(const std::string& path) {
  auto [above, name] = split(path);
  auto parent = folder(above);
  // What is no folder in this layer hides all below by itself.
  if (!parent)
    return is(parent.error(), ec::invalid) ? caf::error{} : parent.error();
  struct stat info {};
  if (fstatat(*parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    // The layer brings another one: OCI, "whiteouts apply to lower layers".
    if (S_ISDIR(info.st_mode))
      return mark_opaque(*parent, name);
    return {};
  }
  if (mknodat(*parent, name.c_str(), S_IFCHR, makedev(0, 0)) != 0)
    return entry_error("hide", path);
  return {};
}

caf::error layer_place::hide_content(const std::string& path) {
  auto at = folder(path);
  if (!at)
    return is(at.error(), ec::invalid) ? caf::error{} : at.error();
  return mark_opaque(*at, ".");
}

caf::error layer_place::mark_opaque(int parent, const std::string& name) {
  net::unique_fd fd{openat(parent, name.c_str(),
                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd || fsetxattr(fd.get(), opaque_name(options_->marks), "y", 1, 0) != 0)
    return file_error("mark as opaque", name);
  return {};
}

void layer_place::look_like_below(const std::string& path) {
  for (auto& layer : options_->below) {
    net::unique_fd root{
        ::open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    // A link of the layer leads nowhere but into it.
    net::unique_fd fd{root ? open_within(root.get(), path, O_PATH | O_NOFOLLOW)
                           : -1};
    struct stat info {};
    if (!fd || fstat(fd.get(), &info) != 0)
      continue;
    if (S_ISDIR(info.st_mode))
      looks_[path] = {info.st_mode & 07777, info.st_uid, info.st_gid,
                      info.st_mtim};
    return;
  }
}

caf::error layer_place::finish() {
  last_ = {};
  // From within outwards, so that no folder is closed before what is in it.
  for (auto at = looks_.rbegin(); at != looks_.rend(); ++at) {
    auto& [path, looks] = *at;
    auto fd = find(path);
    if (!fd)
      continue; // replaced by something else
    if (options_->give && fchown(fd->get(), looks.uid, looks.gid) != 0)
      return file_error("give", path);
    if (fchmod(fd->get(), looks.mode) != 0)
      return file_error("set the mode of", path);
    timespec times[2] = {looks.changed, looks.changed};
    futimens(fd->get(), times);
  }
  return {};
}

} // namespace troupe::images
