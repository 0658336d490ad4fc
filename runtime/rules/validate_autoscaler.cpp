#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/text/quantity.hpp"

#include <algorithm>

namespace troupe::rules {

using namespace autoscaling::v2;

namespace {

constexpr int32_t longest_window = 3600;
constexpr int32_t longest_period = 1800;

/// A part of a request path that must be there.
void require_segment(const std::string& text, const field_path& at,
                     std::string_view detail, findings& out) {
  if (text.empty())
    out.required(at, detail);
  else
    out.invalid(at, text, check_path_segment(text));
}

void check_reference(const CrossVersionObjectReference& ref,
                     const field_path& at, findings& out) {
  require_segment(ref.kind(), at.child("kind"), {}, out);
  require_segment(ref.name(), at.child("name"), {}, out);
}

void require_positive(const meta::v1::Quantity& amount, const field_path& at,
                      findings& out) {
  if (text::quantity::of(amount).sign() <= 0)
    out.invalid(at, amount.string(), "must be positive");
}

void check_target(const MetricTarget& target, const field_path& at,
                  findings& out) {
  auto& type = target.type();
  if (type.empty())
    out.required(at.child("type"), "must specify a metric target type");
  if (type != "Utilization" && type != "Value" && type != "AverageValue")
    out.invalid(at.child("type"), type,
                "must be either Utilization, Value, or AverageValue");
  if (target.has_value())
    require_positive(target.value(), at.child("value"), out);
  if (target.has_average_value())
    require_positive(target.average_value(), at.child("averageValue"), out);
  if (target.has_average_utilization() && target.average_utilization() < 1)
    out.invalid(at.child("averageUtilization"), target.average_utilization(),
                "must be greater than 0");
}

void check_metric(const MetricIdentifier& metric, const field_path& at,
                  findings& out) {
  require_segment(metric.name(), at.child("name"), "must specify a metric name",
                  out);
}

void check_source(const ObjectMetricSource& source, const field_path& at,
                  findings& out) {
  auto object = at.child("describedObject");
  check_reference(source.described_object(), object, out);
  auto metric = at.child("metric");
  check_metric(source.metric(), metric, out);
  auto target = at.child("target");
  check_target(source.target(), target, out);
  if (!source.target().has_value() && !source.target().has_average_value())
    out.required(target.child("averageValue"),
                 "must set either a target value or averageValue");
}

void check_source(const ExternalMetricSource& source, const field_path& at,
                  findings& out) {
  auto metric = at.child("metric");
  check_metric(source.metric(), metric, out);
  auto target = at.child("target");
  check_target(source.target(), target, out);
  auto one = source.target().has_value();
  auto other = source.target().has_average_value();
  if (!one && !other)
    out.required(target.child("averageValue"),
                 "must set either a target value for metric or a per-pod "
                 "target");
  if (one && other)
    out.forbidden(target.child("value"),
                  "may not set both a target value for metric and a per-pod "
                  "target");
}

void check_source(const PodsMetricSource& source, const field_path& at,
                  findings& out) {
  auto metric = at.child("metric");
  check_metric(source.metric(), metric, out);
  auto target = at.child("target");
  check_target(source.target(), target, out);
  if (!source.target().has_average_value())
    out.required(target.child("averageValue"),
                 "must specify a positive target averageValue");
}

void check_resource_target(const MetricTarget& target, const field_path& at,
                           findings& out) {
  check_target(target, at, out);
  auto share = target.has_average_utilization();
  auto amount = target.has_average_value();
  if (!share && !amount)
    out.required(at.child("averageUtilization"),
                 "must set either a target raw value or a target utilization");
  if (share && amount)
    out.forbidden(at.child("averageValue"),
                  "may not set both a target raw value and a target "
                  "utilization");
}

void check_source(const ResourceMetricSource& source, const field_path& at,
                  findings& out) {
  if (source.name().empty())
    out.required(at.child("name"), "must specify a resource name");
  auto target = at.child("target");
  check_resource_target(source.target(), target, out);
}

void check_source(const ContainerResourceMetricSource& source,
                  const field_path& at, findings& out) {
  if (source.name().empty())
    out.required(at.child("name"), "must specify a resource name");
  else
    out.invalid(at.child("name"), source.name(),
                check_qualified_name(source.name()));
  if (source.container().empty())
    out.required(at.child("container"), "must specify a container");
  else
    out.invalid(at.child("container"), source.container(),
                check_dns1123_label(source.container()));
  auto target = at.child("target");
  check_resource_target(source.target(), target, out);
}

/// One of the sources that a metric may have.
struct source_kind {
  std::string_view type;
  std::string_view field;
  bool (*given)(const MetricSpec&);
  void (*check)(const MetricSpec&, const field_path&, findings&);
};

template <class T, bool (MetricSpec::*Has)() const,
          const T& (MetricSpec::*Get)() const>
constexpr source_kind source_row(std::string_view type,
                                 std::string_view field) {
  return {type, field, [](const MetricSpec& metric) { return (metric.*Has)(); },
          [](const MetricSpec& metric, const field_path& at, findings& out) {
            check_source((metric.*Get)(), at, out);
          }};
}

constexpr source_kind sources[] = {
    source_row<ObjectMetricSource, &MetricSpec::has_object,
               &MetricSpec::object>("Object", "object"),
    source_row<ExternalMetricSource, &MetricSpec::has_external,
               &MetricSpec::external>("External", "external"),
    source_row<PodsMetricSource, &MetricSpec::has_pods, &MetricSpec::pods>(
        "Pods", "pods"),
    source_row<ResourceMetricSource, &MetricSpec::has_resource,
               &MetricSpec::resource>("Resource", "resource"),
    source_row<ContainerResourceMetricSource,
               &MetricSpec::has_container_resource,
               &MetricSpec::container_resource>("ContainerResource",
                                                "containerResource"),
};

void check_metric_spec(const MetricSpec& metric, const field_path& at,
                       findings& out) {
  if (metric.type().empty())
    out.required(at.child("type"), "must specify a metric source type");
  auto known =
      std::find_if(std::begin(sources), std::end(sources),
                   [&](auto& each) { return each.type == metric.type(); });
  if (known == std::end(sources))
    out.not_supported(
        at.child("type"), metric.type(),
        {"ContainerResource", "External", "Object", "Pods", "Resource"});
  else if (!known->given(metric))
    out.required(at.child(known->field),
                 "must populate information for the given metric source");
  size_t given = 0;
  for (auto& each : sources) {
    if (!each.given(metric))
      continue;
    auto place = at.child(each.field);
    if (++given == 1)
      each.check(metric, place, out);
  }
  for (auto& each : sources)
    if (given > 1 && each.given(metric) && each.type != metric.type())
      out.forbidden(at.child(each.field),
                    "must populate the given metric source only");
}

void check_policy(const HPAScalingPolicy& policy, const field_path& at,
                  findings& out) {
  if (policy.type() != "Pods" && policy.type() != "Percent")
    out.not_supported(at.child("type"), policy.type(), {"Percent", "Pods"});
  if (policy.value() <= 0)
    out.invalid(at.child("value"), policy.value(), "must be greater than zero");
  auto period = at.child("periodSeconds");
  if (policy.period_seconds() <= 0)
    out.invalid(period, policy.period_seconds(), "must be greater than zero");
  if (policy.period_seconds() > longest_period)
    out.invalid(period, policy.period_seconds(),
                "must be less than or equal to "
                    + std::to_string(longest_period));
}

void check_scaling(const HPAScalingRules& rules, const field_path& at,
                   findings& out) {
  auto window = at.child("stabilizationWindowSeconds");
  auto seconds = rules.stabilization_window_seconds();
  if (seconds < 0)
    out.invalid(window, seconds, "must be greater than or equal to zero");
  if (seconds > longest_window)
    out.invalid(window, seconds,
                "must be less than or equal to "
                    + std::to_string(longest_window));
  auto& choice = rules.select_policy();
  if (rules.has_select_policy() && choice != "Max" && choice != "Min"
      && choice != "Disabled")
    out.not_supported(at.child("selectPolicy"), choice,
                      {"Disabled", "Max", "Min"});
  auto policies = at.child("policies");
  if (rules.policies().empty())
    out.required(policies, "must specify at least one Policy");
  for (int i = 0; i < rules.policies_size(); ++i) {
    auto one = policies[static_cast<size_t>(i)];
    check_policy(rules.policies(i), one, out);
  }
}

bool wakes_from_outside(const HorizontalPodAutoscalerSpec& spec) {
  return std::any_of(
      spec.metrics().begin(), spec.metrics().end(), [](auto& each) {
        return each.type() == "Object" || each.type() == "External";
      });
}

void check_spec(const HorizontalPodAutoscaler& obj, int32_t least,
                findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if (spec.has_min_replicas() && spec.min_replicas() < least)
    out.invalid(at.child("minReplicas"), spec.min_replicas(),
                "must be greater than or equal to " + std::to_string(least));
  auto most = at.child("maxReplicas");
  if (spec.max_replicas() < 1)
    out.invalid(most, spec.max_replicas(), "must be greater than 0");
  if (spec.has_min_replicas() && spec.max_replicas() < spec.min_replicas())
    out.invalid(most, spec.max_replicas(),
                "must be greater than or equal to `minReplicas`");
  auto target = at.child("scaleTargetRef");
  check_reference(spec.scale_target_ref(), target, out);
  auto metrics = at.child("metrics");
  for (int i = 0; i < spec.metrics_size(); ++i) {
    auto one = metrics[static_cast<size_t>(i)];
    check_metric_spec(spec.metrics(i), one, out);
  }
  if (spec.has_min_replicas() && spec.min_replicas() == 0
      && !wakes_from_outside(spec))
    out.forbidden(metrics, "must specify at least one Object or External "
                           "metric to support scaling to zero replicas");
  auto behavior = at.child("behavior");
  auto up = behavior.child("scaleUp");
  if (spec.behavior().has_scale_up())
    check_scaling(spec.behavior().scale_up(), up, out);
  auto down = behavior.child("scaleDown");
  if (spec.behavior().has_scale_down())
    check_scaling(spec.behavior().scale_down(), down, out);
}

void validate_new(const HorizontalPodAutoscaler& obj, findings& out) {
  check_spec(obj, 1, out);
}

// Kubernetes: one that came to zero while a gate was open may stay there.
void validate_next(const HorizontalPodAutoscaler& obj,
                   const HorizontalPodAutoscaler& old, findings& out) {
  auto slept = old.spec().has_min_replicas() && old.spec().min_replicas() == 0;
  check_spec(obj, slept ? 0 : 1, out);
}

void validate_told(const HorizontalPodAutoscaler& obj,
                   const HorizontalPodAutoscaler&, findings& out) {
  field_path at{"status"};
  require_count(obj.status().current_replicas(), at.child("currentReplicas"),
                out);
  require_count(obj.status().desired_replicas(), at.child("desiredReplicas"),
                out);
}

} // namespace

void add_autoscaler_validation(registry& all) {
  auto& rules = all.of<HorizontalPodAutoscaler>();
  rules.validate_create = check<HorizontalPodAutoscaler, validate_new>;
  rules.validate_update = check_from<HorizontalPodAutoscaler, validate_next>;
  rules.validate_status = check_from<HorizontalPodAutoscaler, validate_told>;
}

} // namespace troupe::rules
