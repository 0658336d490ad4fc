#include "runtime/rules/validate_meta.hpp"

#include "runtime/rules/formats.hpp"
#include "runtime/text/selector.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>
#include <map>

namespace troupe::rules {

using meta::v1::ObjectMeta;

namespace {

constexpr size_t most_annotation_bytes = 262144;
constexpr std::string_view orphan = "orphan";
constexpr std::string_view foreground = "foregroundDeletion";

void check_names(const ObjectMeta& meta, name_form names, const field_path& at,
                 findings& out) {
  if (!meta.generate_name().empty()) {
    // What follows the prefix is alphanumeric, so a final dash is fine.
    auto prefix = meta.generate_name();
    if (prefix.back() == '-')
      prefix.back() = 'a';
    for (auto& problem : check_name(prefix, names))
      out.invalid(at.child("generateName"), meta.generate_name(), problem);
  }
  if (meta.name().empty())
    out.required(at.child("name"), "name or generateName is required");
  else
    out.invalid(at.child("name"), meta.name(), check_name(meta.name(), names));
}

void check_namespace(const ObjectMeta& meta, bool namespaced,
                     const field_path& at, findings& out) {
  auto where = at.child("namespace");
  if (!namespaced) {
    if (!meta.namespace_().empty())
      out.forbidden(where, "not allowed on this type");
  } else if (meta.namespace_().empty()) {
    out.required(where);
  } else {
    out.invalid(where, meta.namespace_(),
                check_dns1123_label(meta.namespace_()));
  }
}

void check_owners(const ObjectMeta& meta, const field_path& at, findings& out) {
  const std::string* controller = nullptr;
  for (int i = 0; i < meta.owner_references_size(); ++i) {
    auto& owner = meta.owner_references(i);
    auto one = at[static_cast<size_t>(i)];
    auto need = [&](const char* name, const std::string& value,
                    std::string_view detail) {
      if (value.empty())
        out.invalid(one.child(name), value, detail);
    };
    need("apiVersion", owner.api_version(), "version must not be empty");
    need("kind", owner.kind(), "must not be empty");
    need("name", owner.name(), "must not be empty");
    need("uid", owner.uid(), "must not be empty");
    if (owner.kind() == "Event"
        && (owner.api_version() == "v1"
            || owner.api_version().starts_with("events.k8s.io/")))
      out.invalid(one, owner.kind(),
                  owner.api_version()
                      + ", Kind=Event is disallowed from being an owner");
    if (!owner.controller())
      continue;
    if (controller != nullptr)
      out.invalid(at, owner.name(),
                  "only one reference can have controller set to true; found "
                  "\"true\" in references for "
                      + *controller + " and " + owner.name());
    else
      controller = &owner.name();
  }
}

void check_finalizers(const ObjectMeta& meta, const field_path& at,
                      findings& out) {
  bool keeps = false;
  bool drops = false;
  for (int i = 0; i < meta.finalizers_size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    validate_finalizer(meta.finalizers(i), one, out);
    keeps = keeps || meta.finalizers(i) == orphan;
    drops = drops || meta.finalizers(i) == foreground;
  }
  if (keeps && drops)
    out.invalid(at, orphan,
                "finalizer orphan and foregroundDeletion cannot be both set");
}

void check_managed_fields(const ObjectMeta& meta, const field_path& at,
                          findings& out) {
  for (int i = 0; i < meta.managed_fields_size(); ++i) {
    auto& entry = meta.managed_fields(i);
    auto one = at[static_cast<size_t>(i)];
    if (entry.operation() != "Apply" && entry.operation() != "Update")
      out.invalid(one.child("operation"), entry.operation(),
                  "must be `Apply` or `Update`");
    if (!entry.fields_type().empty() && entry.fields_type() != "FieldsV1")
      out.invalid(one.child("fieldsType"), entry.fields_type(),
                  "must be `FieldsV1`");
    if (entry.manager().size() > 128)
      out.too_long(one.child("manager"), 128, "bytes");
  }
}

void check_new_finalizers(const ObjectMeta& meta, const ObjectMeta& old,
                          const field_path& at, findings& out) {
  if (!old.has_deletion_timestamp())
    return;
  for (auto& name : meta.finalizers()) {
    auto& had = old.finalizers();
    if (std::find(had.begin(), had.end(), name) == had.end())
      out.forbidden(at, "no new finalizers can be added if the object is being "
                        "deleted, found new finalizer \""
                            + name + "\"");
  }
}

// Protobuf's maps have no order of their own; messages need one.
std::map<std::string_view, std::string_view> sorted(const string_map& map) {
  return {map.begin(), map.end()};
}

std::string lower_case(std::string_view word) {
  std::string text{word};
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool same_time(const meta::v1::Time& a, const meta::v1::Time& b) {
  return a.seconds() == b.seconds();
}

} // namespace

std::vector<std::string> check_name(std::string_view name, name_form form) {
  switch (form) {
    case name_form::label:
      return check_dns1123_label(name);
    case name_form::label_1035:
      return check_dns1035_label(name);
    case name_form::path_segment:
      return check_path_segment(name);
    default:
      return check_dns1123_subdomain(name);
  }
}

void validate_labels(const string_map& labels, const field_path& at,
                     findings& out) {
  bool good = std::all_of(labels.begin(), labels.end(), [](auto& entry) {
    return check_qualified_name(entry.first).empty()
           && check_label_value(entry.second).empty();
  });
  if (good)
    return;
  for (auto& [key, value] : sorted(labels)) {
    out.invalid(at, key, check_qualified_name(key));
    out.invalid(at, value, check_label_value(value));
  }
}

void validate_annotations(const string_map& annotations, const field_path& at,
                          findings& out) {
  size_t bytes = 0;
  bool good = true;
  for (auto& [key, value] : annotations) {
    bytes += key.size() + value.size();
    good = good && check_qualified_name(lower_case(key)).empty();
  }
  if (!good)
    for (auto& [key, value] : sorted(annotations))
      out.invalid(at, key, check_qualified_name(lower_case(key)));
  if (bytes > most_annotation_bytes)
    out.too_long(at, most_annotation_bytes, "bytes");
}

void validate_finalizer(const std::string& name, const field_path& at,
                        findings& out) {
  auto found = check_qualified_name(name);
  out.invalid(at, name, found);
  if (found.empty() && name.find('/') == std::string::npos && name != orphan
      && name != foreground && name != "kubernetes")
    out.invalid(at, name,
                "name is neither a standard finalizer name nor is it fully "
                "qualified");
}

void validate_template_meta(const ObjectMeta& meta, const field_path& at,
                            findings& out) {
  validate_labels(meta.labels(), at.child("labels"), out);
  validate_annotations(meta.annotations(), at.child("annotations"), out);
  check_finalizers(meta, at.child("finalizers"), out);
}

void validate_object_meta(const ObjectMeta& meta, bool namespaced,
                          name_form names, findings& out) {
  field_path at{"metadata"};
  check_names(meta, names, at, out);
  check_namespace(meta, namespaced, at, out);
  if (meta.generation() < 0)
    out.invalid(at.child("generation"), meta.generation(),
                "must be greater than or equal to 0");
  validate_labels(meta.labels(), at.child("labels"), out);
  validate_annotations(meta.annotations(), at.child("annotations"), out);
  check_owners(meta, at.child("ownerReferences"), out);
  check_finalizers(meta, at.child("finalizers"), out);
  check_managed_fields(meta, at.child("managedFields"), out);
}

void validate_object_meta_update(const ObjectMeta& meta, const ObjectMeta& old,
                                 findings& out) {
  field_path at{"metadata"};
  check_new_finalizers(meta, old, at.child("finalizers"), out);
  require_unchanged(meta.name() == old.name(), meta.name(), at.child("name"),
                    out);
  require_unchanged(meta.namespace_() == old.namespace_(), meta.namespace_(),
                    at.child("namespace"), out);
  require_unchanged(meta.uid() == old.uid(), meta.uid(), at.child("uid"), out);
  require_unchanged(
      same_time(meta.creation_timestamp(), old.creation_timestamp()),
      text::time_text(meta.creation_timestamp()), at.child("creationTimestamp"),
      out);
  require_unchanged(
      meta.has_deletion_timestamp() == old.has_deletion_timestamp()
          && same_time(meta.deletion_timestamp(), old.deletion_timestamp()),
      text::time_text(meta.deletion_timestamp()), at.child("deletionTimestamp"),
      out);
  require_unchanged(meta.has_deletion_grace_period_seconds()
                            == old.has_deletion_grace_period_seconds()
                        && meta.deletion_grace_period_seconds()
                               == old.deletion_grace_period_seconds(),
                    meta.deletion_grace_period_seconds(),
                    at.child("deletionGracePeriodSeconds"), out);
  if (meta.generation() < old.generation())
    out.invalid(at.child("generation"), meta.generation(),
                "must not be decremented");
}

void validate_selector(const meta::v1::LabelSelector& selector,
                       const field_path& at, findings& out) {
  if (!selector_empty(selector))
    out.add(text::validate_label_selector(selector, at.str()));
}

bool selector_empty(const meta::v1::LabelSelector& selector) {
  return selector.match_labels().empty()
         && selector.match_expressions().empty();
}

bool selector_matches(const meta::v1::LabelSelector& selector,
                      const string_map& labels) {
  auto picks = text::label_selector::from(selector);
  return picks && picks->matches(labels);
}

bool same_entries(const string_map& a, const string_map& b) {
  if (a.size() != b.size())
    return false;
  for (auto& [key, value] : a) {
    auto i = b.find(key);
    if (i == b.end() || i->second != value)
      return false;
  }
  return true;
}

void require_unchanged(bool same, const shown& value, const field_path& at,
                       findings& out) {
  if (!same)
    out.invalid(at, value, "field is immutable");
}

} // namespace troupe::rules
