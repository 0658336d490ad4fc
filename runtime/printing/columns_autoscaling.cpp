#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"

namespace troupe::printing {

namespace {

namespace hpa1 = autoscaling::v1;
namespace hpa2 = autoscaling::v2;

constexpr size_t most_metrics = 2;

std::string amount(bool known, const meta::v1::Quantity& value) {
  return known ? value.string() : unknown;
}

/// Object and External metrics: a value, or an average marked as one.
std::string plain_metric(const hpa2::MetricTarget& target,
                         const hpa2::MetricValueStatus& current) {
  if (target.has_average_value())
    return amount(current.has_average_value(), current.average_value()) + "/"
           + target.average_value().string() + " (avg)";
  return amount(current.has_value(), current.value()) + "/"
         + target.value().string();
}

std::string resource_metric(const std::string& name,
                            const hpa2::MetricTarget& target,
                            const hpa2::MetricValueStatus& current) {
  if (target.has_average_value())
    return name + ": "
           + amount(current.has_average_value(), current.average_value()) + "/"
           + target.average_value().string();
  auto percent = [](bool known, int32_t n, const char* otherwise) {
    return known ? std::to_string(n) + "%" : std::string{otherwise};
  };
  return name + ": "
         + percent(current.has_average_utilization(),
                   current.average_utilization(), unknown)
         + "/"
         + percent(target.has_average_utilization(),
                   target.average_utilization(), "<auto>");
}

std::string metric_text(const hpa2::MetricSpec& spec,
                        const hpa2::MetricStatus& now) {
  if (spec.type() == "External")
    return plain_metric(spec.external().target(), now.external().current());
  if (spec.type() == "Object")
    return plain_metric(spec.object().target(), now.object().current());
  if (spec.type() == "Pods") {
    const auto& current = now.pods().current();
    return amount(current.has_average_value(), current.average_value()) + "/"
           + spec.pods().target().average_value().string();
  }
  if (spec.type() == "Resource")
    return resource_metric(spec.resource().name(), spec.resource().target(),
                           now.resource().current());
  if (spec.type() == "ContainerResource")
    return resource_metric(spec.container_resource().name(),
                           spec.container_resource().target(),
                           now.container_resource().current());
  return "<unknown type>";
}

std::string targets_of(const hpa2::HorizontalPodAutoscaler& x) {
  static const hpa2::MetricStatus nothing;
  const auto& metrics = x.spec().metrics();
  const auto& current = x.status().current_metrics();
  if (metrics.empty())
    return none;
  std::string result;
  for (int i = 0; i < metrics.size(); ++i) {
    if (static_cast<size_t>(i) == most_metrics)
      return result + " + "
             + std::to_string(static_cast<size_t>(metrics.size())
                              - most_metrics)
             + " more...";
    result += i ? ", " : "";
    result +=
        metric_text(metrics[i], i < current.size() ? current[i] : nothing);
  }
  return result;
}

std::string targets_of(const hpa1::HorizontalPodAutoscaler& x) {
  if (!x.spec().has_target_cpu_utilization_percentage())
    return none;
  auto current =
      x.status().has_current_cpu_utilization_percentage()
          ? std::to_string(x.status().current_cpu_utilization_percentage())
                + "%"
          : std::string{unknown};
  return "cpu: " + current + "/"
         + std::to_string(x.spec().target_cpu_utilization_percentage()) + "%";
}

template <class T>
void hpa_row(const T& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(spec.scale_target_ref().kind() + "/"
                + spec.scale_target_ref().name());
  out.push_back(targets_of(x));
  out.push_back(spec.has_min_replicas() ? std::to_string(spec.min_replicas())
                                        : unset);
  out.push_back(std::to_string(spec.max_replicas()));
  out.push_back(std::to_string(x.status().current_replicas()));
  out.push_back(age_of(x.metadata(), now));
}

void scale_row(const hpa1::Scale& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.spec().replicas()));
  out.push_back(std::to_string(x.status().replicas()));
  out.push_back(age_of(x.metadata(), now));
}

} // namespace

void add_autoscaling_columns(columns_list& out) {
  const std::vector<column> hpa{
      name_column(),   text("Reference"), text("Targets"), text("MinPods"),
      text("MaxPods"), text("Replicas"),  text("Age")};
  out.push_back(columns_for<hpa1::HorizontalPodAutoscaler>(hpa, hpa_row));
  out.push_back(columns_for<hpa2::HorizontalPodAutoscaler>(hpa, hpa_row));
  out.push_back(columns_for<hpa1::Scale>(
      {text("Name"), number("Desired"), number("Available"), text("Age")},
      scale_row));
}

} // namespace troupe::printing
