#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// The container sees the node's own file system, and its volumes at their
// paths. A path that does not exist must not appear on the node, so the folder
// that lacks it is covered, in this mount namespace only: by an overlay whose
// upper layer is in memory, with what was mounted below put back, or where that
// is not possible by a tmpfs into which each entry is bound.

namespace troupe::process::shim {

namespace {

/// A folder with more entries is not covered entry by entry.
constexpr int most_entries = 4096;
constexpr size_t most_own = 256;

/// Mounts made here: in these a missing path is simply created.
int own[most_own];
size_t own_count = 0;
/// Folder for upper layers, in memory; made when first needed.
const char* scratch = nullptr;
int scratch_used = 0;

int mount_id(int fd) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
  auto file = fopen(path, "re");
  if (file == nullptr)
    return -1;
  char line[128];
  int id = -1;
  while (fgets(line, sizeof(line), file) != nullptr)
    if (sscanf(line, "mnt_id: %d", &id) == 1)
      break;
  fclose(file);
  return id;
}

bool is_own(int fd) {
  auto id = mount_id(fd);
  for (size_t i = 0; i < own_count; ++i)
    if (own[i] == id)
      return true;
  return false;
}

/// What is mounted below a folder, but for what is mounted below that.
struct mounts_below {
  struct place {
    char path[PATH_MAX];
    int fd = -1;
  };

  place places[16];
  size_t count = 0;

  ~mounts_below() {
    for (size_t i = 0; i < count; ++i)
      close_fd(places[i].fd);
  }

  bool has(const char* path) const {
    for (size_t i = 0; i < count; ++i) {
      auto size = strlen(places[i].path);
      if (strncmp(path, places[i].path, size) == 0
          && (path[size] == '/' || path[size] == '\0'))
        return true;
    }
    return false;
  }

  /// False where there are too many, or some whose names are unusual.
  bool find(const char* folder) {
    auto file = fopen("/proc/self/mountinfo", "re");
    if (file == nullptr)
      return false;
    auto size = strlen(folder);
    char* line = nullptr;
    size_t capacity = 0;
    bool good = true;
    while (good && getline(&line, &capacity, file) > 0) {
      char point[PATH_MAX];
      if (sscanf(line, "%*d %*d %*s %*s %4095s", point) != 1
          || strncmp(point, folder, size) != 0 || point[size] != '/'
          || has(point))
        continue;
      good = count < sizeof(places) / sizeof(places[0])
             && strchr(point, '\\') == nullptr;
      if (!good)
        break;
      auto& next = places[count++];
      snprintf(next.path, sizeof(next.path), "%s", point);
      next.fd = open(point, O_PATH | O_CLOEXEC);
      good = next.fd >= 0;
    }
    free(line);
    fclose(file);
    return good;
  }

  bool put_back() const {
    for (size_t i = 0; i < count; ++i) {
      char from[64];
      snprintf(from, sizeof(from), "/proc/self/fd/%d", places[i].fd);
      if (mount(from, places[i].path, nullptr, MS_BIND | MS_REC, nullptr) != 0)
        return false;
    }
    return true;
  }
};

/// Whether devices can be used there; a user namespace's own mounts have none.
bool has_devices(const char* folder) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/null", folder);
  struct stat info {};
  if (stat(path, &info) != 0 || !S_ISCHR(info.st_mode))
    return true; // none to be used
  auto fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  close(fd);
  return true;
}

failure make_scratch(char* out, size_t size, const char* kind) {
  if (scratch_used == 0) {
    if (mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV,
              "mode=0755,size=64m")
        != 0)
      return fail(errno, "mount a tmpfs on %s: %s", scratch, strerror(errno));
    // What is bound recursively must not take this along.
    mount(nullptr, scratch, nullptr, MS_UNBINDABLE, nullptr);
  }
  snprintf(out, size, "%s/%d%s", scratch, scratch_used++, kind);
  if (mkdir(out, 0755) != 0)
    return fail(errno, "mkdir %s: %s", out, strerror(errno));
  return {};
}

/// Binds one entry of a folder into the tmpfs that takes the folder's place.
failure bind_entry(const char* from, const char* to) {
  struct stat info {};
  if (lstat(from, &info) != 0)
    return {};
  if (S_ISLNK(info.st_mode)) {
    char target[PATH_MAX];
    auto size = readlink(from, target, sizeof(target) - 1);
    if (size > 0) {
      target[size] = '\0';
      if (symlink(target, to) != 0)
        return fail(errno, "symlink %s: %s", to, strerror(errno));
    }
    return {};
  }
  if (S_ISDIR(info.st_mode)) {
    mkdir(to, 0755);
  } else {
    auto fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0)
      close(fd);
  }
  // What may not be bound (an entry that vanished meanwhile, another user's
  // fuse mount) is absent from the container.
  if (mount(from, to, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    if (S_ISDIR(info.st_mode))
      rmdir(to);
    else
      unlink(to);
  }
  return {};
}

failure bind_entries(const char* from, const char* to) {
  auto folder = opendir(from);
  if (folder == nullptr)
    return fail(errno, "read %s: %s", from, strerror(errno));
  failure result;
  int count = 0;
  while (auto entry = readdir(folder)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    if (++count > most_entries) {
      result = fail(E2BIG, "%s has too many entries to be covered", to);
      break;
    }
    char a[PATH_MAX];
    char b[PATH_MAX];
    snprintf(a, sizeof(a), "%s%s%s", from, from[1] == '\0' ? "" : "/",
             entry->d_name);
    snprintf(b, sizeof(b), "%s/%s", to, entry->d_name);
    result = bind_entry(a, b);
    if (result)
      break;
  }
  closedir(folder);
  return result;
}

