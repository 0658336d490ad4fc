#include "messages/api/admissionregistration.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/podsecurity_v1beta1.pb.h"
#include "messages/api/storage.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

void add_stored_cases(rule_cases& all);

namespace {

/// Cases told as text: what is merged into a good object.
template <class T>
struct text_cases : kind_cases<T> {
  using kind_cases<T>::kind_cases;

  static std::function<void(T&)> merge(const char* text) {
    return [text](T& obj) {
      EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
          << text;
    };
  }

  void bad(const char* rule, const char* field, const char* wrong,
           const char* fine = "") {
    this->create(rule, field, merge(wrong), merge(fine));
  }

  void fixed(const char* rule, const char* field, const char* wrong,
             const char* fine = "", const char* before = "") {
    this->update(rule, field, merge(wrong), merge(fine), merge(before));
  }
};

// What is added stands behind what the defaults have put there.
void add_autoscalers(rule_cases& all) {
  using scaler = autoscaling::v2::HorizontalPodAutoscaler;
  text_cases<scaler> cases{
      all, "autoscaling/v2", "HorizontalPodAutoscaler",
      R"(metadata { name: "a" namespace: "b" resource_version: "" }
         spec { scale_target_ref { kind: "Deployment" name: "c" }
                max_replicas: 3 })"};
  cases.bad("min-replicas", "spec.minReplicas", "spec { min_replicas: 0 }",
            "spec { min_replicas: 2 }");
  cases.bad("min-replicas", "spec.metrics", "spec { min_replicas: 0 }");
  cases.bad("max-replicas", "spec.maxReplicas", "spec { max_replicas: 0 }");
  cases.bad("max-replicas", "spec.maxReplicas",
            "spec { min_replicas: 4 max_replicas: 3 }");
  cases.bad("target", "spec.scaleTargetRef.name",
            R"(spec { scale_target_ref { name: "" } })");
  cases.bad("target", "spec.scaleTargetRef.kind",
            R"(spec { scale_target_ref { kind: "a/b" } })");
  cases.bad("metric-type", "spec.metrics[1].type",
            R"(spec { metrics { type: "Mood" } })");
  cases.bad("metric-type", "spec.metrics[1].pods",
            R"(spec { metrics { type: "Pods" } })");
  cases.bad("metric-type", "spec.metrics[1].pods",
            R"(spec { metrics { type: "Resource"
                 resource { name: "cpu" target { type: "Utilization"
                   average_utilization: 1 } }
                 pods { metric { name: "x" } target { type: "AverageValue"
                   average_value { string: "1" } } } } })");
  cases.bad("resource-target",
            "spec.metrics[1].resource.target.averageUtilization",
            R"(spec { metrics { type: "Resource"
                 resource { name: "cpu" target { type: "Utilization" } } } })",
            R"(spec { metrics { type: "Resource"
                 resource { name: "cpu" target { type: "Utilization"
                   average_utilization: 50 } } } })");
  cases.bad("resource-target", "spec.metrics[1].resource.target.averageValue",
            R"(spec { metrics { type: "Resource"
                 resource { name: "cpu" target { type: "AverageValue"
                   average_value { string: "0" } } } } })");
  cases.bad("external-target", "spec.metrics[1].external.target.value",
            R"(spec { metrics { type: "External" external {
                 metric { name: "x" } target { type: "Value"
                   value { string: "1" } average_value { string: "1" } } } } })",
            R"(spec { metrics { type: "External" external {
                 metric { name: "x" } target { type: "Value"
                   value { string: "1" } } } } })");
  constexpr auto down = "spec.behavior.scaleDown.";
  static const auto window = std::string{down} + "stabilizationWindowSeconds";
  cases.bad("window", window.c_str(),
            R"(spec { behavior { scale_down {
                 stabilization_window_seconds: 3601
                 policies { type: "Pods" value: 1 period_seconds: 1 } } } })",
            R"(spec { behavior { scale_down {
                 stabilization_window_seconds: 3600
                 policies { type: "Pods" value: 1 period_seconds: 1 } } } })");
  static const auto choice = std::string{down} + "selectPolicy";
  cases.bad("select-policy", choice.c_str(),
            R"(spec { behavior { scale_down { select_policy: "Any"
                 policies { type: "Pods" value: 1 period_seconds: 1 } } } })");
  static const auto period = std::string{down} + "policies[0].periodSeconds";
  cases.bad("policies", period.c_str(),
            R"(spec { behavior { scale_down {
                 policies { type: "Pods" value: 1 period_seconds: 1801 } } } })");
  cases.status("status-counts", "status.currentReplicas",
               cases.merge("status { current_replicas: -1 }"),
               cases.merge("status { current_replicas: 1 }"));
}

