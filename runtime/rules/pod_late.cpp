#include "runtime/rules/pod_late.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>

namespace troupe::rules {

using core::v1::Container;
using core::v1::EphemeralContainer;
using core::v1::Pod;

bool is_late(const core::v1::PodSpec& spec, std::string_view name) {
  auto& all = spec.ephemeral_containers();
  return std::any_of(all.begin(), all.end(), [&](auto& one) {
    return one.ephemeral_container_common().name() == name;
  });
}

Container as_container(const EphemeralContainer& late) {
  // Kubernetes: both messages have the same fields, number by number.
  Container result;
  result.ParseFromString(canonical_bytes(late.ephemeral_container_common()));
  return result;
}

Pod with_late_containers(const Pod& pod, const Pod& before) {
  auto result = pod;
  auto& containers = *result.mutable_spec()->mutable_containers();
  auto add = [&](auto wanted) {
    for (auto& one : pod.spec().ephemeral_containers())
      if (wanted(one.ephemeral_container_common().name()))
        *containers.Add() = as_container(one);
  };
  std::vector<std::string> known;
  for (auto& one : before.spec().containers())
    if (is_late(before.spec(), one.name()))
      known.push_back(one.name());
  for (auto& name : known)
    add([&](auto& each) { return each == name; });
  add([&](auto& each) {
    return std::find(known.begin(), known.end(), each) == known.end();
  });
  return result;
}

void prepare_for_late_containers(Pod& pod, const Pod& old) {
  auto result = old;
  auto& given = pod.metadata();
  auto& meta = *result.mutable_metadata();
  if (!given.uid().empty())
    meta.set_uid(given.uid());
  meta.set_resource_version(given.resource_version());
  *meta.mutable_managed_fields() = given.managed_fields();
  *result.mutable_spec()->mutable_ephemeral_containers() =
      pod.spec().ephemeral_containers();
  if (meta.generation() != 0 && !canonical_equal(result.spec(), old.spec()))
    meta.set_generation(meta.generation() + 1);
  pod = std::move(result);
}

std::vector<field_error> validate_late_containers(const Pod& pod,
                                                  const Pod& old) {
  findings found;
  validate_object_meta_update(pod.metadata(), old.metadata(), found);
  validate_ephemeral_containers(pod, old, found);
  return found.take();
}

} // namespace troupe::rules
