#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::rules {

/// What is to be done for one ReplicaSet or ReplicationController.
struct replica_plan {
  /// Pods with their new owner references, to be written before anything else
  /// is decided: while there are any, nothing is created or deleted.
  std::vector<object> adopted;
  std::vector<object> released;
  std::vector<object> created; ///< pods to create, in this order
  std::vector<object> deleted; ///< pods to delete, the least missed first
  std::vector<object> counted; ///< active pods of the set, as they are
  /// When a pod's minReadySeconds are over.
  std::optional<time_point> look_again;
  std::string reason; ///< the decision in words
};

/// How many pods a set has, as its status tells.
struct replica_counts {
  int replicas = 0;
  int labelled = 0; ///< have all labels of the template
  int ready = 0;
  int available = 0;

  bool operator==(const replica_counts&) const = default;
};

/// Returns whether the set's selector matches the pod.
bool set_selects(const object& set, const object& pod);

/// Returns whether the pod has all labels of the set's template.
bool is_of_template(const object& set, const object& pod);

/// Returns how many pods the set asks for.
int wished_replicas(const object& set);

/// Returns for how long a pod must be ready to count as available.
std::chrono::seconds min_ready_of(const object& set);

/// Decides for one set. `pods` holds those that it controls and those of its
/// namespace that nobody controls; others do no harm. `related` is asked only
/// when there is a surplus and returns the pods of all sets with the same
/// controller.
replica_plan plan_replicas(const object& set, std::span<const object> pods,
                           const std::function<std::vector<object>()>& related,
                           time_point now);

/// Why the wished size could not be reached.
struct replica_failure {
  std::string reason; ///< FailedCreate or FailedDelete; empty for none
  std::string message;
};

/// Counts the active pods of a set.
replica_counts count_replicas(const object& set,
                              std::span<const object> counted, time_point now);

/// Returns the set with its new status; nothing when the status is as it
/// should be. `counts` are from before the plan was carried out, as in
/// Kubernetes.
std::optional<object> replica_status(const object& set,
                                     const replica_counts& counts,
                                     const replica_failure& failure,
                                     time_point now);

/// Returns the decision in words where nothing is to be done.
std::string settled_reason(size_t pods);

/// Sizes of batches that double while all goes well: 1, 2, 4, ...
class slow_start {
public:
  size_t next(size_t remaining) {
    auto result = size_ < remaining ? size_ : remaining;
    size_ *= 2;
    return result;
  }

private:
  size_t size_ = 1;
};

} // namespace troupe::rules
