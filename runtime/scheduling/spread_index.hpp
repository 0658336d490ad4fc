#pragma once

#include "runtime/scheduling/pod_info.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::scheduling {

/// How many pods of one group are on each node and in each zone. Terminating
/// pods are not counted.
struct spread_group {
  std::unordered_map<uint32_t, uint32_t> by_node; ///< by the node's slot
  std::unordered_map<uint32_t, uint32_t> by_zone; ///< by zone number

  uint32_t on_node(uint32_t slot) const;
  uint32_t in_zone(uint32_t zone) const;
};

/// Counts, by increments, the pods that belong together: those of one
/// controller, or else those that the same services select. Pods with equal
/// labels are one class, so that a selector is compared once per class and not
/// once per pod.
class spread_index {
public:
  void add(const pod_info& pod, uint32_t slot);
  void remove(const pod_info& pod, uint32_t slot);

  /// The node at `slot` is in this zone from now on.
  void set_zone(uint32_t slot, uint32_t zone);

  /// A service of `ns` selects pods by these labels. An empty selector selects
  /// nothing.
  void set_service(const std::string& ns, const std::string& name,
                   label_list selector);
  void remove_service(const std::string& ns, const std::string& name);

  /// The counts to spread `pod` by; nullptr when it belongs to no group or
  /// none of its group is placed. Valid until the next change.
  const spread_group* group_of(const pod_info& pod);

private:
  struct selector_group {
    spread_group counts;
  };

  /// Pods of one namespace with the same labels.
  struct label_class {
    label_list labels;
    std::unordered_map<uint32_t, uint32_t> by_node;
    std::vector<selector_group*> groups; ///< those that count this class
    bool asked = false;                  ///< whether `own` is known
    selector_group* own = nullptr;       ///< the one to spread by
  };

  struct space {
    std::map<std::string, label_list> services;
    std::unordered_map<std::string, label_class> classes; ///< by class key
    std::map<label_list, selector_group> groups;          ///< by selector
  };

  void change(const pod_info& pod, uint32_t slot, bool more);
  void count(spread_group& group, uint32_t slot, uint32_t n, bool more) const;
  uint32_t zone_at(uint32_t slot) const;
  label_class& class_of(space& where, const pod_info& pod);
  selector_group* group_by(space& where, label_list selector);
  static void forget_groups(space& where);

  std::unordered_map<std::string, spread_group> owners_; ///< by uid
  std::unordered_map<std::string, space> spaces_;        ///< by namespace
  std::vector<uint32_t> zones_;                          ///< by slot
};

} // namespace troupe::scheduling
