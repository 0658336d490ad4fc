#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::process::shim {

namespace {

failure write_file(const char* path, const char* text) {
  auto fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(errno, "%s: %s", path, strerror(errno));
  auto written = write(fd, text, strlen(text));
  auto code = errno;
  close(fd);
  return written < 0 ? fail(code, "%s: %s", path, strerror(code)) : failure{};
}

/// Where the real identity cannot change, a user namespace in which it looks
/// as asked for.
failure pretend(uid_t user, gid_t group) {
  auto uid = geteuid();
  auto gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0)
    return fail(errno, "run as user %u, group %u: %s", user, group,
                strerror(errno));
  char map[64];
  if (auto result = write_file("/proc/self/setgroups", "deny"))
    return result;
  snprintf(map, sizeof(map), "%u %u 1", user, uid);
  if (auto result = write_file("/proc/self/uid_map", map))
    return result;
  snprintf(map, sizeof(map), "%u %u 1", group, gid);
  return write_file("/proc/self/gid_map", map);
}

failure become(const container_config& config) {
  auto user = config.user < 0 ? geteuid() : static_cast<uid_t>(config.user);
  auto group = config.group < 0 ? getegid() : static_cast<gid_t>(config.group);
  if (config.group_count > 0 || (user != geteuid() && geteuid() == 0)) {
    auto set = setgroups(config.group_count, config.groups) == 0;
    if (!set && config.group_count > 0)
      return fail(errno, "set supplemental groups: %s", strerror(errno));
  }
  if (user == geteuid() && group == getegid())
    return {};
  if (setresgid(group, group, group) == 0 && setresuid(user, user, user) == 0)
    return {};
  return pretend(user, group);
}

void bound_capabilities(uint64_t kept) {
  for (unsigned long i = 0; i < 64; ++i)
    if ((kept >> i & 1) == 0)
      prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

failure drop_capabilities(uint64_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0)
    return fail(errno, "read capabilities: %s", strerror(errno));
  for (int i = 0; i < 2; ++i) {
    auto mask = static_cast<uint32_t>(kept >> (32 * i));
    data[i].effective &= mask;
    data[i].permitted &= mask;
    data[i].inheritable &= mask;
  }
  if (syscall(SYS_capset, &header, data) != 0)
    return fail(errno, "drop capabilities: %s", strerror(errno));
  return {};
}

failure secure(const container_config& config) {
  auto kept = config.capabilities;
  if (kept != ~uint64_t{0})
    bound_capabilities(kept);
  if (auto result = become(config))
    return result;
  if (kept != ~uint64_t{0})
    if (auto result = drop_capabilities(kept))
      return result;
  if ((config.flags & no_new_privileges) != 0
      && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(errno, "no new privileges: %s", strerror(errno));
  return {};
}

const char* variable(char** environment, const char* name) {
  auto size = strlen(name);
  for (; *environment != nullptr; ++environment)
    if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
      return *environment + size + 1;
  return nullptr;
}

/// Returns only when it failed.
failure execute(char** arguments, char** environment) {
  auto name = arguments[0];
  if (strchr(name, '/') != nullptr) {
    execve(name, arguments, environment);
    return fail(errno, "exec \"%s\": %s", name, strerror(errno));
  }
  auto path = variable(environment, "PATH");
  int code = ENOENT;
  while (path != nullptr && name[0] != '\0') {
    auto colon = strchr(path, ':');
    auto size =
        colon ? static_cast<int>(colon - path) : static_cast<int>(strlen(path));
    char candidate[PATH_MAX];
    snprintf(candidate, sizeof(candidate), "%.*s/%s", size == 0 ? 1 : size,
             size == 0 ? "." : path, name);
    execve(candidate, arguments, environment);
    if (errno != ENOENT && errno != ENOTDIR)
      code = errno;
    path = colon ? colon + 1 : nullptr;
  }
  if (code == ENOENT)
    return fail(code, "exec: \"%s\": executable file not found in $PATH", name);
  return fail(code, "exec: \"%s\": %s", name, strerror(code));
}

failure become_process(const container_config& config, char** arguments,
                       bool tty, const int streams[3]) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  setsid();
  if (tty)
    ioctl(streams[0], TIOCSCTTY, 0);
  for (int i = 0; i < 3; ++i)
    if (dup2(streams[i], i) < 0)
      return fail(errno, "standard streams: %s", strerror(errno));
  umask(022);
  if (auto result = secure(config))
    return result;
  if (config.working_dir[0] != '\0' && chdir(config.working_dir) != 0)
    return fail(errno, "working directory %s: %s", config.working_dir,
                strerror(errno));
  return execute(arguments, config.environment);
}

} // namespace

failure spawn(const container_config& config, char** arguments, bool tty,
              const int streams[3], pid_t& pid) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0)
    return fail(errno, "pipe: %s", strerror(errno));
  pid = fork();
  if (pid == 0) {
    auto result = become_process(config, arguments, tty, streams);
    [[maybe_unused]] auto told = write(report[1], &result, sizeof(result));
    _exit(128);
  }
  auto code = errno;
  close(report[1]);
  failure result;
  if (pid < 0) {
    result = fail(code, "fork: %s", strerror(code));
  } else if (read(report[0], &result, sizeof(result)) != sizeof(result)) {
    // The pipe was closed by exec: it runs.
    result = {};
  }
  close(report[0]);
  return result;
}

} // namespace troupe::process::shim
