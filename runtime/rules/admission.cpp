#include "runtime/rules/admission.hpp"

#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/refusals.hpp"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <array>

namespace troupe::rules {

using core::v1::Pod;
using scheduling::v1::PriorityClass;

namespace {

constexpr int64_t toleration_seconds = 300;
constexpr std::string_view any_policy = "PreemptLowerPriority";

caf::error forbidden(std::string_view resource, std::string_view name,
                     const std::string& why) {
  auto dot = std::min(resource.find('.'), resource.size());
  auto group = resource.substr(std::min(dot + 1, resource.size()));
  return rules::forbidden({group, resource.substr(0, dot), name}, why);
}

caf::error pod_forbidden(const Pod& pod, const std::string& why) {
  auto& meta = pod.metadata();
  return forbidden(
      "pods", meta.name().empty() ? meta.generate_name() : meta.name(), why);
}

bool tolerates(const Pod& pod, std::string_view taint) {
  auto& list = pod.spec().tolerations();
  return std::any_of(list.begin(), list.end(), [&](auto& one) {
    return (one.key().empty() || one.key() == taint)
           && (one.effect().empty() || one.effect() == "NoExecute");
  });
}

// Of several default classes the lowest counts.
const PriorityClass*
default_class(const std::vector<const PriorityClass*>& all) {
  const PriorityClass* result = nullptr;
  for (auto* one : all)
    if (one->global_default()
        && (result == nullptr || one->value() < result->value()))
      result = one;
  return result;
}

const PriorityClass* find(const std::vector<const PriorityClass*>& all,
                          const std::string& name) {
  auto i = std::find_if(all.begin(), all.end(), [&](auto* one) {
    return one->metadata().name() == name;
  });
  return i == all.end() ? nullptr : *i;
}

bool is_mirror(const Pod& pod) {
  return pod.metadata().annotations().contains("kubernetes.io/config.mirror");
}

bool wants_account_files(const Pod& pod,
                         const core::v1::ServiceAccount& account) {
  if (pod.spec().has_automount_service_account_token())
    return pod.spec().automount_service_account_token();
  return !account.has_automount_service_account_token()
         || account.automount_service_account_token();
}

/// Mounts a volume where a container has nothing of its own; returns whether
/// any has got it.
template <class Containers>
bool mount_account(Containers& containers, const std::string& volume) {
  bool used = false;
  for (auto& container : containers) {
    auto& mounts = container.volume_mounts();
    if (std::any_of(mounts.begin(), mounts.end(), [](auto& one) {
          return one.mount_path() == account_folder;
        }))
      continue;
    auto& mount = *container.add_volume_mounts();
    mount.set_name(volume);
    mount.set_read_only(true);
    mount.set_mount_path(std::string{account_folder});
    used = true;
  }
  return used;
}

/// Kubernetes: a token that ends, the authority's certificate, the namespace.
void add_account_volume(core::v1::PodSpec& spec, const std::string& name) {
  auto& volume = *spec.add_volumes();
  volume.set_name(name);
  auto& projected = *volume.mutable_volume_source()->mutable_projected();
  projected.set_default_mode(0644);
  auto& token = *projected.add_sources()->mutable_service_account_token();
  token.set_path("token");
  token.set_expiration_seconds(3607);
  auto& authority = *projected.add_sources()->mutable_config_map();
  authority.mutable_local_object_reference()->set_name("kube-root-ca.crt");
  auto& item = *authority.add_items();
  item.set_key("ca.crt");
  item.set_path("ca.crt");
  auto& space = *projected.add_sources()->mutable_downward_api()->add_items();
  space.set_path("namespace");
  space.mutable_field_ref()->set_api_version("v1");
  space.mutable_field_ref()->set_field_path("metadata.namespace");
}

bool marked_default(const storage::v1::StorageClass& one) {
  auto& notes = one.metadata().annotations();
  auto i = notes.find("storageclass.kubernetes.io/is-default-class");
  return i != notes.end() && i->second == "true";
}

} // namespace

void add_default_tolerations(Pod& pod) {
  for (auto* taint :
       {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    if (tolerates(pod, taint))
      continue;
    auto* one = pod.mutable_spec()->add_tolerations();
    one->set_key(taint);
    one->set_operator_("Exists");
    one->set_effect("NoExecute");
    one->set_toleration_seconds(toleration_seconds);
  }
}

caf::error resolve_priority(Pod& pod,
                            const std::vector<const PriorityClass*>& all) {
  auto* spec = pod.mutable_spec();
  auto* chosen = default_class(all);
  if (!spec->priority_class_name().empty()) {
    chosen = find(all, spec->priority_class_name());
    if (chosen == nullptr)
      return pod_forbidden(pod, "no PriorityClass with name "
                                    + spec->priority_class_name()
                                    + " was found");
  } else if (chosen != nullptr) {
    spec->set_priority_class_name(chosen->metadata().name());
  }
  auto value = chosen != nullptr ? chosen->value() : 0;
  std::string policy{any_policy};
  if (chosen != nullptr && chosen->has_preemption_policy())
    policy = chosen->preemption_policy();
  if (spec->has_priority() && spec->priority() != value)
    return pod_forbidden(
        pod,
        "the integer value of priority (" + std::to_string(spec->priority())
            + ") must not be provided in pod spec; priority admission "
              "controller computed "
            + std::to_string(value) + " from the given PriorityClass name");
  if (spec->has_preemption_policy() && spec->preemption_policy() != policy)
    return pod_forbidden(
        pod, "the string value of PreemptionPolicy ("
                 + spec->preemption_policy()
                 + ") must not be provided in pod spec; priority admission "
                   "controller computed "
                 + policy + " from the given PriorityClass name");
  spec->set_priority(value);
  spec->set_preemption_policy(policy);
  return caf::error{};
}

void keep_priority(Pod& pod, const Pod& old) {
  auto* spec = pod.mutable_spec();
  if (!spec->has_priority() && old.spec().has_priority())
    spec->set_priority(old.spec().priority());
  if (!spec->has_preemption_policy() && old.spec().has_preemption_policy())
    spec->set_preemption_policy(old.spec().preemption_policy());
}

caf::error check_default_class(const PriorityClass& one,
                               const std::vector<const PriorityClass*>& all) {
  if (!one.global_default())
    return caf::error{};
  auto& name = one.metadata().name();
  for (auto* other : all)
    if (other->global_default() && other->metadata().name() != name)
      return forbidden("priorityclasses.scheduling.k8s.io", name,
                       "PriorityClass " + other->metadata().name()
                           + " is already marked as default. Only one default "
                             "can exist");
  return caf::error{};
}

void set_default_account(Pod& pod) {
  auto* spec = pod.mutable_spec();
  if (is_mirror(pod) || !spec->service_account_name().empty())
    return;
  spec->set_service_account_name("default");
  spec->set_service_account("default");
}

caf::error apply_account(Pod& pod, const core::v1::ServiceAccount* account,
                         const entropy& next) {
  auto* spec = pod.mutable_spec();
  if (is_mirror(pod))
    return caf::error{};
  if (account == nullptr) {
    auto& name = spec->service_account_name();
    return pod_forbidden(
        pod, "error looking up service account " + pod.metadata().namespace_()
                 + "/" + name + ": serviceaccount \"" + name + "\" not found");
  }
  if (spec->image_pull_secrets().empty())
    *spec->mutable_image_pull_secrets() = account->image_pull_secrets();
  if (!wants_account_files(pod, *account))
    return caf::error{};
  auto name = generate_name(account_volume_prefix, next);
  auto first = mount_account(*spec->mutable_init_containers(), name);
  if (mount_account(*spec->mutable_containers(), name) || first)
    add_account_volume(*spec, name);
  return caf::error{};
}

caf::error apply_runtime_class(Pod& pod, const node::v1::RuntimeClass* named) {
  auto* spec = pod.mutable_spec();
  auto& overhead = spec->overhead();
  if (spec->runtime_class_name().empty()) {
    if (overhead.empty())
      return caf::error{};
    return pod_forbidden(pod, "pod rejected: Pod Overhead set without "
                              "corresponding RuntimeClass defined Overhead");
  }
  if (named == nullptr)
    return pod_forbidden(pod, "pod rejected: RuntimeClass \""
                                  + spec->runtime_class_name()
                                  + "\" not found");
  auto& fixed = named->overhead().pod_fixed();
  bool same = overhead.size() == fixed.size()
              && std::all_of(fixed.begin(), fixed.end(), [&](auto& entry) {
                   auto i = overhead.find(entry.first);
                   return i != overhead.end()
                          && text::quantity::of(i->second)
                                 == text::quantity::of(entry.second);
                 });
  if (!overhead.empty() && !same)
    return pod_forbidden(pod, "pod rejected: Pod's Overhead doesn't match "
                              "RuntimeClass's defined Overhead");
  *spec->mutable_overhead() = fixed;
  for (auto& [key, value] : named->scheduling().node_selector())
    (*spec->mutable_node_selector())[key] = value;
  for (auto& one : named->scheduling().tolerations())
    if (std::none_of(spec->tolerations().begin(), spec->tolerations().end(),
                     [&](auto& has) { return canonical_equal(has, one); }))
      *spec->add_tolerations() = one;
  return caf::error{};
}

caf::error check_namespace_takes(const core::v1::Namespace* ns,
                                 std::string_view ns_name,
                                 std::string_view resource,
                                 std::string_view name) {
  std::string space{ns_name};
  meta::v1::StatusDetails details;
  if (ns == nullptr) {
    details.set_name(space);
    details.set_kind("namespaces");
    return make_error(ec::not_found, "namespaces \"" + space + "\" not found",
                      details);
  }
  if (!ns->metadata().has_deletion_timestamp()
      && ns->status().phase() != "Terminating")
    return caf::error{};
  auto dot = resource.find('.');
  details.set_name(std::string{name});
  details.set_kind(std::string{resource.substr(0, dot)});
  if (dot != std::string_view::npos)
    details.set_group(std::string{resource.substr(dot + 1)});
  auto* cause = details.add_causes();
  cause->set_reason("NamespaceTerminating");
  cause->set_message("namespace " + space + " is being terminated");
  cause->set_field("metadata.namespace");
  return make_error(ec::forbidden,
                    std::string{resource} + " \"" + std::string{name}
                        + "\" is forbidden: unable to create new content in "
                          "namespace "
                        + space + " because it is being terminated",
                    details);
}

caf::error check_namespace_may_go(std::string_view name) {
  constexpr std::array<std::string_view, 3> stay{"default", "kube-system",
                                                 "kube-public"};
  if (std::find(stay.begin(), stay.end(), name) == stay.end())
    return caf::error{};
  return forbidden("namespaces", name, "this namespace may not be deleted");
}

void set_default_storage_class(
    core::v1::PersistentVolumeClaim& claim,
    const std::vector<const storage::v1::StorageClass*>& all) {
  if (claim.spec().has_storage_class_name())
    return;
  const storage::v1::StorageClass* newest = nullptr;
  auto born = [](auto* one) {
    return one->metadata().creation_timestamp().seconds();
  };
  for (auto* one : all)
    if (marked_default(*one) && (newest == nullptr || born(one) > born(newest)))
      newest = one;
  if (newest != nullptr)
    claim.mutable_spec()->set_storage_class_name(newest->metadata().name());
}

void stamp_requester(certificates::v1::CertificateSigningRequest& request,
                     const caller& who) {
  auto* spec = request.mutable_spec();
  spec->set_username(who.user);
  spec->set_uid(who.uid);
  spec->clear_extra();
  for (auto& [key, values] : who.extra)
    *(*spec->mutable_extra())[key].mutable_items() = {values.begin(),
                                                      values.end()};
  spec->clear_groups();
  for (auto& group : who.groups)
    spec->add_groups(group);
}

} // namespace troupe::rules
