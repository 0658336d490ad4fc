#include "runtime/scheduling/filters.hpp"

#include <algorithm>

namespace troupe::scheduling {

namespace {

const taint* untolerated(const pod_info& pod, const node_info& node) {
  const auto& marks = node.spec.hard_taints;
  auto i = std::find_if(marks.begin(), marks.end(), [&](const auto& mark) {
    return !tolerates(pod.tolerations, mark);
  });
  return i == marks.end() ? nullptr : &*i;
}

} // namespace

bool passes_taints(const pod_info& pod, const node_info& node) {
  return untolerated(pod, node) == nullptr;
}

void tell_taints(const pod_info& pod, const node_info& node, reasons& out) {
  if (auto mark = untolerated(pod, node))
    out.push_back("node(s) had untolerated taint {" + mark->key + ": "
                  + mark->value + "}");
}

} // namespace troupe::scheduling
