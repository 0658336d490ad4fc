#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/access.hpp"

#include <string>
#include <string_view>

/// Refusals that say what they are about, in Kubernetes' words and with the
/// details that its Status has.
namespace troupe::rules {

/// What a refusal is about. The resource may have a subresource, as in
/// "pods/binding"; without one it is about no resource at all.
struct refused_object {
  std::string_view group;
  std::string_view resource;
  std::string_view name;
};

/// Returns 403: RESOURCE.GROUP "NAME" is forbidden: WHY.
caf::error forbidden(const refused_object& what, const std::string& why);

/// Returns the 403 of who has no right to that, for that reason; it may be
/// empty.
caf::error forbidden(const caller& who, const access& what,
                     const std::string& reason);

/// Returns 409: Operation cannot be fulfilled on RESOURCE.GROUP "NAME": WHY.
caf::error in_conflict(const refused_object& what, const std::string& why);

} // namespace troupe::rules
