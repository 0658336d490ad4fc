#include "messages/kind_table.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <string>

namespace troupe {

namespace {

enum traits : unsigned {
  spaced = 1,  ///< lives in a namespace
  acts = 2,    ///< some component acts on objects of this kind
  in_all = 4,  ///< category "all"
  extends = 8, ///< category "api-extensions"
  of_meta = 16 ///< its message is among those that all groups share
};

/// What one kind does not have in common with the others: words are separated
/// by a space.
struct row {
  std::string_view api; ///< "v1", "apps/v1"
  std::string_view kind;
  std::string_view plural; ///< "": only a body of subresources
  std::string_view short_names;
  unsigned what = 0;
  std::string_view subresources = {};
  std::string_view verbs = {}; ///< "": all, of those with a plural
};

constexpr std::string_view all_verbs =
    "create delete deletecollection get list patch update watch";

// In the order of discovery; the newest version of a group comes last.
constexpr row table[] = {
    {"v1", "Binding", "bindings", "", spaced | acts, "", "create"},
    {"v1", "ComponentStatus", "componentstatuses", "cs", 0, "", "get list"},
    {"v1", "ConfigMap", "configmaps", "cm", spaced | acts},
    {"v1", "Endpoints", "endpoints", "ep", spaced | acts},
    {"v1", "Event", "events", "ev", spaced | acts},
    {"v1", "LimitRange", "limitranges", "limits", spaced | acts},
    {"v1", "Namespace", "namespaces", "ns", acts, "finalize status",
     "create delete get list patch update watch"},
    {"v1", "Node", "nodes", "no", acts, "proxy status"},
    {"v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", spaced,
     "status"},
    {"v1", "PersistentVolume", "persistentvolumes", "pv", 0, "status"},
    {"v1", "Pod", "pods", "po", spaced | acts | in_all,
     "attach binding ephemeralcontainers eviction exec log portforward proxy "
     "resize status"},
    {"v1", "PodTemplate", "podtemplates", "", spaced},
    {"v1", "ReplicationController", "replicationcontrollers", "rc",
     spaced | acts | in_all, "scale status"},
    {"v1", "ResourceQuota", "resourcequotas", "quota", spaced | acts, "status"},
    {"v1", "Secret", "secrets", "", spaced | acts},
    {"v1", "ServiceAccount", "serviceaccounts", "sa", spaced | acts, "token"},
    {"v1", "Service", "services", "svc", spaced | acts | in_all,
     "proxy status"},
    {"admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy",
     "mutatingadmissionpolicies", "", extends},
    {"admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding",
     "mutatingadmissionpolicybindings", "", extends},
    {"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration",
     "mutatingwebhookconfigurations", "", extends},
    {"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy",
     "validatingadmissionpolicies", "", extends, "status"},
    {"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding",
     "validatingadmissionpolicybindings", "", extends},
    {"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
     "validatingwebhookconfigurations", "", extends},
    {"apiextensions.k8s.io/v1beta1", "CustomResourceDefinition",
     "customresourcedefinitions", "crd crds", extends, "status"},
    {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
     "customresourcedefinitions", "crd crds", extends, "status"},
    {"apiregistration.k8s.io/v1beta1", "APIService", "apiservices", "", extends,
     "status"},
    {"apiregistration.k8s.io/v1", "APIService", "apiservices", "", extends,
     "status"},
    {"apps/v1", "ControllerRevision", "controllerrevisions", "", spaced},
    {"apps/v1", "DaemonSet", "daemonsets", "ds", spaced | in_all, "status"},
    {"apps/v1", "Deployment", "deployments", "deploy", spaced | acts | in_all,
     "scale status"},
    {"apps/v1", "ReplicaSet", "replicasets", "rs", spaced | acts | in_all,
     "scale status"},
    {"apps/v1", "StatefulSet", "statefulsets", "sts", spaced | in_all,
     "scale status"},
    {"authentication.k8s.io/v1alpha1", "SelfSubjectReview",
     "selfsubjectreviews", "", 0, "", "create"},
    {"authentication.k8s.io/v1beta1", "SelfSubjectReview", "selfsubjectreviews",
     "", 0, "", "create"},
    {"authentication.k8s.io/v1beta1", "TokenReview", "tokenreviews", "", 0, "",
     "create"},
    {"authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", "",
     0, "", "create"},
    {"authentication.k8s.io/v1", "TokenReview", "tokenreviews", "", 0, "",
     "create"},
    {"authorization.k8s.io/v1beta1", "LocalSubjectAccessReview",
     "localsubjectaccessreviews", "", spaced, "", "create"},
    {"authorization.k8s.io/v1beta1", "SelfSubjectAccessReview",
     "selfsubjectaccessreviews", "", 0, "", "create"},
    {"authorization.k8s.io/v1beta1", "SelfSubjectRulesReview",
     "selfsubjectrulesreviews", "", 0, "", "create"},
    {"authorization.k8s.io/v1beta1", "SubjectAccessReview",
     "subjectaccessreviews", "", 0, "", "create"},
    {"authorization.k8s.io/v1", "LocalSubjectAccessReview",
     "localsubjectaccessreviews", "", spaced, "", "create"},
    {"authorization.k8s.io/v1", "SelfSubjectAccessReview",
     "selfsubjectaccessreviews", "", 0, "", "create"},
    {"authorization.k8s.io/v1", "SelfSubjectRulesReview",
     "selfsubjectrulesreviews", "", 0, "", "create"},
    {"authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews",
     "", 0, "", "create"},
    {"autoscaling/v2beta1", "HorizontalPodAutoscaler",
     "horizontalpodautoscalers", "hpa", spaced | in_all, "status"},
    {"autoscaling/v2beta2", "HorizontalPodAutoscaler",
     "horizontalpodautoscalers", "hpa", spaced | in_all, "status"},
    {"autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
     "hpa", spaced | in_all, "status"},
    {"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
     "hpa", spaced | in_all, "status"},
    {"batch/v1beta1", "CronJob", "cronjobs", "cj", spaced | in_all, "status"},
    {"batch/v1", "CronJob", "cronjobs", "cj", spaced | in_all, "status"},
    {"batch/v1", "Job", "jobs", "", spaced | in_all, "status"},
    {"certificates.k8s.io/v1beta1", "CertificateSigningRequest",
     "certificatesigningrequests", "csr", 0, "approval status"},
    {"certificates.k8s.io/v1", "CertificateSigningRequest",
     "certificatesigningrequests", "csr", acts, "approval status"},
    {"coordination.k8s.io/v1beta1", "Lease", "leases", "", spaced},
    {"coordination.k8s.io/v1", "Lease", "leases", "", spaced | acts},
    {"discovery.k8s.io/v1beta1", "EndpointSlice", "endpointslices", "", spaced},
    {"discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "",
     spaced | acts},
    {"events.k8s.io/v1beta1", "Event", "events", "ev", spaced},
    {"events.k8s.io/v1", "Event", "events", "ev", spaced | acts},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "flowschemas", "", 0,
     "status"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration",
     "prioritylevelconfigurations", "", 0, "status"},
    {"flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", "", acts,
     "status"},
    {"flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
     "prioritylevelconfigurations", "", acts, "status"},
    {"networking.k8s.io/v1beta1", "IngressClass", "ingressclasses", "", 0},
    {"networking.k8s.io/v1beta1", "Ingress", "ingresses", "ing", spaced,
     "status"},
    {"networking.k8s.io/v1", "IngressClass", "ingressclasses", "", 0},
    {"networking.k8s.io/v1", "Ingress", "ingresses", "ing", spaced, "status"},
    {"networking.k8s.io/v1", "IPAddress", "ipaddresses", "ip", 0},
    {"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol",
     spaced},
    {"networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", "", 0, "status"},
    {"node.k8s.io/v1beta1", "RuntimeClass", "runtimeclasses", "", 0},
    {"node.k8s.io/v1", "RuntimeClass", "runtimeclasses", "", acts},
    {"policy/v1beta1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb",
     spaced, "status"},
    {"policy/v1beta1", "PodSecurityPolicy", "podsecuritypolicies", "psp", 0},
    {"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb",
     spaced | acts, "status"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding",
     "clusterrolebindings", "", 0},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRole", "clusterroles", "", 0},
    {"rbac.authorization.k8s.io/v1beta1", "RoleBinding", "rolebindings", "",
     spaced},
    {"rbac.authorization.k8s.io/v1beta1", "Role", "roles", "", spaced},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding",
     "clusterrolebindings", "", acts},
    {"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", "", acts},
    {"rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", "",
     spaced | acts},
    {"rbac.authorization.k8s.io/v1", "Role", "roles", "", spaced | acts},
    {"resource.k8s.io/v1", "DeviceClass", "deviceclasses", "", 0},
    {"resource.k8s.io/v1", "ResourceClaim", "resourceclaims", "", spaced,
     "status"},
    {"resource.k8s.io/v1", "ResourceClaimTemplate", "resourceclaimtemplates",
     "", spaced},
    {"resource.k8s.io/v1", "ResourceSlice", "resourceslices", "", 0},
    {"scheduling.k8s.io/v1beta1", "PriorityClass", "priorityclasses", "pc", 0},
    {"scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "pc", acts},
    {"storage.k8s.io/v1beta1", "CSIDriver", "csidrivers", "", 0},
    {"storage.k8s.io/v1beta1", "CSINode", "csinodes", "", 0},
    {"storage.k8s.io/v1beta1", "StorageClass", "storageclasses", "sc", 0},
    {"storage.k8s.io/v1beta1", "VolumeAttachment", "volumeattachments", "", 0},
    {"storage.k8s.io/v1", "CSIDriver", "csidrivers", "", 0},
    {"storage.k8s.io/v1", "CSINode", "csinodes", "", 0},
    {"storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacities", "",
     spaced},
    {"storage.k8s.io/v1", "StorageClass", "storageclasses", "sc", 0},
    {"storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", "", 0,
     "status"},
    {"storage.k8s.io/v1", "VolumeAttributesClass", "volumeattributesclasses",
     "vac", 0},
    {"extensions/v1beta1", "Ingress", "ingresses", "ing", spaced, "status"},
    {"autoscaling/v1", "Scale", "", "", spaced | acts},
    {"policy/v1", "Eviction", "", "", spaced | acts},
    {"authentication.k8s.io/v1", "TokenRequest", "", "", spaced | acts},
    {"v1", "Status", "", "", acts | of_meta},
    {"v1", "DeleteOptions", "", "", acts | of_meta},
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// Keeps a text for good: kinds are never forgotten.
std::string_view keep(std::string text) {
  static std::deque<std::string> all;
  return all.emplace_back(std::move(text));
}

std::string_view singular(std::string_view kind) {
  std::string result{kind};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return keep(std::move(result));
}

/// "apps/v1 Deployment" is troupe.apps.v1.Deployment.
std::string_view message_name(const kind_info& k, bool of_meta_group) {
  auto package = of_meta_group     ? std::string_view{"meta"}
                 : k.group.empty() ? std::string_view{"core"}
                                   : k.group.substr(0, k.group.find('.'));
  std::string result{"troupe."};
  for (auto part : {package, k.version})
    (result += part) += '.';
  return keep(result.append(k.kind));
}

kind_info make(const row& r) {
  kind_info k{};
  auto slash = r.api.find('/');
  k.group = slash == r.api.npos ? std::string_view{} : r.api.substr(0, slash);
  k.version = slash == r.api.npos ? r.api : r.api.substr(slash + 1);
  k.kind = r.kind;
  k.plural = r.plural;
  k.short_names = split(r.short_names);
  if (r.what & in_all)
    k.categories = {"all"};
  if (r.what & extends)
    k.categories = {"api-extensions"};
  k.namespaced = (r.what & spaced) != 0;
  if (!r.plural.empty()) {
    k.singular = singular(r.kind);
    k.verbs = split(r.verbs.empty() ? all_verbs : r.verbs);
  }
  k.subresources = split(r.subresources);
  k.acted_on = (r.what & acts) != 0;
  k.proto_name = message_name(k, (r.what & of_meta) != 0);
  return k;
}

} // namespace

std::vector<kind_info> make_kinds() {
  std::vector<kind_info> result;
  result.reserve(std::size(table));
  for (auto& r : table)
    result.push_back(make(r));
  return result;
}

} // namespace troupe
