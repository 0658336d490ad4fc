#include "runtime/apply/shape.hpp"

#include <google/protobuf/descriptor.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

namespace troupe::apply {

namespace {

using descriptor_type = google::protobuf::FieldDescriptor;

constexpr std::array<std::string_view, 28> atomic_types{
    "troupe.admissionregistration.v1.MatchResources",
    "troupe.admissionregistration.v1.NamedRuleWithOperations",
    "troupe.admissionregistration.v1.ParamKind",
    "troupe.admissionregistration.v1.ParamRef",
    "troupe.admissionregistration.v1.Variable",
    "troupe.autoscaling.v1.CrossVersionObjectReference",
    "troupe.autoscaling.v2.CrossVersionObjectReference",
    "troupe.core.v1.ConfigMapKeySelector",
    "troupe.core.v1.EndpointAddress",
    "troupe.core.v1.EndpointPort",
    "troupe.core.v1.FileKeySelector",
    "troupe.core.v1.LocalObjectReference",
    "troupe.core.v1.NodeSelector",
    "troupe.core.v1.NodeSelectorTerm",
    "troupe.core.v1.ObjectFieldSelector",
    "troupe.core.v1.ObjectReference",
    "troupe.core.v1.ResourceFieldSelector",
    "troupe.core.v1.ScopeSelector",
    "troupe.core.v1.SecretKeySelector",
    "troupe.core.v1.SecretReference",
    "troupe.core.v1.TopologySelectorTerm",
    "troupe.core.v1.TypedLocalObjectReference",
    "troupe.discovery.v1.EndpointPort",
    "troupe.meta.v1.LabelSelector",
    "troupe.meta.v1.OwnerReference",
    "troupe.networking.v1.ServiceBackendPort",
    "troupe.rbac.v1.RoleRef",
    "troupe.rbac.v1.Subject",
};

/// How a message is merged that stands alone, or as an item.
merging how_of(const message_info& type) {
  switch (type.form) {
    case api::OBJECT:
      return is_atomic_type(type) ? merging::atomic : merging::record;
    case api::QUANTITY:
    case api::TIME:
    case api::MICRO_TIME:
    case api::DURATION:
    case api::INT_OR_STRING:
      return merging::scalar;
    default:
      return merging::atomic;
  }
}

/// Kubernetes: what says nothing of itself is atomic, unless strategic patches
/// merge it.
merging list_how(const field_info& field) {
  switch (field.list_type) {
    case api::SET:
      return merging::set;
    case api::KEYED:
      return merging::keyed;
    case api::ATOMIC:
      return merging::atomic;
    default:
      if (!field.patch_merge)
        return merging::atomic;
      return field.patch_merge_key.empty() ? merging::set : merging::keyed;
  }
}

merging field_how(const field_info& field) {
  if (field.is_map())
    return field.list_type == api::ATOMIC ? merging::atomic : merging::map;
  if (field.descriptor->is_repeated())
    return list_how(field);
  auto* type = field.type();
  if (type == nullptr)
    return merging::scalar;
  // Kubernetes: the claim of a volume is written by two.
  if (field.descriptor->full_name()
      == "troupe.core.v1.PersistentVolumeSpec.claim_ref")
    return merging::record;
  if (field.list_type == api::ATOMIC && type->form == api::OBJECT)
    return merging::atomic;
  return how_of(*type);
}

std::unique_ptr<record_shape> make_members(const message_info& type) {
  auto result = std::make_unique<record_shape>();
  for (auto& [name, member] : type.members)
    result->members.emplace_back(
        field_element(name), &member,
        shape{field_how(*member.field), member.field->type(), member.field});
  std::sort(result->members.begin(), result->members.end(),
            [](auto& a, auto& b) { return a.element < b.element; });
  return result;
}

class shape_cache {
public:
  const record_shape& get(const message_info& type) {
    {
      std::shared_lock guard{mutex_};
      if (auto found = shapes_.find(&type); found != shapes_.end())
        return *found->second;
    }
    auto fresh = make_members(type);
    std::unique_lock guard{mutex_};
    return *shapes_.emplace(&type, std::move(fresh)).first->second;
  }

private:
  std::shared_mutex mutex_;
  std::unordered_map<const message_info*, std::unique_ptr<record_shape>>
      shapes_;
};

nlohmann::json zero_of(const field_info& field) {
  switch (field.descriptor->cpp_type()) {
    case descriptor_type::CPPTYPE_STRING:
      return "";
    case descriptor_type::CPPTYPE_BOOL:
      return false;
    default:
      return 0;
  }
}

} // namespace

const record_shape& member_shape::inside() const {
  auto* known = inside_.load(std::memory_order_acquire);
  if (known == nullptr) {
    known = &members_of(*how.type);
    inside_.store(known, std::memory_order_release);
  }
  return *known;
}

bool is_atomic_type(const message_info& type) {
  auto& name = type.descriptor->full_name();
  return std::find(atomic_types.begin(), atomic_types.end(), name)
         != atomic_types.end();
}

shape::form shape::json_form() const {
  if (how == merging::scalar)
    return form::scalar;
  if (field != nullptr && field->descriptor->is_map())
    return form::map;
  if (field != nullptr && field->descriptor->is_repeated())
    return form::list;
  return type != nullptr && type->form == api::OBJECT ? form::record
                                                      : form::free;
}

const member_shape* record_shape::find(std::string_view name) const {
  auto found = std::lower_bound(members.begin(), members.end(), name,
                                [](const member_shape& m, std::string_view n) {
                                  return name_of(m.element) < n;
                                });
  return found != members.end() && name_of(found->element) == name ? &*found
                                                                   : nullptr;
}

const record_shape& members_of(const message_info& type) {
  static shape_cache cache;
  return cache.get(type);
}

shape object_shape(const message_info& type) {
  return {merging::record, &type, nullptr};
}

shape item_shape(const shape& of) {
  if (of.type == nullptr)
    return {merging::scalar, nullptr, of.field};
  return {how_of(*of.type), of.type, nullptr};
}

const std::vector<std::string>& keys_of(const shape& list) {
  auto& field = *list.field;
  if (!field.list_map_keys.empty())
    return field.list_map_keys;
  static std::shared_mutex mutex;
  static std::unordered_map<const field_info*, std::vector<std::string>> made;
  {
    std::shared_lock guard{mutex};
    if (auto found = made.find(&field); found != made.end())
      return found->second;
  }
  std::unique_lock guard{mutex};
  return made.try_emplace(&field, 1, field.patch_merge_key).first->second;
}

std::optional<nlohmann::json> key_default(const shape& list,
                                          std::string_view key) {
  auto* member = list.type == nullptr ? nullptr : list.type->member(key);
  if (member == nullptr)
    return std::nullopt;
  auto& field = *member->field;
  if (!field.fallback.empty()) {
    if (field.descriptor->cpp_type() == descriptor_type::CPPTYPE_STRING)
      return field.fallback;
    return nlohmann::json::parse(field.fallback, nullptr, false);
  }
  if (field.omit == api::ALWAYS && field.presence == api::VALUE)
    return zero_of(field);
  return std::nullopt;
}

scalar_type scalar_of(const shape& of) {
  if (of.type != nullptr)
    return of.type->form == api::DURATION ? scalar_type::text
                                          : scalar_type::any;
  auto* d = of.field->descriptor;
  if (d->is_map())
    d = d->message_type()->map_value();
  switch (d->cpp_type()) {
    case descriptor_type::CPPTYPE_STRING:
      return scalar_type::text;
    case descriptor_type::CPPTYPE_BOOL:
      return scalar_type::truth;
    default:
      return scalar_type::number;
  }
}

field_set with_named_parents(const field_set& set, const shape& of) {
  field_set out;
  out.nodes.reserve(set.nodes.size());
  for (auto& node : set.nodes) {
    auto name = name_of(node.element);
    auto is_field = node.element.starts_with("f:");
    const member_shape* member = nullptr;
    if (is_field && of.how == merging::record)
      member = members_of(*of.type).find(name);
    shape below{merging::scalar, nullptr, nullptr};
    if (member != nullptr)
      below = member->how;
    else if (of.how == merging::map || of.how == merging::keyed)
      below = item_shape(of);
    out.nodes.push_back({node.element, node.member || member != nullptr,
                         with_named_parents(node.children, below)});
  }
  return out;
}

} // namespace troupe::apply
