#pragma once

#include "runtime/scheduling/node_selector.hpp"
#include "runtime/text/selector.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::scheduling {

/// Which pods a rule speaks of.
struct pod_matcher {
  bool every_space = false;
  std::vector<std::string> spaces;                 ///< namespaces by name
  std::optional<text::label_selector> spaces_like; ///< and by their labels
  text::label_selector labels;
  /// These must match too.
  std::vector<std::shared_ptr<const pod_matcher>> also;
  std::string key; ///< equal for matchers that match the same

  /// Whether the labels match; namespaces and `also` are not looked at.
  bool likes(const label_list& pod_labels) const;
};

using matcher_ptr = std::shared_ptr<const pod_matcher>;

/// Pods, and what counts as one place for them: nodes with an equal label.
struct pod_term {
  matcher_ptr pods;
  std::string place; ///< key of the nodes' label
};

struct weighted_term {
  pod_term term;
  int64_t weight = 0; ///< below 0: rather not there
};

/// How evenly a pod's like are to be spread over places.
struct spread_rule {
  matcher_ptr pods;
  std::string place;
  int64_t max_skew = 1;
  int64_t min_places = 1;
  bool must = true;        ///< DoNotSchedule
  bool as_affinity = true; ///< only nodes that the pod itself could want count
  bool as_taints = false;  ///< only nodes whose taints it tolerates count
};

/// What a pod says of its place relative to other pods. Most say nothing.
struct pod_rules {
  /// Required: in a place, of each of these labels, of a pod like that.
  /// Kubernetes: one pod must match all terms.
  std::vector<std::string> with;
  matcher_ptr with_pods;
  std::vector<pod_term> without; ///< required: in no place of such pods
  std::vector<weighted_term> rather;
  std::vector<spread_rule> spread;
};

/// Returns null for a pod that says nothing.
std::shared_ptr<const pod_rules> read_rules(const core::v1::Pod& pod);

} // namespace troupe::scheduling
