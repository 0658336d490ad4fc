#pragma once

#include <cstdint>

namespace troupe::core::v1 {
class Container;
class Pod;
} // namespace troupe::core::v1

namespace troupe::container {
class Resources;
} // namespace troupe::container

/// What the control groups of pods are told, as the kubelet reckons it.
namespace troupe::rules {

/// What one container may use.
container::Resources container_limits(const core::v1::Container& container);

/// What all containers of the pod together may use: limits only where every
/// container has one.
container::Resources pod_group_limits(const core::v1::Pod& pod);

/// How soon the kernel kills the container when the node (of so many bytes)
/// lacks memory: -1000 never, 1000 first.
int oom_score(const core::v1::Pod& pod, const core::v1::Container& container,
              int64_t node_memory);

} // namespace troupe::rules
