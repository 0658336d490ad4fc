#include "cli/cluster_parts.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/node_removal.hpp"

#include <algorithm>
#include <filesystem>

// What a cluster is to be like: as told, and else as it was.
namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

caf::error check_servers(const up_options& options, const cluster_shape& last) {
  if (last.servers == 0 || last.servers == options.servers || options.processes
      || last.processes)
    return caf::none;
  auto there = "--servers: the cluster in " + options.data_dir + " has ";
  if (last.servers > 1)
    return make_error(ec::conflict,
                      there + number(last.servers)
                          + " servers in one process; their number can be "
                            "changed when each has its own: --processes");
  return make_error(ec::conflict, there
                                      + "one server; more of them have "
                                        "processes of their own: --processes");
}

/// Ends the processes of nodes that are no longer wished: nobody else will know
/// of them.
caf::error end_nodes(const fs::path& data_dir, uint32_t wished,
                     uint32_t there) {
  for (auto i = wished + 1; i <= there; ++i) {
    auto folder = data_dir / "nodes" / node_name(i);
    if (!fs::is_directory(folder))
      continue;
    if (auto ended = end_pods(folder); !ended)
      return ended.error();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  return caf::none;
}

} // namespace

caf::error cluster_process::parts::settle_shape(up_options& options) {
  auto last = last_shape(options.data_dir);
  if (!last)
    return last.error();
  fs::path part{options.data_dir + "/store.part"};
  if (fs::exists(part) && !fs::exists(options.data_dir + "/store"))
    return make_error(ec::conflict,
                      "a `troupe store restore` was broken off here: repeat "
                      "it, or remove "
                          + part.string());
  nodes_before = last->nodes;
  host = last->host;
  if (options.nodes == 0)
    options.nodes = std::max(last->nodes, 1u);
  if (options.runtime.empty())
    options.runtime = last->runtime.empty() ? "process" : last->runtime;
  if (options.servers == 0)
    options.servers = std::max(last->servers, 1u);
  options.without = settled_without(options.without, *last);
  if (!options.limits.quota_bytes)
    options.limits.quota_bytes = last->limits.quota_bytes;
  if (!options.limits.keep_time)
    options.limits.keep_time = last->limits.keep_time;
  servers_wished = options.servers;
  // Over an etcd they have nothing of their own.
  if (etcd_place.servers.empty()) {
    if (auto err = check_servers(options, *last))
      return err;
    // As it was, until it serves.
    if (last->servers != 0)
      options.servers = last->servers;
    options.processes =
        (options.processes || last->processes) && options.servers > 1;
  }
  if (auto err = end_nodes(options.data_dir, options.nodes, nodes_before))
    return err;
  store_missing = is_store_missing(options, *last);
  return keep_shape(options, *last);
}

/// Whether a cluster ran here, with one server, whose store is not there now.
bool cluster_process::parts::is_store_missing(const up_options& options,
                                              const cluster_shape& last) {
  fs::path data_dir{options.data_dir};
  auto elsewhere =
      !options.store.where.empty() || fs::exists(data_dir / "store.json");
  return !elsewhere && last.servers == 1 && fs::exists(data_dir / "kubeconfig")
         && !fs::exists(data_dir / "store" / "log" / "CURRENT");
}

cluster_shape
cluster_process::parts::shape_of(const up_options& options) const {
  cluster_shape result;
  result.nodes = options.nodes;
  result.runtime = options.runtime;
  result.servers = options.servers;
  result.processes = options.processes;
  result.without = options.without;
  result.host = host;
  result.limits = options.limits;
  result.store_group = store_group;
  return result;
}

/// Before anything is made: a start that fails has made stores already.
caf::error cluster_process::parts::keep_shape(const up_options& options,
                                              const cluster_shape& last) {
  store_group = last.store_group;
  while (store_group == 0)
    store_group = real_world()->entropy({}, 0)();
  if (last.nodes != 0 && store_group == last.store_group)
    return caf::none;
  auto shape = last.nodes == 0 ? shape_of(options) : last;
  shape.store_group = store_group;
  auto kept = write_shape(options.data_dir, shape);
  return kept ? caf::none : kept.error();
}

} // namespace troupe::cli
