#include "pod_base.hpp"

namespace troupe::rules {

using core::v1::Pod;

namespace {

using cases = kind_cases<Pod>;

void add_names(cases& pods) {
  pods.create("hostname", "spec.hostname", spec(R"(hostname: "a.b")"),
              spec(R"(hostname: "a-b")"));
  pods.create("subdomain", "spec.subdomain", spec(R"(subdomain: "a.b")"),
              spec(R"(subdomain: "a-b")"));
  pods.create("service-account-name", "spec.serviceAccountName",
              spec(R"(service_account_name: "A")"),
              spec(R"(service_account_name: "a.b")"));
  pods.create("node-name", "spec.nodeName", spec(R"(node_name: "A B")"),
              spec(R"(node_name: "a.b")"));
  pods.create("priority-class", "spec.priorityClassName",
              spec(R"(priority_class_name: "a/b")"),
              spec(R"(priority_class_name: "high")"));
  pods.create("node-selector", "spec.nodeSelector",
              spec(R"(node_selector { key: "a b" value: "c" })"),
              spec(R"(node_selector { key: "a.b/c" value: "d" })"));
  pods.create("host-aliases", "spec.hostAliases[0].ip",
              spec(R"(host_aliases { ip: "1.2.3" hostnames: "a" })"),
              spec(R"(host_aliases { ip: "1.2.3.4" hostnames: "a.b" })"));
  pods.create("host-aliases", "spec.hostAliases[0].hostnames[0]",
              spec(R"(host_aliases { ip: "1.2.3.4" hostnames: "A_b" })"));
  pods.create("readiness-gates", "spec.readinessGates[0].conditionType",
              spec(R"(readiness_gates { condition_type: "a b" })"),
              spec(R"(readiness_gates { condition_type: "a.b/c" })"));
}

void add_policies(cases& pods) {
  pods.create("restart-policy", "spec.restartPolicy",
              spec(R"(restart_policy: "Sometimes")"),
              spec(R"(restart_policy: "OnFailure")"));
  pods.create("restart-policy", "spec.restartPolicy",
              [](Pod& pod) { pod.mutable_spec()->clear_restart_policy(); });
  pods.create("dns-policy", "spec.dnsPolicy", spec(R"(dns_policy: "Cluster")"),
              spec(R"(dns_policy: "Default")"));
  pods.create("dns-policy", "spec.dnsConfig", spec(R"(dns_policy: "None")"));
  pods.create("dns-policy", "spec.dnsConfig.nameservers",
              spec(R"(dns_policy: "None" dns_config {})"),
              spec(R"(dns_policy: "None"
                      dns_config { nameservers: "1.1.1.1" })"));
  auto config = "spec.dnsConfig";
  pods.create("dns-config", joined({config, ".nameservers"}),
              spec(R"(dns_config { nameservers: "1.1.1.1"
                nameservers: "1.1.1.2" nameservers: "1.1.1.3"
                nameservers: "1.1.1.4" })"),
              spec(R"(dns_config { nameservers: "1.1.1.1"
                nameservers: "::1" searches: "a.b." options {
                  name: "ndots" value: "2" } })"));
  pods.create("dns-config", joined({config, ".nameservers[0]"}),
              spec(R"(dns_config { nameservers: "a" })"));
  pods.create("dns-config", joined({config, ".searches"}), [](Pod& pod) {
    for (int i = 0; i < 33; ++i)
      pod.mutable_spec()->mutable_dns_config()->add_searches("local");
  });
  pods.create("dns-config", joined({config, ".searches"}), [](Pod& pod) {
    std::string label(60, 'a');
    for (int i = 0; i < 20; ++i)
      pod.mutable_spec()->mutable_dns_config()->add_searches(
          joined({label, ".", label}));
  });
  pods.create("active-deadline", "spec.activeDeadlineSeconds",
              spec("active_deadline_seconds: 0"),
              spec("active_deadline_seconds: 2147483647"));
  pods.create("active-deadline", "spec.activeDeadlineSeconds",
              spec("active_deadline_seconds: 2147483648"));
}

std::string node_terms(const char* requirement) {
  return joined({R"(affinity { node_affinity {
                   required_during_scheduling_ignored_during_execution {
                     node_selector_terms { match_expressions { )",
                 requirement, " } } } } }"});
}

pod_change with_term(const char* requirement) {
  return
      [text = node_terms(requirement)](Pod& pod) { spec(text.c_str())(pod); };
}

void add_affinity(cases& pods) {
  std::string terms =
      "spec.affinity.nodeAffinity."
      "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  auto first = joined({terms, "[0].matchExpressions[0]"});
  auto rule = "node-affinity-required";
  pods.create(rule, terms, spec(R"(affinity { node_affinity {
                required_during_scheduling_ignored_during_execution {} } })"));
  pods.create(rule, joined({first, ".values"}),
              with_term(R"(key: "a" operator: "In")"),
              with_term(R"(key: "a" operator: "In" values: "b")"));
  pods.create(rule, joined({first, ".values"}),
              with_term(R"(key: "a" operator: "Exists" values: "b")"),
              with_term(R"(key: "a" operator: "DoesNotExist")"));
  pods.create(rule, joined({first, ".values[0]"}),
              with_term(R"(key: "a" operator: "Gt" values: "b")"),
              with_term(R"(key: "a" operator: "Lt" values: "5")"));
  pods.create(rule, joined({first, ".operator"}),
              with_term(R"(key: "a" operator: "Has")"));
  pods.create(rule, joined({terms, "[0].matchFields[0].key"}),
              spec(R"(affinity { node_affinity {
                required_during_scheduling_ignored_during_execution {
                  node_selector_terms { match_fields {
                    key: "metadata.uid" operator: "In" values: "a" } } } } })"),
              spec(R"(affinity { node_affinity {
                required_during_scheduling_ignored_during_execution {
                  node_selector_terms { match_fields { key: "metadata.name"
                    operator: "In" values: "a" } } } } })"));
  auto prefers = [](const char* kind, const char* weight, const char* rest) {
    auto text = joined(
        {"affinity { ", kind,
         " { preferred_during_scheduling_ignored_during_execution { weight: ",
         weight, " ", rest, " } } }"});
    return [text](Pod& pod) { spec(text.c_str())(pod); };
  };
  auto node = R"(preference { match_expressions { key: "a"
                                operator: "Exists" } })";
  auto pod = R"(pod_affinity_term { topology_key: "zone" })";
  auto soft = "preferredDuringSchedulingIgnoredDuringExecution[0]";
  pods.create("node-affinity-weight",
              joined({"spec.affinity.nodeAffinity.", soft, ".weight"}),
              prefers("node_affinity", "101", node),
              prefers("node_affinity", "100", node));
  pods.create("pod-affinity-weight",
              joined({"spec.affinity.podAffinity.", soft, ".weight"}),
              prefers("pod_affinity", "0", pod),
              prefers("pod_anti_affinity", "1", pod));
  auto hard = "requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey";
  pods.create("pod-affinity-topology-key",
              joined({"spec.affinity.podAffinity.", hard}),
              spec(R"(affinity { pod_affinity {
                required_during_scheduling_ignored_during_execution {} } })"),
              spec(R"(affinity { pod_affinity {
                required_during_scheduling_ignored_during_execution {
                  topology_key: "a.b/zone" } } })"));
  pods.create("pod-affinity-topology-key",
              joined({"spec.affinity.podAntiAffinity.", hard}),
              spec(R"(affinity { pod_anti_affinity {
                required_during_scheduling_ignored_during_execution {
                  topology_key: "a b" } } })"));
}

