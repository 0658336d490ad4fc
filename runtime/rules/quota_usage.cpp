#include "runtime/rules/quota_usage.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/pod_resources.hpp"
#include "runtime/rules/quantities.hpp"

#include <algorithm>
#include <array>

namespace troupe::rules {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using core::v1::ResourceQuota;
using core::v1::Service;
using google::protobuf::Message;
using text::quantity;

namespace {

constexpr std::string_view requests_prefix = "requests.";
constexpr std::string_view limits_prefix = "limits.";
constexpr std::string_view class_mark = ".storageclass.storage.k8s.io/";

template <class T>
bool is_kind(const kind_info& kind) {
  return &kind == &kind_of<T>();
}

std::string count_name(const kind_info& kind) {
  return "count/" + kind.qualified_plural();
}

// -- pods --------------------------------------------------------------------

/// What a request is counted as both by its own name and with the prefix.
bool is_compute(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage";
}

std::string_view without(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size())
                                  : std::string_view{};
}

bool pods_take_of(std::string_view name) {
  if (name == "pods" || is_compute(name)
      || is_compute(without(name, limits_prefix))
      || name.starts_with("hugepages-"))
    return true;
  auto asked = without(name, requests_prefix);
  return is_compute(asked) || asked.starts_with("hugepages-")
         || extended_resource(asked);
}

amounts_by_name usage_of_pod(const Pod& pod, time_point now) {
  amounts_by_name result;
  if (!takes_compute(pod, now))
    return result;
  result["pods"] = quantity::of(int64_t{1});
  for (auto& [name, amount] : pod_requests(pod.spec())) {
    auto plain = is_compute(name) || name.starts_with("hugepages-");
    if (plain)
      result[name] = amount;
    if (plain || extended_resource(name))
      result[std::string{requests_prefix} + name] = amount;
  }
  for (auto& [name, amount] : pod_limits(pod.spec()))
    if (is_compute(name))
      result[std::string{limits_prefix} + name] = amount;
  return result;
}

bool affects_other_namespaces(const Pod& pod) {
  auto reaches = [](const core::v1::PodAffinityTerm& term) {
    return !term.namespaces().empty() || term.has_namespace_selector();
  };
  auto any = [&](auto& terms) {
    return std::any_of(
               terms.required_during_scheduling_ignored_during_execution()
                   .begin(),
               terms.required_during_scheduling_ignored_during_execution()
                   .end(),
               reaches)
           || std::any_of(
               terms.preferred_during_scheduling_ignored_during_execution()
                   .begin(),
               terms.preferred_during_scheduling_ignored_during_execution()
                   .end(),
               [&](auto& each) { return reaches(each.pod_affinity_term()); });
  };
  auto& affinity = pod.spec().affinity();
  return any(affinity.pod_affinity()) || any(affinity.pod_anti_affinity());
}

/// Kubernetes: a pod without a class is in a scope that is about other ones.
bool has_class(const Pod& pod, std::string_view operation,
               const google::protobuf::RepeatedPtrField<std::string>& values) {
  auto& name = pod.spec().priority_class_name();
  auto named = !name.empty()
               && std::find(values.begin(), values.end(), name) != values.end();
  if (operation == "In")
    return named;
  if (operation == "NotIn")
    return !named;
  return operation == "DoesNotExist" ? name.empty() : !name.empty();
}

bool is_in_scope(
    const Pod& pod, std::string_view scope, std::string_view operation,
    const google::protobuf::RepeatedPtrField<std::string>& values) {
  if (scope == "Terminating")
    return is_bounded(pod);
  if (scope == "NotTerminating")
    return !is_bounded(pod);
  if (scope == "BestEffort")
    return qos_class(pod.spec()) == "BestEffort";
  if (scope == "NotBestEffort")
    return qos_class(pod.spec()) != "BestEffort";
  if (scope == "PriorityClass")
    return has_class(pod, operation, values);
  return scope == "CrossNamespacePodAffinity" && affects_other_namespaces(pod);
}

// -- services and claims -----------------------------------------------------

bool services_take_of(std::string_view name) {
  return name == "services" || name == "services.nodeports"
         || name == "services.loadbalancers";
}

amounts_by_name usage_of_service(const Service& service) {
  auto& spec = service.spec();
  int64_t node_ports = 0;
  auto balanced = spec.type() == "LoadBalancer";
  if (spec.type() == "NodePort" || balanced)
    node_ports = spec.ports_size();
  if (balanced && spec.has_allocate_load_balancer_node_ports()
      && !spec.allocate_load_balancer_node_ports())
    node_ports =
        std::count_if(spec.ports().begin(), spec.ports().end(),
                      [](auto& port) { return port.node_port() != 0; });
  return {{"services", quantity::of(int64_t{1})},
          {"services.nodeports", quantity::of(node_ports)},
          {"services.loadbalancers", quantity::of(int64_t{balanced ? 1 : 0})}};
}

bool claims_take_of(std::string_view name) {
  if (auto mark = name.find(class_mark); mark != std::string_view::npos)
    name.remove_prefix(mark + class_mark.size());
  return name == "persistentvolumeclaims" || name == "requests.storage";
}

std::string class_of(const PersistentVolumeClaim& claim) {
  auto& notes = claim.metadata().annotations();
  auto old = notes.find("volume.beta.kubernetes.io/storage-class");
  return old != notes.end() ? old->second : claim.spec().storage_class_name();
}

amounts_by_name usage_of_claim(const PersistentVolumeClaim& claim) {
  amounts_by_name result;
  auto add = [&, name = class_of(claim)](const char* resource,
                                         const quantity& amount) {
    result[resource] = amount;
    if (!name.empty())
      result[(name + std::string{class_mark}).append(resource)] = amount;
  };
  add("persistentvolumeclaims", quantity::of(int64_t{1}));
  auto& requests = claim.spec().resources().requests();
  if (auto storage = requests.find("storage"); storage != requests.end())
    add("requests.storage", quantity::of(storage->second));
  return result;
}

/// Counted by their plural, too.
bool is_counted_plainly(const kind_info& kind) {
  constexpr std::array names{"configmaps", "resourcequotas",
                             "replicationcontrollers", "secrets"};
  return kind.group.empty()
         && std::find(names.begin(), names.end(), kind.plural) != names.end();
}

} // namespace

