#include "messages/api/core_pod.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>

namespace troupe::printing {

namespace {

using core::v1::Pod;

void describe_phase(description& d, const Pod& pod, time_point now) {
  const auto& status = pod.status();
  const auto& meta = pod.metadata();
  if (meta.has_deletion_timestamp() && status.phase() != "Failed"
      && status.phase() != "Succeeded") {
    d.line(0, "Status:\tTerminating (lasts {})",
           text::age_text(meta.deletion_timestamp(), now));
    d.line(0, "Termination Grace Period:\t{}s",
           meta.deletion_grace_period_seconds());
  } else {
    d.line(0, "Status:\t{}", status.phase());
  }
  if (!status.reason().empty())
    d.line(0, "Reason:\t{}", status.reason());
  if (!status.message().empty())
    d.line(0, "Message:\t{}", status.message());
}

void describe_addresses(description& d, const Pod& pod) {
  const auto& status = pod.status();
  d.line(0, "IP:\t{}", status.pod_ip());
  if (status.pod_ips_size() == 0) {
    d.line(0, "IPs:\t<none>");
    return;
  }
  d.line(0, "IPs:");
  for (const auto& ip : status.pod_ips())
    d.line(1, "IP:\t{}", ip.ip());
}

void describe_pod_conditions(description& d, const Pod& pod) {
  const auto& conditions = pod.status().conditions();
  if (pod.spec().readiness_gates_size() > 0) {
    d.line(0, "Readiness Gates:");
    d.line(1, "Type\tStatus");
    for (const auto& gate : pod.spec().readiness_gates()) {
      std::string status = none;
      for (const auto& x : conditions)
        if (x.type() == gate.condition_type())
          status = x.status();
      d.line(1, "{} \t{} ", gate.condition_type(), status);
    }
  }
  if (conditions.empty())
    return;
  d.line(0, "Conditions:");
  d.line(1, "Type\tStatus");
  for (const auto& x : conditions)
    d.line(1, "{} \t{} ", x.type(), x.status());
}

} // namespace

void describe_tolerations(description& d, const core::v1::PodSpec& spec,
                          const std::string& indent) {
  auto lead = indent + "Tolerations:";
  if (spec.tolerations_size() == 0) {
    d.line(0, "{}\t<none>", lead);
    return;
  }
  std::vector<core::v1::Toleration> sorted(spec.tolerations().begin(),
                                           spec.tolerations().end());
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [](const auto& a, const auto& b) { return a.key() < b.key(); });
  for (const auto& x : sorted) {
    auto text = x.key();
    if (!x.value().empty())
      text += "=" + x.value();
    if (!x.effect().empty())
      text += ":" + x.effect();
    if (x.operator_() == "Exists" && x.value().empty())
      text += text.empty() ? "op=Exists" : " op=Exists";
    if (x.has_toleration_seconds())
      text += fmt::format(" for {}s", x.toleration_seconds());
    d.line(0, "{}\t{}", lead, text);
    lead = indent;
  }
}

void describe_pod(description& d, const subject& x) {
  const auto& pod = x.what.as<Pod>();
  const auto& spec = pod.spec();
  describe_name(d, x.what);
  if (spec.has_priority())
    d.line(0, "Priority:\t{}", spec.priority());
  if (!spec.priority_class_name().empty())
    d.line(0, "Priority Class Name:\t{}", spec.priority_class_name());
  if (!spec.runtime_class_name().empty())
    d.line(0, "Runtime Class Name:\t{}", spec.runtime_class_name());
  if (!spec.service_account_name().empty())
    d.line(0, "Service Account:\t{}", spec.service_account_name());
  if (spec.node_name().empty())
    d.line(0, "Node:\t<none>");
  else
    d.line(0, "Node:\t{}/{}", spec.node_name(), pod.status().host_ip());
  if (pod.status().has_start_time())
    d.line(0, "Start Time:\t{}", date_text(pod.status().start_time()));
  describe_labels(d, "Labels", pod.metadata().labels());
  describe_annotations(d, pod.metadata().annotations());
  describe_phase(d, pod, x.now);
  if (spec.security_context().has_seccomp_profile())
    d.line(0, "SeccompProfile:\t{}",
           spec.security_context().seccomp_profile().type());
  describe_addresses(d, pod);
  describe_controller(d, pod.metadata());
  if (!pod.status().nominated_node_name().empty())
    d.line(0, "NominatedNodeName:\t{}", pod.status().nominated_node_name());
  describe_containers(d, spec, &x.what, "");
  describe_pod_conditions(d, pod);
  describe_volumes(d, spec, "");
  d.line(0, "QoS Class:\t{}", pod.status().qos_class());
  describe_labels(d, "Node-Selectors", spec.node_selector());
  describe_tolerations(d, spec);
}

void describe_template(description& d, const core::v1::PodTemplateSpec& pod) {
  const auto& spec = pod.spec();
  d.line(0, "Pod Template:");
  describe_labels(d, "Labels", pod.metadata().labels(), "  ");
  if (!pod.metadata().annotations().empty())
    describe_annotations(d, pod.metadata().annotations(), "  ");
  if (!spec.service_account_name().empty())
    d.line(0, "  Service Account:\t{}", spec.service_account_name());
  describe_containers(d, spec, nullptr, "  ");
  describe_volumes(d, spec, "  ");
  if (!spec.priority_class_name().empty())
    d.line(0, "  Priority Class Name:\t{}", spec.priority_class_name());
  describe_labels(d, "Node-Selectors", spec.node_selector(), "  ");
  describe_tolerations(d, spec, "  ");
}

} // namespace troupe::printing
