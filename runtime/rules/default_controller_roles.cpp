#include "runtime/rules/default_policy.hpp"

namespace troupe::rules {

// Kubernetes' controllers share what they read, as kube-controller-manager;
// here each reads for itself. What that takes beyond Kubernetes' roles stands
// at the end, in roles of our own.
std::string_view controller_role_table() {
  return R"(
controller attachdetach-controller
  list,watch core persistentvolumeclaims,persistentvolumes
  read core nodes
  patch,update core nodes/status
  list,watch core pods
  events
  create,delete,read storage.k8s.io volumeattachments
  read storage.k8s.io csidrivers
  read storage.k8s.io csinodes
controller clusterrole-aggregation-controller
  escalate,patch,read,update rbac.authorization.k8s.io clusterroles
controller cronjob-controller
  read,update batch cronjobs
  create,delete,patch,read,update batch jobs
  update batch cronjobs/status
  update batch cronjobs/finalizers
  delete,list,watch core pods
  events
controller daemon-set-controller
  read apps,extensions daemonsets
  update apps,extensions daemonsets/status
  update apps,extensions daemonsets/finalizers
  list,watch core nodes
  create,delete,list,patch,watch core pods
  create core pods/binding
  create,delete,patch,read,update apps controllerrevisions
  events
controller deployment-controller
  read,update apps,extensions deployments
  update apps,extensions deployments/status
  update apps,extensions deployments/finalizers
  create,delete,patch,read,update apps,extensions replicasets
  read,update core pods
  events
controller disruption-controller
  read apps,extensions deployments
  read apps,extensions replicasets
  read core replicationcontrollers
  read policy poddisruptionbudgets
  read apps statefulsets
  update policy poddisruptionbudgets/status
  patch,update core pods/status
  get * */scale
  events
controller endpoint-controller
  read core pods,services
  create,delete,read,update core endpoints
  create core endpoints/restricted
  events
controller endpointslice-controller
  read core nodes,pods,services
  update core services/finalizers
  create,delete,read,update discovery.k8s.io endpointslices
  events
controller endpointslicemirroring-controller
  read core endpoints,services
  update core services/finalizers
  update core endpoints/finalizers
  create,delete,read,update discovery.k8s.io endpointslices
  events
controller expand-controller
  patch,read,update core persistentvolumes
  patch,update core persistentvolumeclaims/status
  read core persistentvolumeclaims
  events
controller ephemeral-volume-controller
  read core pods
  update core pods/finalizers
  create,read core persistentvolumeclaims
  events
controller resource-claim-controller
  read core pods
  update core pods/finalizers
  create,delete,read resource.k8s.io resourceclaims
  patch,update resource.k8s.io resourceclaims,resourceclaims/status
  patch,update core pods/status
  events
controller generic-garbage-collector
  delete,patch,read,update * *
  events
controller horizontal-pod-autoscaler
  read autoscaling horizontalpodautoscalers
  update autoscaling horizontalpodautoscalers/status
  get,update * */scale
  list,watch core pods
  list,watch metrics.k8s.io pods
  read custom.metrics.k8s.io *
  read external.metrics.k8s.io *
  events
controller job-controller
  patch,read,update batch jobs
  update batch jobs/status
  update batch jobs/finalizers
  create,delete,list,patch,watch core pods
  events
controller namespace-controller
  delete,read core namespaces
  update core namespaces/finalize,namespaces/status
  delete,deletecollection,read * *
controller node-controller
  delete,patch,read,update core nodes
  patch,update core nodes/status
  patch,update core pods/status
  delete,read core pods
  events
controller persistent-volume-binder
  create,delete,read,update core persistentvolumes
  update core persistentvolumes/status
  read,update core persistentvolumeclaims
  update core persistentvolumeclaims/status
  create,delete,read core pods
  read storage.k8s.io storageclasses
  list,watch core nodes
  events
  watch core events
controller pod-garbage-collector
  delete,list,watch core pods
  read core nodes
  patch core pods/status
controller replicaset-controller
  read,update apps,extensions replicasets
  update apps,extensions replicasets/status
  update apps,extensions replicasets/finalizers
  create,delete,list,patch,watch core pods
  events
controller replication-controller
  read,update core replicationcontrollers
  update core replicationcontrollers/status
  update core replicationcontrollers/finalizers
  create,delete,list,patch,watch core pods
  events
controller resourcequota-controller
  list,watch * *
  update core resourcequotas/status
  events
controller route-controller
  list,watch core nodes
  patch core nodes/status
  events
controller service-account-controller
  create core serviceaccounts
  events
controller service-controller
  read core services
  patch,update core services/status
  list,watch core nodes
  events
controller service-cidrs-controller
  patch,read,update networking.k8s.io servicecidrs
  patch,update networking.k8s.io servicecidrs/finalizers
  patch,update networking.k8s.io servicecidrs/status
  read networking.k8s.io ipaddresses
  events
controller statefulset-controller
  list,watch core pods
  read apps statefulsets
  update apps statefulsets/status
  update apps statefulsets/finalizers
  create,delete,get,patch,update core pods
  create,delete,patch,read,update apps controllerrevisions
  create,read core persistentvolumeclaims
  delete,update core persistentvolumeclaims
  update core pods/finalizers
  events
controller taint-eviction-controller
  delete,read core pods
  patch,update core pods/status
  read core nodes
  events
controller ttl-controller
  list,patch,update,watch core nodes
  events
controller certificate-controller
  delete,read certificates.k8s.io certificatesigningrequests
  update certificates.k8s.io certificatesigningrequests/approval,certificatesigningrequests/status
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet,troupe.dev/component-client
  sign certificates.k8s.io signers kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown,troupe.dev/component-client
  create authorization.k8s.io subjectaccessreviews
  events
controller pvc-protection-controller
  read,update core persistentvolumeclaims
  read core pods
  events
controller pv-protection-controller
  read,update core persistentvolumes
  events
controller volumeattributesclass-protection-controller
  read core persistentvolumeclaims
  read core persistentvolumes
  read,update storage.k8s.io volumeattributesclasses
  events
controller ttl-after-finished-controller
  delete,read batch jobs
  events
controller root-ca-cert-publisher
  create,update core configmaps
  events
controller validatingadmissionpolicy-status-controller
  read admissionregistration.k8s.io validatingadmissionpolicies
  get,patch,update admissionregistration.k8s.io validatingadmissionpolicies/status
  events
controller legacy-service-account-token-cleaner
  get core configmaps kube-apiserver-legacy-service-account-token-tracking
  delete,patch core secrets
controller selinux-warning-controller
  events
  read core persistentvolumes
  read core persistentvolumeclaims
  read core pods
  read storage.k8s.io csidrivers

role troupe:controller:service-account-controller
  list,watch core namespaces,serviceaccounts
bind troupe:controller:service-account-controller troupe:controller:service-account-controller a:kube-system/service-account-controller
role troupe:controller:disruption-controller
  list,watch core pods
bind troupe:controller:disruption-controller troupe:controller:disruption-controller a:kube-system/disruption-controller
role troupe:controller:node-controller
  list,watch coordination.k8s.io leases
bind troupe:controller:node-controller troupe:controller:node-controller a:kube-system/node-controller
bind troupe:controller:endpointslice-controller system:controller:endpointslicemirroring-controller a:kube-system/endpointslice-controller
role troupe:controller:replica-controllers
  get,update core pods
bind troupe:controller:replica-controllers troupe:controller:replica-controllers a:kube-system/replicaset-controller,a:kube-system/replication-controller
)";
}

} // namespace troupe::rules
