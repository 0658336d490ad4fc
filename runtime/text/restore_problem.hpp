#pragma once

#include "runtime/text/document.hpp"

#include <string>

namespace troupe {
struct message_info;
} // namespace troupe

namespace troupe::text {

/// Returns why a document makes no message of a type, in the words that
/// Kubernetes has for it where it reads what a patch made; "" where it finds
/// nothing, as in values with a form of their own.
std::string restore_problem(const message_info& type, const document& value);

} // namespace troupe::text
