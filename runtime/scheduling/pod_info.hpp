#pragma once

#include "runtime/scheduling/amounts.hpp"
#include "runtime/scheduling/node_selector.hpp"
#include "runtime/scheduling/pod_rules.hpp"
#include "runtime/scheduling/tolerations.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::scheduling {

/// A port that a pod takes on its node. An empty address is all addresses.
struct host_port {
  std::string ip;
  std::string protocol;
  int32_t port = 0;
  bool operator==(const host_port&) const = default;
};

/// Whether two pods with these ports cannot share a node.
bool collide(const host_port& a, const host_port& b);

struct preferred_term {
  int64_t weight = 0;
  node_term term;
};

/// What scheduling needs to know of a pod, read from its object once.
struct pod_info {
  std::string key; ///< namespace/name
  std::string ns;
  std::string name;
  std::string uid;
  std::string node_name; ///< empty: not placed
  std::string scheduler_name;
  int32_t priority = 0;
  bool terminating = false;
  bool finished = false; ///< Succeeded or Failed: takes nothing any more
  bool gated = false;    ///< spec.schedulingGates is not empty

  amounts request;            ///< what must be free
  amounts request_for_scores; ///< the same with a floor for CPU and memory
  std::vector<host_port> ports;

  // Empty once it has a node.
  std::vector<toleration> tolerations;
  label_list node_selector;
  bool has_required_terms = false;
  std::vector<node_term> required_terms; ///< one of them must match
  std::vector<preferred_term> preferred_terms;
  std::vector<std::string> images; ///< one per container, normalized

  label_list labels;
  std::string class_key;                  ///< equal for pods with equal labels
  std::shared_ptr<const pod_rules> rules; ///< null: nothing about other pods
  /// uid of the ReplicaSet, ReplicationController or StatefulSet it is of.
  std::string owner;

  /// Whether its node selector and required node affinity hold.
  bool wants(std::string_view node, const label_list& node_labels) const;
};

using pod_ptr = std::shared_ptr<const pod_info>;

/// What a container without a request counts as in scores.
inline constexpr int64_t default_milli_cpu = 100;
inline constexpr int64_t default_memory = 200 * 1024 * 1024;

pod_ptr make_pod_info(const core::v1::Pod& pod);

/// The name under which a node lists an image: with its tag.
std::string normalized_image(const std::string& image);

} // namespace troupe::scheduling
