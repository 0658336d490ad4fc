#pragma once

#include "messages/kinds.hpp"
#include "runtime/apply/field_set.hpp"

namespace troupe::apply {

/// Returns the fields that a write to a resource, or to one of its
/// subresources, cannot change, so that nobody owns them by it: the status by
/// the resource, nearly all but the status by `status`.
const field_set& reset_fields(const kind_info& kind,
                              std::string_view subresource);

/// Fields of every kind that nobody owns: what an object is, its name, and the
/// metadata that the server keeps.
const field_set& unowned_fields();

} // namespace troupe::apply
