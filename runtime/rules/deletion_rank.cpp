#include "runtime/rules/deletion_rank.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/readiness.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <tuple>

namespace troupe::rules {

namespace {

constexpr auto cost_annotation = "controller.kubernetes.io/pod-deletion-cost";

int phase_rank(const std::string& phase) {
  return phase == "Running" ? 2 : phase == "Unknown" ? 1 : 0;
}

int deletion_cost(const core::v1::Pod& pod) {
  auto found = pod.metadata().annotations().find(cost_annotation);
  if (found == pod.metadata().annotations().end())
    return 0;
  const auto& text = found->second;
  int value = 0;
  auto [end, err] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return err == std::errc{} && end == text.data() + text.size() ? value : 0;
}

// Kubernetes compares ages by the logarithm, so that a surplus does not always
// hit the newest: LogarithmicScaleDown.
int age_rank(time_point since, time_point now) {
  auto age =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now - since).count();
  return age > 0 ? std::bit_width(static_cast<uint64_t>(age)) : 0;
}

struct ranked {
  // Kubernetes breaks a tie of two different ages by the uid before it looks
  // at what follows; that is no strict order of more than two pods. Here the
  // uid comes last.
  std::tuple<bool, int, bool, int, int, int, int, int, std::string> key;
  object pod;
};

ranked rank(const object& each, const pods_per_node& related, time_point now) {
  const auto& pod = each.as<core::v1::Pod>();
  const auto& node = pod.spec().node_name();
  auto doubled = related.find(node);
  auto since = ready_since(pod);
  const auto& meta = pod.metadata();
  auto created = meta.has_creation_timestamp()
                     ? age_rank(from_time(meta.creation_timestamp()), now)
                     : -1;
  return {{!node.empty(), phase_rank(pod.status().phase()), since.has_value(),
           deletion_cost(pod), doubled == related.end() ? 0 : -doubled->second,
           since ? age_rank(*since, now) : 0, -most_restarts(pod), created,
           each.uid()},
          each};
}

} // namespace

std::vector<object> rank_for_deletion(std::span<const object> pods,
                                      const pods_per_node& related,
                                      time_point now) {
  std::vector<ranked> order;
  order.reserve(pods.size());
  for (const auto& pod : pods)
    order.push_back(rank(pod, related, now));
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  std::vector<object> result;
  result.reserve(order.size());
  for (auto& each : order)
    result.push_back(std::move(each.pod));
  return result;
}

pods_per_node count_per_node(std::span<const object> pods) {
  pods_per_node result;
  for (const auto& each : pods) {
    const auto& pod = each.as<core::v1::Pod>();
    if (is_active(pod) && !pod.spec().node_name().empty())
      ++result[pod.spec().node_name()];
  }
  return result;
}

} // namespace troupe::rules
