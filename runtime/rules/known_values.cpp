#include "runtime/rules/known_values.hpp"

#include "runtime/rules/descent.hpp"

#include <algorithm>
#include <array>

namespace troupe::rules {

namespace pb = google::protobuf;

namespace {

bool closed(const pb::FieldDescriptor& field, const api::FieldRules& rules) {
  // These have rules of their own.
  constexpr std::array elsewhere{
      "troupe.core.v1.NodeSelectorRequirement.operator",
      "troupe.core.v1.PersistentVolumeClaimSpec.access_modes",
      "troupe.core.v1.PersistentVolumeSpec.access_modes",
      "troupe.core.v1.ResourceQuotaSpec.scopes",
      "troupe.core.v1.ScopedResourceSelectorRequirement.operator",
      "troupe.core.v1.ScopedResourceSelectorRequirement.scope_name",
      "troupe.core.v1.Toleration.operator",
      "troupe.discovery.v1.EndpointSlice.address_type"};
  return rules.closed() && !field.is_map()
         && field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING
         && std::find(elsewhere.begin(), elsewhere.end(), field.full_name())
                == elsewhere.end();
}

const descents& all() {
  static const descents instance{closed, nullptr};
  return instance;
}

/// Kubernetes tells the values of most fields sorted, of these in its order.
bool in_own_order(const pb::FieldDescriptor& field) {
  constexpr std::array own{"troupe.core.v1.PodSpec.dns_policy",
                           "troupe.core.v1.PodSpec.preemption_policy",
                           "troupe.core.v1.PodSpec.restart_policy",
                           "troupe.core.v1.Taint.effect",
                           "troupe.core.v1.Toleration.effect",
                           "troupe.scheduling.v1.PriorityClass."
                           "preemption_policy"};
  return std::find(own.begin(), own.end(), field.full_name()) != own.end();
}

void check_value(const std::string& value, const descent::step& step,
                 const field_path& at, findings& out) {
  auto& rules = *step.rules;
  auto& values = rules.values();
  if (value.empty()
      || std::find(values.begin(), values.end(), value) != values.end())
    return;
  std::vector<std::string> supported;
  for (auto& one : values)
    if (!one.empty())
      supported.push_back(one);
  if (!in_own_order(*step.field))
    std::sort(supported.begin(), supported.end());
  out.not_supported(at, value, std::move(supported));
}

void walk(const pb::Message& obj, const descent& way, const field_path& at,
          findings& out);

void walk_list(const pb::Message& obj, const descent::step& step,
               const field_path& at, findings& out) {
  auto* reflection = obj.GetReflection();
  auto size = reflection->FieldSize(obj, step.field);
  std::string scratch;
  for (int i = 0; i < size; ++i) {
    auto item = at[static_cast<size_t>(i)];
    if (step.below != nullptr)
      walk(reflection->GetRepeatedMessage(obj, step.field, i), *step.below,
           item, out);
    else
      check_value(
          reflection->GetRepeatedStringReference(obj, step.field, i, &scratch),
          step, item, out);
  }
}

void walk(const pb::Message& obj, const descent& way, const field_path& at,
          findings& out) {
  auto* reflection = obj.GetReflection();
  std::string scratch;
  for (auto& step : way.steps) {
    bool inlined = step.rules->omit() == api::INLINE;
    auto inner = inlined ? at.child({}) : at.child(step.field->json_name());
    if (step.field->is_repeated())
      walk_list(obj, step, inner, out);
    else if (!reflection->HasField(obj, step.field))
      continue;
    else if (step.below != nullptr)
      walk(reflection->GetMessage(obj, step.field), *step.below, inner, out);
    else
      check_value(reflection->GetStringReference(obj, step.field, &scratch),
                  step, inner, out);
  }
}

} // namespace

void check_known_values(const pb::Message& obj, findings& out) {
  if (auto* way = all().find(obj.GetDescriptor()))
    walk(obj, *way, field_path{}, out);
}

} // namespace troupe::rules
