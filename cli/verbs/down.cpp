#include "cli/commands.hpp"
#include "cli/directory_lock.hpp"
#include "cli/node_process.hpp"
#include "cli/node_removal.hpp"
#include "cli/process_end.hpp"
#include "cli/server_keeper.hpp"
#include "runtime/net/cluster_network.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <ostream>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// Ends the pods of all nodes below a folder.
expected<size_t> end_pods_below(const fs::path& folder) {
  size_t result = 0;
  std::error_code none;
  for (auto& node : fs::directory_iterator(folder / "nodes", none)) {
    if (!fs::is_directory(node.path() / "sandboxes"))
      continue;
    auto ended = end_pods(node.path());
    if (!ended)
      return ended.error();
    result += *ended;
  }
  return result;
}

/// Ends the pods of all nodes of the cluster, those that joined here too.
expected<size_t> end_all_pods(const fs::path& data_dir) {
  auto result = end_pods_below(data_dir);
  std::error_code none;
  for (auto& each : fs::directory_iterator(data_dir / "processes", none)) {
    auto more = end_pods_below(each.path());
    if (!result || !more)
      return result ? more : result;
    *result += *more;
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
    if (!end_joined(data_dir)) {
      env.err() << "error: the process of a node does not end\n";
      env.code = failed;
      return;
    }
    if (holder.pid != 0 && !end_process_of(holder.pid)) {
      env.err() << "error: process " << holder.pid << " does not end\n";
      env.code = failed;
      return;
    }
    if (!end_servers(data_dir)) {
      env.err() << "error: a server's process does not end\n";
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
