#include "runtime/rules/node_access.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/resource.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/object.hpp"
#include "runtime/rules/default_policy.hpp"
#include "runtime/rules/pod_references.hpp"
#include "runtime/text/selector.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Pod;

constexpr std::string_view node_prefix = "system:node:";
constexpr auto lease_namespace = "kube-node-lease";

bool is_one_of(const std::string& word,
               std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

node_finding refused(std::string why = {}) {
  return {node_right::none, std::move(why)};
}

node_finding allowed_if(bool yes, const char* otherwise = "") {
  return yes ? node_finding{node_right::allowed, {}} : refused(otherwise);
}

std::string required_field(const access& what, std::string_view field) {
  auto fields = text::field_selector::parse(what.field_selector);
  return fields ? fields->required(field).value_or(std::string{})
                : std::string{};
}

node_finding related(const access& what) {
  if (what.name.empty())
    return refused("No Object name found");
  return {node_right::related, {}};
}

node_finding may_get(const std::string&, const access& what) {
  if (what.verb != "get")
    return refused("can only get individual resources of this type");
  if (!what.subresource.empty())
    return refused("cannot get subresource");
  return related(what);
}

node_finding may_read(const std::string&, const access& what) {
  if (!is_one_of(what.verb, {"get", "list", "watch"}))
    return refused("can only read resources of this type");
  if (!what.subresource.empty())
    return refused("cannot read subresource");
  if (what.ns.empty())
    return refused("can only read namespaced object of this type");
  return related(what);
}

node_finding may_use_claim(const std::string& node, const access& what) {
  if (what.subresource != "status")
    return may_get(node, what);
  if (!is_one_of(what.verb, {"update", "patch"}))
    return refused("can only get/update/patch this type");
  return related(what);
}

node_finding may_use_account(const std::string& node, const access& what) {
  if (what.subresource.empty())
    return may_read(node, what);
  if (what.verb != "create" || what.name.empty())
    return refused("can only create tokens for individual service accounts");
  if (what.subresource != "token")
    return refused("can only create token subresource of serviceaccount");
  return related(what);
}

node_finding may_use_lease(const std::string& node, const access& what) {
  if (!is_one_of(what.verb, {"get", "create", "update", "patch", "delete"}))
    return refused(
        "can only get, create, update, patch, or delete a node lease");
  if (what.ns != lease_namespace)
    return refused("can only access leases in the \""
                   + std::string{lease_namespace} + "\" system namespace");
  return allowed_if(what.verb == "create" || what.name == node,
                    "can only access node lease with the same name as the "
                    "requesting node");
}

node_finding may_use_csi_node(const std::string& node, const access& what) {
  if (!is_one_of(what.verb, {"get", "create", "update", "patch", "delete"}))
    return refused("can only get, create, update, patch, or delete a CSINode");
  if (!what.subresource.empty())
    return refused("cannot authorize CSINode subresources");
  return allowed_if(
      what.verb == "create" || what.name == node,
      "can only access CSINode with the same name as the requesting node");
}

node_finding may_use_slice(const std::string& node, const access& what) {
  if (!what.subresource.empty())
    return refused("cannot authorize ResourceSlice subresources");
  if (what.verb == "create")
    return allowed_if(true);
  if (is_one_of(what.verb, {"get", "update", "patch", "delete"}))
    return related(what);
  return allowed_if(required_field(what, "spec.nodeName") == node,
                    "can only list/watch/deletecollection resourceslices with "
                    "nodeName field selector");
}

node_finding may_use_node(const std::string& node, const access& what) {
  if (what.subresource == "status")
    return allowed_if(is_one_of(what.verb, {"update", "patch"}));
  if (!what.subresource.empty())
    return refused();
  if (is_one_of(what.verb, {"create", "update", "patch"}))
    return allowed_if(true);
  if (!is_one_of(what.verb, {"get", "list", "watch"}))
    return refused();
  if (what.name.empty())
    return refused("node '" + node
                   + "' cannot read all nodes, only its own Node object");
  if (what.name != node)
    return refused("node '" + node + "' cannot read '" + what.name
                   + "', only its own Node object");
  return allowed_if(true);
}

node_finding may_use_pod(const std::string& node, const access& what) {
  if (what.subresource == "status")
    return allowed_if(is_one_of(what.verb, {"update", "patch"}));
  if (what.subresource == "eviction")
    return allowed_if(what.verb == "create");
  if (!what.subresource.empty())
    return refused();
  if (what.verb == "get")
    return related(what);
  if (is_one_of(what.verb, {"list", "watch"})) {
    if (required_field(what, "spec.nodeName") == node)
      return allowed_if(true);
    if (!what.name.empty() && !what.ns.empty())
      return related(what);
    return refused("can only list/watch pods with spec.nodeName field "
                   "selector");
  }
  return allowed_if(is_one_of(what.verb, {"create", "delete"}));
}

using finder = node_finding (*)(const std::string&, const access&);

struct row {
  std::string_view group;
  std::string_view resource;
  finder find;
};

constexpr row table[] = {
    {"", "secrets", may_read},
    {"", "configmaps", may_read},
    {"", "persistentvolumeclaims", may_use_claim},
    {"", "persistentvolumes", may_get},
    {"", "serviceaccounts", may_use_account},
    {"", "nodes", may_use_node},
    {"", "pods", may_use_pod},
    {"resource.k8s.io", "resourceclaims", may_get},
    {"resource.k8s.io", "resourceslices", may_use_slice},
    {"storage.k8s.io", "volumeattachments", may_get},
    {"storage.k8s.io", "csinodes", may_use_csi_node},
    {"coordination.k8s.io", "leases", may_use_lease},
};

bool has_claim(const Pod& pod, const std::string& name) {
  for (auto& volume : pod.spec().volumes()) {
    auto& source = volume.volume_source();
    if (source.has_persistent_volume_claim()
        && source.persistent_volume_claim().claim_name() == name)
      return true;
    // Kubernetes: the claim of an ephemeral volume is called after both.
    if (source.has_ephemeral()
        && pod.metadata().name() + "-" + volume.name() == name)
      return true;
  }
  return false;
}

bool has_resource_claim(const Pod& pod, const std::string& name) {
  for (auto& claim : pod.spec().resource_claims())
    if (claim.resource_claim_name() == name)
      return true;
  for (auto& claim : pod.status().resource_claim_statuses())
    if (claim.resource_claim_name() == name)
      return true;
  return false;
}

bool pulls_with(const Pod& pod, const std::string& secret) {
  auto& list = pod.spec().image_pull_secrets();
  return std::any_of(list.begin(), list.end(),
                     [&](auto& one) { return one.name() == secret; });
}

} // namespace

