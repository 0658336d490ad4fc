#include "runtime/images/layer.hpp"

#include "runtime/images/file_tools.hpp"
#include "runtime/images/layer_place.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

// OCI image layout, "Representing Changes".
constexpr std::string_view whiteout = ".wh.";
constexpr std::string_view opaque_whiteout = ".wh..wh..opq";
/// What aufs keeps for itself.
constexpr std::string_view aufs = ".wh..wh.";

file_looks looks_of(archive_entry* entry) {
  file_looks result;
  result.mode = archive_entry_perm(entry) & 07777;
  result.uid = static_cast<uid_t>(archive_entry_uid(entry));
  result.gid = static_cast<gid_t>(archive_entry_gid(entry));
  result.changed = {archive_entry_mtime(entry),
                    archive_entry_mtime_nsec(entry)};
  return result;
}

/// Attributes that a layer may give its files. Those of overlayfs would let it
/// reach into other layers.
bool may_have(std::string_view attribute) {
  if (attribute.rfind("user.overlay.", 0) == 0)
    return false;
  return attribute == "security.capability" || attribute.rfind("user.", 0) == 0;
}

/// Unpacks one layer, entry by entry.
class unpacker {
public:
  unpacker(tar_reader& from, layer_place& to, const unpack_options& options)
      : from_(from), to_(to), options_(options) {}

  caf::error run() {
    for (;;) {
      auto entry = from_.next("layer");
      if (!entry)
        return entry.error();
      if (*entry == nullptr)
        return to_.finish();
      if (++entries_ > options_.most_entries)
        return make_error(ec::invalid,
                          "layer: more than "
                              + std::to_string(options_.most_entries)
                              + " entries");
      if (auto err = take(*entry))
        return err;
    }
  }

  uint64_t bytes() const { return bytes_; }
  uint64_t entries() const { return entries_; }

private:
  caf::error take(archive_entry* entry) {
    auto written = archive_entry_pathname(entry);
    std::string name = written == nullptr ? "" : written;
    auto path = inner_path(name);
    if (!path)
      return blame(name, path.error());
    auto err = path->empty() ? take_root(entry) : take_at(entry, *path);
    return err ? blame(name, err) : err;
  }

  /// Tells which entry it was; what ended the reading says enough by itself.
  caf::error blame(const std::string& name, const caf::error& err) {
    auto code = is(err, ec::timeout)               ? ec::timeout
                : is(err, ec::service_unavailable) ? ec::service_unavailable
                : is(err, ec::forbidden)           ? ec::forbidden
                                                   : ec::invalid;
    return make_error(code, "layer: \"" + name.substr(0, 512)
                                + "\": " + message_of(err));
  }

  caf::error take_root(archive_entry* entry) {
    if (archive_entry_filetype(entry) != AE_IFDIR)
      return make_error(ec::invalid, "the root is no folder");
    to_.set_looks("", looks_of(entry));
    return {};
  }

  caf::error take_at(archive_entry* entry, const std::string& path) {
    auto [above, name] = split(path);
    if (name == opaque_whiteout)
      return to_.hide_content(above);
    if (name.rfind(aufs, 0) == 0)
      return {};
    if (name.rfind(whiteout, 0) == 0)
      return take_whiteout(above, name.substr(whiteout.size()));
    if (auto target = archive_entry_hardlink(entry))
      return link(path, target);
    if (archive_entry_filetype(entry) == AE_IFDIR)
      return take_folder(entry, path);
    return take_file(entry, path);
  }

  caf::error take_whiteout(const std::string& above, const std::string& name) {
    if (name.empty() || name == "." || name == "..")
      return make_error(ec::invalid, "it takes away what has no name");
    return to_.hide(above.empty() ? name : above + "/" + name);
  }

  caf::error take_folder(archive_entry* entry, const std::string& path) {
    if (auto err = to_.make_folder(path))
      return err;
    to_.set_looks(path, looks_of(entry));
    auto fd = to_.find(path);
    if (!fd)
      return fd.error();
    set_attributes(entry, fd->get());
    return {};
  }

  /// The folder that something is to stand in, where nothing has its name.
  expected<int> make_room(const std::string& path) {
    auto [above, name] = split(path);
    auto folder = to_.folder(above);
    if (folder)
      if (auto err = to_.clear(*folder, name))
        return err;
    return folder;
  }

