#include "runtime/rules/default_policy.hpp"

namespace troupe::rules {

std::string_view general_role_table() {
  return R"(
role cluster-admin
  * * *
  * @ *
bind cluster-admin cluster-admin g:system:masters

role system:basic-user
  create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews
  create authentication.k8s.io selfsubjectreviews
bind system:basic-user system:basic-user g:system:authenticated
role system:discovery
  get @ /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
bind system:discovery system:discovery g:system:authenticated
role system:public-info-viewer
  get @ /healthz,/livez,/readyz,/version,/version/
bind system:public-info-viewer system:public-info-viewer g:system:authenticated,g:system:unauthenticated
role system:monitoring
  get @ /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*
bind system:monitoring system:monitoring g:system:monitoring
role system:service-account-issuer-discovery
  get @ /.well-known/openid-configuration,/openid/v1/jwks
bind system:service-account-issuer-discovery system:service-account-issuer-discovery g:system:serviceaccounts

role system:node
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews
  read core services
  create,read core nodes
  patch,update core nodes/status
  patch,update core nodes
  create,patch,update core events
  read core pods
  create,delete core pods
  patch,update core pods/status
  create core pods/eviction
  read core configmaps,secrets
  get core persistentvolumeclaims,persistentvolumes
  get core endpoints
  create,read certificates.k8s.io certificatesigningrequests
  create,delete,get,patch,update coordination.k8s.io leases
  get storage.k8s.io volumeattachments
  create core serviceaccounts/token
  get,patch,update core persistentvolumeclaims/status
  read storage.k8s.io csidrivers
  create,delete,get,patch,update storage.k8s.io csinodes
  read node.k8s.io runtimeclasses
  get resource.k8s.io resourceclaims
  deletecollection resource.k8s.io resourceslices
  create,delete,patch,read,update resource.k8s.io resourceslices
  read certificates.k8s.io clustertrustbundles
bind system:node system:node
role system:node-problem-detector
  get core nodes
  patch core nodes/status
  events
role system:node-bootstrapper
  create,read certificates.k8s.io certificatesigningrequests
role system:kubelet-api-admin
  read core nodes
  proxy core nodes
  * core nodes/configz,nodes/healthz,nodes/log,nodes/metrics,nodes/pods,nodes/proxy,nodes/stats
role system:node-proxier
  list,watch core endpoints,services
  read core nodes
  events
  list,watch discovery.k8s.io endpointslices
  list,watch networking.k8s.io servicecidrs
bind system:node-proxier system:node-proxier u:system:kube-proxy
bind troupe:node-proxier system:node-proxier g:system:nodes
role troupe:tunnel
  create core nodes/tunnel
bind troupe:tunnel troupe:tunnel g:system:nodes,u:system:kube-proxy
role troupe:dns
  list,watch core namespaces
bind troupe:dns troupe:dns g:system:nodes,u:system:kube-proxy

role system:kube-scheduler
  events
  create coordination.k8s.io leases
  get,list,update,watch coordination.k8s.io leases kube-scheduler
  create coordination.k8s.io leasecandidates
  delete,deletecollection,get,list,patch,update,watch coordination.k8s.io leasecandidates
  read core nodes
  delete,read core pods
  create core bindings,pods/binding
  patch,update core pods/status
  read core replicationcontrollers,services
  read apps,extensions replicasets
  read apps statefulsets
  read policy poddisruptionbudgets
  read core persistentvolumeclaims,persistentvolumes
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
  read storage.k8s.io csinodes
  read core namespaces
  read storage.k8s.io csidrivers
  read storage.k8s.io csistoragecapacities
  read storage.k8s.io volumeattachments
  read resource.k8s.io deviceclasses,resourceslices
  patch,read,update resource.k8s.io resourceclaims
  patch,update resource.k8s.io resourceclaims/status
  patch,update core pods/finalizers
bind system:kube-scheduler system:kube-scheduler u:system:kube-scheduler
role system:volume-scheduler
  patch,read,update core persistentvolumes
  read storage.k8s.io storageclasses
  patch,read,update core persistentvolumeclaims
bind system:volume-scheduler system:volume-scheduler u:system:kube-scheduler

role system:kube-controller-manager
  events
  create coordination.k8s.io leases
  get,update coordination.k8s.io leases kube-controller-manager
  create core secrets,serviceaccounts
  delete core secrets
  get core configmaps,namespaces,secrets,serviceaccounts
  update core secrets,serviceaccounts
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
  list,watch * *
  create core serviceaccounts/token
bind system:kube-controller-manager system:kube-controller-manager u:system:kube-controller-manager
role system:auth-delegator
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
role system:kube-aggregator
  read core endpoints,services
  read discovery.k8s.io endpointslices
role system:kube-dns
  list,watch core endpoints,services
  list,watch discovery.k8s.io endpointslices
bind system:kube-dns system:kube-dns a:kube-system/kube-dns
role system:persistent-volume-provisioner
  create,delete,read core persistentvolumes
  read,update core persistentvolumeclaims
  read storage.k8s.io storageclasses
  watch core events
  events

role system:certificates.k8s.io:certificatesigningrequests:nodeclient
  create certificates.k8s.io certificatesigningrequests/nodeclient
role system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  create certificates.k8s.io certificatesigningrequests/selfnodeclient
role system:certificates.k8s.io:legacy-unknown-approver
  approve certificates.k8s.io signers kubernetes.io/legacy-unknown
role system:certificates.k8s.io:kubelet-serving-approver
  approve certificates.k8s.io signers kubernetes.io/kubelet-serving
role system:certificates.k8s.io:kube-apiserver-client-approver
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client
role system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet

local kube-system extension-apiserver-authentication-reader
  read core configmaps extension-apiserver-authentication
local-bind kube-system system::extension-apiserver-authentication-reader extension-apiserver-authentication-reader u:system:kube-controller-manager,u:system:kube-scheduler
local kube-system system:controller:bootstrap-signer
  read core secrets
local-bind kube-system system:controller:bootstrap-signer system:controller:bootstrap-signer a:kube-system/bootstrap-signer
local kube-system system:controller:cloud-provider
  create,read core configmaps
local-bind kube-system system:controller:cloud-provider system:controller:cloud-provider a:kube-system/cloud-provider
local kube-system system:controller:token-cleaner
  delete,read core secrets
  events
local-bind kube-system system:controller:token-cleaner system:controller:token-cleaner a:kube-system/token-cleaner
local kube-system system::leader-locking-kube-controller-manager
  watch core configmaps
  get,update core configmaps kube-controller-manager
local-bind kube-system system::leader-locking-kube-controller-manager system::leader-locking-kube-controller-manager u:system:kube-controller-manager,a:kube-system/kube-controller-manager
local kube-system system::leader-locking-kube-scheduler
  watch core configmaps
  get,update core configmaps kube-scheduler
local-bind kube-system system::leader-locking-kube-scheduler system::leader-locking-kube-scheduler u:system:kube-scheduler,a:kube-system/kube-scheduler
local kube-system troupe:controller:certificate-controller
  create,delete,patch,read,update core configmaps
local-bind kube-system troupe:controller:certificate-controller troupe:controller:certificate-controller a:kube-system/certificate-controller
local kube-public troupe:cluster-info
  get core configmaps cluster-info
local-bind kube-public troupe:cluster-info troupe:cluster-info u:system:anonymous
local kube-public system:controller:bootstrap-signer
  read core configmaps
  update core configmaps cluster-info
  events
local-bind kube-public system:controller:bootstrap-signer system:controller:bootstrap-signer a:kube-system/bootstrap-signer
)";
}

