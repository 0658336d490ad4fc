#pragma once

#include "messages/api/meta.pb.h"
#include "runtime/rules/findings.hpp"
#include "runtime/rules/kind_rules.hpp"

/// Rules that hold for the metadata of every kind, and those of labels and
/// selectors wherever they appear.
namespace troupe::rules {

using string_map = google::protobuf::Map<std::string, std::string>;

/// Checks a whole metadata as it is to be stored.
void validate_object_meta(const meta::v1::ObjectMeta& meta, bool namespaced,
                          name_form names, findings& out);

/// Checks what may not change between two states of an object.
void validate_object_meta_update(const meta::v1::ObjectMeta& meta,
                                 const meta::v1::ObjectMeta& old,
                                 findings& out);

/// Checks one name against a form.
std::vector<std::string> check_name(std::string_view name, name_form form);

void validate_labels(const string_map& labels, const field_path& at,
                     findings& out);

void validate_annotations(const string_map& annotations, const field_path& at,
                          findings& out);

/// Checks labels, annotations and finalizers of a template.
void validate_template_meta(const meta::v1::ObjectMeta& meta,
                            const field_path& at, findings& out);

void validate_finalizer(const std::string& name, const field_path& at,
                        findings& out);

void validate_selector(const meta::v1::LabelSelector& selector,
                       const field_path& at, findings& out);

bool selector_empty(const meta::v1::LabelSelector& selector);

/// Returns whether a well-formed selector picks these labels.
bool selector_matches(const meta::v1::LabelSelector& selector,
                      const string_map& labels);

bool same_entries(const string_map& a, const string_map& b);

/// Reports `field is immutable` when `same` is false.
void require_unchanged(bool same, const shown& value, const field_path& at,
                       findings& out);

} // namespace troupe::rules