  caf::error take_file(archive_entry* entry, const std::string& path) {
    auto name = split(path).name;
    auto folder = make_room(path);
    if (!folder)
      return folder.error();
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        return write(entry, *folder, name);
      case AE_IFLNK:
        return make_link(entry, *folder, name);
      case AE_IFCHR:
      case AE_IFBLK:
      case AE_IFIFO:
        return make_node(entry, *folder, name);
      default:
        return {}; // sockets mean nothing without who listens
    }
  }

  caf::error write(archive_entry* entry, int folder, const std::string& name) {
    auto size = archive_entry_size(entry);
    if (size < 0
        || bytes_ + static_cast<uint64_t>(size) > options_.stream.bytes)
      return make_error(ec::invalid, "it unpacks to more than "
                                         + std::to_string(options_.stream.bytes)
                                         + " bytes");
    bytes_ += static_cast<uint64_t>(size);
    net::unique_fd fd{
        openat(folder, name.c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!fd)
      return file_error("make", name);
    if (auto err = copy(fd.get(), name, size))
      return err;
    auto looks = looks_of(entry);
    if (options_.give && fchown(fd.get(), looks.uid, looks.gid) != 0)
      return file_error("give", name);
    if (fchmod(fd.get(), looks.mode) != 0)
      return file_error("set the mode of", name);
    set_attributes(entry, fd.get());
    timespec times[2] = {looks.changed, looks.changed};
    futimens(fd.get(), times);
    return {};
  }

  /// Copies the pieces to where they belong: a sparse file has holes.
  caf::error copy(int fd, const std::string& name, int64_t size) {
    for (;;) {
      const void* data = nullptr;
      size_t n = 0;
      int64_t at = 0;
      auto code = archive_read_data_block(from_.get(), &data, &n, &at);
      if (code == ARCHIVE_EOF)
        break;
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
        return from_.problem("content");
      if (at < 0 || at > size || static_cast<int64_t>(n) > size - at)
        return make_error(ec::invalid, "it has more content than it says");
      if (auto err = write_at(fd, name, static_cast<const char*>(data), n, at))
        return err;
    }
    return ftruncate(fd, size) == 0 ? caf::error{} : file_error("write", name);
  }

  static caf::error write_at(int fd, const std::string& name, const char* data,
                             size_t n, int64_t at) {
    while (n > 0) {
      auto done = pwrite(fd, data, n, at);
      if (done < 0 && errno == EINTR)
        continue;
      if (done < 0)
        return file_error("write", name);
      data += done;
      n -= static_cast<size_t>(done);
      at += done;
    }
    return {};
  }

  caf::error make_link(archive_entry* entry, int folder,
                       const std::string& name) {
    auto target = archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0')
      return make_error(ec::invalid, "it is a link to nothing");
    // Where it leads is the business of those who follow it in the container.
    if (symlinkat(target, folder, name.c_str()) != 0)
      return file_error("link", name);
    return dress(entry, folder, name);
  }

  caf::error make_node(archive_entry* entry, int folder,
                       const std::string& name) {
    auto type = archive_entry_filetype(entry);
    // Devices need rights that an owner of the store may not have.
    if (type != AE_IFIFO && !options_.give)
      return {};
    auto looks = looks_of(entry);
    auto device =
        makedev(archive_entry_rdevmajor(entry), archive_entry_rdevminor(entry));
    if (mknodat(folder, name.c_str(), type | looks.mode, device) != 0)
      return file_error("make", name);
    // The process' mask has no say.
    if (fchmodat(folder, name.c_str(), looks.mode, 0) != 0)
      return file_error("set the mode of", name);
    return dress(entry, folder, name);
  }

  /// Owner and time of what cannot be opened.
  caf::error dress(archive_entry* entry, int folder, const std::string& name) {
    auto looks = looks_of(entry);
    if (options_.give
        && fchownat(folder, name.c_str(), looks.uid, looks.gid,
                    AT_SYMLINK_NOFOLLOW)
               != 0)
      return file_error("give", name);
    timespec times[2] = {looks.changed, looks.changed};
    utimensat(folder, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return {};
  }

  caf::error link(const std::string& path, const std::string& target) {
    auto inner = inner_path(target);
    if (!inner || inner->empty())
      return make_error(ec::invalid, "it is a link to \"" + target
                                         + "\", which is not in the layer");
    auto [from_folder, from_name] = split(*inner);
    auto source = to_.find(from_folder);
    struct stat info {};
    if (!source
        || fstatat(source->get(), from_name.c_str(), &info, AT_SYMLINK_NOFOLLOW)
               != 0)
      return make_error(ec::invalid, "it is a link to \"" + target
                                         + "\", which is not in the layer");
    if (*inner == path)
      return make_error(ec::invalid, "it is a link to itself");
    auto name = split(path).name;
    auto folder = make_room(path);
    if (!folder)
      return folder.error();
    if (linkat(source->get(), from_name.c_str(), *folder, name.c_str(), 0) != 0)
      return make_error(ec::invalid, message_of(file_error("link to", target)));
    return {};
  }

  void set_attributes(archive_entry* entry, int fd) {
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
      // Not every file system has them, and not everybody may set each.
      if (name != nullptr && may_have(name))
        fsetxattr(fd, name, value, size, 0);
  }

  tar_reader& from_;
  layer_place& to_;
  const unpack_options& options_;
  uint64_t bytes_ = 0;
  uint64_t entries_ = 0;
};

/// How the root looks where the layer says nothing of it.
file_looks usual_root(const unpack_options& options) {
  for (auto& each : options.below) {
    struct stat info {};
    if (stat(each.c_str(), &info) == 0)
      return {info.st_mode & 07777, info.st_uid, info.st_gid, info.st_mtim};
  }
  return {};
}

} // namespace

overlay_marks marks_for(const fs::path& folder) {
  auto attribute = "trusted.overlay.opaque";
  auto may = setxattr(folder.c_str(), attribute, "n", 1, 0) == 0;
  if (may)
    removexattr(folder.c_str(), attribute);
  return may ? overlay_marks::trusted : overlay_marks::user;
}

expected<unpacked_layer> unpack_layer(int fd, const fs::path& into,
                                      const unpack_options& options) {
  utf8_names names;
  decompression bytes{fd, options.stream};
  tar_reader tar{bytes};
  auto place = layer_place::open(into, options);
  if (!place)
    return place.error();
  place->set_looks("", usual_root(options));
  unpacker work{tar, *place, options};
  if (auto err = work.run())
    return err;
  if (auto err = tar.finish())
    return err;
  return unpacked_layer{bytes.digest(), work.bytes(), work.entries()};
}

} // namespace troupe::images
