#pragma once

#include "messages/object.hpp"

#include <string>

namespace troupe::text {

/// Returns the bytes of an object's message as clients see it: with its
/// revision as resourceVersion. They are made of the canonical bytes; the
/// object is not parsed for it.
std::string shown_bytes(const object& x);

/// The same of its metadata alone; "" for a kind without any.
std::string shown_metadata(const object& x);

} // namespace troupe::text
