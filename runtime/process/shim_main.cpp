#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process::shim {

failure map_identity() {
  auto put = [](const char* path, const char* text) {
    auto fd = open(path, O_WRONLY | O_CLOEXEC);
    auto written = fd >= 0 && write(fd, text, strlen(text)) > 0;
    if (fd >= 0)
      close(fd);
    return written;
  };
  auto uid = geteuid();
  auto gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0)
    return fail(errno, "user namespace: %s", strerror(errno));
  char user[64];
  char group[64];
  snprintf(user, sizeof(user), "%u %u 1", uid, uid);
  snprintf(group, sizeof(group), "%u %u 1", gid, gid);
  if (!put("/proc/self/setgroups", "deny") || !put("/proc/self/uid_map", user)
      || !put("/proc/self/gid_map", group))
    return fail(errno, "map the user into its namespace: %s", strerror(errno));
  return {};
}

namespace {

constexpr int inherited_control = 3;

failure raise_loopback() {
  auto fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return {};
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  auto done = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  done = done && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  auto code = errno;
  close(fd);
  return done ? failure{} : fail(code, "loopback: %s", strerror(code));
}

failure join_network(const char* path) {
  auto fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
    auto code = errno;
    if (fd >= 0)
      close(fd);
    return fail(code, "network namespace %s: %s", path, strerror(code));
  }
  close(fd);
  return {};
}

/// Those of a pod are in namespaces that are its own.
failure set_sysctl(char* text) {
  auto sign = strchr(text, '=');
  if (sign == nullptr)
    return fail(EINVAL, "sysctl %s has no value", text);
  *sign = '\0';
  char path[PATH_MAX];
  auto dotted = text[strcspn(text, "./")] == '.';
  snprintf(path, sizeof(path), "/proc/sys/%s", text);
  for (auto at = path; dotted && *at != '\0'; ++at)
    if (*at == '.')
      *at = '/';
  auto fd = open(path, O_WRONLY | O_CLOEXEC);
  auto length = strlen(sign + 1);
  auto good =
      fd >= 0 && write(fd, sign + 1, length) == static_cast<ssize_t>(length);
  auto code = errno;
  close_fd(fd);
  return good ? failure{} : fail(code, "sysctl %s: %s", text, strerror(code));
}

failure separate(const char* hostname, const char* network_path) {
  if (state.flags & use_user_namespace)
    if (auto result = map_identity())
      return result;
  if (state.flags & own_network) {
    if (unshare(CLONE_NEWNET) != 0)
      return fail(errno, "network namespace: %s", strerror(errno));
    if (auto result = raise_loopback())
      return result;
  } else if (network_path[0] != '\0') {
    if (auto result = join_network(network_path))
      return result;
  }
  // Without rights the host's name stays; HOSTNAME says the pod's.
  if (hostname[0] != '\0' && unshare(CLONE_NEWUTS) == 0)
    if (sethostname(hostname, strlen(hostname)) != 0)
      return fail(errno, "hostname %s: %s", hostname, strerror(errno));
  return {};
}

failure listen_here() {
  state.listener =
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strcpy(address.sun_path, "shim.sock");
  unlink(address.sun_path);
  auto mask = umask(077);
  auto bound = bind(state.listener, reinterpret_cast<sockaddr*>(&address),
                    sizeof(address))
                   == 0
               && listen(state.listener, 8) == 0;
  umask(mask);
  return bound ? failure{} : fail(errno, "shim.sock: %s", strerror(errno));
}

/// Number of the pid's life: with it a pid is never mistaken for another's.
unsigned long long start_time() {
  char text[1024];
  auto fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  auto size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
  if (fd >= 0)
    close(fd);
  text[size > 0 ? size : 0] = '\0';
  auto at = strrchr(text, ')');
  for (int i = 0; at != nullptr && i < 20; ++i)
    at = strchr(at + 1, ' ');
  return at == nullptr ? 0 : strtoull(at, nullptr, 10);
}

failure write_pid() {
  auto fd = open("shim.pid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(errno, "shim.pid: %s", strerror(errno));
  dprintf(fd, "%d %llu\n", getpid(), start_time());
  close(fd);
  return {};
}

void watch_signals() {
  for (int i = 1; i < 32; ++i)
    signal(i, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t watched;
  sigemptyset(&watched);
  for (auto number : {SIGCHLD, SIGTERM, SIGINT})
    sigaddset(&watched, number);
  state.signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

failure begin_pod(wire_reader fields) {
  state.flags = fields.u32();
  auto folder = fields.text().data();
  auto hostname = fields.text().data();
  auto network_path = fields.text().data();
  auto sysctls = parse_texts(fields);
  if (!fields.good)
    return fail(EINVAL, "the sandbox's description cannot be read");
  if (chdir(folder) != 0)
    return fail(errno, "%s: %s", folder, strerror(errno));
  auto result = separate(hostname, network_path);
  if (!result && (state.flags & use_runtime))
    result = begin_runtime_pod(state.flags);
  for (auto at = sysctls; !result && *at != nullptr; ++at)
    result = set_sysctl(*at);
  free(sysctls);
  if (!result)
    result = write_pid();
  if (!result)
    result = listen_here();
  return result;
}

/// The first frame says which pod this is.
bool read_first(frame_header& header) {
  auto read_all = [](char* at, size_t size) {
    while (size > 0) {
      auto got = read(inherited_control, at, size);
      if (got <= 0)
        return false;
      at += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  };
  if (!read_all(reinterpret_cast<char*>(&header), sizeof(header))
      || header.kind != frame_kind::init || header.size > max_frame)
    return false;
  if (!read_all(state.in.room(header.size), header.size))
    return false;
  state.in.grown(header.size);
  return true;
}

int serve() {
  // Away from the terminal, the session and the children of Troupe.
  auto pid = fork();
  if (pid != 0)
    return pid < 0 ? 1 : 0;
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  frame_header header;
  if (!read_first(header))
    return 1;
  watch_signals();
  umask(022);
  state.control = fcntl(inherited_control, F_DUPFD_CLOEXEC, 10);
  close(inherited_control);
  set_nonblocking(state.control);
  auto result = begin_pod({state.in.data(), state.in.data() + header.size});
  state.in.wipe();
  auto begin = begin_frame(frame_kind::answer, header.tag);
  wire_writer<buffer>{state.out}
      .u32(static_cast<uint32_t>(result.code))
      .text(result.text)
      .i64(getpid());
  end_frame(begin);
  flush_control();
  // Whoever asked is gone, and nobody else will ever hear of this pod.
  if (result || state.control < 0)
    return 1;
  run_loop();
}

} // namespace

} // namespace troupe::process::shim

int main(int argc, char** argv) {
  using namespace troupe::process::shim;
  if (argc == 2 && strcmp(argv[1], "--probe") == 0)
    return probe();
  if (argc == 2 && strcmp(argv[1], "--try") == 0)
    return try_runtime();
  // What a container that is made to try the runtime does.
  if (argc == 2 && strcmp(argv[1], "--nothing") == 0)
    return 0;
  if (argc == 3 && strcmp(argv[1], "--pod") == 0)
    return serve();
  fprintf(stderr, "troupe-shim holds the containers of one pod; it is started "
                  "by troupe and not by hand\n");
  return 2;
}
