#include "messages/api/admissionregistration.pb.h"
#include "messages/api/apiextensions.pb.h"
#include "messages/api/apiregistration.pb.h"
#include "messages/api/apps.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"

namespace troupe::rules {

namespace {

template <class... Ts>
void count_generations(registry& all) {
  ((all.of<Ts>().generations = true), ...);
}

template <class... Ts>
void require_versions(registry& all) {
  ((all.of<Ts>().version_on_update = true), ...);
}

template <class... Ts>
void name_by_path_segment(registry& all) {
  ((all.of<Ts>().names = name_form::path_segment), ...);
}

} // namespace

void add_general_rules(registry& all) {
  count_generations<
      core::v1::Pod, core::v1::ReplicationController, apps::v1::ReplicaSet,
      apps::v1::Deployment, apps::v1::DaemonSet, apps::v1::StatefulSet,
      batch::v1::Job, batch::v1::CronJob, networking::v1::Ingress,
      networking::v1::IngressClass, networking::v1::NetworkPolicy,
      policy::v1::PodDisruptionBudget, discovery::v1::EndpointSlice,
      scheduling::v1::PriorityClass, flowcontrol::v1::FlowSchema,
      flowcontrol::v1::PriorityLevelConfiguration,
      autoscaling::v1::HorizontalPodAutoscaler,
      autoscaling::v2::HorizontalPodAutoscaler,
      admissionregistration::v1::MutatingWebhookConfiguration,
      admissionregistration::v1::ValidatingWebhookConfiguration,
      admissionregistration::v1::ValidatingAdmissionPolicy,
      admissionregistration::v1::ValidatingAdmissionPolicyBinding,
      apiextensions::v1::CustomResourceDefinition, storage::v1::CSIDriver>(all);
  require_versions<apiextensions::v1::CustomResourceDefinition,
                   apiregistration::v1::APIService,
                   admissionregistration::v1::MutatingWebhookConfiguration,
                   admissionregistration::v1::ValidatingWebhookConfiguration,
                   node::v1::RuntimeClass, storage::v1::VolumeAttachment>(all);
  name_by_path_segment<rbac::v1::Role, rbac::v1::ClusterRole,
                       rbac::v1::RoleBinding, rbac::v1::ClusterRoleBinding>(
      all);
  all.of<apps::v1::Deployment>().annotations_raise_generation = true;
  all.of<core::v1::Node>().status_on_create = true;
}

} // namespace troupe::rules
