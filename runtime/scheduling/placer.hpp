#pragma once

#include "runtime/scheduling/cluster.hpp"
#include "runtime/scheduling/diagnosis.hpp"
#include "runtime/scheduling/place_check.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::scheduling {

/// Where a pod goes, or why it cannot go anywhere.
struct decision {
  std::string node;     ///< empty: nowhere
  size_t looked_at = 0; ///< nodes put to the filters
  size_t feasible = 0;  ///< nodes that passed them
  int64_t score = 0;    ///< of the chosen node; 0 when it was the only one
  diagnosis why;        ///< when there is no node
};

/// How many of `nodes` nodes that can take a pod are enough to choose from.
size_t enough_nodes(size_t nodes);

/// Chooses nodes: filters, then scores. In a large cluster it looks at a share
/// of the nodes only, each time from where it stopped before. Places nothing in
/// the cluster.
class placer {
public:
  explicit placer(cluster& state) : state_(state) {
    // nop
  }

  /// `chance` decides between nodes with equal points.
  decision place(const pod_info& pod, uint64_t chance);

private:
  bool takes(const pod_info& pod, const place_check& others, uint32_t slot);
  void find_feasible(const pod_info& pod, const place_check& others,
                     decision& out);
  bool find_named(const pod_info& pod, const place_check& others,
                  decision& out);
  void find_in_order(const pod_info& pod, const place_check& others,
                     decision& out);
  void choose(const pod_info& pod, uint64_t chance, decision& out);
  diagnosis diagnose(const pod_info& pod, const place_check& others);

  cluster& state_;
  size_t start_ = 0;
  std::vector<uint32_t> feasible_;
  std::vector<int64_t> totals_;
  std::vector<int64_t> points_;
};

} // namespace troupe::scheduling
