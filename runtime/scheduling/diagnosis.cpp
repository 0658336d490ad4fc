#include "runtime/scheduling/diagnosis.hpp"

#include <algorithm>

namespace troupe::scheduling {

void diagnosis::add(const filter_rule& rule, const pod_info& pod,
                    const node_info& node) {
  kept_out_by |= only(rule.id);
  reasons told;
  rule.tell(pod, node, told);
  for (auto& reason : told)
    ++counts[std::move(reason)];
}

void diagnosis::add(place_refusal why) {
  auto by_spread =
      why == place_refusal::spread || why == place_refusal::spread_label;
  kept_out_by |=
      only(by_spread ? filter::topology_spread : filter::pod_affinity);
  ++counts[std::string{words_for(why)}];
}

std::string diagnosis::message() const {
  if (nodes == 0)
    return "no nodes available to schedule pods";
  // Kubernetes sorts the finished phrases, numbers included.
  std::vector<std::string> phrases;
  for (const auto& [reason, count] : counts)
    phrases.push_back(std::to_string(count) + " " + reason);
  std::sort(phrases.begin(), phrases.end());
  auto result = "0/" + std::to_string(nodes) + " nodes are available";
  const char* separator = ": ";
  for (const auto& phrase : phrases) {
    result += separator + phrase;
    separator = ", ";
  }
  return result + ".";
}

} // namespace troupe::scheduling
