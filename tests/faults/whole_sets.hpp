#pragma once

#include "joined_node.hpp"
#include "tests/support/real_cluster.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::test {

/// ReplicaSets and a Deployment whose pods are real processes on joined nodes,
/// and whether all of them are as they should be.
class whole_sets {
public:
  using nodes = std::vector<std::unique_ptr<joined_node>>;

  whole_sets(real_cluster& cluster, const nodes& on);

  /// Makes them; they leave a node that is gone after a second.
  bool create();

  /// What is not as it should be: nodes that run are Ready; each set has its
  /// pods, Ready, on nodes that are; each pod has one process, and there is no
  /// other. Empty when all is well. Never do two processes of one pod run:
  /// that is remembered.
  std::string ailment();

  /// A pod that ran twice at some time; "" for none.
  const std::string& doubled() const { return doubled_; }

  /// The processes of all pods, by the pods' uid.
  std::map<std::string, pid_t> running();

  /// A pod on that node; "" when there is none.
  std::string pod_on(const std::string& node);
  bool remove(const std::string& pod);

private:
  bool is_gone(const std::string& node) const;
  std::string ailment_of_nodes();
  std::string ailment_of_set(const std::string& name, size_t wanted);
  std::string ailment_of_processes();
  command_client& client();

  real_cluster& cluster_;
  const nodes& nodes_;
  std::unique_ptr<command_client> client_;
  std::set<std::string> ready_; ///< nodes
  std::set<std::string> pods_;  ///< uids of those that should run
  std::string doubled_;
};

} // namespace troupe::test