void add_network_policies(rule_cases& all) {
  text_cases<networking::v1::NetworkPolicy> cases{
      all, "networking/v1", "NetworkPolicy",
      R"(metadata { name: "a" namespace: "b" } spec { pod_selector {} })"};
  cases.bad("pod-selector", "spec.podSelector.matchLabels",
            R"(spec { pod_selector { match_labels { key: "a b"
                                                    value: "c" } } })");
  cases.bad("policy-types", "spec.policyTypes[1]",
            R"(spec { policy_types: "Sideways" })",
            R"(spec { policy_types: "Egress" })");
  cases.bad("policy-types", "spec.policyTypes",
            R"(spec { policy_types: "Egress" policy_types: "Egress" })");
  cases.bad(
      "port", "spec.ingress[0].ports[0].port",
      "spec { ingress { ports { port { int_val: 0 } } } }",
      R"(spec { ingress { ports { port { int_val: 80 } end_port: 90 } } })");
  cases.bad("port", "spec.ingress[0].ports[0].endPort",
            "spec { ingress { ports { port { int_val: 80 } end_port: 79 } } }");
  cases.bad("port", "spec.egress[0].ports[0].endPort",
            "spec { egress { ports { end_port: 79 } } }");
  cases.bad("protocol", "spec.ingress[0].ports[0].protocol",
            R"(spec { ingress { ports { protocol: "ICMP" } } })");
  cases.bad("peer", "spec.ingress[0].from[0]", "spec { ingress { from {} } }",
            "spec { ingress { from { pod_selector {} "
            "namespace_selector {} } } }");
  cases.bad("peer", "spec.egress[0].to[0]",
            R"(spec { egress { to { pod_selector {}
                 ip_block { cidr: "10.0.0.0/8" } } } })");
  cases.bad("block", "spec.ingress[0].from[0].ipBlock.cidr",
            R"(spec { ingress { from { ip_block { cidr: "10.0.0.0" } } } })");
  cases.bad("block", "spec.ingress[0].from[0].ipBlock.except[0]",
            R"(spec { ingress { from { ip_block { cidr: "10.0.0.0/8"
                 except: "10.0.0.0/8" } } } })",
            R"(spec { ingress { from { ip_block { cidr: "10.0.0.0/8"
                 except: "10.1.0.0/16" } } } })");
}

