#pragma once

/// As in kinds.hpp, of what bounds others and of ways in from outside.
namespace troupe::rules {

class registry;

void add_limit_validation(registry& all);
void add_ingress_validation(registry& all);

} // namespace troupe::rules
