#include "messages/api/core_pod.pb.h"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/pod_resources.hpp"

namespace troupe::rules {

using core::v1::Container;
using core::v1::Pod;

namespace {

void copy_limits(Container& container) {
  auto& limits = container.resources().limits();
  if (limits.empty())
    return;
  auto& requests = *container.mutable_resources()->mutable_requests();
  for (auto& [name, amount] : limits)
    requests.insert({name, amount});
}

void copy_host_ports(Container& container) {
  for (auto& port : *container.mutable_ports())
    if (port.host_port() == 0)
      port.set_host_port(port.container_port());
}

// Templates do not get these: a workload that sets a limit without a request
// keeps that wish, and each of its pods spells it out.
void default_pod(Pod& pod) {
  auto* spec = pod.mutable_spec();
  if (!spec->has_enable_service_links())
    spec->set_enable_service_links(true);
  for (auto* list :
       {spec->mutable_containers(), spec->mutable_init_containers()}) {
    for (auto& container : *list) {
      copy_limits(container);
      if (spec->host_network())
        copy_host_ports(container);
    }
  }
  default_pod_level_requests(*spec);
}

void prepare_create(Pod& pod) {
  auto* status = pod.mutable_status();
  status->set_phase("Pending");
  status->set_qos_class(std::string{qos_class(pod.spec())});
  if (pod.spec().scheduling_gates().empty())
    return;
  auto* condition = status->add_conditions();
  condition->set_type("PodScheduled");
  condition->set_status("False");
  condition->set_reason("SchedulingGated");
  condition->set_message(
      "Scheduling is blocked due to non-empty scheduling gates");
}

// A runtime may tell one address only.
void prepare_status(Pod& pod) {
  auto* status = pod.mutable_status();
  if (!status->pod_ip().empty() && status->pod_ips().empty())
    status->add_pod_ips()->set_ip(status->pod_ip());
  if (!status->host_ip().empty() && status->host_ips().empty())
    status->add_host_ips()->set_ip(status->host_ip());
}

} // namespace

void add_pod_preparation(registry& all) {
  auto& rules = all.of<Pod>();
  rules.defaults = apply<Pod, default_pod>;
  rules.prepare_create = apply<Pod, prepare_create>;
  rules.prepare_status = apply<Pod, prepare_status>;
}

} // namespace troupe::rules
