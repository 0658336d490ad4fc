#include "messages/api/admissionregistration.pb.h"
#include "messages/api/apiextensions.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/resource.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/rules/defaults.hpp"
#include "runtime/rules/quantities.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

void default_namespace(core::v1::Namespace& ns) {
  if (!ns.metadata().name().empty())
    (*ns.mutable_metadata()->mutable_labels())["kubernetes.io/metadata.name"] =
        ns.metadata().name();
  if (ns.status().phase().empty())
    ns.mutable_status()->set_phase("Active");
}

void default_node(core::v1::NodeStatus& status) {
  round_amounts(*status.mutable_capacity());
  round_amounts(*status.mutable_allocatable());
  if (status.allocatable().empty() && !status.capacity().empty())
    *status.mutable_allocatable() = status.capacity();
}

// Client tools write text; what is stored and returned is data only.
void default_secret(core::v1::Secret& secret) {
  for (auto& [key, value] : secret.string_data())
    (*secret.mutable_data())[key] = value;
  secret.clear_string_data();
}

void default_quota(core::v1::ResourceQuota& quota) {
  if (quota.has_spec())
    round_amounts(*quota.mutable_spec()->mutable_hard());
  if (!quota.has_status())
    return;
  round_amounts(*quota.mutable_status()->mutable_hard());
  round_amounts(*quota.mutable_status()->mutable_used());
}

void default_limits(core::v1::LimitRangeItem& item) {
  for (auto* each :
       {item.mutable_max(), item.mutable_min(), item.mutable_default_(),
        item.mutable_default_request(), item.mutable_max_limit_request_ratio()})
    round_amounts(*each);
  if (item.type() != "Container")
    return;
  auto& limits = *item.mutable_default_();
  for (auto& [name, value] : item.max())
    limits.insert({name, value});
  auto& requests = *item.mutable_default_request();
  for (auto& [name, value] : limits)
    requests.insert({name, value});
  for (auto& [name, value] : item.min())
    requests.insert({name, value});
}

void default_slice_port(discovery::v1::EndpointPort& port) {
  if (!port.has_name())
    port.set_name("");
}

void default_subject(rbac::v1::Subject& subject) {
  if (subject.api_group().empty()
      && (subject.kind() == "User" || subject.kind() == "Group"))
    subject.set_api_group("rbac.authorization.k8s.io");
}

void default_policy(networking::v1::NetworkPolicySpec& spec) {
  if (!spec.policy_types().empty())
    return;
  spec.add_policy_types("Ingress");
  if (!spec.egress().empty())
    spec.add_policy_types("Egress");
}

void default_class_reference(
    networking::v1::IngressClassParametersReference& reference) {
  if (!reference.has_scope())
    reference.set_scope("Cluster");
}

template <class T>
void default_selectors(T& webhook) {
  if (!webhook.has_namespace_selector())
    webhook.mutable_namespace_selector();
  if (!webhook.has_object_selector())
    webhook.mutable_object_selector();
}

void default_webhook_rule(admissionregistration::v1::Rule& rule) {
  if (!rule.has_scope())
    rule.set_scope("*");
}

void default_flow_schema(flowcontrol::v1::FlowSchemaSpec& spec) {
  if (spec.matching_precedence() == 0)
    spec.set_matching_precedence(1000);
}

void default_queuing(flowcontrol::v1::QueuingConfiguration& queuing) {
  if (queuing.hand_size() == 0)
    queuing.set_hand_size(8);
  if (queuing.queue_length_limit() == 0)
    queuing.set_queue_length_limit(50);
  if (queuing.queues() == 0)
    queuing.set_queues(64);
}

void default_driver(storage::v1::CSIDriverSpec& spec) {
  if (spec.volume_lifecycle_modes().empty())
    spec.add_volume_lifecycle_modes("Persistent");
}

template <class T>
void default_device_count(T& request) {
  if (request.count() == 0 && request.allocation_mode() == "ExactCount")
    request.set_count(1);
}

void default_custom_kind(apiextensions::v1::CustomResourceDefinition& crd) {
  auto* spec = crd.mutable_spec();
  auto* names = spec->mutable_names();
  if (names->singular().empty() && !names->kind().empty()) {
    auto word = names->kind();
    std::transform(word.begin(), word.end(), word.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    names->set_singular(word);
  }
  if (names->list_kind().empty() && !names->kind().empty())
    names->set_list_kind(names->kind() + "List");
  if (!spec->has_conversion())
    spec->mutable_conversion()->set_strategy("None");
  if (crd.status().stored_versions().empty())
    for (auto& version : spec->versions())
      if (version.storage())
        crd.mutable_status()->add_stored_versions(version.name());
}

} // namespace

void add_cluster_defaults(default_table& table) {
  table.add<core::v1::Namespace, default_namespace>();
  table.add<core::v1::NodeStatus, default_node>();
  table.add<core::v1::Secret, default_secret>();
  table.add<core::v1::ResourceQuota, default_quota>();
  table.add<core::v1::LimitRangeItem, default_limits>();
  table.add<discovery::v1::EndpointPort, default_slice_port>();
  table.add<rbac::v1::Subject, default_subject>();
  table.add<networking::v1::NetworkPolicySpec, default_policy>();
  table.add<networking::v1::IngressClassParametersReference,
            default_class_reference>();
  using namespace admissionregistration::v1;
  table.add<MatchResources, default_selectors<MatchResources>>();
  table.add<MutatingWebhook, default_selectors<MutatingWebhook>>();
  table.add<ValidatingWebhook, default_selectors<ValidatingWebhook>>();
  table.add<Rule, default_webhook_rule>();
  table.add<flowcontrol::v1::FlowSchemaSpec, default_flow_schema>();
  table.add<flowcontrol::v1::QueuingConfiguration, default_queuing>();
  table.add<storage::v1::CSIDriverSpec, default_driver>();
  using namespace resource::v1;
  table.add<DeviceSubRequest, default_device_count<DeviceSubRequest>>();
  table.add<ExactDeviceRequest, default_device_count<ExactDeviceRequest>>();
  table.add<apiextensions::v1::CustomResourceDefinition, default_custom_kind>();
}

} // namespace troupe::rules
