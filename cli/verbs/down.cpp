#include "cli/commands.hpp"
#include "runtime/net/cluster_network.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// How long the cluster may take to end in order.
constexpr int patience_ms = 30'000;

/// Returns the process that holds the data directory; 0 when none does.
pid_t holder(const fs::path& data_dir) {
  auto fd = open((data_dir / "lock").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return 0;
  auto free = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  if (free)
    return 0;
  pid_t pid = 0;
  std::ifstream{data_dir / "lock"} >> pid;
  return pid;
}

/// Ends the process and waits until it is gone.
bool end_process(pid_t pid) {
  // A handle of the process itself, so that no other can be meant.
  auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0)
    return true;
  syscall(SYS_pidfd_send_signal, fd, SIGTERM, nullptr, 0);
  pollfd ended{fd, POLLIN, 0};
  auto gone = poll(&ended, 1, patience_ms) == 1;
  if (!gone) {
    syscall(SYS_pidfd_send_signal, fd, SIGKILL, nullptr, 0);
    gone = poll(&ended, 1, patience_ms) == 1;
  }
  close(fd);
  return gone;
}

} // namespace

void add_down(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand(
      "down", "End the cluster and everything that it runs on this machine");
  auto keep = std::make_shared<bool>(false);
  sub->add_flag("--keep-pods", *keep,
                "Leave the pods running; `troupe up` finds them again");
  sub->callback([&env, keep] {
    fs::path data_dir = fs::absolute(env.data_directory());
    if (!fs::exists(data_dir / "lock")) {
      env.err() << "error: no cluster in " << data_dir.string() << "\n";
      env.code = failed;
      return;
    }
    if (auto pid = holder(data_dir); pid != 0 && !end_process(pid)) {
      env.err() << "error: process " << pid << " does not end\n";
      env.code = failed;
      return;
    }
    if (*keep) {
      env.out() << "Cluster ended, pods go on\n";
      return;
    }
    if (auto removed = net::cluster_network::remove(data_dir); !removed) {
      env.fail(removed.error());
      return;
    }
    env.out() << "Cluster ended\n";
  });
}

} // namespace troupe::cli
