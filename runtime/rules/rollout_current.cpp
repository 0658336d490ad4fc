#include "runtime/rules/conditions.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace troupe::rules {

namespace {

// Kubernetes: maxRevHistoryLengthInChars.
constexpr size_t history_limit = 2000;

bool is_ours(const std::string& key) {
  static const std::set<std::string_view> ours{
      "kubectl.kubernetes.io/last-applied-configuration",
      "deprecated.deployment.rollback.to",
      revision_annotation,
      history_annotation,
      desired_annotation,
      max_annotation,
  };
  return ours.count(key) != 0;
}

// Appends a revision that the set had, forgetting the oldest for room.
std::string longer_history(std::string history, const std::string& revision) {
  history += history.empty() ? revision : "," + revision;
  while (history.size() > history_limit) {
    auto comma = history.find(',');
    if (comma == std::string::npos)
      return {};
    history.erase(0, comma + 1);
  }
  return history;
}

void give_revision(rollout_set& set, int64_t revision) {
  auto& notes = *set.now.mutable_metadata()->mutable_annotations();
  auto known = notes.find(revision_annotation);
  auto had = known != notes.end();
  auto number = annotated(set.now.metadata(), revision_annotation).value_or(0);
  if (number >= revision)
    return;
  if (had)
    notes[history_annotation] =
        longer_history(notes[history_annotation], known->second);
  notes[revision_annotation] = std::to_string(revision);
}

void annotate(rollout& work, rollout_set& set) {
  auto& notes = *set.now.mutable_metadata()->mutable_annotations();
  for (const auto& [key, value] : work.now.metadata().annotations())
    if (!is_ours(key))
      notes[key] = value;
  int64_t newest = 0;
  for (const auto* old : work.old())
    newest = std::max(
        newest,
        annotated(old->now.metadata(), revision_annotation).value_or(0));
  give_revision(set, newest + 1);
  auto& ours = *work.now.mutable_metadata()->mutable_annotations();
  ours[revision_annotation] = notes[revision_annotation];
}

apps::v1::ReplicaSet new_set(const rollout& work) {
  apps::v1::ReplicaSet set;
  auto hash = template_hash(work.now);
  auto* spec = set.mutable_spec();
  *spec->mutable_template_() = work.now.spec().template_();
  auto& labels =
      *spec->mutable_template_()->mutable_metadata()->mutable_labels();
  labels[hash_label] = hash;
  *spec->mutable_selector() = work.now.spec().selector();
  (*spec->mutable_selector()->mutable_match_labels())[hash_label] = hash;
  spec->set_min_ready_seconds(work.now.spec().min_ready_seconds());
  spec->set_replicas(0);
  auto* meta = set.mutable_metadata();
  meta->set_name(work.now.metadata().name() + "-" + hash);
  meta->set_namespace_(work.now.metadata().namespace_());
  *meta->mutable_labels() = labels;
  *meta->add_owner_references() = controller_reference(work.before);
  return set;
}

/// Whether the condition Progressing can speak of this set. Once it says that
/// another has progressed, nothing else would start the deadline of this one,
/// should the status that told of its creation not have been written.
bool progress_is_of(const apps::v1::DeploymentStatus& status,
                    const std::string& set) {
  const auto* known = find_condition(status.conditions(), "Progressing");
  return known
         && (known->reason() != "NewReplicaSetAvailable"
             || known->message().find('"' + set + '"') != std::string::npos);
}

} // namespace

void find_current(rollout& work) {
  auto found =
      std::find_if(work.sets.begin(), work.sets.end(), [&](const auto& set) {
        return same_template(set.now.spec().template_(),
                             work.now.spec().template_());
      });
  if (found == work.sets.end())
    return;
  work.current = &*found;
  annotate(work, *found);
  auto* spec = found->now.mutable_spec();
  spec->set_min_ready_seconds(work.now.spec().min_ready_seconds());
  if (has_deadline(work.now)
      && !progress_is_of(work.now.status(), found->now.metadata().name()))
    put_condition(*work.now.mutable_status(), "Progressing", "True",
                  "FoundNewReplicaSet",
                  fmt::format("Found new replica set \"{}\"",
                              found->now.metadata().name()),
                  work.when);
}

void make_current(rollout& work) {
  if (work.current)
    return;
  work.sets.push_back({object{}, new_set(work)});
  work.current = &work.sets.back();
  annotate(work, *work.current);
  auto room = work.replicas() + max_surge(work.now) - wished_pods(work.all());
  auto size = is_rolling(work.now) ? std::clamp(room, 0, work.replicas())
                                   : work.replicas();
  scale_to(work, *work.current, size);
  if (has_deadline(work.now))
    put_condition(*work.now.mutable_status(), "Progressing", "True",
                  "NewReplicaSetCreated",
                  fmt::format("Created new replica set \"{}\"",
                              work.current->now.metadata().name()),
                  work.when);
}

} // namespace troupe::rules