void add_volumes(rule_cases& all) {
  text_cases<core::v1::PersistentVolume> cases{
      all, "core/v1", "PersistentVolume",
      R"(metadata { name: "a" } spec { access_modes: "ReadWriteOnce"
         capacity { key: "storage" value { string: "1Gi" } }
         persistent_volume_source { host_path { path: "/data" } } })"};
  cases.bad("access-modes", "spec.accessModes",
            R"(spec { access_modes: "ReadWriteOncePod" })");
  cases.bad("access-modes", "spec.accessModes",
            R"(spec { access_modes: "Sometimes" })");
  cases.bad("capacity", "spec.capacity[storage]",
            R"(spec { capacity { key: "storage" value { string: "0" } } })");
  cases.bad("capacity", "spec.capacity",
            R"(spec { capacity { key: "cpu" value { string: "1" } } })");
  cases.bad("source", "spec.nfs",
            R"(spec { persistent_volume_source {
                 nfs { server: "s" path: "/x" } } })");
  cases.bad("source", "spec.hostPath.path",
            R"(spec { persistent_volume_source {
                 host_path { path: "/a/../b" } } })");
  auto one_source = [&](const char* field, const char* refused,
                        const char* accepted) {
    auto only = [](const char* text) {
      return [text](core::v1::PersistentVolume& obj) {
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
            text, obj.mutable_spec()->mutable_persistent_volume_source()));
      };
    };
    cases.create("source", field, only(refused), only(accepted));
  };
  one_source("spec.iscsi.iqn", R"(iscsi { target_portal: "t" iqn: "naa.1" })",
             R"(iscsi { target_portal: "t" iqn: "iqn.2015-02.a:b" })");
  one_source("spec.cinder.secretRef.namespace",
             R"(cinder { volume_id: "v" secret_ref { name: "s" } })",
             R"(cinder { volume_id: "v"
                     secret_ref { name: "s" namespace: "n" } })");
  one_source(
      "spec.glusterfs.endpointsNamespace",
      R"(glusterfs { endpoints: "e" path: "p" endpoints_namespace: "" })",
      R"(glusterfs { endpoints: "e" path: "p" endpoints_namespace: "n" })");
  one_source("spec.azureFile.secretNamespace",
             R"(azure_file { secret_name: "s" share_name: "h"
                         secret_namespace: "" })",
             R"(azure_file { secret_name: "s" share_name: "h" })");
  cases.fixed("source", "spec.persistentvolumesource",
              R"(spec { persistent_volume_source {
                   host_path { path: "/other" } } })",
              R"(spec { storage_class_name: "c" })");
  cases.bad("reclaim-policy", "spec.persistentVolumeReclaimPolicy",
            R"(spec { persistent_volume_reclaim_policy: "Recycle"
                 persistent_volume_source { host_path { path: "/" } } })",
            R"(spec { persistent_volume_reclaim_policy: "Recycle" })");
  cases.fixed("volume-mode", "volumeMode", R"(spec { volume_mode: "Block" })");
  cases.create("node-affinity", "spec.nodeAffinity",
               [](core::v1::PersistentVolume& obj) {
                 auto* source =
                     obj.mutable_spec()->mutable_persistent_volume_source();
                 source->clear_host_path();
                 source->mutable_local()->set_path("/disk");
               });
  cases.bad("class-name", "spec.storageClassName",
            R"(spec { storage_class_name: "a b" })");
}

void add_claims(rule_cases& all) {
  using claim = core::v1::PersistentVolumeClaim;
  text_cases<claim> cases{all, "core/v1", "PersistentVolumeClaim",
                          R"(metadata { name: "a" namespace: "b" }
         spec { access_modes: "ReadWriteOnce" resources { requests {
           key: "storage" value { string: "1Gi" } } } })"};
  cases.create("access-modes", "spec.accessModes",
               [](claim& obj) { obj.mutable_spec()->clear_access_modes(); });
  cases.create("storage", "spec.resources[storage]",
               [](claim& obj) { obj.mutable_spec()->clear_resources(); });
  auto resize = [](const char* size, const char* phase) {
    return [size, phase](claim& obj) {
      auto& requests =
          *obj.mutable_spec()->mutable_resources()->mutable_requests();
      requests["storage"].set_string(size);
      obj.mutable_status()->set_phase(phase);
    };
  };
  cases.update("storage", "spec.resources.requests.storage",
               resize("1Mi", "Bound"), resize("2Gi", "Bound"), [](claim& obj) {
                 auto* status = obj.mutable_status();
                 status->set_phase("Bound");
                 (*status->mutable_capacity())["storage"].set_string("1Gi");
               });
  cases.bad("class-name", "spec.storageClassName",
            R"(spec { storage_class_name: "a b" })",
            R"(spec { storage_class_name: "" })");
  cases.fixed("volume-mode", "volumeMode", R"(spec { volume_mode: "Block" })");
  cases.bad("data-source", "spec.dataSource",
            R"(spec { data_source { kind: "Pod" name: "x" } })",
            R"(spec { data_source { kind: "PersistentVolumeClaim"
                                    name: "x" } })");
  cases.fixed("spec-immutable", "spec",
              R"(spec { access_modes: "ReadOnlyMany" })",
              R"(spec { volume_name: "v" storage_class_name: "c" })");
  cases.update("spec-immutable", "spec", resize("2Gi", "Pending"));
  cases.bad("selector", "spec.selector.matchLabels",
            R"(spec { selector { match_labels { key: "a b" value: "" } } })");
}

