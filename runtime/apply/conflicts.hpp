#pragma once

#include "runtime/apply/managed_fields.hpp"

#include <vector>

namespace troupe::apply {

/// A field that an apply would change, and who owns it.
struct conflict {
  managed_entry owner;
  path field;
};

/// Brings conflicts into the order of their owners.
void sort(std::vector<conflict>& found);

/// Returns 409 Conflict with one cause for each, as Kubernetes words it.
caf::error conflict_error(const std::vector<conflict>& found);

} // namespace troupe::apply
