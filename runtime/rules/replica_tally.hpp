#pragma once

#include "messages/object.hpp"
#include "runtime/rules/replicaset_plan.hpp"

#include <span>

namespace troupe::rules {

/// How many pods a ReplicaSet or ReplicationController has and how they are,
/// kept by increments: what the change of a pod costs does not grow with the
/// set.
class replica_tally {
public:
  /// Counts all pods that the set controls, as it judges them now.
  void begin(const object& set, std::span<const object> pods);

  /// One of these came, changed or went; either may be none.
  void change(const object& before, const object& now);

  /// Whether nothing is to be done for the set but perhaps its status. False
  /// when that takes a look at each pod, and when the set judges its pods in
  /// another way than it did at the beginning.
  bool is_settled(const object& set) const;

  const replica_counts& counts() const { return counts_; }

private:
  void add(const object& pod, int by);

  object set_; ///< at the beginning
  replica_counts counts_;
  int strays_ = 0; ///< that the selector does not match
};

} // namespace troupe::rules
