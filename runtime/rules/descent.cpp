#include "runtime/rules/descent.hpp"

#include "messages/kinds.hpp"

namespace troupe::rules {

namespace pb = google::protobuf;

const api::FieldRules& rules_of(const pb::FieldDescriptor& field) {
  return field.options().GetExtension(api::rules);
}

descents::descents(field_test field, type_test type)
    : field_(field), type_(type) {
  for (auto& kind : all_kinds())
    make(kind.descriptor());
  prune();
  mark_standing();
}

const descent* descents::find(const pb::Descriptor* type) const {
  auto i = all_.find(type);
  return i == all_.end() ? nullptr : i->second.get();
}

descent* descents::make(const pb::Descriptor* type) {
  auto& place = all_[type];
  if (place)
    return place.get();
  place = std::make_unique<descent>();
  auto* result = place.get();
  result->type = type;
  result->wanted = type_ != nullptr && type_(*type);
  for (int i = 0; i < type->field_count(); ++i) {
    auto* field = type->field(i);
    auto& rules = rules_of(*field);
    descent::step step{field, &rules, nullptr, false};
    step.wanted = field_ != nullptr && field_(*field, rules);
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE
        && !field->is_map())
      step.below = make(field->message_type());
    if (step.wanted || step.below != nullptr)
      result->steps.push_back(step);
  }
  return result;
}

// Types may hold themselves: a type stays when something wanted is reached
// from it, found by repetition until nothing changes.
void descents::prune() {
  std::unordered_map<const descent*, bool> useful;
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [type, one] : all_) {
      if (useful[one.get()])
        continue;
      bool any = one->wanted;
      for (auto& step : one->steps)
        any = any || step.wanted || (step.below && useful[step.below]);
      if (any)
        changed = useful[one.get()] = true;
    }
  }
  for (auto& [type, one] : all_) {
    for (auto& step : one->steps)
      if (step.below && !useful[step.below])
        step.below = nullptr;
    std::erase_if(one->steps, [](const descent::step& step) {
      return !step.wanted && step.below == nullptr;
    });
  }
  std::erase_if(all_, [&](auto& entry) { return !useful[entry.second.get()]; });
}

void descents::mark_standing() {
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [type, one] : all_) {
      if (one->standing)
        continue;
      bool any = one->wanted;
      for (auto& step : one->steps)
        any =
            any || step.wanted
            || (step.below && step.below->standing && !step.field->is_repeated()
                && step.rules->presence() == api::VALUE);
      if (any)
        changed = one->standing = true;
    }
  }
}

} // namespace troupe::rules
