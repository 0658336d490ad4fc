#include "messages/api/apps.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/defaults.hpp"

namespace troupe::rules {

using meta::v1::IntOrString;

namespace {

void set_number(IntOrString& value, int32_t number) {
  value.set_type(0);
  value.set_int_val(number);
}

void set_text(IntOrString& value, const char* text) {
  value.set_type(1);
  value.set_str_val(text);
}

void default_deployment(apps::v1::DeploymentSpec& spec) {
  auto* strategy = spec.mutable_strategy();
  if (strategy->type().empty())
    strategy->set_type("RollingUpdate");
  if (strategy->type() != "RollingUpdate")
    return;
  auto* update = strategy->mutable_rolling_update();
  if (!update->has_max_unavailable())
    set_text(*update->mutable_max_unavailable(), "25%");
  if (!update->has_max_surge())
    set_text(*update->mutable_max_surge(), "25%");
}

void default_daemon_set(apps::v1::DaemonSetSpec& spec) {
  auto* strategy = spec.mutable_update_strategy();
  if (strategy->type().empty())
    strategy->set_type("RollingUpdate");
  if (strategy->type() != "RollingUpdate")
    return;
  auto* update = strategy->mutable_rolling_update();
  if (!update->has_max_unavailable())
    set_number(*update->mutable_max_unavailable(), 1);
  if (!update->has_max_surge())
    set_number(*update->mutable_max_surge(), 0);
}

void default_stateful_set(apps::v1::StatefulSetSpec& spec) {
  auto* strategy = spec.mutable_update_strategy();
  if (strategy->type().empty()) {
    strategy->set_type("RollingUpdate");
    strategy->mutable_rolling_update();
  }
  if (strategy->type() == "RollingUpdate" && strategy->has_rolling_update()
      && !strategy->rolling_update().has_partition())
    strategy->mutable_rolling_update()->set_partition(0);
  auto* retention = spec.mutable_persistent_volume_claim_retention_policy();
  if (retention->when_deleted().empty())
    retention->set_when_deleted("Retain");
  if (retention->when_scaled().empty())
    retention->set_when_scaled("Retain");
}

void default_replication_controller(core::v1::ReplicationController& obj) {
  auto* spec = obj.mutable_spec();
  if (!spec->has_replicas())
    spec->set_replicas(1);
  auto& labels = spec->template_().metadata().labels();
  if (labels.empty())
    return;
  if (spec->selector().empty())
    *spec->mutable_selector() = labels;
  if (obj.metadata().labels().empty())
    *obj.mutable_metadata()->mutable_labels() = labels;
}

void default_job(batch::v1::Job& job) {
  auto* spec = job.mutable_spec();
  if (!spec->has_completions() && !spec->has_parallelism())
    spec->set_completions(1);
  if (!spec->has_parallelism())
    spec->set_parallelism(1);
  if (!spec->has_backoff_limit())
    spec->set_backoff_limit(spec->has_backoff_limit_per_index() ? 2147483647
                                                                : 6);
  if (!spec->has_completion_mode())
    spec->set_completion_mode("NonIndexed");
  if (!spec->has_suspend())
    spec->set_suspend(false);
  if (!spec->has_pod_replacement_policy())
    spec->set_pod_replacement_policy(
        spec->has_pod_failure_policy() ? "Failed" : "TerminatingOrFailed");
  if (spec->has_pod_failure_policy())
    for (auto& rule : *spec->mutable_pod_failure_policy()->mutable_rules())
      for (auto& pattern : *rule.mutable_on_pod_conditions())
        if (pattern.status().empty())
          pattern.set_status("True");
  auto& labels = spec->template_().metadata().labels();
  if (job.metadata().labels().empty() && !labels.empty())
    *job.mutable_metadata()->mutable_labels() = labels;
}

void default_autoscaler_v1(autoscaling::v1::HorizontalPodAutoscaler& obj) {
  auto& notes = obj.metadata().annotations();
  if (!obj.spec().has_target_cpu_utilization_percentage()
      && !notes.contains("autoscaling.alpha.kubernetes.io/metrics"))
    obj.mutable_spec()->set_target_cpu_utilization_percentage(80);
}

void default_scaling(autoscaling::v2::HPAScalingRules& rules, bool up) {
  if (!rules.has_select_policy())
    rules.set_select_policy("Max");
  if (up && !rules.has_stabilization_window_seconds())
    rules.set_stabilization_window_seconds(0);
  if (!rules.policies().empty())
    return;
  auto add = [&](const char* type, int32_t value) {
    auto* policy = rules.add_policies();
    policy->set_type(type);
    policy->set_value(value);
    policy->set_period_seconds(15);
  };
  if (up)
    add("Pods", 4);
  add("Percent", 100);
}

void default_autoscaler(autoscaling::v2::HorizontalPodAutoscalerSpec& spec) {
  if (spec.metrics().empty()) {
    auto* metric = spec.add_metrics();
    metric->set_type("Resource");
    metric->mutable_resource()->set_name("cpu");
    auto* target = metric->mutable_resource()->mutable_target();
    target->set_type("Utilization");
    target->set_average_utilization(80);
  }
  if (!spec.has_behavior())
    return;
  default_scaling(*spec.mutable_behavior()->mutable_scale_up(), true);
  default_scaling(*spec.mutable_behavior()->mutable_scale_down(), false);
}

} // namespace

void add_workload_defaults(default_table& table) {
  table.add<apps::v1::DeploymentSpec, default_deployment>();
  table.add<apps::v1::DaemonSetSpec, default_daemon_set>();
  table.add<apps::v1::StatefulSetSpec, default_stateful_set>();
  table.add<core::v1::ReplicationController, default_replication_controller>();
  table.add<batch::v1::Job, default_job>();
  table.add<autoscaling::v1::HorizontalPodAutoscaler, default_autoscaler_v1>();
  table.add<autoscaling::v2::HorizontalPodAutoscalerSpec, default_autoscaler>();
}

} // namespace troupe::rules
