#include "runtime/scheduling/scores.hpp"

namespace troupe::scheduling {

namespace {

int64_t free_share(int64_t taken, int64_t allocatable) {
  if (taken > allocatable)
    return 0;
  // Not exact beyond 2^53, where a hundredth does not matter any more.
  return static_cast<int64_t>(static_cast<double>(allocatable - taken)
                              * best_score / static_cast<double>(allocatable));
}

} // namespace

// Kubernetes, NodeResourcesFit with LeastAllocated: the mean over CPU and
// memory of what would stay free. A resource that the node does not have does
// not count.
bool score_least_allocated(const contest& c, points& out) {
  const auto& want = c.pod.request_for_scores;
  for (size_t i = 0; i < c.size(); ++i) {
    const auto& taken = c.node(i).requested_for_scores;
    const auto& have = c.node(i).spec.allocatable;
    int64_t sum = 0;
    int64_t weights = 0;
    if (have.milli_cpu > 0) {
      sum += free_share(taken.milli_cpu + want.milli_cpu, have.milli_cpu);
      ++weights;
    }
    if (have.memory > 0) {
      sum += free_share(taken.memory + want.memory, have.memory);
      ++weights;
    }
    out[i] = weights == 0 ? 0 : sum / weights;
  }
  return true;
}

} // namespace troupe::scheduling
