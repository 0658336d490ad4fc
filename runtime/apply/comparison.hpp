#pragma once

#include "runtime/apply/field_set.hpp"

#include <optional>
#include <utility>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::apply {

/// What differs between two states of an object. No field is in two of these.
struct comparison {
  field_set removed;
  field_set modified;
  field_set added;

  bool empty() const {
    return removed.empty() && modified.empty() && added.empty();
  }

  /// Returns added and modified together.
  field_set written() const& { return united(modified, added); }
  field_set written() && {
    return united(std::move(modified), std::move(added));
  }
};

/// Compares two messages of one type as their JSON would compare: what
/// Kubernetes writes of what is not set counts as there. metadata.managedFields
/// is not looked at. Returns nothing where an item of a keyed list lacks its
/// keys.
std::optional<comparison> compare(const google::protobuf::Message& before,
                                  const google::protobuf::Message& after);

/// Returns without what is below members of `ignored`.
comparison without_below(comparison all, const field_set& ignored);

} // namespace troupe::apply
