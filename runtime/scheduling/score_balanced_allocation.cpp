#include "runtime/scheduling/scores.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::scheduling {

namespace {

double fraction(int64_t taken, int64_t allocatable) {
  return std::min(1.0, static_cast<double>(taken)
                           / static_cast<double>(allocatable));
}

} // namespace

// Kubernetes, NodeResourcesBalancedAllocation: CPU and memory should run out
// together. The spread of two fractions is half their distance. Pods that ask
// for neither have no say in it.
bool score_balanced_allocation(const contest& c, points& out) {
  const auto& want = c.pod.request;
  if (want.milli_cpu == 0 && want.memory == 0)
    return false;
  for (size_t i = 0; i < c.size(); ++i) {
    const auto& taken = c.node(i).requested;
    const auto& have = c.node(i).spec.allocatable;
    auto deviation = 0.0;
    if (have.milli_cpu > 0 && have.memory > 0)
      deviation =
          std::abs(fraction(taken.milli_cpu + want.milli_cpu, have.milli_cpu)
                   - fraction(taken.memory + want.memory, have.memory))
          / 2;
    out[i] = static_cast<int64_t>((1 - deviation) * best_score);
  }
  return true;
}

} // namespace troupe::scheduling
