#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::rules {

/// Returns every kind whose objects live in namespaces and can be deleted.
std::vector<const kind_info*> kinds_in_namespaces();

/// What is to be done for a namespace that is being deleted.
struct namespace_plan {
  std::vector<object> removed; ///< content to delete now
  /// The namespace with its conditions, or, once nothing is left, without the
  /// finalizer that kept it.
  std::optional<object> status;
  std::optional<object> finalized;
  std::string reason; ///< the decision in words
};

/// Decides for one namespace. `content` is everything in it. `failures` are
/// the messages of deletes that were refused.
namespace_plan plan_namespace(const object& space,
                              std::span<const object> content,
                              std::span<const std::string> failures,
                              time_point now);

} // namespace troupe::rules
