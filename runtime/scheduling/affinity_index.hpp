#pragma once

#include "runtime/scheduling/pod_info.hpp"
#include "runtime/scheduling/pod_rules.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::scheduling {

/// The places that one label of the nodes makes: nodes with equal values are
/// one place.
struct place_map {
  std::vector<uint32_t> by_slot; ///< number of the place, 0: no such label
  std::unordered_map<std::string, uint32_t> numbers; ///< by value

  uint32_t at(uint32_t slot) const {
    return slot < by_slot.size() ? by_slot[slot] : 0;
  }
};

/// How many pods of some sort there are, by node and by place.
class pod_counts {
public:
  uint32_t on_node(uint32_t slot) const;
  void change(uint32_t slot, uint32_t n, bool more);
  bool empty() const { return by_node_.empty(); }

  /// Returns the count in the place of a node; 0 also where the node is in no
  /// place.
  uint32_t around(const place_map& places, uint32_t slot);

  /// Nodes are in other places now.
  void forget_places() { by_place_.clear(); }

private:
  std::unordered_map<uint32_t, uint32_t> by_node_;
  std::map<const place_map*, std::vector<uint32_t>> by_place_; ///< as asked
};

/// Counts, by increments, the placed pods that rules about other pods speak of,
/// and the placed pods that have such rules. Counts nothing before it is
/// started, which is when the first pod with a rule is met.
class affinity_index {
public:
  bool started() const { return started_; }
  void start() { started_ = true; }

  void add(const pod_info& pod, uint32_t slot) { change(pod, slot, true); }
  void remove(const pod_info& pod, uint32_t slot) { change(pod, slot, false); }

  /// No labels: the node is gone.
  void set_node(uint32_t slot, const label_list& labels);
  void set_namespace(const std::string& name, label_list labels);

  /// Which of the matching pods count.
  enum class sort : uint8_t { all, standing };

  /// Returns the counts of the placed pods that match. Kubernetes: pods that
  /// are being deleted count for affinity, not for spreading. Valid until the
  /// next change.
  pod_counts& matching(const matcher_ptr& pods, sort which);

  const place_map& places(const std::string& label);

  /// Whether a matcher is for this pod.
  bool matches(const pod_matcher& pods, const pod_info& pod) const;

  /// A rule of placed pods that speaks of the pod asked about.
  struct claim {
    int64_t weight = 0; ///< 0: it must not come near
    const place_map* places = nullptr;
    pod_counts* holders = nullptr;
  };
  std::vector<claim> claims_on(const pod_info& pod);

private:
  struct match_group {
    matcher_ptr pods;
    sort which = sort::all;
    pod_counts counts;
  };

  /// Pods of one namespace with the same labels.
  struct pod_class {
    std::string ns;
    label_list labels;
    std::unordered_map<uint32_t, uint32_t> standing; ///< by slot
    std::unordered_map<uint32_t, uint32_t> ending;
    std::vector<match_group*> groups;
  };

  struct holder_group {
    pod_term term;
    int64_t weight = 0;
    pod_counts counts;
  };

  bool matches(const pod_matcher& pods, const std::string& ns,
               const label_list& labels) const;
  bool covers(const pod_matcher& pods, const std::string& ns) const;
  void change(const pod_info& pod, uint32_t slot, bool more);
  void change_class(const pod_info& pod, uint32_t slot, bool more);
  void hold(const pod_term& term, int64_t weight, uint32_t slot, bool more);
  pod_class& class_of(const pod_info& pod);
  void forget_groups();

  bool started_ = false;
  std::vector<label_list> nodes_; ///< labels by slot
  std::map<std::string, label_list> spaces_;
  std::map<std::string, place_map> places_; ///< by the nodes' label
  std::unordered_map<std::string, pod_class> classes_;
  std::map<std::string, match_group> groups_;
  std::map<std::string, holder_group> holders_;
};

} // namespace troupe::scheduling
