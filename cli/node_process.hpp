#pragma once

#include "cli/detaching.hpp"
#include "cli/joining.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cli {

/// What a process beside the servers can be; each role is a component of
/// Kubernetes.
inline constexpr std::array joined_roles{"kubelet", "proxy", "scheduler",
                                         "controllers"};

/// What `node` is told.
struct node_options {
  std::filesystem::path data_dir; ///< of the cluster, or a place for one
  std::string name;               ///< empty: the host's, or made of the roles
  std::string runtime;            ///< process or simulated
  std::vector<std::string> roles{"kubelet", "proxy"};
  join_options joining;

  bool has(const std::string& role) const;
};

/// Where a process that joined keeps its own things.
std::filesystem::path joined_folder(const std::filesystem::path& data_dir,
                                    const std::string& name);

/// Ends the processes that joined from a data directory. Returns whether all
/// of them ended.
bool end_joined(const std::filesystem::path& data_dir);

/// Removes what the pods' networks of those nodes were, where nobody else on
/// the machine is in them; `gone` are the pods that were there.
expected<void> leave_networks(const std::filesystem::path& data_dir,
                              const std::vector<std::string>& gone);

/// A node, or other components, alone: joins a cluster whose servers are in
/// other processes, on this machine or on others. Threads of the process must
/// not take SIGINT and SIGTERM before this.
class node_process : public serving_process {
public:
  node_process(node_options options, report tell);
  ~node_process() override;

  /// Joins, and returns once the node is Ready, if it is one.
  caf::error start() override;
  void serve() override;

private:
  struct parts;

  caf::error join_all();
  caf::error become_node();

  node_options options_;
  report tell_;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::cli