void add_spread(cases& pods) {
  auto spread = [](const char* text) { return spec(text); };
  std::string at = "spec.topologySpreadConstraints[0]";
  auto fine = spread(R"(topology_spread_constraints { max_skew: 1
    topology_key: "zone" when_unsatisfiable: "DoNotSchedule"
    min_domains: 2 })");
  pods.create("topology-spread", joined({at, ".maxSkew"}),
              spread(R"(topology_spread_constraints { topology_key: "zone"
                          when_unsatisfiable: "DoNotSchedule" })"),
              fine);
  pods.create("topology-spread", joined({at, ".topologyKey"}),
              spread(R"(topology_spread_constraints { max_skew: 1
                          when_unsatisfiable: "DoNotSchedule" })"));
  pods.create("topology-spread", joined({at, ".whenUnsatisfiable"}),
              spread(R"(topology_spread_constraints { max_skew: 1
                topology_key: "zone" when_unsatisfiable: "Wait" })"));
  pods.create("topology-spread", joined({at, ".minDomains"}),
              spread(R"(topology_spread_constraints { max_skew: 1
                topology_key: "zone" when_unsatisfiable: "ScheduleAnyway"
                min_domains: 2 })"));
  pods.create("topology-spread",
              "spec.topologySpreadConstraints[1]."
              "{topologyKey, whenUnsatisfiable}",
              spread(R"(
                topology_spread_constraints { max_skew: 1 topology_key: "zone"
                  when_unsatisfiable: "ScheduleAnyway" }
                topology_spread_constraints { max_skew: 2 topology_key: "zone"
                  when_unsatisfiable: "ScheduleAnyway" })"));
}

