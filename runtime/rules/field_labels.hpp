#pragma once

#include "messages/object.hpp"

#include <string>
#include <string_view>

namespace troupe::rules {

/// Returns whether objects of a kind can be selected by this field, as in
/// Kubernetes: metadata.name (and metadata.namespace) for all, a few more for
/// some kinds.
bool is_field_label(const kind_info& kind, std::string_view label);

/// BadRequest for a field that objects of this kind cannot be selected by.
caf::error check_field_label(const kind_info& kind, std::string_view label);

/// Returns the text of a field that is a field label of the object's kind; ""
/// when it is not set.
std::string field_label_value(const object& what, std::string_view label);

} // namespace troupe::rules
