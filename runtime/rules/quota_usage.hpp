#pragma once

#include "messages/kinds.hpp"
#include "messages/time.hpp"
#include "runtime/rules/pod_needs.hpp"

#include <google/protobuf/message.h>

#include <string_view>

namespace troupe::core::v1 {
class Pod;
class ResourceQuota;
} // namespace troupe::core::v1

/// What an object takes of a ResourceQuota. Names of resources are those of
/// `spec.hard`.
namespace troupe::rules {

/// Returns whether objects of a kind take of a resource with this name:
/// "pods", "requests.cpu", "count/deployments.apps", ...
bool takes_of(const kind_info& kind, std::string_view resource);

/// Returns what an object takes of every resource that its kind takes of.
amounts_by_name usage_of(const kind_info& kind,
                         const google::protobuf::Message& what, time_point now);

/// Returns whether an object is in all scopes of a quota; without any it is.
/// Only pods are in scopes.
bool is_in_scopes(const core::v1::ResourceQuota& quota, const kind_info& kind,
                  const google::protobuf::Message& what);

/// Returns whether a pod runs for a bounded time: activeDeadlineSeconds.
bool is_bounded(const core::v1::Pod& pod);

/// Returns whether a pod still takes of quotas but for being there. Kubernetes:
/// not once it has ended, nor when it should have by now.
bool takes_compute(const core::v1::Pod& pod, time_point now);

} // namespace troupe::rules
