#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The bundle that an OCI runtime makes a container of. It is put together in a
// mount namespace of the container's init and in memory: nothing of it is seen
// on the node, nothing of it is left when the init is gone, and the variables
// in the runtime's configuration reach no disk.
//
//   config.json     as OCI's runtime specification has it
//   rootfs          the image's layers and, on top, the folder `upper` beside
//                   the bundle
//   m/0, m/1, ...   the volumes
//   l/0, l/1, ...   links to the layers: an overlay's options are one page
//   processes       the process namespace that the pod shares, if it does
//   state           what the runtime keeps

namespace troupe::process::shim {

namespace {

constexpr auto unified = "/sys/fs/cgroup/unified";

failure make_dir(const char* path, mode_t mode) {
  if (mkdir(path, mode) == 0 || errno == EEXIST)
    return {};
  return fail(errno, "mkdir %s: %s", path, strerror(errno));
}

failure write_bytes(const char* path, std::string_view bytes) {
  auto fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  auto good = fd >= 0
              && write(fd, bytes.data(), bytes.size())
                     == static_cast<ssize_t>(bytes.size());
  auto code = errno;
  close_fd(fd);
  return good ? failure{} : fail(code, "write %s: %s", path, strerror(code));
}

/// Copies of the volumes' mounts as the node has them now. A copy is of the
/// same peer group as what it was made of, so that what is mounted later goes
/// from one to the other where the container asks for that.
failure take_volumes(const container_config& config, int node_mounts,
                     int volumes[]) {
  auto back = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (back < 0 || setns(node_mounts, CLONE_NEWNS) != 0) {
    auto code = errno;
    close_fd(back);
    return fail(code, "mounts of the node: %s", strerror(code));
  }
  failure result;
  for (uint32_t i = 0; i < config.mount_count && !result; ++i) {
    volumes[i] = static_cast<int>(
        syscall(SYS_open_tree, AT_FDCWD, config.mounts[i].source,
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (volumes[i] < 0)
      result = fail(errno, "volume source %s: %s", config.mounts[i].source,
                    strerror(errno));
  }
  if (setns(back, CLONE_NEWNS) != 0 && !result)
    result = fail(errno, "mounts of the pod: %s", strerror(errno));
  close_fd(back);
  return result;
}

failure put_volume(uint32_t number, int volume) {
  char path[32];
  snprintf(path, sizeof(path), "m/%u", number);
  struct stat info {};
  if (fstat(volume, &info) != 0)
    return fail(errno, "volume: %s", strerror(errno));
  if (S_ISDIR(info.st_mode)) {
    if (auto result = make_dir(path, 0755))
      return result;
  } else if (auto result = write_bytes(path, {})) {
    return result;
  }
  if (syscall(SYS_move_mount, volume, "", AT_FDCWD, path,
              MOVE_MOUNT_F_EMPTY_PATH)
      != 0)
    return fail(errno, "mount a volume: %s", strerror(errno));
  return {};
}

failure put_volumes(const container_config& config, int volumes[]) {
  auto result = make_dir("m", 0700);
  for (uint32_t i = 0; i < config.mount_count; ++i) {
    if (!result)
      result = put_volume(i, volumes[i]);
    close_fd(volumes[i]);
  }
  return result;
}

/// The topmost layer tells whose the root is, and who may do what there.
void imitate(const char* layer, const char* upper) {
  struct stat info {};
  if (stat(layer, &info) != 0)
    return;
  if (chown(upper, info.st_uid, info.st_gid) != 0
      || chmod(upper, info.st_mode & 07777) != 0)
    errno = 0;
}

failure put_root(const container_config& config) {
  auto result = make_dir("rootfs", 0755);
  for (auto path : {"l", "../upper", "../work"})
    if (!result)
      result = make_dir(path, 0755);
  if (result)
    return result;
  buffer options;
  auto add = [&](const char* text) { options.append(text, strlen(text)); };
  add("lowerdir=");
  char name[32];
  for (int i = 0; config.layers[i] != nullptr; ++i) {
    snprintf(name, sizeof(name), "l/%d", i);
    if (symlink(config.layers[i], name) != 0)
      return fail(errno, "symlink %s: %s", name, strerror(errno));
    if (i > 0)
      add(":");
    add(name);
  }
  add(",upperdir=../upper,workdir=../work");
  options.append("", 1);
  if (config.layers[0] != nullptr)
    imitate(config.layers[0], "../upper");
  if (mount("overlay", "rootfs", "overlay", 0, options.data()) != 0)
    return fail(errno, "overlay of the image's layers: %s", strerror(errno));
  return {};
}

failure put_processes(pid_t pause) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/ns/pid", pause);
  if (auto result = write_bytes("processes", {}))
    return result;
  if (mount(path, "processes", nullptr, MS_BIND, nullptr) != 0)
    return fail(errno, "processes of the pod: %s", strerror(errno));
  return {};
}

failure enter_bundle(const container_config& config) {
  char path[PATH_MAX];
  auto size = snprintf(path, sizeof(path), "%s/bundle", config.folder);
  if (size >= PATH_MAX)
    return fail(ENAMETOOLONG, "%s: too long", config.folder);
  if (auto result = make_dir(path, 0700))
    return result;
  if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=64m")
          != 0
      || chdir(path) != 0)
    return fail(errno, "mount a tmpfs on %s: %s", path, strerror(errno));
  return {};
}

} // namespace

failure begin_runtime_pod(uint32_t flags) {
  state.node_mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (state.node_mounts < 0 || unshare(CLONE_NEWNS) != 0
      || mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return fail(errno, "new mount namespace: %s", strerror(errno));
  if (flags & hide_unified)
    if (mount("tmpfs", unified, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
        != 0)
      return fail(errno, "hide %s: %s", unified, strerror(errno));
  if (flags & node_ipc)
    return {};
  if (unshare(CLONE_NEWIPC) != 0)
    return fail(errno, "new queues and shared memory: %s", strerror(errno));
  if (auto result = make_dir("shm", 0700))
    return result;
  if (mount("shm", "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
            "mode=1777,size=65536k")
      != 0)
    return fail(errno, "shared memory: %s", strerror(errno));
  return {};
}

failure build_bundle(const container_config& config, int node_mounts,
                     pid_t pause) {
  int volumes[max_mounts];
  for (auto& fd : volumes)
    fd = -1;
  if (auto result = take_volumes(config, node_mounts, volumes))
    return result;
  if (unshare(CLONE_NEWNS) != 0)
    return fail(errno, "new mount namespace: %s", strerror(errno));
  auto result = enter_bundle(config);
  if (!result)
    result = put_root(config);
  if (!result)
    result = put_volumes(config, volumes);
  if (!result && (config.flags & shared_processes))
    result = put_processes(pause);
  if (!result)
    result = write_bytes("config.json", config.bundle);
  return result;
}

int try_runtime() {
  char bytes[4096];
  for (ssize_t size; (size = read(0, bytes, sizeof(bytes))) > 0;)
    state.in.append(bytes, static_cast<size_t>(size));
  wire_reader fields{state.in.data(), state.in.data() + state.in.size()};
  auto flags = fields.u32();
  container_config config;
  auto result = parse_config(fields, config);
  if (!result && chdir(config.folder) != 0)
    result = fail(errno, "%s: %s", config.folder, strerror(errno));
  if (!result)
    result = begin_runtime_pod(flags);
  if (!result)
    result = build_bundle(config, state.node_mounts, 0);
  const char* arguments[] = {config.runtime,      "--root=state", "--log=log",
                             "--log-format=json", "run",          "--bundle=.",
                             config.id,           nullptr};
  auto nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  int streams[3] = {nothing, nothing, nothing};
  pid_t pid = 0;
  if (!result)
    result = call_runtime(arguments, streams, pid);
  int status = 0;
  if (!result && (waitpid(pid, &status, 0) != pid || status != 0)) {
    result = fail(EIO, "it ends with status %d", status);
    read_complaint("log", result);
  }
  if (config.groups_of_it != nullptr) {
    kill_groups(config.groups_of_it, SIGKILL);
    remove_groups(config.groups_of_it);
  }
  printf("%s\n", result ? result.text : "ok");
  return 0;
}

} // namespace troupe::process::shim
