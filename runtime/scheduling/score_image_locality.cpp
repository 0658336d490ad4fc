#include "runtime/scheduling/scores.hpp"

#include <algorithm>

namespace troupe::scheduling {

namespace {

constexpr int64_t megabyte = 1024 * 1024;
constexpr int64_t too_small = 23 * megabyte;
constexpr int64_t large_per_container = 1000 * megabyte;

} // namespace

// Kubernetes, ImageLocality: the bytes that need not be pulled. An image counts
// by the share of nodes that have it, so that one node which has it does not
// draw all pods.
bool score_image_locality(const contest& c, points& out) {
  const auto& images = c.pod.images;
  if (std::none_of(images.begin(), images.end(), [&](const auto& image) {
        return c.state.nodes_with_image(image) > 0;
      }))
    return false;
  auto nodes = static_cast<double>(c.state.node_count());
  auto most = large_per_container * static_cast<int64_t>(images.size());
  for (size_t i = 0; i < c.size(); ++i) {
    int64_t sum = 0;
    for (const auto& image : images) {
      auto found = c.node(i).spec.images.find(image);
      if (found == c.node(i).spec.images.end())
        continue;
      auto share = static_cast<double>(c.state.nodes_with_image(image)) / nodes;
      sum += static_cast<int64_t>(static_cast<double>(found->second) * share);
    }
    sum = std::clamp(sum, too_small, most);
    out[i] = best_score * (sum - too_small) / (most - too_small);
  }
  return true;
}

} // namespace troupe::scheduling
