#include "runtime/rules/admission_classes.hpp"

#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/text/quantity.hpp"

#include <algorithm>

namespace troupe::rules {

using core::v1::PersistentVolumeClaim;
using networking::v1::Ingress;
using networking::v1::IngressClass;
using storage::v1::StorageClass;
using text::quantity;

namespace {

bool is_marked(const IngressClass& one) {
  auto& notes = one.metadata().annotations();
  auto found = notes.find("ingressclass.kubernetes.io/is-default-class");
  return found != notes.end() && found->second == "true";
}

/// Kubernetes: the newest; of those made in one second, the first by name.
bool goes_before(const IngressClass& a, const IngressClass& b) {
  auto since_a = a.metadata().creation_timestamp().seconds();
  auto since_b = b.metadata().creation_timestamp().seconds();
  return since_a != since_b ? since_a > since_b
                            : a.metadata().name() < b.metadata().name();
}

quantity storage_of(const PersistentVolumeClaim& claim) {
  auto& requests = claim.spec().resources().requests();
  auto found = requests.find("storage");
  return found == requests.end() ? quantity{} : quantity::of(found->second);
}

std::string class_of(const PersistentVolumeClaim& claim) {
  auto& notes = claim.metadata().annotations();
  auto old = notes.find("volume.beta.kubernetes.io/storage-class");
  return old != notes.end() ? old->second : claim.spec().storage_class_name();
}

caf::error forbidden(const PersistentVolumeClaim& claim,
                     const std::string& why) {
  meta::v1::StatusDetails details;
  details.set_name(claim.metadata().name());
  details.set_kind("persistentvolumeclaims");
  return make_error(ec::forbidden,
                    "persistentvolumeclaims \"" + claim.metadata().name()
                        + "\" is forbidden: " + why,
                    details);
}

} // namespace

void set_default_ingress_class(Ingress& ingress,
                               const std::vector<const IngressClass*>& all) {
  if (ingress.spec().has_ingress_class_name()
      || ingress.metadata().annotations().contains(
          "kubernetes.io/ingress.class"))
    return;
  const IngressClass* chosen = nullptr;
  for (auto* one : all)
    if (is_marked(*one) && (chosen == nullptr || goes_before(*one, *chosen)))
      chosen = one;
  if (chosen != nullptr)
    ingress.mutable_spec()->set_ingress_class_name(chosen->metadata().name());
}

caf::error check_growth(const PersistentVolumeClaim& claim,
                        const PersistentVolumeClaim& old,
                        const std::vector<const StorageClass*>& all) {
  if (storage_of(claim) <= storage_of(old))
    return caf::none;
  if (old.status().phase() != "Bound")
    return forbidden(claim,
                     "Only bound persistent volume claims can be expanded");
  auto name = class_of(claim);
  auto allows = !name.empty() && name == class_of(old)
                && std::any_of(all.begin(), all.end(), [&](auto* one) {
                     return one->metadata().name() == name
                            && one->allow_volume_expansion();
                   });
  if (allows)
    return caf::none;
  return forbidden(claim, "only dynamically provisioned pvc can be resized and "
                          "the storageclass that provisions the pvc must "
                          "support resize");
}

} // namespace troupe::rules
