#include "runtime/rules/strategy.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/known_values.hpp"
#include "runtime/rules/object_warnings.hpp"
#include "runtime/rules/refusals.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>

namespace troupe::rules {

namespace pb = google::protobuf;
using meta::v1::ObjectMeta;
using pb::Message;

namespace {

const pb::FieldDescriptor* member(const Message& obj, const char* name) {
  auto* field = obj.GetDescriptor()->FindFieldByName(name);
  bool is_message =
      field != nullptr && !field->is_repeated()
      && field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
  return is_message ? field : nullptr;
}

const ObjectMeta& meta_of(const Message& obj) {
  auto* meta = metadata_of(obj);
  return meta != nullptr ? *meta : ObjectMeta::default_instance();
}

void take_member(Message& obj, const Message& from, const char* name) {
  auto* field = member(obj, name);
  if (field == nullptr)
    return;
  auto* reflection = obj.GetReflection();
  if (reflection->HasField(from, field))
    reflection->MutableMessage(&obj, field)
        ->CopyFrom(reflection->GetMessage(from, field));
  else
    reflection->ClearField(&obj, field);
}

void clear_member(Message& obj, const char* name) {
  if (auto* field = member(obj, name))
    obj.GetReflection()->ClearField(&obj, field);
}

// What a client left out of the metadata that the server keeps is not a wish
// to remove it.
void keep_metadata(ObjectMeta& meta, const ObjectMeta& old) {
  if (meta.uid().empty())
    meta.set_uid(old.uid());
  if (meta.namespace_().empty() && old.has_namespace_())
    meta.set_namespace_(old.namespace_());
  if (meta.creation_timestamp().seconds() == 0 && old.has_creation_timestamp())
    *meta.mutable_creation_timestamp() = old.creation_timestamp();
  if (meta.generate_name().empty() && old.has_generate_name())
    meta.set_generate_name(old.generate_name());
  if (old.has_deletion_timestamp())
    *meta.mutable_deletion_timestamp() = old.deletion_timestamp();
  if (old.has_deletion_grace_period_seconds()
      && !meta.has_deletion_grace_period_seconds())
    meta.set_deletion_grace_period_seconds(old.deletion_grace_period_seconds());
  meta.clear_self_link();
}

bool same_member(const Message& a, const Message& b,
                 const pb::FieldDescriptor* field) {
  auto* reflection = a.GetReflection();
  return canonical_equal(reflection->GetMessage(a, field),
                         reflection->GetMessage(b, field));
}

// Without a spec, everything but metadata and status is what is wished.
bool wish_changed(const Message& obj, const Message& old,
                  const kind_rules& rules) {
  if (auto* spec = member(obj, "spec")) {
    if (!same_member(obj, old, spec))
      return true;
  } else {
    std::unique_ptr<Message> a{obj.New()};
    std::unique_ptr<Message> b{obj.New()};
    a->CopyFrom(obj);
    b->CopyFrom(old);
    for (auto* name : {"metadata", "status"}) {
      clear_member(*a, name);
      clear_member(*b, name);
    }
    if (!canonical_equal(*a, *b))
      return true;
  }
  return rules.annotations_raise_generation
         && !same_entries(meta_of(obj).annotations(),
                          meta_of(old).annotations());
}

// Kubernetes: a write of the status takes labels and annotations along, but for
// some kinds.
void take_status_metadata(ObjectMeta& meta, const ObjectMeta& given,
                          std::string_view type) {
  constexpr std::array<std::string_view, 6> kept{
      "troupe.flowcontrol.v1.FlowSchema",
      "troupe.flowcontrol.v1.PriorityLevelConfiguration",
      "troupe.storage.v1.VolumeAttachment",
      "troupe.apiextensions.v1.CustomResourceDefinition",
      "troupe.apiregistration.v1.APIService",
      "troupe.admissionregistration.v1.ValidatingAdmissionPolicy"};
  if (std::find(kept.begin(), kept.end(), type) != kept.end())
    return;
  *meta.mutable_annotations() = given.annotations();
  *meta.mutable_finalizers() = given.finalizers();
  if (type != "troupe.apps.v1.Deployment")
    *meta.mutable_labels() = given.labels();
  if (type != "troupe.core.v1.Pod")
    *meta.mutable_owner_references() = given.owner_references();
}

void check_all(const Message& obj, const kind_rules& rules, findings& found) {
  check_known_values(obj, found);
  if (rules.validate != nullptr)
    rules.validate(obj, found);
}

bool namespaced(const Message& obj) {
  auto* kind = find_by_descriptor(obj.GetDescriptor());
  return kind != nullptr && kind->namespaced;
}

} // namespace

void prepare_for_create(Message& obj) {
  auto& rules = rules_of(obj);
  if (!rules.status_on_create)
    clear_member(obj, "status");
  if (auto* meta = mutable_metadata_of(obj)) {
    meta->clear_deletion_timestamp();
    meta->clear_deletion_grace_period_seconds();
    meta->clear_self_link();
    meta->clear_generation();
    if (rules.generations)
      meta->set_generation(1);
  }
  if (rules.prepare_create != nullptr)
    rules.prepare_create(obj);
}

void prepare_for_update(Message& obj, const Message& old) {
  auto& rules = rules_of(obj);
  take_member(obj, old, "status");
  if (rules.prepare_update != nullptr)
    rules.prepare_update(obj, old);
  auto* meta = mutable_metadata_of(obj);
  if (meta == nullptr)
    return;
  keep_metadata(*meta, meta_of(old));
  auto generation = meta_of(old).generation();
  if (rules.generations && wish_changed(obj, old, rules))
    ++generation;
  if (generation != 0)
    meta->set_generation(generation);
  else
    meta->clear_generation();
}

void prepare_for_status_update(Message& obj, const Message& old) {
  std::unique_ptr<Message> result{old.New()};
  result->CopyFrom(old);
  if (auto* status = member(obj, "status"))
    obj.GetReflection()->SwapFields(&obj, result.get(), {status});
  auto* meta = mutable_metadata_of(*result);
  auto& given = meta_of(obj);
  if (meta != nullptr) {
    if (!given.uid().empty())
      meta->set_uid(given.uid());
    meta->set_resource_version(given.resource_version());
    *meta->mutable_managed_fields() = given.managed_fields();
    take_status_metadata(*meta, given, old.GetDescriptor()->full_name());
  }
  obj.GetReflection()->Swap(&obj, result.get());
  if (auto* f = rules_of(obj).prepare_status)
    f(obj);
}

std::vector<field_error> validate_create(const Message& obj,
                                         const rule_context& context) {
  auto& rules = rules_of(obj);
  findings found{context};
  auto& meta = meta_of(obj);
  validate_object_meta(meta, namespaced(obj), rules.names, found);
  if (!meta.resource_version().empty())
    found.invalid(field_path{"metadata.resourceVersion"},
                  meta.resource_version(),
                  "must not be set on objects to be created");
  check_all(obj, rules, found);
  if (rules.validate_create != nullptr)
    rules.validate_create(obj, found);
  return found.take();
}

std::vector<field_error> validate_update(const Message& obj, const Message& old,
                                         const rule_context& context) {
  auto& rules = rules_of(obj);
  findings found{context};
  validate_object_meta(meta_of(obj), namespaced(obj), rules.names, found);
  if (rules.version_on_update && meta_of(obj).resource_version().empty())
    found.invalid(field_path{"metadata.resourceVersion"}, "",
                  "must be specified for an update");
  validate_object_meta_update(meta_of(obj), meta_of(old), found);
  check_all(obj, rules, found);
  if (rules.validate_update != nullptr)
    rules.validate_update(obj, old, found);
  return found.take();
}

std::vector<field_error> validate_status_update(const Message& obj,
                                                const Message& old) {
  auto& rules = rules_of(obj);
  findings found;
  validate_object_meta(meta_of(obj), namespaced(obj), rules.names, found);
  validate_object_meta_update(meta_of(obj), meta_of(old), found);
  check_known_values(obj, found);
  if (rules.validate_status != nullptr)
    rules.validate_status(obj, old, found);
  return found.take();
}

std::vector<std::string> warnings(const Message& obj) {
  return that_hold(warnings_about(obj), 0);
}

caf::error check_preconditions(const Message& obj, const Message& old,
                               const std::string& stored_version) {
  auto& meta = meta_of(obj);
  auto& uid = meta_of(old).uid();
  auto refuse = [&](const std::string& why) {
    auto* kind = find_by_descriptor(obj.GetDescriptor());
    refused_object what{{}, "objects", meta_of(old).name()};
    if (kind != nullptr)
      what = {kind->group, kind->plural, meta_of(old).name()};
    return in_conflict(what, why);
  };
  if (!meta.uid().empty() && meta.uid() != uid)
    return refuse("the UID in the precondition (" + meta.uid()
                  + ") does not match the UID in record (" + uid
                  + "). The object might have been deleted and then recreated");
  auto& version = meta.resource_version();
  if (!version.empty() && version != stored_version)
    return refuse("the object has been modified; please apply your changes to "
                  "the latest version and try again");
  return caf::error{};
}

} // namespace troupe::rules
