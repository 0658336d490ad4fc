#include "runtime/http/deprecation.hpp"

#include "runtime/rules/versions.hpp"

#include <array>

namespace troupe::http {

namespace {

/// Minor releases of Kubernetes: from then on, and when it went.
struct row {
  std::string_view api_version;
  std::string_view kind; ///< "" for all of the version
  int since;
  int gone; ///< 0 for not yet
};

constexpr std::array rows{
    row{"v1", "ComponentStatus", 19, 0},
    row{"apiextensions.k8s.io/v1beta1", "", 16, 22},
    row{"apiregistration.k8s.io/v1beta1", "", 19, 22},
    row{"authentication.k8s.io/v1beta1", "TokenReview", 19, 22},
    row{"authorization.k8s.io/v1beta1", "", 19, 22},
    row{"autoscaling/v2beta1", "", 22, 25},
    row{"autoscaling/v2beta2", "", 23, 26},
    row{"batch/v1beta1", "", 21, 25},
    row{"certificates.k8s.io/v1beta1", "", 19, 22},
    row{"coordination.k8s.io/v1beta1", "", 19, 22},
    row{"discovery.k8s.io/v1beta1", "", 21, 25},
    row{"events.k8s.io/v1beta1", "", 22, 25},
    row{"extensions/v1beta1", "", 14, 22},
    row{"flowcontrol.apiserver.k8s.io/v1beta1", "", 23, 26},
    row{"networking.k8s.io/v1beta1", "", 19, 22},
    row{"node.k8s.io/v1beta1", "", 22, 25},
    row{"policy/v1beta1", "", 21, 25},
    row{"rbac.authorization.k8s.io/v1beta1", "", 17, 22},
    row{"scheduling.k8s.io/v1beta1", "", 14, 22},
    row{"storage.k8s.io/v1beta1", "", 19, 22},
};

const row* find_row(const kind_info& kind) {
  auto version = kind.api_version();
  for (auto& r : rows)
    if (r.api_version == version && (r.kind.empty() || r.kind == kind.kind))
      return &r;
  return nullptr;
}

/// The group that a newer version is in; events are stored as the core's.
const kind_info& replacement(const kind_info& kind) {
  auto* same_group = find_resource(kind.group, kind.plural);
  return same_group != nullptr && same_group != &kind
             ? *same_group
             : rules::stored_kind(kind);
}

} // namespace

std::string deprecation_of(const kind_info& kind) {
  auto* r = find_row(kind);
  if (r == nullptr)
    return {};
  std::string name{kind.kind};
  auto text = kind.api_version() + " " + name + " is deprecated in v1."
              + std::to_string(r->since) + "+";
  if (r->gone != 0)
    text += ", unavailable in v1." + std::to_string(r->gone) + "+";
  if (auto& newer = replacement(kind); r->gone != 0 && &newer != &kind)
    text += "; use " + newer.api_version() + " " + name;
  return text;
}

} // namespace troupe::http
