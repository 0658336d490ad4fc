#include "runtime/apply/reset_fields.hpp"

#include <array>
#include <initializer_list>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace troupe::apply {

namespace {

using names = std::initializer_list<std::string_view>;

field_set set_of_all(names dotted) {
  field_set result;
  for (auto name : dotted)
    result = united(result, set_of(fields_path(name)));
  return result;
}

/// What differs from the general rule.
struct special {
  std::string_view kind;
  std::string_view subresource;
  names fields;
};

// Kubernetes: GetResetFields of each strategy.
field_set make_set(const kind_info& kind, std::string_view subresource) {
  const std::array specials{
      special{"Deployment", "status", {"spec", "metadata.labels"}},
      special{
          "Pod",
          "status",
          {"spec", "metadata.deletionTimestamp", "metadata.ownerReferences"}},
      special{"CertificateSigningRequest", "", {"spec", "status"}},
      special{
          "CertificateSigningRequest", "status", {"spec", "status.conditions"}},
      special{"CertificateSigningRequest",
              "approval",
              {"spec", "status.certificate"}},
      special{"CustomResourceDefinition", "status", {"spec", "metadata"}},
      special{"APIService", "status", {"spec", "metadata"}},
      special{"VolumeAttachment", "status", {"spec", "metadata"}},
  };
  for (auto& each : specials)
    if (each.kind == kind.kind && each.subresource == subresource)
      return set_of_all(each.fields);
  if (subresource == "status")
    return set_of_all({"spec"});
  return kind.has_subresource("status") ? set_of_all({"status"}) : field_set{};
}

} // namespace

const field_set& reset_fields(const kind_info& kind,
                              std::string_view subresource) {
  static std::shared_mutex mutex;
  static std::map<std::pair<const kind_info*, std::string>, field_set> made;
  auto key = std::make_pair(&kind, std::string{subresource});
  {
    std::shared_lock guard{mutex};
    if (auto found = made.find(key); found != made.end())
      return found->second;
  }
  auto fresh = make_set(kind, subresource);
  std::unique_lock guard{mutex};
  return made.emplace(std::move(key), std::move(fresh)).first->second;
}

const field_set& unowned_fields() {
  static const auto result = set_of_all(
      {"apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace",
       "metadata.creationTimestamp", "metadata.selfLink", "metadata.uid",
       "metadata.clusterName", "metadata.generation", "metadata.managedFields",
       "metadata.resourceVersion"});
  return result;
}

} // namespace troupe::apply
