#pragma once

#include "runtime/rules/addresses.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

namespace troupe::rules {

/// Subnets of one range, for the pods of each node: a /24 as in Kubernetes,
/// and a quarter of a range that has no room for four of these.
class subnet_pool {
public:
  /// A text that is no IPv4 range makes a pool that has nothing to give.
  explicit subnet_pool(const std::string& range = {});

  /// The subnet is somebody's; anything else is ignored.
  void take(const std::string& subnet) { taken_.insert(subnet); }
  void release(const std::string& subnet) { taken_.erase(subnet); }

  /// Takes a free subnet; nothing when all are taken.
  std::optional<std::string> next();

private:
  std::string subnet(uint32_t number) const;

  std::optional<ip_range> whole_;
  unsigned bits_ = 0;
  uint32_t count_ = 0;
  uint32_t last_ = 0; ///< where the search goes on
  std::unordered_set<std::string> taken_;
};

} // namespace troupe::rules
