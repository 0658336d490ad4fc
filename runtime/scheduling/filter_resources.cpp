#include "runtime/scheduling/filters.hpp"

namespace troupe::scheduling {

namespace {

// Kubernetes: what is not asked for always fits, also where a node already has
// more on it than it can hold.
bool fits(int64_t wanted, int64_t taken, int64_t allocatable) {
  return wanted <= 0 || wanted <= allocatable - taken;
}

/// Calls `refuse` with the name of each resource that is short.
template <class F>
void short_of(const pod_info& pod, const node_info& node, F refuse) {
  const auto& want = pod.request;
  const auto& taken = node.requested;
  const auto& have = node.spec.allocatable;
  if (!fits(want.milli_cpu, taken.milli_cpu, have.milli_cpu))
    refuse("cpu");
  if (!fits(want.memory, taken.memory, have.memory))
    refuse("memory");
  if (!fits(want.ephemeral_storage, taken.ephemeral_storage,
            have.ephemeral_storage))
    refuse("ephemeral-storage");
  for (const auto& [name, amount] : want.others)
    if (!fits(amount, taken.other(name), have.other(name)))
      refuse(name);
}

} // namespace

bool passes_resources(const pod_info& pod, const node_info& node) {
  if (node.pod_count + 1 > node.spec.pods)
    return false;
  bool ok = true;
  short_of(pod, node, [&](std::string_view) { ok = false; });
  return ok;
}

void tell_resources(const pod_info& pod, const node_info& node, reasons& out) {
  if (node.pod_count + 1 > node.spec.pods)
    out.emplace_back("Too many pods");
  short_of(pod, node, [&](std::string_view name) {
    out.push_back("Insufficient " + std::string{name});
  });
}

} // namespace troupe::scheduling
