#include "runtime/rules/namespace_plan.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/versions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Namespace;

constexpr auto finalizer = "kubernetes";

std::string join(const std::vector<std::string>& parts) {
  std::string result;
  for (const auto& part : parts)
    result += (result.empty() ? "" : ", ") + part;
  return result;
}

// Kubernetes: "pods. has 2 resource instances".
std::string remaining(std::span<const object> content) {
  std::map<std::string, int> counts;
  for (const auto& each : content)
    ++counts[fmt::format("{}.{}", each.kind().plural, each.kind().group)];
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts)
    parts.push_back(fmt::format("{} has {} resource instances", what, count));
  return "Some resources are remaining: " + join(parts);
}

std::string finalizers(std::span<const object> content) {
  std::map<std::string, int> counts;
  for (const auto& each : content)
    for (const auto& name : each.meta().finalizers())
      ++counts[name];
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts)
    parts.push_back(fmt::format("{} in {} resource instances", name, count));
  return parts.empty() ? ""
                       : "Some content in the namespace has finalizers "
                         "remaining: "
                             + join(parts);
}

std::optional<object> tell(const object& space, std::span<const object> content,
                           std::span<const std::string> failures,
                           time_point now) {
  auto changed = space.copy<Namespace>();
  auto* status = changed.mutable_status();
  status->set_phase("Terminating");
  auto& list = *status->mutable_conditions();
  auto set = [&](const char* type, bool bad, const char* bad_reason,
                 const std::string& bad_text, const char* good_reason,
                 const char* good_text) {
    set_condition(list, type, bad ? "True" : "False",
                  bad ? bad_reason : good_reason, bad ? bad_text : good_text,
                  now);
  };
  set("NamespaceDeletionDiscoveryFailure", false, "", "", "ResourcesDiscovered",
      "All resources successfully discovered");
  set("NamespaceDeletionGroupVersionParsingFailure", false, "", "",
      "ParsedGroupVersions", "All legacy kube types successfully parsed");
  set("NamespaceDeletionContentFailure", !failures.empty(),
      "ContentDeletionFailed",
      "Failed to delete all resource types, " + std::to_string(failures.size())
          + " remaining: " + join({failures.begin(), failures.end()}),
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization");
  set("NamespaceContentRemaining", !content.empty(), "SomeResourcesRemain",
      remaining(content), "ContentRemoved", "All content successfully removed");
  auto kept = finalizers(content);
  set("NamespaceFinalizersRemaining", !kept.empty(), "SomeFinalizersRemain",
      kept, "ContentHasNoFinalizers",
      "All content-preserving finalizers finished");
  if (canonical_equal(changed.status(), space.as<Namespace>().status()))
    return std::nullopt;
  return object::of(changed);
}

std::optional<object> finalize(const object& space) {
  auto changed = space.copy<Namespace>();
  auto* list = changed.mutable_spec()->mutable_finalizers();
  auto kept = std::remove(list->begin(), list->end(), finalizer);
  if (kept == list->end())
    return std::nullopt;
  list->erase(kept, list->end());
  return object::of(changed);
}

} // namespace

std::vector<const kind_info*> kinds_in_namespaces() {
  std::vector<const kind_info*> result;
  for (const auto& kind : all_kinds())
    if (kind.namespaced && !kind.plural.empty() && kind.has_verb("delete")
        && kind.has_verb("watch") && &stored_kind(kind) == &kind)
      result.push_back(&kind);
  return result;
}

namespace_plan plan_namespace(const object& space,
                              std::span<const object> content,
                              std::span<const std::string> failures,
                              time_point now) {
  namespace_plan plan;
  if (!space.meta().has_deletion_timestamp()) {
    plan.reason = "is active";
    return plan;
  }
  if (content.empty()) {
    plan.finalized = finalize(space);
    plan.reason = "nothing is left in it: lets it go";
    return plan;
  }
  // Kubernetes: pods go before what they may still read.
  auto pods = std::any_of(content.begin(), content.end(), [](const auto& each) {
    return &each.kind() == &kind_of<core::v1::Pod>();
  });
  for (const auto& each : content)
    if (!each.meta().has_deletion_timestamp()
        && (!pods || &each.kind() == &kind_of<core::v1::Pod>()))
      plan.removed.push_back(each);
  plan.status = tell(space, content, failures, now);
  plan.reason = remaining(content);
  return plan;
}

} // namespace troupe::rules
