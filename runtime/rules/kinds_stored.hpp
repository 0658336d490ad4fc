#pragma once

/// As in kinds.hpp, of kinds that no component of ours acts on.
namespace troupe::rules {

class registry;

void add_autoscaler_validation(registry& all);
void add_network_policy_validation(registry& all);
void add_volume_validation(registry& all);
void add_storage_validation(registry& all);
void add_flow_validation(registry& all);
void add_webhook_validation(registry& all);
void add_pod_policy_validation(registry& all);

} // namespace troupe::rules
