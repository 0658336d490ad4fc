#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"

#include <algorithm>

namespace troupe::rules {

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

// The selector is made of the uid, so that two Jobs never share pods.
void create_job(Job& job) {
  auto* spec = job.mutable_spec();
  if (spec->manual_selector())
    return;
  auto& meta = job.metadata();
  auto& labels =
      *spec->mutable_template_()->mutable_metadata()->mutable_labels();
  for (auto* key : {"job-name", "batch.kubernetes.io/job-name"})
    labels[key] = meta.name();
  for (auto* key : {"controller-uid", "batch.kubernetes.io/controller-uid"})
    labels[key] = meta.uid();
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
  all.of<Job>().prepare_create = apply<Job, create_job>;
}

} // namespace troupe::rules
