#include "runtime/rules/defaults.hpp"

#include "runtime/rules/descent.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/strategy.hpp"

#include <charconv>

namespace troupe::rules {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

namespace {

const default_table& table() {
  static const default_table instance = [] {
    default_table result;
    add_container_defaults(result);
    add_volume_defaults(result);
    add_workload_defaults(result);
    add_cluster_defaults(result);
    return result;
  }();
  return instance;
}

const descents& all() {
  static const descents instance{
      [](const FieldDescriptor&, const api::FieldRules& rules) {
        return rules.has_fallback();
      },
      [](const pb::Descriptor& type) {
        return table().find(&type) != nullptr;
      }};
  return instance;
}

int64_t number(const std::string& text) {
  int64_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

void set_fallback(pb::Message& obj, const FieldDescriptor* field,
                  const std::string& text) {
  auto* reflection = obj.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(&obj, field, text);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection->SetBool(&obj, field, text == "true");
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      reflection->SetInt32(&obj, field, static_cast<int32_t>(number(text)));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection->SetInt64(&obj, field, number(text));
      break;
    default:
      break;
  }
}

// A pointer that is set stays as it is, also when it points to nothing much;
// a plain value that is empty counts as left out.
bool left_out(const pb::Message& obj, const descent::step& step) {
  auto* reflection = obj.GetReflection();
  if (!reflection->HasField(obj, step.field))
    return true;
  if (step.rules->presence() == api::POINTER
      || step.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING)
    return false;
  std::string scratch;
  return reflection->GetStringReference(obj, step.field, &scratch).empty();
}

void fill(pb::Message& obj, const descent& way) {
  auto* reflection = obj.GetReflection();
  for (auto& step : way.steps)
    if (step.wanted && left_out(obj, step))
      set_fallback(obj, step.field, step.rules->fallback());
  if (way.wanted)
    table().find(way.type)(obj);
  for (auto& step : way.steps) {
    if (step.below == nullptr)
      continue;
    if (step.field->is_repeated()) {
      auto size = reflection->FieldSize(obj, step.field);
      for (int i = 0; i < size; ++i)
        fill(*reflection->MutableRepeatedMessage(&obj, step.field, i),
             *step.below);
    } else if (reflection->HasField(obj, step.field)
               || (step.below->standing
                   && step.rules->presence() == api::VALUE)) {
      fill(*reflection->MutableMessage(&obj, step.field), *step.below);
    }
  }
}

} // namespace

void apply_defaults(pb::Message& obj) {
  if (auto* way = all().find(obj.GetDescriptor()))
    fill(obj, *way);
  if (auto* f = rules_of(obj).defaults)
    f(obj);
}

} // namespace troupe::rules
