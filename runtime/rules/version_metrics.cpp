#include "runtime/rules/version_metrics.hpp"

#include "messages/api/meta.pb.h"

namespace troupe::rules {

namespace {

namespace v1 = autoscaling::v1;
namespace v2 = autoscaling::v2;
using meta::v1::LabelSelector;
using meta::v1::Quantity;

void average(const Quantity& value, v2::MetricTarget& to) {
  to.set_type("AverageValue");
  *to.mutable_average_value() = value;
}

void identify(const std::string& name, bool selects, const LabelSelector& which,
              v2::MetricIdentifier& to) {
  to.set_name(name);
  if (selects)
    *to.mutable_selector() = which;
}

// -- what is wished ----------------------------------------------------------

template <class From, class To>
void newer_resource(const From& from, To& to) {
  to.set_name(from.name());
  auto& target = *to.mutable_target();
  if (from.has_target_average_value())
    average(from.target_average_value(), target);
  if (from.has_target_average_utilization()) {
    target.set_type("Utilization");
    target.set_average_utilization(from.target_average_utilization());
  }
}

template <class From, class To>
void older_resource(const From& from, To& to) {
  to.set_name(from.name());
  if (from.target().has_average_utilization())
    to.set_target_average_utilization(from.target().average_utilization());
  if (from.target().has_average_value())
    *to.mutable_target_average_value() = from.target().average_value();
}

void convert(const v1::PodsMetricSource& from, v2::PodsMetricSource& to) {
  identify(from.metric_name(), from.has_selector(), from.selector(),
           *to.mutable_metric());
  average(from.target_average_value(), *to.mutable_target());
}

void convert(const v2::PodsMetricSource& from, v1::PodsMetricSource& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_target_average_value() = from.target().average_value();
}

void convert(const v1::ObjectMetricSource& from, v2::ObjectMetricSource& to) {
  copy_reference(from.target(), *to.mutable_described_object());
  identify(from.metric_name(), from.has_selector(), from.selector(),
           *to.mutable_metric());
  to.mutable_target()->set_type("Value");
  if (from.has_target_value())
    *to.mutable_target()->mutable_value() = from.target_value();
  if (from.has_average_value())
    average(from.average_value(), *to.mutable_target());
}

void convert(const v2::ObjectMetricSource& from, v1::ObjectMetricSource& to) {
  copy_reference(from.described_object(), *to.mutable_target());
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  if (from.target().has_value())
    *to.mutable_target_value() = from.target().value();
  if (from.target().has_average_value())
    *to.mutable_average_value() = from.target().average_value();
}

void convert(const v1::ExternalMetricSource& from,
             v2::ExternalMetricSource& to) {
  identify(from.metric_name(), from.has_metric_selector(),
           from.metric_selector(), *to.mutable_metric());
  auto& target = *to.mutable_target();
  if (from.has_target_average_value())
    average(from.target_average_value(), target);
  if (from.has_target_value()) {
    target.set_type("Value");
    *target.mutable_value() = from.target_value();
  }
}

void convert(const v2::ExternalMetricSource& from,
             v1::ExternalMetricSource& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_metric_selector() = from.metric().selector();
  if (from.target().has_value())
    *to.mutable_target_value() = from.target().value();
  if (from.target().has_average_value())
    *to.mutable_target_average_value() = from.target().average_value();
}

// -- what is -----------------------------------------------------------------

template <class From, class To>
void newer_current(const From& from, To& to) {
  to.set_name(from.name());
  auto& current = *to.mutable_current();
  if (from.has_current_average_utilization())
    current.set_average_utilization(from.current_average_utilization());
  *current.mutable_average_value() = from.current_average_value();
}

template <class From, class To>
void older_current(const From& from, To& to) {
  to.set_name(from.name());
  if (from.current().has_average_utilization())
    to.set_current_average_utilization(from.current().average_utilization());
  *to.mutable_current_average_value() = from.current().average_value();
}

void convert(const v1::PodsMetricStatus& from, v2::PodsMetricStatus& to) {
  identify(from.metric_name(), from.has_selector(), from.selector(),
           *to.mutable_metric());
  *to.mutable_current()->mutable_average_value() = from.current_average_value();
}

void convert(const v2::PodsMetricStatus& from, v1::PodsMetricStatus& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_current_average_value() = from.current().average_value();
}

void convert(const v1::ObjectMetricStatus& from, v2::ObjectMetricStatus& to) {
  copy_reference(from.target(), *to.mutable_described_object());
  identify(from.metric_name(), from.has_selector(), from.selector(),
           *to.mutable_metric());
  *to.mutable_current()->mutable_value() = from.current_value();
  if (from.has_average_value())
    *to.mutable_current()->mutable_average_value() = from.average_value();
}

void convert(const v2::ObjectMetricStatus& from, v1::ObjectMetricStatus& to) {
  copy_reference(from.described_object(), *to.mutable_target());
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_selector() = from.metric().selector();
  *to.mutable_current_value() = from.current().value();
  if (from.current().has_average_value())
    *to.mutable_average_value() = from.current().average_value();
}

void convert(const v1::ExternalMetricStatus& from,
             v2::ExternalMetricStatus& to) {
  identify(from.metric_name(), from.has_metric_selector(),
           from.metric_selector(), *to.mutable_metric());
  *to.mutable_current()->mutable_value() = from.current_value();
  if (from.has_current_average_value())
    *to.mutable_current()->mutable_average_value() =
        from.current_average_value();
}

void convert(const v2::ExternalMetricStatus& from,
             v1::ExternalMetricStatus& to) {
  to.set_metric_name(from.metric().name());
  if (from.metric().has_selector())
    *to.mutable_metric_selector() = from.metric().selector();
  *to.mutable_current_value() = from.current().value();
  if (from.current().has_average_value())
    *to.mutable_current_average_value() = from.current().average_value();
}

/// What both directions of specs and statuses do alike.
template <class From, class To>
void convert_sources(const From& from, To& to) {
  to.set_type(from.type());
  if (from.has_pods())
    convert(from.pods(), *to.mutable_pods());
  if (from.has_object())
    convert(from.object(), *to.mutable_object());
  if (from.has_external())
    convert(from.external(), *to.mutable_external());
  if (from.has_container_resource())
    to.mutable_container_resource()->set_container(
        from.container_resource().container());
}

} // namespace

void newer(const v1::MetricSpec& from, v2::MetricSpec& to) {
  convert_sources(from, to);
  if (from.has_resource())
    newer_resource(from.resource(), *to.mutable_resource());
  if (from.has_container_resource())
    newer_resource(from.container_resource(), *to.mutable_container_resource());
}

void older(const v2::MetricSpec& from, v1::MetricSpec& to) {
  convert_sources(from, to);
  if (from.has_resource())
    older_resource(from.resource(), *to.mutable_resource());
  if (from.has_container_resource())
    older_resource(from.container_resource(), *to.mutable_container_resource());
}

void newer(const v1::MetricStatus& from, v2::MetricStatus& to) {
  convert_sources(from, to);
  if (from.has_resource())
    newer_current(from.resource(), *to.mutable_resource());
  if (from.has_container_resource())
    newer_current(from.container_resource(), *to.mutable_container_resource());
}

void older(const v2::MetricStatus& from, v1::MetricStatus& to) {
  convert_sources(from, to);
  if (from.has_resource())
    older_current(from.resource(), *to.mutable_resource());
  if (from.has_container_resource())
    older_current(from.container_resource(), *to.mutable_container_resource());
}

} // namespace troupe::rules
