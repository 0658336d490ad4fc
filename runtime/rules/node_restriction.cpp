#include "runtime/rules/node_restriction.hpp"

#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/resource.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/fields.hpp"
#include "messages/object.hpp"
#include "runtime/rules/pod_references.hpp"
#include "runtime/rules/refusals.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

namespace {

using coordination::v1::Lease;
using core::v1::Node;
using core::v1::Pod;
using Claim = core::v1::PersistentVolumeClaim;
using resource::v1::ResourceSlice;
using storage::v1::CSINode;
using labels = google::protobuf::Map<std::string, std::string>;

constexpr auto mirror_note = "kubernetes.io/config.mirror";
constexpr std::string_view restricted = "node-restriction.kubernetes.io";
constexpr auto lease_namespace = "kube-node-lease";

std::string quoted(const std::string& x) {
  return "\"" + x + "\"";
}

caf::error forbidden(const kind_info& kind, const std::string& name,
                     const std::string& why) {
  return rules::forbidden({kind.group, kind.plural, name}, why);
}

template <class T>
const T* as(const google::protobuf::Message& msg) {
  return msg.GetDescriptor() == T::descriptor() ? static_cast<const T*>(&msg)
                                                : nullptr;
}

template <class T>
caf::error forbidden(const T& what, const std::string& why) {
  return forbidden(kind_of<T>(), what.metadata().name(), why);
}

// -- labels -------------------------------------------------------------------

bool is_of(std::string_view domain, std::string_view space) {
  return domain == space
         || (domain.size() > space.size() && domain.ends_with(space)
             && domain[domain.size() - space.size() - 1] == '.');
}

/// Kubernetes: the few labels of its own domains that a kubelet sets.
bool is_kubelet_label(const std::string& label, std::string_view domain) {
  static const std::set<std::string_view> names{
      "beta.kubernetes.io/arch",
      "beta.kubernetes.io/instance-type",
      "beta.kubernetes.io/os",
      "failure-domain.beta.kubernetes.io/region",
      "failure-domain.beta.kubernetes.io/zone",
      "failure-domain.kubernetes.io/region",
      "failure-domain.kubernetes.io/zone",
      "kubernetes.io/arch",
      "kubernetes.io/hostname",
      "kubernetes.io/os",
      "node.kubernetes.io/instance-type",
      "topology.kubernetes.io/region",
      "topology.kubernetes.io/zone"};
  return names.count(label) > 0 || is_of(domain, "kubelet.kubernetes.io")
         || is_of(domain, "node.kubernetes.io");
}

bool is_forbidden_label(const std::string& label) {
  auto slash = label.find('/');
  if (slash == std::string::npos)
    return false;
  auto domain = std::string_view{label}.substr(0, slash);
  if (is_of(domain, restricted))
    return true;
  return (is_of(domain, "kubernetes.io") || is_of(domain, "k8s.io"))
         && !is_kubelet_label(label, domain);
}

/// Returns the forbidden labels that differ, with commas between.
std::string forbidden_changes(const labels& before, const labels& now) {
  std::set<std::string> found;
  auto compare = [&](const labels& a, const labels& b) {
    for (auto& [key, value] : a) {
      auto other = b.find(key);
      if ((other == b.end() || other->second != value)
          && is_forbidden_label(key))
        found.insert(key);
    }
  };
  compare(before, now);
  compare(now, before);
  std::string out;
  for (auto& key : found)
    out += (out.empty() ? "" : ", ") + key;
  return out;
}

caf::error check_labels(const Node& now, const labels& before,
                        const std::string& refusal) {
  auto wrong = forbidden_changes(before, now.metadata().labels());
  return wrong.empty() ? caf::error{} : forbidden(now, refusal + wrong);
}

// -- kinds --------------------------------------------------------------------

caf::error check_owners(const std::string& node, const Pod& pod) {
  auto& owners = pod.metadata().owner_references();
  auto self = "node " + quoted(node);
  if (owners.size() > 1)
    return forbidden(pod, self
                              + " can only create pods with a single owner "
                                "reference set to itself");
  if (owners.empty() || owners[0].api_version() != "v1"
      || owners[0].kind() != "Node" || owners[0].name() != node)
    return forbidden(
        pod,
        self + " can only create pods with an owner reference set to itself");
  if (!owners[0].controller())
    return forbidden(pod, self
                              + " can only create pods with a controller owner "
                                "reference set to itself");
  if (owners[0].block_owner_deletion())
    return forbidden(
        pod, self + " must not set blockOwnerDeletion on an owner reference");
  return caf::none;
}

caf::error check_new_pod(const std::string& node, const Pod& pod) {
  auto self = "node " + quoted(node);
  auto& spec = pod.spec();
  if (!pod.metadata().annotations().contains(mirror_note))
    return forbidden(pod, "pod does not have " + quoted(mirror_note)
                              + " annotation, " + self
                              + " can only create mirror pods");
  if (spec.node_name() != node)
    return forbidden(
        pod, self + " can only create pods with spec.nodeName set to itself");
  if (auto err = check_owners(node, pod))
    return err;
  if (!spec.service_account_name().empty())
    return forbidden(
        pod, self + " can not create pods that reference a service account");
  auto wanted = references_of(pod);
  if (!wanted.secrets.empty() || !spec.image_pull_secrets().empty())
    return forbidden(pod, self + " can not create pods that reference secrets");
  if (!wanted.config_maps.empty())
    return forbidden(pod,
                     self + " can not create pods that reference configmaps");
  if (!wanted.tokens.empty())
    return forbidden(
        pod, self + " can not create pods that reference a service account");
  for (auto& volume : spec.volumes())
    if (volume.volume_source().has_persistent_volume_claim()
        || volume.volume_source().has_ephemeral())
      return forbidden(pod, self
                                + " can not create pods that reference "
                                  "persistentvolumeclaims");
  if (!spec.resource_claims().empty())
    return forbidden(
        pod, self + " can not create pods that reference resourceclaims");
  return caf::none;
}

caf::error check_lease(const std::string& node, const std::string& name,
                       const std::string& ns) {
  auto& kind = kind_of<Lease>();
  if (ns != lease_namespace)
    return forbidden(kind, name,
                     "can only access leases in the " + quoted(lease_namespace)
                         + " system namespace");
  if (name != node)
    return forbidden(kind, name,
                     "can only access node lease with the same name as the "
                     "requesting node");
  return caf::none;
}

/// A claim grows on its node, which tells how far it is; all else of it is
/// others' to change.
caf::error check_claim(const std::string& node, const Claim& old,
                       const Claim& now, const std::string& subresource) {
  if (subresource != "status")
    return forbidden(now, "may only update PVC status");
  auto rest_of = [](Claim what) {
    auto& meta = *what.mutable_metadata();
    meta.clear_resource_version();
    meta.clear_managed_fields();
    auto& status = *what.mutable_status();
    status.clear_capacity();
    status.clear_conditions();
    status.clear_allocated_resources();
    status.clear_allocated_resource_statuses();
    status.clear_current_volume_attributes_class_name();
    status.clear_modify_volume_status();
    return what;
  };
  if (canonical_equal(rest_of(old), rest_of(now)))
    return caf::none;
  return forbidden(now, "node " + quoted(node)
                            + " is not allowed to update fields other than "
                              "status.capacity and status.conditions");
}

caf::error check_own_slice(const std::string& node,
                           const ResourceSlice& slice) {
  if (slice.spec().node_name() == node)
    return caf::none;
  return forbidden(
      slice, "can only create ResourceSlice with the same NodeName as the "
             "requesting node");
}

caf::error check_own_node(const std::string& node, const std::string& name) {
  if (name == node)
    return caf::none;
  return forbidden(kind_of<Node>(), name,
                   "node " + quoted(node) + " is not allowed to modify node "
                       + quoted(name));
}

caf::error check_own_csi_node(const std::string& node,
                              const std::string& name) {
  if (name == node)
    return caf::none;
  return forbidden(
      kind_of<CSINode>(), name,
      "can only access CSINode with the same name as the requesting node");
}

template <class List>
bool same_list(const List& a, const List& b) {
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(),
                       [](auto& x, auto& y) { return canonical_equal(x, y); });
}

