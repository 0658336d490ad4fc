#include "runtime/printing/describe.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/scheduling.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/selector.hpp"

#include <unordered_map>

namespace troupe::printing {

namespace {

using describer = void (*)(description&, const subject&);

describer describer_of(const kind_info& kind) {
  static const std::unordered_map<const kind_info*, describer> table{
      {&kind_of<core::v1::Pod>(), describe_pod},
      {&kind_of<core::v1::Node>(), describe_node},
      {&kind_of<apps::v1::Deployment>(), describe_deployment},
      {&kind_of<apps::v1::ReplicaSet>(), describe_replica_set},
      {&kind_of<core::v1::ReplicationController>(),
       describe_replication_controller},
      {&kind_of<policy::v1::PodDisruptionBudget>(), describe_disruption_budget},
      {&kind_of<core::v1::Service>(), describe_service},
      {&kind_of<core::v1::Endpoints>(), describe_endpoints},
      {&kind_of<discovery::v1::EndpointSlice>(), describe_endpoint_slice},
      {&kind_of<core::v1::Namespace>(), describe_namespace},
      {&kind_of<core::v1::ConfigMap>(), describe_config_map},
      {&kind_of<core::v1::Secret>(), describe_secret},
      {&kind_of<core::v1::ServiceAccount>(), describe_service_account},
      {&kind_of<scheduling::v1::PriorityClass>(), describe_priority_class},
      {&kind_of<rbac::v1::Role>(), describe_role},
      {&kind_of<rbac::v1::ClusterRole>(), describe_role},
      {&kind_of<rbac::v1::RoleBinding>(), describe_role_binding},
      {&kind_of<rbac::v1::ClusterRoleBinding>(), describe_role_binding},
  };
  auto i = table.find(&kind);
  return i == table.end() ? describe_anything : i->second;
}

/// Kubernetes shows no events of these; there are none.
bool shows_events(const kind_info& kind) {
  return kind.group != kind_of<rbac::v1::Role>().group
         && &kind != &kind_of<core::v1::Namespace>()
         && &kind != &kind_of<core::v1::Secret>();
}

template <class T>
relation all_in(const std::string& ns, std::string labels = {},
                std::string fields = {}) {
  return {&kind_of<T>(), ns, {}, std::move(labels), std::move(fields)};
}

std::string selector_of(const meta::v1::LabelSelector& selector) {
  auto parsed = text::label_selector::from(selector);
  return parsed ? parsed->str() : std::string{};
}

} // namespace

std::vector<object> subject::all(const kind_info& kind) const {
  std::vector<object> result;
  for (const auto& x : related)
    if (&x.kind() == &kind)
      result.push_back(x);
  return result;
}

std::vector<object> subject::events() const {
  std::vector<object> result;
  for (const auto& event : all<core::v1::Event>()) {
    const auto& about = event.as<core::v1::Event>().involved_object();
    // Kubelets tell of a node by its name, also where its uid is asked for.
    auto same = about.uid().empty() || about.uid() == what.uid()
                || about.uid() == what.name();
    if (about.kind() == what.kind().kind && about.name() == what.name()
        && about.namespace_() == what.ns() && same)
      result.push_back(event);
  }
  return result;
}

std::vector<relation> relations_of(const object& what) {
  std::vector<relation> result;
  const auto& kind = what.kind();
  const auto& ns = what.ns();
  if (shows_events(kind))
    result.push_back(all_in<core::v1::Event>(
        ns, {},
        "involvedObject.name=" + what.name()
            + ",involvedObject.kind=" + std::string{kind.kind}));
  if (&kind == &kind_of<core::v1::Node>()) {
    result.push_back(
        all_in<core::v1::Pod>({}, {}, "spec.nodeName=" + what.name()));
    result.push_back({&kind_of<coordination::v1::Lease>(),
                      "kube-node-lease",
                      what.name(),
                      {},
                      {}});
  } else if (&kind == &kind_of<apps::v1::Deployment>()) {
    result.push_back(all_in<apps::v1::ReplicaSet>(
        ns, selector_of(what.as<apps::v1::Deployment>().spec().selector())));
  } else if (&kind == &kind_of<apps::v1::ReplicaSet>()) {
    result.push_back(all_in<core::v1::Pod>(
        ns, selector_of(what.as<apps::v1::ReplicaSet>().spec().selector())));
  } else if (&kind == &kind_of<core::v1::ReplicationController>()) {
    const auto& selector =
        what.as<core::v1::ReplicationController>().spec().selector();
    result.push_back(
        all_in<core::v1::Pod>(ns, text::label_selector::of(selector).str()));
  } else if (&kind == &kind_of<core::v1::Service>()) {
    result.push_back(all_in<discovery::v1::EndpointSlice>(
        ns, "kubernetes.io/service-name=" + what.name()));
    result.push_back(
        {&kind_of<core::v1::Endpoints>(), ns, what.name(), {}, {}});
    // They say where low ports do not answer as they are.
    result.push_back({&kind_of<core::v1::Node>(), {}, {}, {}, {}});
  } else if (&kind == &kind_of<core::v1::Namespace>()) {
    result.push_back(all_in<core::v1::ResourceQuota>(what.name()));
  } else if (&kind == &kind_of<core::v1::ServiceAccount>()) {
    result.push_back(all_in<core::v1::Secret>(ns));
  }
  return result;
}

std::string describe(const object& what, std::span<const object> related,
                     time_point now) {
  description d;
  subject x{what, related, now};
  describer_of(what.kind())(d, x);
  if (shows_events(what.kind()))
    describe_events(d, x.events(), now);
  return d.str();
}

} // namespace troupe::printing
