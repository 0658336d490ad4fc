#include "cli/commands.hpp"
#include "cli/directory_lock.hpp"
#include "runtime/net/cluster_network.hpp"
#include "runtime/process/pod_runtime.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <ostream>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// How long the cluster may take to end in order.
constexpr int patience_ms = 30'000;
/// How long all pods of one node may take to end.
constexpr auto pods_patience = std::chrono::seconds(45);

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

/// What an edge answers, as something to wait for.
template <class T, class Ask>
std::future<expected<T>> asked(Ask ask) {
  auto promise = std::make_shared<std::promise<expected<T>>>();
  auto result = promise->get_future();
  ask([promise](expected<T> x) { promise->set_value(std::move(x)); });
  return result;
}

template <class T>
expected<T> answer_of(std::future<expected<T>>& from,
                      std::chrono::steady_clock::time_point deadline) {
  if (from.wait_until(deadline) != std::future_status::ready)
    return make_error(ec::timeout, "pods do not end in time");
  return from.get();
}

/// Ends and removes all pods of one node; returns how many there were.
expected<size_t> end_pods(const fs::path& node) {
  auto deadline = std::chrono::steady_clock::now() + pods_patience;
  std::error_code ignored;
  process::runtime_options options;
  options.pods = (node / "sandboxes").string();
  options.shim =
      fs::read_symlink("/proc/self/exe", ignored).parent_path().string()
      + "/troupe-shim";
  process::pod_runtime runtime{options, [](container::Event) {}};
  auto asking =
      asked<container::State>([&](auto done) { runtime.state(done); });
  auto state = answer_of(asking, deadline);
  if (!state)
    return state.error();
  std::vector<std::future<expected<container::Done>>> endings;
  for (auto& pod : state->sandboxes())
    endings.push_back(asked<container::Done>(
        [&](auto done) { runtime.remove_sandbox(pod.id(), done); }));
  for (auto& ending : endings)
    if (auto ended = answer_of(ending, deadline); !ended)
      return ended.error();
  return endings.size();
}

/// Ends the pods of all nodes of the cluster.
expected<size_t> end_all_pods(const fs::path& data_dir) {
  size_t result = 0;
  std::error_code none;
  for (auto& node : fs::directory_iterator(data_dir / "nodes", none)) {
    if (!fs::is_directory(node.path() / "sandboxes"))
      continue;
    auto ended = end_pods(node.path());
    if (!ended)
      return ended.error();
    result += *ended;
  }
  return result;
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
    auto holder = holder_of(data_dir);
    if (!holder.known) {
      env.err() << "error: no cluster in " << data_dir.string() << "\n";
      env.code = failed;
      return;
    }
    if (holder.pid != 0 && !end_process(holder.pid)) {
      env.err() << "error: process " << holder.pid << " does not end\n";
      env.code = failed;
      return;
    }
    if (*keep) {
      env.out() << "Cluster ended, pods go on\n";
      return;
    }
    auto pods = end_all_pods(data_dir);
    if (!pods) {
      env.fail(pods.error());
      return;
    }
    if (auto removed = net::cluster_network::remove(data_dir); !removed) {
      env.fail(removed.error());
      return;
    }
    env.out() << "Cluster ended, pods: " << *pods << "\n";
  });
}

} // namespace troupe::cli