void add_storage(rule_cases& all) {
  text_cases<storage::v1::StorageClass> classes{
      all, "storage/v1", "StorageClass",
      R"(metadata { name: "a" } provisioner: "Example.com/disk")"};
  classes.bad("provisioner", "provisioner", R"(provisioner: "a b")");
  classes.bad("parameters", "parameters",
              R"(parameters { key: "" value: "x" })",
              R"(parameters { key: "any thing" value: "x" })");
  classes.fixed("parameters", "parameters",
                R"(parameters { key: "a" value: "x" })");
  classes.bad("reclaim-policy", "reclaimPolicy", R"(reclaim_policy: "Recycle")",
              R"(reclaim_policy: "Retain")");
  classes.fixed("binding-mode", "volumeBindingMode",
                R"(volume_binding_mode: "WaitForFirstConsumer")");
  classes.bad("topologies",
              "allowedTopologies[0].matchLabelExpressions[0].values",
              R"(allowed_topologies { match_label_expressions {
                   key: "zone" } })",
              R"(allowed_topologies { match_label_expressions {
                   key: "zone" values: "a" values: "b" } })");
  classes.bad("topologies", "allowedTopologies[1].matchLabelExpressions",
              R"(allowed_topologies { match_label_expressions {
                   key: "zone" values: "a" } }
                 allowed_topologies { match_label_expressions {
                   key: "zone" values: "a" } })");
  text_cases<storage::v1::VolumeAttachment> attachments{
      all, "storage/v1", "VolumeAttachment",
      R"(metadata { name: "a" resource_version: "" }
         spec { attacher: "d.example.com" node_name: "n"
                source { persistent_volume_name: "v" } })"};
  attachments.bad("attacher", "spec.attacher", R"(spec { attacher: "" })");
  attachments.bad("source", "spec.source.persistentVolumeName",
                  R"(spec { source { persistent_volume_name: "" } })");
  attachments.bad("source", "spec.source",
                  "spec { source { inline_volume_spec {} } }");
  attachments.bad("node-name", "spec.nodeName", R"(spec { node_name: "" })");
  attachments.fixed("spec-immutable", "spec",
                    R"(metadata { resource_version: "1" }
                       spec { node_name: "m" })",
                    R"(metadata { resource_version: "1" })");
  text_cases<storage::v1::CSINode> nodes{all, "storage/v1", "CSINode",
                                         R"(metadata { name: "a" }
         spec { drivers { name: "d.example.com" node_id: "1" } })"};
  nodes.bad("driver", "spec.drivers[1].name",
            R"(spec { drivers { name: "d.example.com" node_id: "2" } })",
            R"(spec { drivers { name: "E.example.com" node_id: "2"
                                topology_keys: "zone" } })");
  nodes.bad("node-id", "spec.drivers[1].nodeID",
            R"(spec { drivers { name: "e" } })");
  nodes.update("driver-immutable", "CSINodeDriver",
               [](storage::v1::CSINode& obj) {
                 obj.mutable_spec()->mutable_drivers(0)->set_node_id("2");
               });
  text_cases<storage::v1::CSIDriver> drivers{
      all, "storage/v1", "CSIDriver", R"(metadata { name: "a" } spec {})"};
  drivers.bad("group-policy", "spec.fsGroupPolicy",
              R"(spec { fs_group_policy: "Some" })",
              R"(spec { fs_group_policy: "File" })");
  drivers.bad("tokens", "spec.tokenRequests[0].expirationSeconds",
              "spec { token_requests { expiration_seconds: 599 } }",
              "spec { token_requests { expiration_seconds: 600 } }");
  drivers.bad("tokens", "spec.tokenRequests[1].audience",
              "spec { token_requests {} token_requests {} }");
  drivers.bad("modes", "spec.volumeLifecycleModes",
              R"(spec { volume_lifecycle_modes: "Never" })");
  drivers.fixed("spec-immutable", "spec.attachedRequired",
                "spec { attach_required: false }",
                "spec { pod_info_on_mount: true }");
  text_cases<storage::v1::CSIStorageCapacity> capacities{
      all, "storage/v1", "CSIStorageCapacity",
      R"(metadata { name: "a" namespace: "b" } storage_class_name: "c")"};
  capacities.bad("class-name", "storageClassName",
                 R"(storage_class_name: "a b")");
  capacities.fixed("class-name", "storageClassName",
                   R"(storage_class_name: "d")");
  capacities.bad("capacity", "capacity", R"(capacity { string: "-1" })",
                 R"(capacity { string: "1Gi" })");
  capacities.fixed("topology", "nodeTopology",
                   R"(node_topology { match_labels { key: "a"
                                                     value: "b" } })");
}

