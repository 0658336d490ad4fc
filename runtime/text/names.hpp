#pragma once

#include <string>
#include <string_view>

namespace troupe::text {

// Each returns what is wrong, as Kubernetes words it; empty when all is well.

/// [DNS-subdomain/]name, the form of label keys.
std::string qualified_name_problem(std::string_view str);

std::string label_value_problem(std::string_view str);

} // namespace troupe::text
