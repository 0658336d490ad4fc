#include "messages/fields.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/pod_updates.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr std::string_view mirror = "kubernetes.io/config.mirror";

void check_mirror_note(const Pod& pod, const Pod& old, findings& out) {
  auto value = [](const Pod& from) -> const std::string* {
    auto& notes = from.metadata().annotations();
    auto i = notes.find(std::string{mirror});
    return i == notes.end() ? nullptr : &i->second;
  };
  auto* now = value(pod);
  auto* before = value(old);
  field_path at{"metadata.annotations"};
  if (before != nullptr && now == nullptr)
    out.forbidden(at.key(mirror), "may not remove mirror pod annotation");
  else if (before == nullptr && now != nullptr)
    out.forbidden(at.key(mirror), "may not add mirror pod annotation");
  else if (before != nullptr && *before != *now)
    out.forbidden(at.key(mirror), "may not update mirror pod annotation");
}

void check_deadline(const PodSpec& spec, const PodSpec& old,
                    const field_path& at, findings& out) {
  if (!old.has_active_deadline_seconds())
    return;
  auto place = at.child("activeDeadlineSeconds");
  if (!spec.has_active_deadline_seconds())
    out.invalid(place, old.active_deadline_seconds(),
                "must not update from a positive integer to nil value");
  else if (spec.active_deadline_seconds() > old.active_deadline_seconds())
    out.invalid(place, spec.active_deadline_seconds(),
                "must be less than or equal to previous value");
}

// Only how long a toleration lasts may change.
bool same_but_seconds(Toleration a, Toleration b) {
  a.clear_toleration_seconds();
  b.clear_toleration_seconds();
  return canonical_equal(a, b);
}

void check_tolerations(const PodSpec& spec, const PodSpec& old,
                       const field_path& at, findings& out) {
  auto& now = spec.tolerations();
  for (auto& before : old.tolerations()) {
    bool kept = std::any_of(now.begin(), now.end(), [&](auto& one) {
      return same_but_seconds(one, before);
    });
    if (!kept) {
      out.forbidden(at.child("tolerations"),
                    "existing toleration can not be modified except its "
                    "tolerationSeconds");
      return;
    }
  }
}

void check_removed_gates(const PodSpec& spec, const PodSpec& old,
                         const field_path& at, findings& out) {
  auto& before = old.scheduling_gates();
  for (auto& gate : spec.scheduling_gates()) {
    bool known = std::any_of(before.begin(), before.end(), [&](auto& one) {
      return one.name() == gate.name();
    });
    if (!known)
      out.forbidden(at.child("schedulingGates"),
                    "only deletion is allowed, but found new scheduling gate '"
                        + gate.name() + "'");
  }
}

bool narrower(const NodeSelectorTerm& now, const NodeSelectorTerm& before) {
  auto holds = [](const auto& all, const auto& some) {
    return std::all_of(some.begin(), some.end(), [&](auto& one) {
      return std::any_of(all.begin(), all.end(), [&](auto& other) {
        return canonical_equal(one, other);
      });
    });
  };
  return holds(now.match_expressions(), before.match_expressions())
         && holds(now.match_fields(), before.match_fields());
}

// While a pod is gated its choice of nodes may become smaller.
void check_narrowed(const PodSpec& spec, const PodSpec& old,
                    const field_path& at, findings& out) {
  for (auto& [key, value] : old.node_selector()) {
    auto i = spec.node_selector().find(key);
    if (i == spec.node_selector().end() || i->second != value) {
      out.invalid(at.child("nodeSelector"), spec.node_selector(),
                  "only additions to spec.nodeSelector are allowed (no "
                  "mutations or deletions)");
      break;
    }
  }
  auto& before = old.affinity()
                     .node_affinity()
                     .required_during_scheduling_ignored_during_execution()
                     .node_selector_terms();
  auto& now = spec.affinity()
                  .node_affinity()
                  .required_during_scheduling_ignored_during_execution()
                  .node_selector_terms();
  bool good = before.empty() || before.size() == now.size();
  for (int i = 0; good && i < before.size(); ++i)
    good = narrower(now[i], before[i]);
  if (!good)
    out.invalid(at.child("affinity.nodeAffinity."
                         "requiredDuringSchedulingIgnoredDuringExecution."
                         "nodeSelectorTerms"),
                now.size(),
                "no additions/deletions to non-empty NodeSelectorTerms list "
                "are allowed; only additions to their requirements are");
}

