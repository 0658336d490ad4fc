#include "runtime/rules/version_definition.hpp"

#include "messages/api/apiextensions.pb.h"
#include "messages/api/apiextensions_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

using Newer = apiextensions::v1::CustomResourceDefinition;
using NewerSpec = apiextensions::v1::CustomResourceDefinitionSpec;
using Older = apiextensions::v1beta1::CustomResourceDefinition;
using OlderSpec = apiextensions::v1beta1::CustomResourceDefinitionSpec;

/// Between messages with the same fields under the same numbers.
template <class From, class To>
void copy_twin(const From& from, To& to) {
  to.ParseFromString(canonical_bytes(from));
}

template <class From, class To>
void copy_twins(const From& from, To* to) {
  to->Clear();
  for (auto& each : from)
    copy_twin(each, *to->Add());
}

/// What is said of all versions counts for each.
void spread(const OlderSpec& from, NewerSpec& to) {
  for (auto& version : *to.mutable_versions()) {
    if (from.has_validation())
      *version.mutable_schema() = from.validation();
    if (from.has_subresources())
      *version.mutable_subresources() = from.subresources();
    if (!from.additional_printer_columns().empty())
      copy_twins(from.additional_printer_columns(),
                 version.mutable_additional_printer_columns());
  }
}

/// Whether all versions have the same of something: `same` compares two.
template <class Same>
bool alike(const NewerSpec& spec, Same same) {
  auto& all = spec.versions();
  return std::all_of(all.begin(), all.end(),
                     [&](auto& each) { return same(all[0], each); });
}

/// Kubernetes: what is alike in all versions is said once.
void gather(const NewerSpec& from, OlderSpec& to) {
  if (from.versions().empty())
    return;
  auto& first = from.versions(0);
  to.set_version(first.name());
  if (alike(from, [](auto& a, auto& b) {
        return a.has_schema() == b.has_schema()
               && canonical_equal(a.schema(), b.schema());
      })) {
    if (first.has_schema())
      *to.mutable_validation() = first.schema();
    for (auto& version : *to.mutable_versions())
      version.clear_schema();
  }
  if (alike(from, [](auto& a, auto& b) {
        return a.has_subresources() == b.has_subresources()
               && canonical_equal(a.subresources(), b.subresources());
      })) {
    if (first.has_subresources())
      *to.mutable_subresources() = first.subresources();
    for (auto& version : *to.mutable_versions())
      version.clear_subresources();
  }
  if (alike(from, [](auto& a, auto& b) {
        auto& x = a.additional_printer_columns();
        auto& y = b.additional_printer_columns();
        return std::equal(
            x.begin(), x.end(), y.begin(), y.end(),
            [](auto& one, auto& other) { return canonical_equal(one, other); });
      })) {
    copy_twins(first.additional_printer_columns(),
               to.mutable_additional_printer_columns());
    for (auto& version : *to.mutable_versions())
      version.clear_additional_printer_columns();
  }
}

void convert_conversion(const OlderSpec& from, NewerSpec& to) {
  auto& old = from.conversion();
  auto& now = *to.mutable_conversion();
  now.set_strategy(from.has_conversion() ? old.strategy() : "None");
  if (now.strategy() != "Webhook")
    return;
  auto& webhook = *now.mutable_webhook();
  if (old.has_webhook_client_config())
    *webhook.mutable_client_config() = old.webhook_client_config();
  *webhook.mutable_conversion_review_versions() =
      old.conversion_review_versions();
  // Kubernetes: what webhooks of that time speak.
  if (webhook.conversion_review_versions().empty())
    webhook.add_conversion_review_versions("v1beta1");
}

void convert_conversion(const NewerSpec& from, OlderSpec& to) {
  if (!from.has_conversion())
    return;
  auto& now = from.conversion();
  auto& old = *to.mutable_conversion();
  old.set_strategy(now.strategy());
  if (now.webhook().has_client_config())
    *old.mutable_webhook_client_config() = now.webhook().client_config();
  *old.mutable_conversion_review_versions() =
      now.webhook().conversion_review_versions();
}

} // namespace

void convert(const Older& from, Newer& to) {
  *to.mutable_metadata() = from.metadata();
  *to.mutable_status() = from.status();
  auto& old = from.spec();
  auto& now = *to.mutable_spec();
  now.set_group(old.group());
  *now.mutable_names() = old.names();
  now.set_scope(old.scope().empty() ? "Namespaced" : old.scope());
  copy_twins(old.versions(), now.mutable_versions());
  if (now.versions().empty() && !old.version().empty()) {
    auto& only = *now.add_versions();
    only.set_name(old.version());
    only.set_served(true);
    only.set_storage(true);
  }
  spread(old, now);
  convert_conversion(old, now);
  now.set_preserve_unknown_fields(!old.has_preserve_unknown_fields()
                                  || old.preserve_unknown_fields());
}

void convert(const Newer& from, Older& to) {
  *to.mutable_metadata() = from.metadata();
  *to.mutable_status() = from.status();
  auto& now = from.spec();
  auto& old = *to.mutable_spec();
  old.set_group(now.group());
  *old.mutable_names() = now.names();
  old.set_scope(now.scope());
  copy_twins(now.versions(), old.mutable_versions());
  gather(now, old);
  convert_conversion(now, old);
  old.set_preserve_unknown_fields(now.preserve_unknown_fields());
}

} // namespace troupe::rules
