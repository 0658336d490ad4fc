#pragma once

#include <string>
#include <vector>

namespace troupe::scheduling {

/// A mark on a node that keeps away pods which do not tolerate it.
struct taint {
  std::string key;
  std::string value;
  std::string effect;
  bool operator==(const taint&) const = default;
};

/// What a pod puts up with. Empty key: all keys; empty effect: all effects.
struct toleration {
  std::string key;
  std::string op; ///< Equal (also when empty), Exists, Lt or Gt
  std::string value;
  std::string effect;
  bool operator==(const toleration&) const = default;
};

bool tolerates(const toleration& x, const taint& t);
bool tolerates(const std::vector<toleration>& xs, const taint& t);

} // namespace troupe::scheduling
