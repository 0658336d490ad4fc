#include "runtime/scheduling/tolerations.hpp"

#include "runtime/scheduling/node_selector.hpp"

#include <algorithm>

namespace troupe::scheduling {

bool tolerates(const toleration& x, const taint& t) {
  if (!x.effect.empty() && x.effect != t.effect)
    return false;
  if (!x.key.empty() && x.key != t.key)
    return false;
  if (x.op == "Exists")
    return true;
  // An empty key stands for all keys only with Exists.
  if (x.key.empty())
    return false;
  if (x.op.empty() || x.op == "Equal")
    return x.value == t.value;
  auto limit = to_integer(x.value);
  auto value = to_integer(t.value);
  if (!limit || !value)
    return false;
  if (x.op == "Lt")
    return *value < *limit;
  if (x.op == "Gt")
    return *value > *limit;
  return false;
}

bool tolerates(const std::vector<toleration>& xs, const taint& t) {
  return std::any_of(xs.begin(), xs.end(),
                     [&](const auto& x) { return tolerates(x, t); });
}

} // namespace troupe::scheduling
