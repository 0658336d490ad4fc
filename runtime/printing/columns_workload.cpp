#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::printing {

namespace {

std::string share(int64_t part, int64_t whole) {
  return std::to_string(part) + "/" + std::to_string(whole);
}

/// Containers and images, the last columns of all workloads.
void add_template(const core::v1::PodTemplateSpec& pod, cells& out) {
  out.push_back(containers_of(pod.spec()));
  out.push_back(images_of(pod.spec()));
}

/// ReplicationController and ReplicaSet but for the selector.
template <class T>
void replica_row(const T& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.spec().replicas()));
  out.push_back(std::to_string(x.status().replicas()));
  out.push_back(std::to_string(x.status().ready_replicas()));
  out.push_back(age_of(x.metadata(), now));
  add_template(x.spec().template_(), out);
}

void controller_row(const core::v1::ReplicationController& x, time_point now,
                    cells& out) {
  replica_row(x, now, out);
  out.push_back(labels_text(x.spec().selector()));
}

void set_row(const apps::v1::ReplicaSet& x, time_point now, cells& out) {
  replica_row(x, now, out);
  out.push_back(selector_text(x.spec().selector()));
}

void deployment_row(const apps::v1::Deployment& x, time_point now, cells& out) {
  const auto& status = x.status();
  out.push_back(x.metadata().name());
  out.push_back(share(status.ready_replicas(), x.spec().replicas()));
  out.push_back(std::to_string(status.updated_replicas()));
  out.push_back(std::to_string(status.available_replicas()));
  out.push_back(age_of(x.metadata(), now));
  add_template(x.spec().template_(), out);
  out.push_back(selector_text(x.spec().selector()));
}

void stateful_row(const apps::v1::StatefulSet& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(share(x.status().ready_replicas(), x.spec().replicas()));
  out.push_back(age_of(x.metadata(), now));
  add_template(x.spec().template_(), out);
}

void daemon_row(const apps::v1::DaemonSet& x, time_point now, cells& out) {
  const auto& status = x.status();
  out.push_back(x.metadata().name());
  for (auto n : {status.desired_number_scheduled(),
                 status.current_number_scheduled(), status.number_ready(),
                 status.updated_number_scheduled(), status.number_available()})
    out.push_back(std::to_string(n));
  out.push_back(labels_text(x.spec().template_().spec().node_selector()));
  out.push_back(age_of(x.metadata(), now));
  add_template(x.spec().template_(), out);
  out.push_back(selector_text(x.spec().selector()));
}

std::string controller_of(const meta::v1::ObjectMeta& meta) {
  for (const auto& owner : meta.owner_references()) {
    if (!owner.controller())
      continue;
    auto kind = owner.kind();
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    auto slash = owner.api_version().find('/');
    auto group = slash == std::string::npos
                     ? std::string{}
                     : "." + owner.api_version().substr(0, slash);
    return kind + group + "/" + owner.name();
  }
  return none;
}

void revision_row(const apps::v1::ControllerRevision& x, time_point now,
                  cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(controller_of(x.metadata()));
  out.push_back(std::to_string(x.revision()));
  out.push_back(age_of(x.metadata(), now));
}

} // namespace

void add_workload_columns(columns_list& out) {
  const std::vector<column> replicas{
      name_column(), number("Desired"),  number("Current"), number("Ready"),
      text("Age"),   wide("Containers"), wide("Images"),    wide("Selector")};
  out.push_back(
      columns_for<core::v1::ReplicationController>(replicas, controller_row));
  out.push_back(columns_for<apps::v1::ReplicaSet>(replicas, set_row));
  out.push_back(columns_for<apps::v1::Deployment>(
      {name_column(), text("Ready"), text("Up-to-date"), text("Available"),
       text("Age"), wide("Containers"), wide("Images"), wide("Selector")},
      deployment_row));
  out.push_back(columns_for<apps::v1::StatefulSet>(
      {name_column(), text("Ready"), text("Age"), wide("Containers"),
       wide("Images")},
      stateful_row));
  out.push_back(columns_for<apps::v1::DaemonSet>(
      {name_column(), number("Desired"), number("Current"), number("Ready"),
       number("Up-to-date"), number("Available"), text("Node Selector"),
       text("Age"), wide("Containers"), wide("Images"), wide("Selector")},
      daemon_row));
  out.push_back(columns_for<apps::v1::ControllerRevision>(
      {name_column(), text("Controller"), text("Revision"), text("Age")},
      revision_row));
}

} // namespace troupe::printing