mode_t mode_of(const char* path) {
  struct stat info {};
  return stat(path, &info) == 0 ? info.st_mode & 07777 : 0755;
}

bool cover_by_overlay(const char* folder, int fd) {
  mounts_below below;
  if (!below.find(folder))
    return false;
  char upper[PATH_MAX];
  char work[PATH_MAX];
  if (make_scratch(upper, sizeof(upper), "u")
      || make_scratch(work, sizeof(work), "w"))
    return false;
  struct stat info {};
  if (fstat(fd, &info) == 0) {
    chmod(upper, info.st_mode & 07777);
    if (chown(upper, info.st_uid, info.st_gid) != 0)
      errno = 0; // A user namespace may not know the owner.
  }
  char options[3 * PATH_MAX];
  for (auto extra : {"", ",userxattr"}) {
    snprintf(options, sizeof(options),
             "lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s%s", fd, upper,
             work, extra);
    if (mount("overlay", folder, "overlay", 0, options) != 0)
      continue;
    if (below.put_back() && has_devices(folder))
      return true;
    umount2(folder, MNT_DETACH);
    return false;
  }
  return false;
}

/// Makes the folder one in which paths can be created.
failure cover(const char* folder, int fd) {
  if (!cover_by_overlay(folder, fd)) {
    char options[32];
    snprintf(options, sizeof(options), "mode=%o", mode_of(folder));
    if (mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0)
      return fail(errno, "cover %s: %s", folder, strerror(errno));
    char hidden[64];
    snprintf(hidden, sizeof(hidden), "/proc/self/fd/%d", fd);
    if (auto result = bind_entries(hidden, folder))
      return result;
  }
  own_mount(folder);
  return {};
}

/// The longest part of `path` that exists; `rest` points behind it.
int open_existing(const char* path, const char*& rest) {
  char part[PATH_MAX];
  snprintf(part, sizeof(part), "%s", path);
  for (;;) {
    auto fd = open(part, O_PATH | O_CLOEXEC);
    auto size = strlen(part);
    if (fd >= 0) {
      rest = path + size;
      return fd;
    }
    auto slash = strrchr(part, '/');
    if (slash == nullptr)
      return -1;
    *slash = '\0';
    if (slash == part)
      snprintf(part, sizeof(part), "/");
  }
}

failure create_path(const char* base, const char* rest, bool folder) {
  char path[2 * PATH_MAX];
  snprintf(path, sizeof(path), "%s/%s", base, rest);
  for (auto at = path + strlen(base) + 1; *at != '\0'; ++at)
    if (*at == '/' && at[1] != '\0') {
      *at = '\0';
      if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return fail(errno, "mkdir %s: %s", path, strerror(errno));
      *at = '/';
    }
  if (folder) {
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
      return fail(errno, "mkdir %s: %s", path, strerror(errno));
    return {};
  }
  // A dangling link must not lead to a new file on the node.
  auto fd = open(path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(errno, "create %s: %s", path, strerror(errno));
  close(fd);
  return {};
}

} // namespace

void begin_covers(const char* place) {
  scratch = place;
}

void end_covers() {
  if (scratch_used > 0)
    umount2(scratch, MNT_DETACH);
}

void own_mount(const char* path) {
  auto fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return;
  if (own_count < most_own)
    own[own_count++] = mount_id(fd);
  close(fd);
}

failure cover_root() {
  // Any folder will do: it is back in its place once the root has moved.
  auto place = scratch;
  if (mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
    return fail(errno, "mount a tmpfs for the root: %s", strerror(errno));
  mount(nullptr, place, nullptr, MS_UNBINDABLE, nullptr);
  if (auto result = bind_entries("/", place))
    return result;
  if (chdir(place) != 0 || syscall(SYS_pivot_root, ".", ".") != 0
      || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    return fail(errno, "change the root: %s", strerror(errno));
  own_mount("/");
  return {};
}

failure ensure_path(const char* target, bool folder) {
  const char* rest = nullptr;
  auto fd = open_existing(target, rest);
  if (fd < 0)
    return fail(errno, "%s: %s", target, strerror(errno));
  while (*rest == '/')
    ++rest;
  struct stat info {};
  fstat(fd, &info);
  failure result;
  if (*rest == '\0') {
    if (S_ISDIR(info.st_mode) != folder)
      result =
          fail(folder ? ENOTDIR : EISDIR, "%s is a %s, the volume is a %s",
               target, folder ? "file" : "folder", folder ? "folder" : "file");
  } else if (!S_ISDIR(info.st_mode)) {
    result = fail(ENOTDIR, "%s: a part of it is a file", target);
  } else if (strstr(rest, "..") != nullptr) {
    result = fail(EINVAL, "%s: may not contain \"..\"", target);
  } else {
    char link[64];
    char base[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    auto size = readlink(link, base, sizeof(base) - 1);
    base[size < 0 ? 0 : size] = '\0';
    if (!is_own(fd))
      result = cover(base, fd);
    if (!result)
      result = create_path(strcmp(base, "/") == 0 ? "" : base, rest, folder);
  }
  close(fd);
  return result;
}

bool needs_root(const char* target) {
  const char* rest = nullptr;
  auto fd = open_existing(target, rest);
  if (fd < 0)
    return false;
  struct stat there {};
  struct stat root {};
  auto same = fstat(fd, &there) == 0 && stat("/", &root) == 0
              && there.st_dev == root.st_dev && there.st_ino == root.st_ino;
  close(fd);
  while (*rest == '/')
    ++rest;
  return same && *rest != '\0';
}

} // namespace troupe::process::shim
