#pragma once

#include "actors/kubelet/kubelet.hpp"

namespace troupe {

using kubelet_pointer = kubelet_actor::stateful_pointer<kubelet_state>;

/// Makes the node object exist, be ours and tell the present status, and keeps
/// it so.
void register_node(kubelet_pointer self);

/// Writes the node's status where it is another one than it should be.
void write_node_status(kubelet_pointer self);

/// What was heard of the node object.
void on_node_changes(kubelet_pointer self, const changes& batch);

/// Renews the lease.
void renew_lease(kubelet_pointer self);

/// A message to itself after some time.
void wake_later(kubelet_pointer self, const std::string& what,
                std::chrono::milliseconds after);

} // namespace troupe