void add_flows(rule_cases& all) {
  text_cases<flowcontrol::v1::FlowSchema> schemas{
      all, "flowcontrol/v1", "FlowSchema",
      R"(metadata { name: "a" } spec { matching_precedence: 100
         priority_level_configuration { name: "l" } })"};
  schemas.bad("precedence", "spec.matchingPrecedence",
              "spec { matching_precedence: 10001 }",
              "spec { matching_precedence: 10000 }");
  schemas.bad("precedence", "spec.matchingPrecedence",
              "spec { matching_precedence: 1 }");
  schemas.bad("precedence", "spec", R"(metadata { name: "catch-all" })");
  schemas.bad("level", "spec.priorityLevelConfiguration.name",
              R"(spec { priority_level_configuration { name: "" } })");
  schemas.bad("distinguisher", "spec.distinguisherMethod.type",
              R"(spec { distinguisher_method { type: "ByMood" } })",
              R"(spec { distinguisher_method { type: "ByUser" } })");
  schemas.bad("subjects", "spec.rules[0].subjects[0].group",
              R"(spec { rules { subjects { kind: "User" user { name: "*" }
                   group { name: "g" } } non_resource_rules { verbs: "get"
                   non_resource_urls: "/healthz" } } })",
              R"(spec { rules { subjects { kind: "User" user { name: "*" } }
                   non_resource_rules { verbs: "get"
                   non_resource_urls: "/metrics/*" } } })");
  schemas.bad("subjects", "spec.rules[0]",
              R"(spec { rules { subjects { kind: "User"
                   user { name: "*" } } } })");
  schemas.bad("resource-rules", "spec.rules[0].resourceRules[0].namespaces",
              R"(spec { rules { subjects { kind: "User" user { name: "*" } }
                   resource_rules { verbs: "*" api_groups: "*"
                   resources: "*" } } })",
              R"(spec { rules { subjects { kind: "User" user { name: "*" } }
                   resource_rules { verbs: "*" api_groups: "*"
                   resources: "*" namespaces: "*" } } })");
  schemas.bad("url-rules",
              "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]",
              R"(spec { rules { subjects { kind: "User" user { name: "*" } }
                   non_resource_rules { verbs: "get"
                   non_resource_urls: "/a*b" } } })");
  schemas.status("conditions", "status.conditions[0].type",
                 schemas.merge("status { conditions {} }"),
                 schemas.merge(R"(status { conditions { type: "A" } })"));
  text_cases<flowcontrol::v1::PriorityLevelConfiguration> levels{
      all, "flowcontrol/v1", "PriorityLevelConfiguration",
      R"(metadata { name: "a" } spec { type: "Limited"
         limited { limit_response { type: "Reject" } } })"};
  levels.bad("type", "spec.type", R"(spec { type: "Exempt" })");
  using level = flowcontrol::v1::PriorityLevelConfiguration;
  levels.create(
      "type", "spec", levels.merge(R"(metadata { name: "catch-all" }
                  spec { limited { nominal_concurrency_shares: 6 } })"),
      [](level& obj) {
        obj.mutable_metadata()->set_name("catch-all");
        obj.mutable_spec()->mutable_limited()->set_nominal_concurrency_shares(
            5);
      });
  levels.bad("shares", "spec.limited.nominalConcurrencyShares",
             "spec { limited { nominal_concurrency_shares: -1 } }",
             "spec { limited { nominal_concurrency_shares: 5 } }");
  levels.bad("response", "spec.limited.limitResponse.queuing",
             "spec { limited { limit_response { queuing {} } } }");
  levels.bad("queuing", "spec.limited.limitResponse.queuing.handSize",
             R"(spec { limited { limit_response { type: "Queue" queuing {
                  queues: 128 hand_size: 10 queue_length_limit: 50 } } } })",
             R"(spec { limited { limit_response { type: "Queue" queuing {
                  queues: 64 hand_size: 6 queue_length_limit: 50 } } } })");
}