bool is_bounded(const Pod& pod) {
  return pod.spec().has_active_deadline_seconds()
         && pod.spec().active_deadline_seconds() >= 0;
}

bool takes_compute(const Pod& pod, time_point now) {
  auto& phase = pod.status().phase();
  if (phase == "Succeeded" || phase == "Failed")
    return false;
  auto& meta = pod.metadata();
  if (!meta.has_deletion_timestamp()
      || !meta.has_deletion_grace_period_seconds())
    return true;
  return now
         <= from_time(meta.deletion_timestamp())
                + std::chrono::seconds(meta.deletion_grace_period_seconds());
}

bool takes_of(const kind_info& kind, std::string_view resource) {
  if (resource == count_name(kind))
    return true;
  if (is_kind<Pod>(kind))
    return pods_take_of(resource);
  if (is_kind<Service>(kind))
    return services_take_of(resource);
  if (is_kind<PersistentVolumeClaim>(kind))
    return claims_take_of(resource);
  return is_counted_plainly(kind) && resource == kind.plural;
}

amounts_by_name usage_of(const kind_info& kind, const Message& what,
                         time_point now) {
  amounts_by_name result;
  if (is_kind<Pod>(kind))
    result = usage_of_pod(static_cast<const Pod&>(what), now);
  else if (is_kind<Service>(kind))
    result = usage_of_service(static_cast<const Service&>(what));
  else if (is_kind<PersistentVolumeClaim>(kind))
    result = usage_of_claim(static_cast<const PersistentVolumeClaim&>(what));
  else if (is_counted_plainly(kind))
    result[std::string{kind.plural}] = quantity::of(int64_t{1});
  result[count_name(kind)] = quantity::of(int64_t{1});
  return result;
}

bool is_in_scopes(const ResourceQuota& quota, const kind_info& kind,
                  const Message& what) {
  auto& spec = quota.spec();
  auto& selectors = spec.scope_selector().match_expressions();
  if (spec.scopes().empty() && selectors.empty())
    return true;
  if (!is_kind<Pod>(kind))
    return false;
  auto& pod = static_cast<const Pod&>(what);
  return std::all_of(
             spec.scopes().begin(), spec.scopes().end(),
             [&](auto& scope) { return is_in_scope(pod, scope, "Exists", {}); })
         && std::all_of(selectors.begin(), selectors.end(), [&](auto& each) {
              return is_in_scope(pod, each.scope_name(), each.operator_(),
                                 each.values());
            });
}

} // namespace troupe::rules
