#include "messages/api/apps.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace troupe::rules {

using apps::v1::DaemonSet;
using batch::v1::Job;
using core::v1::Namespace;
using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;

namespace {

void create_namespace(Namespace& ns) {
  ns.mutable_status()->set_phase("Active");
  auto& list = *ns.mutable_spec()->mutable_finalizers();
  if (std::find(list.begin(), list.end(), "kubernetes") == list.end())
    *list.Add() = "kubernetes";
}

// Only the finalize subresource takes finalizers away.
void update_namespace(Namespace& ns, const Namespace& old) {
  *ns.mutable_spec()->mutable_finalizers() = old.spec().finalizers();
}

template <class T>
void create_pending(T& obj) {
  obj.mutable_status()->set_phase("Pending");
}

constexpr auto template_note = "deprecated.daemonset.template.generation";

int64_t template_generation(const DaemonSet& set) {
  auto& notes = set.metadata().annotations();
  auto found = notes.find(template_note);
  int64_t result = 0;
  if (found != notes.end()) {
    auto& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), result);
  }
  return std::max<int64_t>(result, 1);
}

void note_generation(DaemonSet& set, int64_t number) {
  (*set.mutable_metadata()->mutable_annotations())[template_note] =
      std::to_string(number);
}

// How often the template changed, in a field of older versions: this one has
// it as an annotation.
void create_daemon_set(DaemonSet& set) {
  note_generation(set, template_generation(set));
}

void update_daemon_set(DaemonSet& set, const DaemonSet& old) {
  auto same = canonical_equal(set.spec().template_(), old.spec().template_());
  note_generation(set, template_generation(old) + (same ? 0 : 1));
}

template <class Labels>
void label_job(Labels& labels, const meta::v1::ObjectMeta& meta) {
  for (auto* key : {"job-name", "batch.kubernetes.io/job-name"})
    labels[key] = meta.name();
  for (auto* key : {"controller-uid", "batch.kubernetes.io/controller-uid"})
    labels[key] = meta.uid();
}

// The selector is made of the uid, so that two Jobs never share pods.
void create_job(Job& job) {
  auto* spec = job.mutable_spec();
  if (spec->manual_selector())
    return;
  auto& meta = job.metadata();
  auto& labels =
      *spec->mutable_template_()->mutable_metadata()->mutable_labels();
  // Kubernetes: a job that takes its labels from its pods, or has none, takes
  // these, too.
  if (same_entries(labels, meta.labels()))
    label_job(*job.mutable_metadata()->mutable_labels(), meta);
  label_job(labels, meta);
  auto& wished = *spec->mutable_selector()->mutable_match_labels();
  wished["batch.kubernetes.io/controller-uid"] = meta.uid();
}

} // namespace

void add_cluster_preparation(registry& all) {
  all.of<Namespace>().prepare_create = apply<Namespace, create_namespace>;
  all.of<Namespace>().prepare_update = apply_from<Namespace, update_namespace>;
  all.of<PersistentVolume>().prepare_create =
      apply<PersistentVolume, create_pending<PersistentVolume>>;
  all.of<PersistentVolumeClaim>().prepare_create =
      apply<PersistentVolumeClaim, create_pending<PersistentVolumeClaim>>;
  auto& daemons = all.of<DaemonSet>();
  daemons.prepare_create = apply<DaemonSet, create_daemon_set>;
  daemons.prepare_update = apply_from<DaemonSet, update_daemon_set>;
  all.of<Job>().prepare_create = apply<Job, create_job>;
}

} // namespace troupe::rules
