#include "runtime/rules/rule_table.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

const std::vector<rule_info>& other_rules() {
  static const std::vector<rule_info> all{
      {"*", "*", "metadata.name", "name-required-and-fixed"},
      {"*", "*", "metadata.name", "name-is-subdomain"},
      {"*", "*", "metadata.name", "name-is-path-segment"},
      {"*", "*", "metadata.generateName", "generate-name-fits"},
      {"*", "*", "metadata.namespace", "namespace-of-the-path"},
      {"*", "*", "metadata.labels", "label-keys"},
      {"*", "*", "metadata.labels", "label-values"},
      {"*", "*", "metadata.annotations", "annotations"},
      {"*", "*", "metadata.finalizers", "finalizer-names"},
      {"*", "*", "metadata.finalizers", "finalizers-while-deleting"},
      {"*", "*", "metadata.ownerReferences", "owner-references"},
      {"*", "*", "metadata.resourceVersion", "resource-version"},
      {"*", "*", "metadata.uid", "uid"},
      {"*", "*", "metadata.creationTimestamp", "creation-timestamp"},
      {"*", "*", "metadata.deletionTimestamp", "deletion-timestamp"},
      {"*", "*", "metadata.deletionGracePeriodSeconds",
       "deletion-grace-period"},
      {"*", "*", "metadata.generation", "generation"},
      {"*", "*", "metadata.managedFields", "managed-fields"},
      {"*", "*", "apiVersion", "api-version-of-the-path"},
      {"*", "*", "kind", "kind-of-the-path"},
      {"*", "*", "status", "status-apart"},
      {"*", "*", "(label selector)", "label-selector"},
      {"*", "*", "(query)", "list-numbers"},
      {"*", "*", "(query)", "write-parameters"},
      {"*", "*", "(query)", "field-selectors"},
      {"*", "*", "(delete)", "delete-options"},
      {"core/v1", "PodTemplate", "template", "template"},
      {"core/v1", "ReplicationController", "metadata.name", "name"},
      {"core/v1", "ReplicationController", "spec.replicas", "replicas"},
      {"core/v1", "ReplicationController", "spec.minReadySeconds",
       "min-ready-seconds"},
      {"core/v1", "ReplicationController", "spec.selector", "selector"},
      {"core/v1", "ReplicationController", "spec.template", "template"},
      {"core/v1", "ReplicationController", "status.readyReplicas",
       "status-counts"},
      {"apps/v1", "ReplicaSet", "spec.replicas", "replicas"},
      {"apps/v1", "ReplicaSet", "spec.minReadySeconds", "min-ready-seconds"},
      {"apps/v1", "ReplicaSet", "spec.selector", "selector"},
      {"apps/v1", "ReplicaSet", "spec.template", "template"},
      {"apps/v1", "ReplicaSet", "status", "status-counts"},
      {"apps/v1", "Deployment", "spec.replicas", "replicas"},
      {"apps/v1", "Deployment", "spec.selector", "selector"},
      {"apps/v1", "Deployment", "spec.template.metadata.labels",
       "template-labels"},
      {"apps/v1", "Deployment", "spec.template.spec.restartPolicy",
       "restart-policy"},
      {"apps/v1", "Deployment", "spec.strategy.type", "strategy-type"},
      {"apps/v1", "Deployment", "spec.strategy.rollingUpdate",
       "no-rolling-update-with-recreate"},
      {"apps/v1", "Deployment", "spec.strategy.rollingUpdate.maxUnavailable",
       "max-unavailable"},
      {"apps/v1", "Deployment", "spec.strategy.rollingUpdate.maxSurge",
       "max-surge"},
      {"apps/v1", "Deployment", "spec.minReadySeconds", "min-ready-seconds"},
      {"apps/v1", "Deployment", "spec.revisionHistoryLimit",
       "revision-history-limit"},
      {"apps/v1", "Deployment", "spec.progressDeadlineSeconds",
       "progress-deadline"},
      {"apps/v1", "Deployment", "status.collisionCount", "collision-count"},
      {"core/v1", "Service", "metadata.name", "name"},
      {"core/v1", "Service", "spec.type", "type"},
      {"core/v1", "Service", "spec.ports", "ports"},
      {"core/v1", "Service", "spec.ports[].name", "port-name"},
      {"core/v1", "Service", "spec.ports[].port", "port-number"},
      {"core/v1", "Service", "spec.ports[].protocol", "port-protocol"},
      {"core/v1", "Service", "spec.ports[].targetPort", "target-port"},
      {"core/v1", "Service", "spec.ports[].nodePort", "node-port"},
      {"core/v1", "Service", "spec.ports[].appProtocol", "app-protocol"},
      {"core/v1", "Service", "spec.clusterIP", "cluster-ip"},
      {"core/v1", "Service", "spec.clusterIPs", "cluster-ips"},
      {"core/v1", "Service", "spec.ipFamilies", "ip-families"},
      {"core/v1", "Service", "spec.ipFamilyPolicy", "ip-family-policy"},
      {"core/v1", "Service", "spec.selector", "selector"},
      {"core/v1", "Service", "spec.sessionAffinity", "session-affinity"},
      {"core/v1", "Service",
       "spec.sessionAffinityConfig.clientIP.timeoutSeconds", "session-timeout"},
      {"core/v1", "Service", "spec.externalName", "external-name"},
      {"core/v1", "Service", "spec.externalIPs[]", "external-ips"},
      {"core/v1", "Service", "spec.externalTrafficPolicy",
       "external-traffic-policy"},
      {"core/v1", "Service", "spec.internalTrafficPolicy",
       "internal-traffic-policy"},
      {"core/v1", "Service", "spec.healthCheckNodePort", "health-check-port"},
      {"core/v1", "Service", "spec.loadBalancerSourceRanges", "source-ranges"},
      {"core/v1", "Service", "spec.loadBalancerClass", "load-balancer-class"},
      {"core/v1", "Service", "spec.allocateLoadBalancerNodePorts",
       "allocate-node-ports"},
      {"core/v1", "Service", "status.loadBalancer.ingress[]", "ingress-status"},
      {"core/v1", "Endpoints", "metadata.name", "name"},
      {"core/v1", "Endpoints", "subsets[]", "some-address"},
      {"core/v1", "Endpoints", "subsets[].addresses[].ip", "address"},
      {"core/v1", "Endpoints", "subsets[].addresses[].hostname", "hostname"},
      {"core/v1", "Endpoints", "subsets[].ports[].port", "port-number"},
      {"core/v1", "Endpoints", "subsets[].ports[].name", "port-name"},
      {"core/v1", "Endpoints", "subsets[].ports[].protocol", "port-protocol"},
      {"discovery/v1", "EndpointSlice", "addressType", "address-type"},
      {"discovery/v1", "EndpointSlice", "endpoints", "most-endpoints"},
      {"discovery/v1", "EndpointSlice", "endpoints[].addresses", "addresses"},
      {"discovery/v1", "EndpointSlice", "endpoints[].hostname", "hostname"},
      {"discovery/v1", "EndpointSlice", "endpoints[].nodeName", "node-name"},
      {"discovery/v1", "EndpointSlice", "endpoints[].deprecatedTopology",
       "topology"},
      {"discovery/v1", "EndpointSlice", "ports", "ports"},
      {"discovery/v1", "EndpointSlice", "ports[].protocol", "port-protocol"},
      {"discovery/v1", "EndpointSlice", "ports[].appProtocol", "app-protocol"},
      {"core/v1", "ConfigMap", "metadata.name", "name"},
      {"core/v1", "ConfigMap", "data", "data-keys"},
      {"core/v1", "ConfigMap", "binaryData", "binary-data-keys"},
      {"core/v1", "ConfigMap", "data", "size"},
      {"core/v1", "ConfigMap", "immutable", "immutable"},
      {"core/v1", "Secret", "data", "data-keys"},
      {"core/v1", "Secret", "stringData", "string-data"},
      {"core/v1", "Secret", "type", "type-fixed"},
      {"core/v1", "Secret", "data", "type-keys"},
      {"core/v1", "Secret", "metadata.annotations", "account-annotation"},
      {"core/v1", "Secret", "immutable", "immutable"},
      {"core/v1", "Namespace", "metadata.name", "name"},
      {"core/v1", "Namespace", "spec.finalizers", "finalizers"},
      {"core/v1", "Namespace", "status.phase", "phase"},
      {"core/v1", "Namespace", "(create in namespace)", "create-in-ending"},
      {"core/v1", "Namespace", "(delete)", "first-namespaces-stay"},
      {"core/v1", "Node", "metadata.name", "name"},
      {"core/v1", "Node", "spec.taints[]", "taints"},
      {"core/v1", "Node", "spec.podCIDRs", "pod-cidrs"},
      {"core/v1", "Node", "spec.providerID", "provider-id"},
      {"core/v1", "Node", "status.addresses", "addresses"},
      {"core/v1", "Node", "status.capacity", "capacity"},
      {"core/v1", "Node", "spec", "spec-immutable"},
      {"core/v1", "ServiceAccount", "metadata.name", "name"},
      {"core/v1", "ServiceAccount", "(token)", "token"},
      {"core/v1", "Event", "involvedObject.namespace", "involved-namespace"},
      {"scheduling/v1", "PriorityClass", "metadata.name", "name"},
      {"scheduling/v1", "PriorityClass", "value", "value"},
      {"scheduling/v1", "PriorityClass", "preemptionPolicy",
       "preemption-policy"},
      {"scheduling/v1", "PriorityClass", "globalDefault", "one-default"},
      {"coordination/v1", "Lease", "spec.leaseDurationSeconds", "duration"},
      {"coordination/v1", "Lease", "spec.leaseTransitions", "transitions"},
  };
  return all;
}

} // namespace

