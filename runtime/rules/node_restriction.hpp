#pragma once

#include "messages/errors.hpp"

#include <string>

namespace troupe {
class object;
} // namespace troupe

namespace google::protobuf {
class Message;
} // namespace google::protobuf

/// Kubernetes' admission NodeRestriction: what a node writes concerns itself.
/// `node` is who writes; messages are of any kind, and those that a node may
/// not write at all are refused before.
namespace troupe::rules {

/// Pods are mirror pods on the node that mention nothing secret; nodes, leases,
/// CSI nodes and slices are its own, without labels that are not a node's to
/// set. `ns` is where the object goes.
caf::error check_node_create(const std::string& node,
                             const google::protobuf::Message& msg,
                             const std::string& ns);

/// Of pods only the status of those on the node changes, and no label by that;
/// of claims only what their status tells of their growth;
/// of its own node neither taints nor owners nor labels that are not a node's
/// to set.
caf::error check_node_update(const std::string& node, const object& old,
                             const google::protobuf::Message& now,
                             const std::string& subresource);

/// Only pods on the node end, or are evicted; of nodes, leases and CSI nodes
/// its own.
caf::error check_node_delete(const std::string& node, const object& old,
                             bool eviction);

} // namespace troupe::rules