void add_pod_policies(rule_cases& all) {
  using policies = policy::v1beta1::PodSecurityPolicy;
  text_cases<policies> cases{
      all, "policy/v1beta1", "PodSecurityPolicy",
      R"(metadata { name: "a" } spec { run_as_user { rule: "RunAsAny" }
         se_linux { rule: "RunAsAny" } fs_group { rule: "RunAsAny" }
         supplemental_groups { rule: "RunAsAny" } })"};
  cases.bad("rules", "spec.runAsUser.rule",
            R"(spec { run_as_user { rule: "MayRunAs" } })",
            R"(spec { run_as_user { rule: "MustRunAsNonRoot" } })");
  cases.bad("rules", "spec.seLinux.rule", R"(spec { se_linux { rule: "" } })");
  cases.bad("rules", "spec.runAsGroup.rule", "spec { run_as_group {} }",
            R"(spec { run_as_group { rule: "RunAsAny" } })");
  cases.bad("ranges", "spec.runAsGroup.ranges",
            R"(spec { run_as_group { rule: "MayRunAs" } })",
            R"(spec { run_as_group { rule: "MayRunAs"
                                     ranges { min: 0 max: 0 } } })");
  cases.bad("ranges", "spec.fsGroup.ranges[0].min",
            R"(spec { fs_group { ranges { min: 2 max: 1 } } })",
            R"(spec { fs_group { ranges { min: 1 max: 1 } } })");
  cases.bad("volumes", "spec.volumes", R"(spec { volumes: "floppy" })",
            R"(spec { volumes: "*" volumes: "nfs" })");
  cases.bad("capabilities", "requiredDropCapabilities",
            R"(spec { required_drop_capabilities: "KILL"
                      allowed_capabilities: "*" })",
            R"(spec { required_drop_capabilities: "KILL"
                      allowed_capabilities: "CHOWN" })");
  cases.bad("capabilities", "defaultAddCapabilities",
            R"(spec { required_drop_capabilities: "KILL"
                      default_add_capabilities: "KILL" })");
  cases.bad("escalation", "spec.defaultAllowPrivilegeEscalation",
            R"(spec { default_allow_privilege_escalation: true
                      allow_privilege_escalation: false })",
            R"(spec { default_allow_privilege_escalation: true })");
  cases.bad("host-paths", "spec.allowedHostPaths[0]",
            R"(spec { allowed_host_paths { path_prefix: "/a/.." } })",
            R"(spec { allowed_host_paths { path_prefix: "/a" } })");
  cases.bad("host-paths", "spec.allowedHostPaths[0]",
            "spec { allowed_host_paths {} }");
  cases.bad("drivers", "spec.allowedCSIDrivers.allowedCSIDriver[0].name",
            "spec { allowed_csi_drivers {} }",
            R"(spec { allowed_csi_drivers { name: "a.b" } })");
  cases.bad("drivers", "spec.allowedFlexVolumes.allowedFlexVolumes[0].driver",
            "spec { allowed_flex_volumes {} }");
  cases.bad("sysctls", "spec.forbiddenSysctls[0]",
            R"(spec { forbidden_sysctls: "net.*.x" })",
            R"(spec { forbidden_sysctls: "net.a-*" })");
  cases.bad("sysctls", "spec.forbiddenSysctls.items",
            R"(spec { forbidden_sysctls: "*" forbidden_sysctls: "a" })");
  cases.bad("sysctls", "spec.allowedUnsafeSysctls[0]",
            R"(spec { forbidden_sysctls: "net.*"
                      allowed_unsafe_sysctls: "net.a" })",
            R"(spec { forbidden_sysctls: "net.*"
                      allowed_unsafe_sysctls: "kernel.a" })");
  cases.bad("runtimes", "spec.runtimeClass.allowedRuntimeClassNames",
            R"(spec { runtime_class { default_runtime_class_name: "a"
                        allowed_runtime_class_names: "b" } })",
            R"(spec { runtime_class { default_runtime_class_name: "a"
                        allowed_runtime_class_names: "*" } })");
  auto armor = "metadata.annotations[apparmor.security.beta.kubernetes.io/"
               "allowedProfileNames]";
  auto note = [](const char* value) {
    return [value](policies& obj) {
      (*obj.mutable_metadata()
            ->mutable_annotations())["apparmor.security.beta.kubernetes.io/"
                                     "allowedProfileNames"] = value;
    };
  };
  cases.create("annotations", armor, note("unconfined,other"),
               note("unconfined,localhost/a"));
}