/// Where pods are is the cluster's to say: connections are led there.
caf::error check_range(const std::string& node, const std::string& before,
                       const Node& now) {
  if (now.spec().pod_cidr() == before)
    return caf::none;
  return forbidden(now, "node " + quoted(node)
                            + " is not allowed to set its podCIDR");
}

caf::error check_new_node(const std::string& node, const Node& now) {
  if (auto err = check_own_node(node, now.metadata().name()))
    return err;
  if (auto err = check_range(node, {}, now))
    return err;
  return check_labels(now, {},
                      "node " + quoted(node)
                          + " is not allowed to set the following labels: ");
}

caf::error check_changed_node(const std::string& node, const Node& old,
                              const Node& now) {
  if (auto err = check_own_node(node, now.metadata().name()))
    return err;
  if (!same_list(old.spec().taints(), now.spec().taints()))
    return forbidden(now, "node " + quoted(node)
                              + " is not allowed to modify taints");
  if (!same_list(old.metadata().owner_references(),
                 now.metadata().owner_references()))
    return forbidden(now, "node " + quoted(node)
                              + " is not allowed to modify ownerReferences");
  if (auto err = check_range(node, old.spec().pod_cidr(), now))
    return err;
  return check_labels(now, old.metadata().labels(),
                      "is not allowed to modify labels: ");
}

