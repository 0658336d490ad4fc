#pragma once

/// Each of these adds the rules of the kinds that its file is about.
namespace troupe::rules {

class registry;

void add_general_rules(registry& all);
void add_pod_preparation(registry& all);
void add_service_preparation(registry& all);
void add_cluster_preparation(registry& all);
void add_pod_validation(registry& all);
void add_workload_validation(registry& all);
void add_service_validation(registry& all);
void add_endpoints_validation(registry& all);
void add_config_validation(registry& all);
void add_node_validation(registry& all);
void add_cluster_validation(registry& all);
void add_set_validation(registry& all);
void add_job_validation(registry& all);
void add_policy_validation(registry& all);
void add_certificate_validation(registry& all);

} // namespace troupe::rules
