#include "messages/api/apps.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

using apps::v1::ControllerRevision;
using apps::v1::DaemonSet;
using apps::v1::StatefulSet;

namespace {

constexpr const char* good_set = R"(
  metadata { name: "web" namespace: "default" }
  spec {
    selector { match_labels { key: "app" value: "web" } }
    template {
      metadata { labels { key: "app" value: "web" } }
      spec { containers { name: "main" image: "nginx" } }
    }
  })";

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

template <class T>
void add_common(kind_cases<T>& cases) {
  cases.create("selector", "spec.template.metadata.labels",
               [](T& obj) { obj.mutable_spec()->clear_selector(); });
  cases.create("selector", "spec.selector",
               [](T& obj) { obj.mutable_spec()->mutable_selector()->Clear(); });
  cases.create("selector", "spec.template.metadata.labels", [](T& obj) {
    obj.mutable_spec()->mutable_template_()->clear_metadata();
  });
  cases.create("restart-policy", "spec.template.spec.restartPolicy",
               merge<T>(R"(spec { template { spec {
                             restart_policy: "Never" } } })"));
  cases.create("strategy-type", "spec.updateStrategy.type",
               merge<T>(R"(spec { update_strategy { type: "Blue" } })"));
}

void add_daemon_sets(rule_cases& all) {
  kind_cases<DaemonSet> cases{all, "apps/v1", "DaemonSet", good_set};
  auto change = [](const char* text) { return merge<DaemonSet>(text); };
  add_common(cases);
  cases.update("selector", "spec.selector",
               change(R"(spec { selector { match_expressions {
                           key: "app" operator: "Exists" } } })"),
               change("spec { min_ready_seconds: 1 }"));
  cases.create("active-deadline", "spec.template.spec.activeDeadlineSeconds",
               change("spec { template { spec { "
                      "active_deadline_seconds: 5 } } }"));
  std::string rolling = "spec.updateStrategy.rollingUpdate";
  cases.create("rolling-update", rolling, [](DaemonSet& obj) {
    obj.mutable_spec()->mutable_update_strategy()->clear_rolling_update();
  });
  cases.create("rolling-update", joined({rolling, ".maxUnavailable"}),
               change("spec { update_strategy { rolling_update { "
                      "max_unavailable { int_val: 0 } } } }"),
               change("spec { update_strategy { rolling_update { "
                      "max_unavailable { int_val: 0 } "
                      "max_surge { int_val: 1 } } } }"));
  cases.create("rolling-update", joined({rolling, ".maxSurge"}),
               change("spec { update_strategy { rolling_update { "
                      "max_surge { int_val: 1 } } } }"));
  cases.create("min-ready-seconds", "spec.minReadySeconds",
               change("spec { min_ready_seconds: -1 }"));
  cases.create("revision-history-limit", "spec.revisionHistoryLimit",
               change("spec { revision_history_limit: -1 }"),
               change("spec { revision_history_limit: 0 }"));
  cases.status("collision-count", "status.collisionCount",
               change("status { collision_count: 1 }"),
               change("status { collision_count: 3 }"),
               change("status { collision_count: 2 }"));
}

void add_stateful_sets(rule_cases& all) {
  kind_cases<StatefulSet> cases{all, "apps/v1", "StatefulSet", good_set};
  auto change = [](const char* text) { return merge<StatefulSet>(text); };
  add_common(cases);
  cases.create("replicas", "spec.replicas", change("spec { replicas: -1 }"),
               change("spec { replicas: 0 }"));
  cases.create("pod-management-policy", "spec.podManagementPolicy",
               change(R"(spec { pod_management_policy: "Random" })"),
               change(R"(spec { pod_management_policy: "Parallel" })"));
  cases.create("strategy-type", "spec.updateStrategy.rollingUpdate",
               change(R"(spec { update_strategy { type: "OnDelete" } })"));
  cases.create("strategy-type", "spec.updateStrategy.rollingUpdate.partition",
               change("spec { update_strategy { rolling_update { "
                      "partition: -1 } } }"),
               change("spec { update_strategy { rolling_update { "
                      "partition: 2 } } }"));
  cases.create("service-name", "spec.serviceName",
               change(R"(spec { service_name: "a.b" })"),
               change(R"(spec { service_name: "web" })"));
  cases.update("service-name", "spec",
               change(R"(spec { service_name: "other" })"));
  cases.create("claim-templates", "spec.volumeClaimTemplates[0].metadata.name",
               change(R"(spec { volume_claim_templates {
                           metadata { name: "A" } } })"),
               change(R"(spec { volume_claim_templates {
                           metadata { name: "data" } } })"));
  auto mounts = [](const char* claim) {
    return [claim](StatefulSet& obj) {
      auto& spec = *obj.mutable_spec();
      auto& pods = *spec.mutable_template_()->mutable_spec();
      auto& mount = *pods.mutable_containers(0)->add_volume_mounts();
      mount.set_name("data");
      mount.set_mount_path("/data");
      spec.add_volume_claim_templates()->mutable_metadata()->set_name(claim);
    };
  };
  cases.create("claim-templates",
               "spec.template.spec.containers[0].volumeMounts[0].name",
               mounts("other"), mounts("data"));
  cases.update("claim-templates", "spec",
               change(R"(spec { volume_claim_templates {
                           metadata { name: "data" } } })"));
  cases.update("spec-immutable", "spec",
               change(R"(spec { pod_management_policy: "Parallel" })"),
               change(R"(spec { replicas: 5 min_ready_seconds: 1
                                ordinals { start: 1 } })"));
  cases.create("ordinals", "spec.ordinals.start",
               change("spec { ordinals { start: -1 } }"),
               change("spec { ordinals { start: 1 } }"));
  cases.create("claim-retention",
               "spec.persistentVolumeClaimRetentionPolicy.whenScaled",
               change(R"(spec { persistent_volume_claim_retention_policy {
                           when_scaled: "Keep" } })"),
               change(R"(spec { persistent_volume_claim_retention_policy {
                           when_scaled: "Delete" } })"));
}

} // namespace

void add_set_cases(rule_cases& all) {
  add_daemon_sets(all);
  add_stateful_sets(all);
  kind_cases<ControllerRevision> cases{all, "apps/v1", "ControllerRevision", R"(
    metadata { name: "a" namespace: "b" } data { raw: "{}" } revision: 1)"};
  cases.create("data", "data",
               [](ControllerRevision& obj) { obj.clear_data(); });
  cases.update("data", "data",
               merge<ControllerRevision>(R"(data { raw: "[]" })"),
               merge<ControllerRevision>("revision: 2"));
  cases.create("revision", "revision",
               merge<ControllerRevision>("revision: -1"));
}

} // namespace troupe::rules