void add_webhooks(rule_cases& all) {
  using hooks = admissionregistration::v1::ValidatingWebhookConfiguration;
  text_cases<hooks> cases{
      all, "admissionregistration/v1", "ValidatingWebhookConfiguration",
      R"(metadata { name: "a" } webhooks { name: "check.example.com"
         client_config { url: "https://example.com/check" }
         rules { operations: "CREATE" rule { api_groups: "" api_versions: "v1"
                 resources: "pods" } }
         side_effects: "None" admission_review_versions: "v1" })"};
  auto change = [](auto f) {
    return [f](hooks& obj) { f(*obj.mutable_webhooks(0)); };
  };
  cases.create("name", "webhooks[0].name",
               change([](auto& hook) { hook.set_name("example.com"); }));
  cases.create("client", "webhooks[0].clientConfig",
               change([](auto& hook) { hook.clear_client_config(); }));
  cases.create("client", "webhooks[0].clientConfig.url", change([](auto& hook) {
                 hook.mutable_client_config()->set_url("http://example.com");
               }));
  cases.create("client", "webhooks[0].clientConfig.url", change([](auto& hook) {
                 hook.mutable_client_config()->set_url("https://u@a/b?c=d");
               }));
  auto service = [&](const char* path) {
    return change([path](auto& hook) {
      auto* client = hook.mutable_client_config();
      client->clear_url();
      client->mutable_service()->set_name("s");
      client->mutable_service()->set_namespace_("n");
      client->mutable_service()->set_path(path);
    });
  };
  cases.create("client", "webhooks[0].clientConfig.service.path",
               service("/a//b"), service("/a/b"));
  auto rule = [&](auto f) {
    return change([f](auto& hook) { f(*hook.mutable_rules(0)); });
  };
  cases.create("rules", "webhooks[0].rules[0].operations",
               rule([](auto& one) { one.add_operations("*"); }));
  cases.create(
      "rules", "webhooks[0].rules[0].resources",
      rule([](auto& one) { one.mutable_rule()->add_resources("*"); }),
      rule([](auto& one) { one.mutable_rule()->add_resources("pods/*"); }));
  cases.create("side-effects", "webhooks[0].sideEffects",
               change([](auto& hook) { hook.set_side_effects("Some"); }));
  cases.create(
      "reviews", "webhooks[0].admissionReviewVersions",
      change([](auto& hook) { hook.set_admission_review_versions(0, "v7"); }));
  cases.create("timeout", "webhooks[0].timeoutSeconds",
               change([](auto& hook) { hook.set_timeout_seconds(31); }),
               change([](auto& hook) { hook.set_timeout_seconds(30); }));
  cases.create("failure-policy", "webhooks[0].failurePolicy",
               change([](auto& hook) { hook.set_failure_policy("Cry"); }));
}

} // namespace

void add_stored_cases(rule_cases& all) {
  add_autoscalers(all);
  add_pod_policies(all);
  add_network_policies(all);
  add_volumes(all);
  add_claims(all);
  add_storage(all);
  add_flows(all);
  add_webhooks(all);
}

} // namespace troupe::rules
