#include "runtime/process/shim.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::process::shim {

namespace {

failure set_read_only(const char* target) {
  struct statvfs info {};
  if (statvfs(target, &info) != 0)
    return fail(errno, "%s: %s", target, strerror(errno));
  unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
  // A user namespace may not take these away.
  const unsigned long pairs[][2] = {
      {ST_NOSUID, MS_NOSUID},         {ST_NODEV, MS_NODEV},
      {ST_NOEXEC, MS_NOEXEC},         {ST_NOATIME, MS_NOATIME},
      {ST_NODIRATIME, MS_NODIRATIME}, {ST_RELATIME, MS_RELATIME},
  };
  for (auto& pair : pairs)
    if (info.f_flag & pair[0])
      flags |= pair[1];
  if (mount(nullptr, target, nullptr, flags, nullptr) != 0)
    return fail(errno, "make %s read-only: %s", target, strerror(errno));
  return {};
}

/// Volumes of the whole root, as it was before anything covered it.
struct root_copies {
  int of[max_mounts];

  void take(const container_config& config) {
    for (uint32_t i = 0; i < config.mount_count; ++i)
      of[i] = strcmp(config.mounts[i].source, "/") == 0 ? static_cast<int>(
                  syscall(SYS_open_tree, AT_FDCWD, "/",
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE))
                                                        : -1;
  }
};

root_copies copies;

failure bind_volume(int source, const mount_config& volume, bool thaw,
                    int copy) {
  struct stat info {};
  if (fstat(source, &info) != 0)
    return fail(errno, "%s: %s", volume.source, strerror(errno));
  if (auto result = ensure_path(volume.target, S_ISDIR(info.st_mode)))
    return result;
  char from[64];
  snprintf(from, sizeof(from), "/proc/self/fd/%d", source);
  auto failed =
      copy >= 0
          ? syscall(SYS_move_mount, copy, "", AT_FDCWD, volume.target,
                    MOVE_MOUNT_F_EMPTY_PATH)
                != 0
          : mount(from, volume.target, nullptr, MS_BIND | MS_REC, nullptr) != 0;
  if (failed)
    return fail(errno, "mount %s on %s: %s", volume.source, volume.target,
                strerror(errno));
  if (volume.flags & mount_read_only)
    return set_read_only(volume.target);
  if (thaw) {
    // It was taken from a tree that is read-only by now.
    mount_attr clear{};
    clear.attr_clr = MOUNT_ATTR_RDONLY;
    syscall(SYS_mount_setattr, AT_FDCWD, volume.target, AT_RECURSIVE, &clear,
            sizeof(clear));
  }
  own_mount(volume.target);
  return {};
}

/// Everything becomes read-only but what follows, /dev and /proc.
failure freeze_root() {
  mount_attr set{};
  set.attr_set = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &set, sizeof(set))
      != 0)
    return fail(errno, "make the root read-only: %s", strerror(errno));
  mount_attr clear{};
  clear.attr_clr = MOUNT_ATTR_RDONLY;
  syscall(SYS_mount_setattr, AT_FDCWD, "/dev", AT_RECURSIVE, &clear,
          sizeof(clear));
  syscall(SYS_mount_setattr, AT_FDCWD, "/proc", AT_RECURSIVE, &clear,
          sizeof(clear));
  return {};
}

int depth(const char* path) {
  int result = 0;
  for (; *path != '\0'; ++path)
    if (path[0] == '/' && path[1] != '\0')
      ++result;
  return result;
}

int by_depth(const void* a, const void* b) {
  return depth(static_cast<const mount_config*>(a)->target)
         - depth(static_cast<const mount_config*>(b)->target);
}

bool may_lack(const mount_config& volume) {
  return (volume.flags & mount_best_effort) != 0;
}

/// Sources are opened before anything hides them.
failure mount_volumes(const container_config& config) {
  auto count = config.mount_count;
  int sources[max_mounts];
  bool thaw[max_mounts];
  for (uint32_t i = 0; i < count; ++i) {
    sources[i] = open(config.mounts[i].source, O_PATH | O_CLOEXEC);
    if (sources[i] < 0 && !may_lack(config.mounts[i]))
      return fail(errno, "volume source %s: %s", config.mounts[i].source,
                  strerror(errno));
    struct statvfs info {};
    thaw[i] = (config.flags & read_only_root)
              && fstatvfs(sources[i], &info) == 0
              && (info.f_flag & ST_RDONLY) == 0;
  }
  if (config.flags & read_only_root) {
    for (uint32_t i = 0; i < count; ++i) {
      struct stat info {};
      fstat(sources[i], &info);
      if (auto result =
              ensure_path(config.mounts[i].target, S_ISDIR(info.st_mode));
          result && !may_lack(config.mounts[i]))
        return result;
    }
    if (auto result = freeze_root())
      return result;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (auto result =
            bind_volume(sources[i], config.mounts[i], thaw[i], copies.of[i]);
        result && !may_lack(config.mounts[i]))
      return result;
    close(sources[i]);
    close_fd(copies.of[i]);
  }
  return {};
}

bool in_volume(const container_config& config, const char* path) {
  for (uint32_t i = 0; i < config.mount_count; ++i) {
    auto target = config.mounts[i].target;
    auto size = strlen(target);
    if (strncmp(path, target, size) == 0
        && (path[size] == '/' || path[size] == '\0'))
      return true;
  }
  return false;
}

/// As OCI runtimes do: the working directory is made where it is missing.
failure ensure_working_dir(const container_config& config) {
  if (config.working_dir[0] != '/')
    return {};
  return ensure_path(config.working_dir, true);
}

/// Makes the root a mount, unseen outside: it is put together where /proc was,
/// since that is a mount wherever processes can be looked after.
failure enter_copy_of_root() {
  constexpr auto place = "/proc/root";
  if (mount(nullptr, "/proc", nullptr, MS_PRIVATE, nullptr) != 0
      || mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
             != 0
      || mkdir(place, 0755) != 0
      || mount("/", place, nullptr, MS_BIND | MS_REC, nullptr) != 0
      || mount(nullptr, place, nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
      || chroot(place) != 0 || chdir("/") != 0
      || umount2("/proc", MNT_DETACH) != 0)
    return fail(errno, "make the root a mount: %s", strerror(errno));
  return {};
}

} // namespace

failure own_mounts() {
  if (unshare(CLONE_NEWNS) != 0)
    return fail(errno, "new mount namespace: %s", strerror(errno));
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0)
    return {};
  // Only a mount can be made private, and the root of a chroot is none.
  if (errno != EINVAL)
    return fail(errno, "make mounts private: %s", strerror(errno));
  return enter_copy_of_root();
}

failure build_mounts(const container_config& config, bool processes) {
  if (auto result = own_mounts())
    return result;
  begin_covers(config.folder);
  qsort(config.mounts, config.mount_count, sizeof(mount_config), by_depth);
  copies.take(config);
  auto wants_root =
      config.working_dir[0] == '/' && needs_root(config.working_dir);
  for (uint32_t i = 0; i < config.mount_count; ++i)
    wants_root = wants_root || needs_root(config.mounts[i].target);
  if (wants_root)
    if (auto result = cover_root())
      return result;
  auto late = in_volume(config, config.working_dir);
  if (!late)
    if (auto result = ensure_working_dir(config))
      return result;
  if (auto result = mount_volumes(config))
    return result;
  if (late)
    if (auto result = ensure_working_dir(config))
      return result;
  end_covers();
  if (processes
      && mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
               nullptr)
             != 0)
    return fail(errno, "mount /proc: %s", strerror(errno));
  return {};
}

} // namespace troupe::process::shim
