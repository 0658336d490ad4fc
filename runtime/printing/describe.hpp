#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <span>
#include <string>
#include <vector>

namespace troupe::printing {

/// Objects that a description tells of beside the one it is about.
struct relation {
  const kind_info* kind = nullptr;
  std::string ns;   ///< "" for all namespaces
  std::string name; ///< "" for all that the selectors match
  std::string label_selector;
  std::string field_selector;
};

/// What to look up before describing an object. Each is worth leaving out when
/// it cannot be had.
std::vector<relation> relations_of(const object& what);

/// Describes an object as `kubectl describe` does. `related` are the objects
/// found for relations_of, of all kinds together and in any order; those that
/// have nothing to do with it are passed over.
std::string describe(const object& what, std::span<const object> related,
                     time_point now);

/// Whether an Event was last seen before another; those of one second are in
/// the order in which they were first seen.
bool happened_before(const object& a, const object& b);

} // namespace troupe::printing
