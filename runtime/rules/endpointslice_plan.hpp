#pragma once

#include "messages/object.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace troupe::rules {

constexpr auto slice_service_label = "kubernetes.io/service-name";
constexpr auto slice_manager_label = "endpointslice.kubernetes.io/managed-by";
constexpr auto slice_manager = "endpointslice-controller.k8s.io";
constexpr auto slice_mirror = "endpointslicemirroring-controller.k8s.io";

/// Most endpoints of one slice.
constexpr int slice_capacity = 100;

/// What is to be done for the slices of one service, in this order.
struct slices_plan {
  std::vector<object> created;
  std::vector<object> updated;
  std::vector<object> deleted;
  std::string reason; ///< the decision in words
};

/// Decides for one service. `pods` holds those that its selector matches,
/// `existing` the slices labelled with its name; those of other managers are
/// left alone. `zone_of` tells the zone of a node, empty for none.
slices_plan
plan_slices(const object& service, std::span<const object> pods,
            std::span<const object> existing,
            const std::function<std::string(const std::string&)>& zone_of);

/// Decides for a service without a selector whose Endpoints somebody else
/// keeps: slices say the same. `endpoints` may be none.
slices_plan plan_mirror(const object& service, const object& endpoints,
                        std::span<const object> existing);

} // namespace troupe::rules