void take_node_affinity(PodSpec& spec, const PodSpec& from) {
  *spec.mutable_node_selector() = from.node_selector();
  auto* affinity = spec.mutable_affinity();
  if (from.affinity().has_node_affinity())
    *affinity->mutable_node_affinity() = from.affinity().node_affinity();
  else
    affinity->clear_node_affinity();
  if (!from.has_affinity() && !affinity->has_pod_affinity()
      && !affinity->has_pod_anti_affinity())
    spec.clear_affinity();
}

/// Returns `spec` with everything that may change as it was in `old`: what
/// still differs may not.
PodSpec with_allowed_changes_undone(const PodSpec& spec, const PodSpec& old) {
  PodSpec result = spec;
  auto undo_images = [](auto* list, const auto& before) {
    for (int i = 0; i < list->size() && i < before.size(); ++i)
      list->Mutable(i)->set_image(before[i].image());
  };
  undo_images(result.mutable_containers(), old.containers());
  undo_images(result.mutable_init_containers(), old.init_containers());
  result.clear_active_deadline_seconds();
  if (old.has_active_deadline_seconds())
    result.set_active_deadline_seconds(old.active_deadline_seconds());
  *result.mutable_tolerations() = old.tolerations();
  *result.mutable_scheduling_gates() = old.scheduling_gates();
  if (old.termination_grace_period_seconds() < 0
      && spec.termination_grace_period_seconds() == 1)
    result.set_termination_grace_period_seconds(
        old.termination_grace_period_seconds());
  if (!old.scheduling_gates().empty())
    take_node_affinity(result, old);
  return result;
}

std::string names_of_changed(const PodSpec& a, const PodSpec& b) {
  std::string result;
  for (auto& field : message_info_of(PodSpec::descriptor()).fields) {
    PodSpec left;
    PodSpec right;
    auto* reflection = a.GetReflection();
    left.CopyFrom(a);
    right.CopyFrom(b);
    reflection->ClearField(&left, field.descriptor);
    reflection->ClearField(&right, field.descriptor);
    if (canonical_equal(left, right))
      return "spec." + field.name;
    result = "several fields of the spec";
  }
  return result;
}

void check_spec_update(const PodSpec& spec, const PodSpec& old, findings& out) {
  field_path at{"spec"};
  if (spec.containers_size() != old.containers_size()) {
    out.forbidden(at.child("containers"),
                  "pod updates may not add or remove containers");
    return;
  }
  if (spec.init_containers_size() != old.init_containers_size()) {
    out.forbidden(at.child("initContainers"),
                  "pod updates may not add or remove containers");
    return;
  }
  check_deadline(spec, old, at, out);
  check_tolerations(spec, old, at, out);
  check_removed_gates(spec, old, at, out);
  if (!old.scheduling_gates().empty())
    check_narrowed(spec, old, at, out);
  auto undone = with_allowed_changes_undone(spec, old);
  if (!canonical_equal(undone, old))
    out.forbidden(
        at,
        "pod updates may not change fields other than "
        "`spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
        "existing tolerations),`spec.terminationGracePeriodSeconds` (allow "
        "it to be set to 1 if it was previously negative); changed: "
            + names_of_changed(undone, old));
}

} // namespace

void validate_pod_update(const Pod& pod, const Pod& old, findings& out) {
  check_mirror_note(pod, old, out);
  check_spec_update(pod.spec(), old.spec(), out);
}

} // namespace troupe::rules
