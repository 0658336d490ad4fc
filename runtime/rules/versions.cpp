#include "runtime/rules/versions.hpp"

#include "messages/api/apiextensions.pb.h"
#include "messages/api/apiextensions_v1beta1.pb.h"
#include "messages/api/apiregistration.pb.h"
#include "messages/api/apiregistration_v1beta1.pb.h"
#include "messages/api/authentication.pb.h"
#include "messages/api/authentication_v1alpha1.pb.h"
#include "messages/api/authentication_v1beta1.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/authorization_v1beta1.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/autoscaling_v2beta1.pb.h"
#include "messages/api/autoscaling_v2beta2.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/batch_v1beta1.pb.h"
#include "messages/api/certificates.pb.h"
#include "messages/api/certificates_v1beta1.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/coordination_v1beta1.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/discovery_v1beta1.pb.h"
#include "messages/api/events.pb.h"
#include "messages/api/events_v1beta1.pb.h"
#include "messages/api/extensions_v1beta1.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/flowcontrol_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/networking_v1beta1.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/node_v1beta1.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/policy_v1beta1.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/rbac_v1beta1.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/scheduling_v1beta1.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/api/storage_v1beta1.pb.h"
#include "runtime/rules/version_definition.hpp"
#include "runtime/rules/version_forms.hpp"

#include <unordered_map>

namespace troupe::rules {

namespace {

struct row {
  const kind_info* served;
  const kind_info* stored;
  object (*to_stored)(const object&);
  object (*from_stored)(const object&);
};

template <class From, class To>
object converted(const object& what) {
  To to;
  convert(what.as<From>(), to);
  return object::of(to).with_revision(what.revision());
}

template <class Served, class Stored>
row make_row() {
  return {&kind_of<Served>(), &kind_of<Stored>(), converted<Served, Stored>,
          converted<Stored, Served>};
}

/// Of a version with the same fields under the same numbers: the same bytes.
template <class To>
object renamed(const object& what) {
  auto result = object::parse(kind_of<To>(), what.bytes(), what.revision());
  return result ? std::move(*result) : object{};
}

template <class Served, class Stored>
row make_twin() {
  return {&kind_of<Served>(), &kind_of<Stored>(), renamed<Stored>,
          renamed<Served>};
}

const row* find_row(const kind_info& kind) {
  static const auto rows = [] {
    namespace scaling = autoscaling;
    std::unordered_map<const kind_info*, row> result;
    for (auto& r : {
             make_row<apiextensions::v1beta1::CustomResourceDefinition,
                      apiextensions::v1::CustomResourceDefinition>(),
             make_twin<apiregistration::v1beta1::APIService,
                       apiregistration::v1::APIService>(),
             make_twin<authentication::v1alpha1::SelfSubjectReview,
                       authentication::v1::SelfSubjectReview>(),
             make_twin<authentication::v1beta1::SelfSubjectReview,
                       authentication::v1::SelfSubjectReview>(),
             make_twin<authentication::v1beta1::TokenReview,
                       authentication::v1::TokenReview>(),
             make_twin<authorization::v1beta1::LocalSubjectAccessReview,
                       authorization::v1::LocalSubjectAccessReview>(),
             make_twin<authorization::v1beta1::SelfSubjectAccessReview,
                       authorization::v1::SelfSubjectAccessReview>(),
             make_twin<authorization::v1beta1::SelfSubjectRulesReview,
                       authorization::v1::SelfSubjectRulesReview>(),
             make_twin<authorization::v1beta1::SubjectAccessReview,
                       authorization::v1::SubjectAccessReview>(),
             make_row<scaling::v1::HorizontalPodAutoscaler,
                      scaling::v2::HorizontalPodAutoscaler>(),
             make_row<scaling::v2beta1::HorizontalPodAutoscaler,
                      scaling::v2::HorizontalPodAutoscaler>(),
             make_twin<scaling::v2beta2::HorizontalPodAutoscaler,
                       scaling::v2::HorizontalPodAutoscaler>(),
             make_twin<batch::v1beta1::CronJob, batch::v1::CronJob>(),
             make_row<certificates::v1beta1::CertificateSigningRequest,
                      certificates::v1::CertificateSigningRequest>(),
             make_twin<coordination::v1beta1::Lease, coordination::v1::Lease>(),
             make_row<discovery::v1beta1::EndpointSlice,
                      discovery::v1::EndpointSlice>(),
             make_row<events::v1::Event, core::v1::Event>(),
             make_row<events::v1beta1::Event, core::v1::Event>(),
             make_row<extensions::v1beta1::Ingress, networking::v1::Ingress>(),
             make_twin<flowcontrol::v1beta1::FlowSchema,
                       flowcontrol::v1::FlowSchema>(),
             make_row<flowcontrol::v1beta1::PriorityLevelConfiguration,
                      flowcontrol::v1::PriorityLevelConfiguration>(),
             make_row<networking::v1beta1::Ingress, networking::v1::Ingress>(),
             make_twin<networking::v1beta1::IngressClass,
                       networking::v1::IngressClass>(),
             make_twin<node::v1beta1::RuntimeClass, node::v1::RuntimeClass>(),
             make_row<policy::v1beta1::PodDisruptionBudget,
                      policy::v1::PodDisruptionBudget>(),
             make_twin<rbac::v1beta1::ClusterRole, rbac::v1::ClusterRole>(),
             make_twin<rbac::v1beta1::ClusterRoleBinding,
                       rbac::v1::ClusterRoleBinding>(),
             make_twin<rbac::v1beta1::Role, rbac::v1::Role>(),
             make_twin<rbac::v1beta1::RoleBinding, rbac::v1::RoleBinding>(),
             make_twin<scheduling::v1beta1::PriorityClass,
                       scheduling::v1::PriorityClass>(),
             make_twin<storage::v1beta1::CSIDriver, storage::v1::CSIDriver>(),
             make_twin<storage::v1beta1::CSINode, storage::v1::CSINode>(),
             make_twin<storage::v1beta1::StorageClass,
                       storage::v1::StorageClass>(),
             make_twin<storage::v1beta1::VolumeAttachment,
                       storage::v1::VolumeAttachment>(),
         })
      result.emplace(r.served, r);
    return result;
  }();
  auto found = rows.find(&kind);
  return found == rows.end() ? nullptr : &found->second;
}

} // namespace

const kind_info& stored_kind(const kind_info& kind) {
  auto* r = find_row(kind);
  return r != nullptr ? *r->stored : kind;
}

object to_stored(const object& what) {
  auto* r = find_row(what.kind());
  return r != nullptr ? r->to_stored(what) : what;
}

object from_stored(const kind_info& kind, const object& stored) {
  auto* r = find_row(kind);
  return r != nullptr ? r->from_stored(stored) : stored;
}

expected<object> parse_stored(const kind_info& kind, std::string bytes,
                              uint64_t revision) {
  auto parsed = object::parse(stored_kind(kind), std::move(bytes), revision);
  if (!parsed)
    return parsed;
  return from_stored(kind, *parsed);
}

} // namespace troupe::rules
