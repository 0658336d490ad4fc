#pragma once

#include "runtime/rules/access.hpp"

#include <string>

namespace troupe {
class object;
struct kind_info;

namespace core::v1 {
class Pod;
} // namespace core::v1
} // namespace troupe

/// What a node may ask for: Kubernetes' node authorizer. What it may write in
/// detail is in node_restriction.hpp.
namespace troupe::rules {

/// Returns the name of the node that a caller is; "" for who is none.
std::string node_of(const caller& who);

/// How far a node may.
enum class node_right : uint8_t {
  none,
  allowed,
  related, ///< if the object has to do with the node, see needs_object
};

struct node_finding {
  node_right right = node_right::none;
  std::string reason; ///< why not
};

/// Returns what a node may, as far as that can be said without looking at
/// objects.
node_finding node_may(const std::string& node, const access& what);

/// Whether it is the object itself that tells that it has to do with the node;
/// otherwise the node's pods of the same namespace tell.
bool needs_object(const access& what);

/// Returns whether a pod, a volume's attachment or a slice of resources has to
/// do with the node.
bool belongs_to(const object& what, const std::string& node);

/// Returns what a volume has to do with: "NAMESPACE/NAME" of its claim, "" for
/// none.
std::string claim_of(const object& volume);

/// Returns whether a pod refers to what is asked for. Of a token also whether
/// it would end with that pod.
bool refers_to(const core::v1::Pod& pod, const access& what);

/// Why the node may not, when nothing that it has refers to the object.
std::string no_relation(const std::string& node);

} // namespace troupe::rules
