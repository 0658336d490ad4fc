#include "cli/cluster_shape.hpp"
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

using pod_uids = std::vector<std::string>;

/// Ends the pods of all nodes below a folder.
expected<pod_uids> end_pods_below(const fs::path& folder) {
  pod_uids result;
  std::error_code none;
  for (auto& node : fs::directory_iterator(folder / "nodes", none)) {
    if (!fs::is_directory(node.path() / "sandboxes"))
      continue;
    auto ended = end_pods(node.path());
    if (!ended)
      return ended.error();
    result.insert(result.end(), ended->begin(), ended->end());
  }
  return result;
}

/// Ends the pods of all nodes of the cluster, those that joined here too.
expected<pod_uids> end_all_pods(const fs::path& data_dir) {
  auto result = end_pods_below(data_dir);
  std::error_code none;
  for (auto& each : fs::directory_iterator(data_dir / "processes", none)) {
    auto more = end_pods_below(each.path());
    if (!result || !more)
      return result ? more : result;
    result->insert(result->end(), more->begin(), more->end());
  }
  return result;
}

/// Ends the processes; has told the user what does not end.
bool end_processes(const fs::path& data_dir, pid_t cluster, environment& env) {
  std::string left;
  // Who keeps the others running ends first.
  auto shape = read_shape(data_dir);
  if (shape && shape->apart && cluster != 0 && end_process_of(cluster))
    cluster = 0;
  if (!end_joined(data_dir))
    left = "the process of a node does";
  else if (cluster != 0 && !end_process_of(cluster))
    left = "process " + std::to_string(cluster) + " does";
  else if (!end_servers(data_dir))
    left = "a server's process does";
  if (left.empty())
    return true;
  env.err() << "error: " << left << " not end\n";
  env.code = failed;
  return false;
}

} // namespace

void add_down(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand(
      "down",
      "End the cluster, or what joined one from here, and everything that it "
      "runs on this machine");
  auto keep = std::make_shared<bool>(false);
  sub->add_flag("--keep-pods", *keep,
                "Leave the pods running; `troupe up` finds them again");
  sub->callback([&env, keep] {
    fs::path data_dir = fs::absolute(env.data_directory());
    auto holder = holder_of(data_dir);
    auto joined = fs::exists(data_dir / "processes");
    if (!holder.known && !joined) {
      env.err() << "error: no cluster in " << data_dir.string() << "\n";
      env.code = failed;
      return;
    }
    if (!end_processes(data_dir, holder.pid, env))
      return;
    if (*keep) {
      env.out() << "Cluster ended, pods go on\n";
      return;
    }
    auto pods = end_all_pods(data_dir);
    if (!pods) {
      env.fail(pods.error());
      return;
    }
    // A cluster's own network is its to remove, that of another one only where
    // nobody else here is in it.
    auto removed = net::recorded_layout(data_dir)
                       ? net::cluster_network::remove(data_dir)
                       : leave_networks(data_dir, *pods);
    if (!removed) {
      env.fail(removed.error());
      return;
    }
    env.out() << "Cluster ended, pods: " << pods->size() << "\n";
  });
}

} // namespace troupe::cli
