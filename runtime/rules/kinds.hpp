#pragma once

/// Each of these adds the rules of the kinds that its file is about.
namespace troupe::rules {

class registry;

void add_general_rules(registry& all);
void add_pod_preparation(registry& all);
void add_service_preparation(registry& all);
void add_cluster_preparation(registry& all);

} // namespace troupe::rules
