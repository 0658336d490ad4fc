#include "messages/api/core_pod.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/printing/pod_status.hpp"

namespace troupe::printing {

namespace {

std::string readiness_gates(const core::v1::Pod& pod) {
  if (pod.spec().readiness_gates_size() == 0)
    return none;
  int open = 0;
  for (const auto& gate : pod.spec().readiness_gates())
    for (const auto& condition : pod.status().conditions())
      if (condition.type() == gate.condition_type()) {
        open += condition.status() == "True" ? 1 : 0;
        break;
      }
  return std::to_string(open) + "/"
         + std::to_string(pod.spec().readiness_gates_size());
}

void pod_row(const core::v1::Pod& pod, time_point now, cells& out) {
  auto summary = summarize(pod);
  const auto& status = pod.status();
  out.push_back(pod.metadata().name());
  out.push_back(summary.ready_text());
  out.push_back(summary.status);
  out.push_back(summary.restarts_text(now));
  out.push_back(age_of(pod.metadata(), now));
  out.push_back(
      or_else(status.pod_ips_size() ? status.pod_ips(0).ip() : "", none));
  out.push_back(or_else(pod.spec().node_name(), none));
  out.push_back(or_else(status.nominated_node_name(), none));
  out.push_back(readiness_gates(pod));
}

void template_row(const core::v1::PodTemplate& x, time_point, cells& out) {
  const auto& pod = x.template_();
  out.push_back(x.metadata().name());
  out.push_back(containers_of(pod.spec()));
  out.push_back(images_of(pod.spec()));
  out.push_back(labels_text(pod.metadata().labels()));
}

} // namespace

void add_pod_columns(columns_list& out) {
  out.push_back(columns_for<core::v1::Pod>(
      {name_column(), text("Ready"), text("Status"), text("Restarts"),
       text("Age"), wide("IP"), wide("Node"), wide("Nominated Node"),
       wide("Readiness Gates")},
      pod_row));
  out.push_back(columns_for<core::v1::PodTemplate>(
      {name_column(), text("Containers"), text("Images"), text("Pod Labels")},
      template_row));
}

} // namespace troupe::printing
