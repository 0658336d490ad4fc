#pragma once

#include "runtime/scheduling/affinity_index.hpp"
#include "runtime/scheduling/node_info.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::scheduling {

class cluster;

/// Why rules about other pods keep a pod off a node.
enum class place_refusal : uint8_t {
  none,
  spread,        ///< its like would be spread too unevenly
  spread_label,  ///< the node is in no place to spread over
  affinity,      ///< not near the pods that it must be near
  anti_affinity, ///< near pods that it must not be near
  others,        ///< near pods that must not have it near
};

/// In Kubernetes' words.
std::string_view words_for(place_refusal why);

/// How many pods like those of a rule are in each place, counted over the
/// nodes that count for the rule.
struct spread_counts {
  const spread_rule* rule = nullptr;
  const place_map* places = nullptr;
  std::map<uint32_t, uint32_t> by_place; ///< places with a node that counts
  uint32_t least = 0;                    ///< in any of them
  uint32_t self = 0;                     ///< whether the pod is one of them

  /// Nothing where the node is in no place.
  const uint32_t* at(uint32_t slot) const;
};

/// Counts for each spread rule of a pod that is `must` or not. Kubernetes: a
/// node without all of the labels counts for none of them.
std::vector<spread_counts> count_spread(const pod_info& pod, cluster& state,
                                        bool must);

/// Where one pod may go, as far as rules about other pods say: its own, and
/// those of pods that are placed. Made for one decision; valid until the
/// cluster changes.
class place_check {
public:
  place_check(const pod_info& pod, cluster& state);

  /// Whether there is nothing to check.
  bool is_free() const {
    return near_.empty() && far_.empty() && spread_.empty();
  }

  place_refusal look_at(uint32_t slot) const;

private:
  struct counted {
    const place_map* places = nullptr;
    pod_counts* pods = nullptr;
    place_refusal why = place_refusal::none;
  };

  place_refusal check_spread(uint32_t slot) const;
  place_refusal check_near(uint32_t slot) const;

  std::vector<counted> near_;
  std::vector<counted> far_;
  bool first_of_its_kind_ = false; ///< nobody to be near to but itself
  std::vector<spread_counts> spread_;
};

} // namespace troupe::scheduling