std::string node_of(const caller& who) {
  if (!who.user.starts_with(node_prefix) || !who.in_group(nodes_group))
    return {};
  return who.user.substr(node_prefix.size());
}

node_finding node_may(const std::string& node, const access& what) {
  if (what.path.empty())
    for (auto& one : table)
      if (one.group == what.group && one.resource == what.resource)
        return one.find(node, what);
  auto& rules = node_rules();
  return allowed_if(std::any_of(rules.begin(), rules.end(), [&](auto& rule) {
    return allows(rule, what);
  }));
}

bool needs_object(const access& what) {
  return is_one_of(what.resource, {"pods", "persistentvolumes",
                                   "volumeattachments", "resourceslices"});
}

bool belongs_to(const object& what, const std::string& node) {
  if (&what.kind() == &kind_of<Pod>())
    return what.as<Pod>().spec().node_name() == node;
  if (&what.kind() == &kind_of<storage::v1::VolumeAttachment>())
    return what.as<storage::v1::VolumeAttachment>().spec().node_name() == node;
  return &what.kind() == &kind_of<resource::v1::ResourceSlice>()
         && what.as<resource::v1::ResourceSlice>().spec().node_name() == node;
}

std::string claim_of(const object& volume) {
  if (&volume.kind() != &kind_of<core::v1::PersistentVolume>())
    return {};
  auto& ref = volume.as<core::v1::PersistentVolume>().spec().claim_ref();
  return ref.name().empty() ? std::string{}
                            : ref.namespace_() + "/" + ref.name();
}

bool refers_to(const Pod& pod, const access& what) {
  // Kubernetes: a node makes mirror pods itself, so they give it no rights.
  if (pod.metadata().namespace_() != what.ns
      || pod.metadata().annotations().contains("kubernetes.io/config.mirror"))
    return false;
  if (what.resource == "persistentvolumeclaims")
    return has_claim(pod, what.name);
  if (what.resource == "resourceclaims")
    return has_resource_claim(pod, what.name);
  if (what.resource == "serviceaccounts") {
    auto& meta = pod.metadata();
    auto bound = what.subresource.empty()
                 || what.bound_pod == meta.name() + "/" + meta.uid();
    return bound && pod.spec().service_account_name() == what.name;
  }
  auto wanted = references_of(pod);
  if (what.resource == "configmaps")
    return wanted.config_maps.count(what.name) > 0;
  return wanted.secrets.count(what.name) > 0 || pulls_with(pod, what.name);
}

std::string no_relation(const std::string& node) {
  return "no relationship found between node '" + node + "' and this object";
}

} // namespace troupe::rules
