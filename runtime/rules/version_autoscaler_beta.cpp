#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/autoscaling_v2beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/version_behavior.hpp"
#include "runtime/rules/version_forms.hpp"

namespace troupe::rules {

namespace {

namespace v2 = autoscaling::v2;
namespace old = autoscaling::v2beta1;
using meta::v1::LabelSelector;

void name_metric(v2::MetricIdentifier& to, const std::string& name,
                 const LabelSelector* selector) {
  to.set_name(name);
  if (selector != nullptr)
    *to.mutable_selector() = *selector;
}

/// Of a metric there is one source, whichever form says so: `resource` converts
/// those of resources, `other` the rest.
template <class From, class To, class Other, class Resource>
void convert_sources(const From& from, To& to, Other other, Resource resource) {
  to.set_type(from.type());
  if (from.has_object())
    other(from.object(), *to.mutable_object());
  if (from.has_pods())
    other(from.pods(), *to.mutable_pods());
  if (from.has_resource())
    resource(from.resource(), *to.mutable_resource());
  if (from.has_container_resource()) {
    resource(from.container_resource(), *to.mutable_container_resource());
    to.mutable_container_resource()->set_container(
        from.container_resource().container());
  }
  if (from.has_external())
    other(from.external(), *to.mutable_external());
}

// -- what is wished ----------------------------------------------------------

template <class Old, class New>
void newer_resource(const Old& from, New& to) {
  to.set_name(from.name());
  auto& target = *to.mutable_target();
  if (from.has_target_average_utilization()) {
    target.set_type("Utilization");
    target.set_average_utilization(from.target_average_utilization());
  } else {
    target.set_type("AverageValue");
  }
  if (from.has_target_average_value())
    *target.mutable_average_value() = from.target_average_value();
}

template <class New, class Old>
void older_resource(const New& from, Old& to) {
  to.set_name(from.name());
  if (from.target().has_average_utilization())
    to.set_target_average_utilization(from.target().average_utilization());
  if (from.target().has_average_value())
    *to.mutable_target_average_value() = from.target().average_value();
}

void newer(const old::PodsMetricSource& from, v2::PodsMetricSource& to) {
  name_metric(*to.mutable_metric(), from.metric_name(),
              from.has_selector() ? &from.selector() : nullptr);
  to.mutable_target()->set_type("AverageValue");
  *to.mutable_target()->mutable_average_value() = from.target_average_value();
}

void older(const v2::PodsMetricSource& from, old::PodsMetricSource& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_target_average_value() = from.target().average_value();
}

void newer(const old::ObjectMetricSource& from, v2::ObjectMetricSource& to) {
  *to.mutable_described_object() = from.target();
  name_metric(*to.mutable_metric(), from.metric_name(),
              from.has_selector() ? &from.selector() : nullptr);
  auto& target = *to.mutable_target();
  target.set_type(from.has_average_value() ? "AverageValue" : "Value");
  *target.mutable_value() = from.target_value();
  if (from.has_average_value())
    *target.mutable_average_value() = from.average_value();
}

void older(const v2::ObjectMetricSource& from, old::ObjectMetricSource& to) {
  *to.mutable_target() = from.described_object();
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_target_value() = from.target().value();
  if (from.target().has_average_value())
    *to.mutable_average_value() = from.target().average_value();
}

void newer(const old::ExternalMetricSource& from,
           v2::ExternalMetricSource& to) {
  name_metric(*to.mutable_metric(), from.metric_name(),
              from.has_metric_selector() ? &from.metric_selector() : nullptr);
  auto& target = *to.mutable_target();
  target.set_type(from.has_target_value() ? "Value" : "AverageValue");
  if (from.has_target_value())
    *target.mutable_value() = from.target_value();
  if (from.has_target_average_value())
    *target.mutable_average_value() = from.target_average_value();
}

void older(const v2::ExternalMetricSource& from,
           old::ExternalMetricSource& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_metric_selector() = from.metric().selector();
  if (from.target().has_value())
    *to.mutable_target_value() = from.target().value();
  if (from.target().has_average_value())
    *to.mutable_target_average_value() = from.target().average_value();
}

void newer(const old::MetricSpec& from, v2::MetricSpec& to) {
  convert_sources(
      from, to, [](auto& a, auto& b) { newer(a, b); },
      [](auto& a, auto& b) { newer_resource(a, b); });
}

void older(const v2::MetricSpec& from, old::MetricSpec& to) {
  convert_sources(
      from, to, [](auto& a, auto& b) { older(a, b); },
      [](auto& a, auto& b) { older_resource(a, b); });
}

// -- what is -----------------------------------------------------------------

template <class Old, class New>
void newer_current(const Old& from, New& to) {
  to.set_name(from.name());
  auto& current = *to.mutable_current();
  if (from.has_current_average_utilization())
    current.set_average_utilization(from.current_average_utilization());
  *current.mutable_average_value() = from.current_average_value();
}

template <class New, class Old>
void older_current(const New& from, Old& to) {
  to.set_name(from.name());
  if (from.current().has_average_utilization())
    to.set_current_average_utilization(from.current().average_utilization());
  *to.mutable_current_average_value() = from.current().average_value();
}

void newer(const old::PodsMetricStatus& from, v2::PodsMetricStatus& to) {
  name_metric(*to.mutable_metric(), from.metric_name(),
              from.has_selector() ? &from.selector() : nullptr);
  *to.mutable_current()->mutable_average_value() = from.current_average_value();
}

void older(const v2::PodsMetricStatus& from, old::PodsMetricStatus& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_current_average_value() = from.current().average_value();
}

void newer(const old::ObjectMetricStatus& from, v2::ObjectMetricStatus& to) {
  *to.mutable_described_object() = from.target();
  name_metric(*to.mutable_metric(), from.metric_name(),
              from.has_selector() ? &from.selector() : nullptr);
  *to.mutable_current()->mutable_value() = from.current_value();
  if (from.has_average_value())
    *to.mutable_current()->mutable_average_value() = from.average_value();
}

void older(const v2::ObjectMetricStatus& from, old::ObjectMetricStatus& to) {
  *to.mutable_target() = from.described_object();
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_current_value() = from.current().value();
  if (from.current().has_average_value())
    *to.mutable_average_value() = from.current().average_value();
}

void newer(const old::ExternalMetricStatus& from,
           v2::ExternalMetricStatus& to) {
  name_metric(*to.mutable_metric(), from.metric_name(),
              from.has_metric_selector() ? &from.metric_selector() : nullptr);
  *to.mutable_current()->mutable_value() = from.current_value();
  if (from.has_current_average_value())
    *to.mutable_current()->mutable_average_value() =
        from.current_average_value();
}

void older(const v2::ExternalMetricStatus& from,
           old::ExternalMetricStatus& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_metric_selector() = from.metric().selector();
  *to.mutable_current_value() = from.current().value();
  if (from.current().has_average_value())
    *to.mutable_current_average_value() = from.current().average_value();
}

void newer(const old::MetricStatus& from, v2::MetricStatus& to) {
  convert_sources(
      from, to, [](auto& a, auto& b) { newer(a, b); },
      [](auto& a, auto& b) { newer_current(a, b); });
}

void older(const v2::MetricStatus& from, old::MetricStatus& to) {
  convert_sources(
      from, to, [](auto& a, auto& b) { older(a, b); },
      [](auto& a, auto& b) { older_current(a, b); });
}

/// What both forms name alike.
template <class From, class To>
void copy_shared(const From& from, To& to) {
  *to.mutable_metadata() = from.metadata();
  auto& spec = *to.mutable_spec();
  *spec.mutable_scale_target_ref() = from.spec().scale_target_ref();
  if (from.spec().has_min_replicas())
    spec.set_min_replicas(from.spec().min_replicas());
  spec.set_max_replicas(from.spec().max_replicas());
  for (auto& metric : from.spec().metrics()) {
    if constexpr (std::is_same_v<From, old::HorizontalPodAutoscaler>)
      newer(metric, *spec.add_metrics());
    else
      older(metric, *spec.add_metrics());
  }
  auto& status = *to.mutable_status();
  auto& was = from.status();
  if (was.has_observed_generation())
    status.set_observed_generation(was.observed_generation());
  if (was.has_last_scale_time())
    *status.mutable_last_scale_time() = was.last_scale_time();
  status.set_current_replicas(was.current_replicas());
  status.set_desired_replicas(was.desired_replicas());
  *status.mutable_conditions() = was.conditions();
  for (auto& metric : was.current_metrics()) {
    if constexpr (std::is_same_v<From, old::HorizontalPodAutoscaler>)
      newer(metric, *status.add_current_metrics());
    else
      older(metric, *status.add_current_metrics());
  }
}

} // namespace

void convert(const old::HorizontalPodAutoscaler& from,
             v2::HorizontalPodAutoscaler& to) {
  copy_shared(from, to);
  take_behavior(to);
}

void convert(const v2::HorizontalPodAutoscaler& from,
             old::HorizontalPodAutoscaler& to) {
  copy_shared(from, to);
  add_behavior(from, *to.mutable_metadata());
}

} // namespace troupe::rules
