#include "runtime/rules/kinds_of_others.hpp"

#include "runtime/rules/warning.hpp"

#include <string_view>

namespace troupe::rules {

namespace {

/// A kind that waits for somebody else.
struct kind_of_others {
  std::string_view group;
  std::string_view plural;
  unsigned by;
};

/// Kubernetes: some are for kube-controller-manager, some for what runs on each
/// node; what serves an Ingress runs in pods.
constexpr kind_of_others all_of_others[] = {
    {"", "persistentvolumeclaims", foreign_controllers},
    {"", "persistentvolumes", foreign_controllers},
    {"apps", "controllerrevisions", foreign_controllers},
    {"apps", "daemonsets", foreign_controllers},
    {"apps", "statefulsets", foreign_controllers},
    {"autoscaling", "horizontalpodautoscalers", foreign_controllers},
    {"batch", "cronjobs", foreign_controllers},
    {"batch", "jobs", foreign_controllers},
    {"networking.k8s.io", "ingressclasses", any_nodes},
    {"networking.k8s.io", "ingresses", any_nodes},
    {"networking.k8s.io", "networkpolicies", foreign_nodes},
    {"networking.k8s.io", "servicecidrs", foreign_controllers},
    {"resource.k8s.io", "resourceclaims", foreign_controllers},
    {"resource.k8s.io", "resourceclaimtemplates", foreign_controllers},
    {"storage.k8s.io", "csidrivers", foreign_nodes},
    {"storage.k8s.io", "csinodes", foreign_nodes},
    {"storage.k8s.io", "storageclasses", foreign_controllers},
    {"storage.k8s.io", "volumeattachments", foreign_controllers},
    {"storage.k8s.io", "volumeattributesclasses", foreign_controllers},
};

} // namespace

unsigned helpers_with(const kind_info& kind) {
  for (auto& each : all_of_others)
    if (each.group == kind.group && each.plural == kind.plural)
      return each.by;
  return 0;
}

} // namespace troupe::rules