void add_tolerations(cases& pods) {
  std::string at = "spec.tolerations[0]";
  auto fine = spec(R"(
    tolerations { operator: "Exists" }
    tolerations { key: "a" value: "b" effect: "NoSchedule" }
    tolerations { key: "a" operator: "Exists" effect: "NoExecute"
                  toleration_seconds: 5 })");
  pods.create("tolerations", joined({at, ".operator"}),
              spec(R"(tolerations { operator: "Equal" value: "a" })"), fine);
  pods.create("tolerations", joined({at, ".operator"}),
              spec(R"(tolerations { key: "a" operator: "Gt" value: "1" })"));
  pods.create("tolerations", joined({at, ".operator"}),
              spec(R"(tolerations { key: "a" operator: "Exists"
                                    value: "1" })"));
  pods.create("tolerations", joined({at, ".effect"}),
              spec(R"(tolerations { key: "a" effect: "Never" })"));
  pods.create("tolerations", joined({at, ".effect"}),
              spec(R"(tolerations { key: "a" effect: "NoSchedule"
                                    toleration_seconds: 5 })"));
}

void add_gates(cases& pods) {
  auto at = "spec.schedulingGates[0].name";
  pods.create("scheduling-gates", at, spec("scheduling_gates {}"),
              spec(R"(scheduling_gates { name: "a.b/c" })"));
  pods.create("scheduling-gates", "spec.schedulingGates[1].name",
              spec(R"(scheduling_gates { name: "a" }
                      scheduling_gates { name: "a" })"));
  pods.create("scheduling-gates", "spec.nodeName",
              spec(R"(scheduling_gates { name: "a" } node_name: "n")"));
  pods.update(
      "scheduling-gates", "spec.schedulingGates",
      spec(R"(scheduling_gates { name: "b" })"),
      [](Pod& pod) { pod.mutable_spec()->clear_scheduling_gates(); },
      spec(R"(scheduling_gates { name: "a" })"));
}

void add_security(cases& pods) {
  std::string at = "spec.securityContext";
  pods.create("pod-security", joined({at, ".fsGroup"}),
              spec("security_context { fs_group: -1 }"),
              spec(R"(security_context { fs_group: 0 run_as_user: 2147483647
                        supplemental_groups: 5
                        sysctls { name: "net.ipv4.ip_forward" value: "1" }
                        fs_group_change_policy: "Always" })"));
  pods.create("pod-security", joined({at, ".runAsUser"}),
              spec("security_context { run_as_user: 2147483648 }"));
  pods.create("pod-security", joined({at, ".supplementalGroups[0]"}),
              spec("security_context { supplemental_groups: -1 }"));
  pods.create("pod-security", joined({at, ".sysctls[0].name"}),
              spec(R"(security_context { sysctls { name: "Kernel" } })"));
  pods.create("pod-security", joined({at, ".sysctls[1].name"}),
              spec(R"(security_context { sysctls { name: "kernel.x" }
                                         sysctls { name: "kernel/x" } })"));
  pods.create("pod-security", joined({at, ".fsGroupChangePolicy"}),
              spec(R"(security_context { fs_group_change_policy: "No" })"));
  pods.create("share-process-namespace", "spec.shareProcessNamespace",
              spec("share_process_namespace: true host_pid: true"),
              spec("share_process_namespace: true"));
  pods.create("os-name", "spec.os.name", spec(R"(os { name: "plan9" })"),
              spec(R"(os { name: "linux" })"));
  pods.create("os-name", "spec.hostPID",
              spec(R"(os { name: "windows" } host_pid: true)"),
              spec(R"(os { name: "windows" })"));
  pods.create("resource-claims", "spec.resourceClaims[0]",
              spec(R"(resource_claims { name: "a" })"),
              spec(R"(resource_claims { name: "a"
                        resource_claim_name: "b" })"));
  pods.create("resource-claims", "spec.resourceClaims[0]",
              spec(R"(resource_claims { name: "a" resource_claim_name: "b"
                        resource_claim_template_name: "c" })"));
  pods.create("resource-claims", "spec.resourceClaims[1].name",
              spec(R"(resource_claims { name: "a" resource_claim_name: "b" }
                      resource_claims { name: "a"
                                        resource_claim_name: "c" })"));
}

} // namespace

void add_placement_cases(rule_cases& all) {
  auto pods = cases_of_pods(all);
  add_names(pods);
  add_policies(pods);
  add_affinity(pods);
  add_spread(pods);
  add_tolerations(pods);
  add_gates(pods);
  add_security(pods);
}

} // namespace troupe::rules