bool same_labels(const labels& a, const labels& b) {
  return a.size() == b.size()
         && std::all_of(a.begin(), a.end(), [&](auto& entry) {
              auto other = b.find(entry.first);
              return other != b.end() && other->second == entry.second;
            });
}

caf::error check_changed_pod(const std::string& node, const Pod& old,
                             const Pod& now, const std::string& subresource) {
  auto self = "node " + quoted(node);
  if (subresource.empty())
    return forbidden(now, "unexpected operation \"UPDATE\", " + self
                              + " can only create and delete mirror pods");
  if (subresource != "status")
    return forbidden(now, "unexpected pod subresource " + quoted(subresource)
                              + ", only 'status' and 'eviction' are allowed");
  if (old.spec().node_name() != node)
    return forbidden(now, self
                              + " can only update pod status for pods with "
                                "spec.nodeName set to itself");
  if (!same_labels(old.metadata().labels(), now.metadata().labels()))
    return forbidden(now, self + " cannot update labels through pod status");
  return caf::none;
}

} // namespace

caf::error check_node_create(const std::string& node,
                             const google::protobuf::Message& msg,
                             const std::string& ns) {
  if (auto* pod = as<Pod>(msg))
    return check_new_pod(node, *pod);
  if (auto* own = as<Node>(msg))
    return check_new_node(node, *own);
  if (auto* lease = as<Lease>(msg))
    return check_lease(node, lease->metadata().name(), ns);
  if (auto* csi = as<CSINode>(msg))
    return check_own_csi_node(node, csi->metadata().name());
  if (auto* claim = as<Claim>(msg))
    return forbidden(*claim, "may only update PVC status");
  if (auto* slice = as<ResourceSlice>(msg))
    return check_own_slice(node, *slice);
  return caf::none;
}

caf::error check_node_update(const std::string& node, const object& old,
                             const google::protobuf::Message& now,
                             const std::string& subresource) {
  if (auto* pod = as<Pod>(now))
    return check_changed_pod(node, old.as<Pod>(), *pod, subresource);
  if (auto* own = as<Node>(now))
    return check_changed_node(node, old.as<Node>(), *own);
  if (auto* lease = as<Lease>(now))
    return check_lease(node, lease->metadata().name(), old.ns());
  if (auto* csi = as<CSINode>(now))
    return check_own_csi_node(node, csi->metadata().name());
  if (auto* claim = as<Claim>(now))
    return check_claim(node, old.as<Claim>(), *claim, subresource);
  if (auto* slice = as<ResourceSlice>(now))
    return check_own_slice(node, *slice);
  return caf::none;
}

caf::error check_node_delete(const std::string& node, const object& old,
                             bool eviction) {
  if (&old.kind() == &kind_of<Node>())
    return check_own_node(node, old.name());
  if (&old.kind() == &kind_of<CSINode>())
    return check_own_csi_node(node, old.name());
  if (&old.kind() == &kind_of<Lease>())
    return check_lease(node, old.name(), old.ns());
  if (&old.kind() == &kind_of<Claim>())
    return forbidden(old.kind(), old.name(), "may only update PVC status");
  if (&old.kind() != &kind_of<Pod>()
      || old.as<Pod>().spec().node_name() == node)
    return caf::none;
  return forbidden(old.kind(), old.name(),
                   eviction ? "node " + node
                                  + " can only evict pods with spec.nodeName "
                                    "set to itself"
                            : "node " + quoted(node)
                                  + " can only delete pods with spec.nodeName "
                                    "set to itself");
}

} // namespace troupe::rules