std::string_view user_role_table() {
  return R"(
role system:aggregate-to-admin aggregate-to-admin
  create authorization.k8s.io localsubjectaccessreviews
  read,write rbac.authorization.k8s.io rolebindings,roles

role system:aggregate-to-edit aggregate-to-edit
  read core pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy
  impersonate core serviceaccounts
  write core pods,pods/attach,pods/exec,pods/portforward,pods/proxy
  create core pods/eviction
  write core configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy
  create core serviceaccounts/token
  write apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale
  write autoscaling horizontalpodautoscalers
  write batch cronjobs,jobs
  write extensions daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale
  write policy poddisruptionbudgets
  write networking.k8s.io ingresses,networkpolicies
  read,write coordination.k8s.io leases
  write resource.k8s.io resourceclaims,resourceclaimtemplates

role system:aggregate-to-view aggregate-to-view
  read core configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
  read core bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status
  read core namespaces
  read discovery.k8s.io endpointslices
  read apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status
  read autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status
  read batch cronjobs,cronjobs/status,jobs,jobs/status
  read extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale
  read policy poddisruptionbudgets,poddisruptionbudgets/status
  read networking.k8s.io ingresses,ingresses/status,networkpolicies
  read resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates

sum view aggregate-to-view aggregate-to-edit
sum edit aggregate-to-edit aggregate-to-admin
sum admin aggregate-to-admin
)";
}

} // namespace troupe::rules
