#pragma once

#include "messages/object.hpp"

/// Kinds that are served in several versions and stored in one.
namespace troupe::rules {

/// Returns the kind that objects of `kind` are stored as: itself, unless it is
/// another version's.
const kind_info& stored_kind(const kind_info& kind);

/// Returns whether `kind` is `stored`, or another version of it.
inline bool is_form_of(const kind_info& kind, const kind_info& stored) {
  return &stored_kind(kind) == &stored;
}

/// Returns the object in the form that the store keeps, at the same revision.
/// What that form has no field for travels in annotations, as in Kubernetes.
object to_stored(const object& what);

/// Returns a stored object as `kind` shows it, at the same revision.
object from_stored(const kind_info& kind, const object& stored);

/// Reads what the store keeps of an object of `kind`. Fails when the bytes are
/// no such object.
expected<object> parse_stored(const kind_info& kind, std::string bytes,
                              uint64_t revision);

} // namespace troupe::rules
