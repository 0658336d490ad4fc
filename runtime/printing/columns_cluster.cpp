#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/scheduling.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/printing/node_status.hpp"

#include <set>

namespace troupe::printing {

std::string node_status(const core::v1::Node& node) {
  std::string result = "Unknown";
  for (const auto& condition : node.status().conditions())
    if (condition.type() == "Ready")
      result = condition.status() == "True" ? "Ready" : "NotReady";
  if (node.spec().unschedulable())
    result += ",SchedulingDisabled";
  return result;
}

std::string node_roles(const core::v1::Node& node) {
  static const std::string prefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  for (const auto& [key, value] : node.metadata().labels()) {
    if (key.rfind(prefix, 0) == 0 && key.size() > prefix.size())
      roles.insert(key.substr(prefix.size()));
    else if (key == "kubernetes.io/role" && !value.empty())
      roles.insert(value);
  }
  return or_else(join(roles, ","), none);
}

namespace {

std::string address_of(const core::v1::Node& node, const char* type) {
  for (const auto& address : node.status().addresses())
    if (address.type() == type)
      return address.address();
  return none;
}

void node_row(const core::v1::Node& node, time_point now, cells& out) {
  const auto& system = node.status().node_info();
  out.push_back(node.metadata().name());
  out.push_back(node_status(node));
  out.push_back(node_roles(node));
  out.push_back(age_of(node.metadata(), now));
  out.push_back(system.kubelet_version());
  out.push_back(address_of(node, "InternalIP"));
  out.push_back(address_of(node, "ExternalIP"));
  out.push_back(or_else(system.os_image(), unknown));
  out.push_back(or_else(system.kernel_version(), unknown));
  out.push_back(or_else(system.container_runtime_version(), unknown));
}

void namespace_row(const core::v1::Namespace& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.status().phase());
  out.push_back(age_of(x.metadata(), now));
}

void component_row(const core::v1::ComponentStatus& x, time_point, cells& out) {
  std::string status = "Unknown";
  std::string message;
  std::string error;
  for (const auto& condition : x.conditions()) {
    if (condition.type() != "Healthy")
      continue;
    status = condition.status() == "True" ? "Healthy" : "Unhealthy";
    message = condition.message();
    error = condition.error();
  }
  out.push_back(x.metadata().name());
  out.push_back(status);
  out.push_back(message);
  out.push_back(error);
}

void priority_row(const scheduling::v1::PriorityClass& x, time_point now,
                  cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.value()));
  out.push_back(truth_text(x.global_default()));
  out.push_back(age_of(x.metadata(), now));
  out.push_back(x.preemption_policy());
}

void runtime_row(const node::v1::RuntimeClass& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.handler());
  out.push_back(age_of(x.metadata(), now));
}

void lease_row(const coordination::v1::Lease& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.spec().holder_identity());
  out.push_back(age_of(x.metadata(), now));
}

} // namespace

void add_cluster_columns(columns_list& out) {
  out.push_back(columns_for<core::v1::Node>(
      {name_column(), text("Status"), text("Roles"), text("Age"),
       text("Version"), wide("Internal-IP"), wide("External-IP"),
       wide("OS-Image"), wide("Kernel-Version"), wide("Container-Runtime")},
      node_row));
  out.push_back(columns_for<core::v1::Namespace>(
      {name_column(), text("Status"), text("Age")}, namespace_row));
  out.push_back(columns_for<core::v1::ComponentStatus>(
      {name_column(), text("Status"), text("Message"), text("Error")},
      component_row));
  out.push_back(columns_for<scheduling::v1::PriorityClass>(
      {name_column(), number("Value"), truth("Global-Default"), text("Age"),
       text("PreemptionPolicy")},
      priority_row));
  out.push_back(columns_for<node::v1::RuntimeClass>(
      {name_column(), text("Handler"), text("Age")}, runtime_row));
  out.push_back(columns_for<coordination::v1::Lease>(
      {name_column(), text("Holder"), text("Age")}, lease_row));
}

} // namespace troupe::printing