const std::vector<rule_info>& implemented_rules() {
  static const std::vector<rule_info> all = [] {
    auto result = other_rules();
    auto& pods = pod_rule_table();
    result.insert(result.end(), pods.begin(), pods.end());
    return result;
  }();
  return all;
}

const std::vector<rule_total>& rule_totals() {
  static const std::vector<rule_total> all{
      {"*", "*", 26},
      {"core/v1", "Pod", 76},
      {"core/v1", "PodTemplate", 1},
      {"core/v1", "ReplicationController", 6},
      {"apps/v1", "ReplicaSet", 5},
      {"apps/v1", "Deployment", 12},
      {"apps/v1", "DaemonSet", 8},
      {"apps/v1", "StatefulSet", 10},
      {"apps/v1", "ControllerRevision", 2},
      {"batch/v1", "Job", 14},
      {"batch/v1", "CronJob", 10},
      {"core/v1", "Service", 25},
      {"core/v1", "Endpoints", 7},
      {"discovery/v1", "EndpointSlice", 9},
      {"core/v1", "ConfigMap", 5},
      {"core/v1", "Secret", 6},
      {"core/v1", "Namespace", 5},
      {"core/v1", "Node", 7},
      {"core/v1", "ServiceAccount", 2},
      {"core/v1", "PersistentVolume", 8},
      {"core/v1", "PersistentVolumeClaim", 7},
      {"core/v1", "ResourceQuota", 4},
      {"core/v1", "LimitRange", 7},
      {"core/v1", "Event", 1},
      {"autoscaling/v2", "HorizontalPodAutoscaler", 9},
      {"autoscaling/v1", "Scale", 2},
      {"policy/v1", "PodDisruptionBudget", 5},
      {"networking/v1", "Ingress", 11},
      {"networking/v1", "IngressClass", 2},
      {"networking/v1", "NetworkPolicy", 6},
      {"rbac/v1", "Role", 4},
      {"rbac/v1", "ClusterRole", 4},
      {"rbac/v1", "RoleBinding", 4},
      {"rbac/v1", "ClusterRoleBinding", 2},
      {"storage/v1", "StorageClass", 5},
      {"scheduling/v1", "PriorityClass", 4},
      {"coordination/v1", "Lease", 2},
      {"node/v1", "RuntimeClass", 2},
      {"certificates/v1", "CertificateSigningRequest", 6},
      {"admissionregistration/v1", "ValidatingWebhookConfiguration", 7},
      {"apiextensions/v1", "CustomResourceDefinition", 14},
      {"apiregistration/v1", "APIService", 4},
  };
  return all;
}

size_t implemented_rules_of(std::string_view group, std::string_view kind) {
  auto& all = implemented_rules();
  return static_cast<size_t>(
      std::count_if(all.begin(), all.end(), [&](const rule_info& rule) {
        return rule.group == group && rule.kind == kind;
      }));
}

std::string rule_coverage() {
  std::string result;
  for (auto& total : rule_totals()) {
    std::string name{total.kind};
    if (total.group == "*")
      name = "every kind";
    else
      ((name += " (") += total.group) += ")";
    result += name + ": implemented "
              + std::to_string(implemented_rules_of(total.group, total.kind))
              + " of " + std::to_string(total.rules) + "\n";
  }
  return result;
}

} // namespace troupe::rules
