#pragma once

#include "runtime/scheduling/affinity_index.hpp"
#include "runtime/scheduling/node_info.hpp"
#include "runtime/scheduling/spread_index.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::scheduling {

/// The cluster as the scheduler sees it: nodes and what is taken on them,
/// including pods whose binding is still on its way. Kept by increments; a
/// change costs the same however many pods are placed.
class cluster {
public:
  /// What a change of a node means for pods that wait.
  enum class node_change { none, added, changed };

  node_change set_node(node_spec spec);
  void remove_node(const std::string& name);

  /// The pod is on a node, as its object says. Takes the place of what was
  /// known or assumed of it. A finished pod takes nothing and is forgotten.
  void place(pod_ptr pod);

  /// The pod will be bound to a node, as far as we are concerned it is there.
  void assume(pod_ptr pod, const std::string& node);

  /// Takes back what was assumed. False when the pod was not only assumed.
  bool forget(const std::string& key);

  /// Returns the name of the node that the pod was on, empty if none.
  std::string remove_pod(const std::string& key);

  bool assumed(const std::string& key) const;
  bool placed(const std::string& key) const { return pods_.count(key) > 0; }
  size_t pod_count() const { return pods_.size(); }
  std::vector<std::string> pod_keys() const;
  std::vector<std::string> node_names() const;

  /// Slots of the nodes that exist, zones taking turns.
  const std::vector<uint32_t>& order();
  const node_info& at(uint32_t slot) const { return nodes_[slot]; }
  /// nullptr when there is no such node.
  const node_info* find(const std::string& name) const;
  /// The slot of a node, or -1.
  int64_t slot_of(const std::string& name) const;
  size_t node_count() const { return known_; }

  /// On how many nodes an image is.
  int64_t nodes_with_image(const std::string& name) const;

  spread_index& spread() { return spread_; }

  /// The counts that rules about other pods need.
  affinity_index& affinity() { return affinity_; }

  /// From the first pod with such rules on they are kept.
  void heed(const pod_info& pod);

private:
  struct placement {
    pod_ptr pod;
    uint32_t slot = 0;
    bool assumed = false;
  };

  uint32_t slot_for(const std::string& name);
  void put(pod_ptr pod, const std::string& node, bool assumed);
  void release_if_unused(uint32_t slot);
  void count_images(const node_spec& spec, int64_t by);
  uint32_t zone_number(const std::string& zone);

  std::vector<node_info> nodes_; ///< by slot
  std::vector<uint32_t> free_;
  std::unordered_map<std::string, uint32_t> slots_; ///< by name
  std::unordered_map<std::string, placement> pods_; ///< by key
  std::unordered_map<std::string, int64_t> images_;
  std::unordered_map<std::string, uint32_t> zones_;
  spread_index spread_;
  affinity_index affinity_;
  std::vector<uint32_t> order_;
  bool order_stale_ = true;
  size_t known_ = 0;
};

} // namespace troupe::scheduling
