#include "runtime/rules/kind_rules.hpp"

#include "runtime/rules/kinds.hpp"
#include "runtime/rules/kinds_limits.hpp"
#include "runtime/rules/kinds_stored.hpp"

namespace troupe::rules {

namespace {

const registry& all() {
  static const registry instance = [] {
    registry result;
    add_general_rules(result);
    add_pod_preparation(result);
    add_service_preparation(result);
    add_cluster_preparation(result);
    add_pod_validation(result);
    add_workload_validation(result);
    add_service_validation(result);
    add_endpoints_validation(result);
    add_config_validation(result);
    add_node_validation(result);
    add_cluster_validation(result);
    add_set_validation(result);
    add_job_validation(result);
    add_policy_validation(result);
    add_limit_validation(result);
    add_ingress_validation(result);
    add_certificate_validation(result);
    add_autoscaler_validation(result);
    add_network_policy_validation(result);
    add_volume_validation(result);
    add_storage_validation(result);
    add_flow_validation(result);
    add_webhook_validation(result);
    add_pod_policy_validation(result);
    return result;
  }();
  return instance;
}

} // namespace

const kind_rules& registry::find(const google::protobuf::Message& obj) const {
  static const kind_rules none;
  auto i = rules_.find(obj.GetDescriptor());
  return i == rules_.end() ? none : i->second;
}

const kind_rules& rules_of(const google::protobuf::Message& obj) {
  return all().find(obj);
}

} // namespace troupe::rules
