#include "runtime/apply/taken_over.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/apply/configuration.hpp"
#include "runtime/text/apply.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace troupe::apply {

using text::document;

namespace {

/// Kubernetes: what annotations may take together.
constexpr size_t most_annotations = 256 << 10;

const std::string annotation{text::last_applied_annotation};

document* annotations_of(document& doc) {
  auto meta = doc.find("metadata");
  if (meta == doc.end() || !meta->is_object())
    return nullptr;
  auto all = meta->find("annotations");
  return all == meta->end() || !all->is_object() ? nullptr : &*all;
}

std::string last_applied(document& doc) {
  auto* all = annotations_of(doc);
  auto found = all == nullptr ? document::iterator{} : all->find(annotation);
  return all == nullptr || found == all->end() || !found->is_string()
             ? std::string{}
             : found->get<std::string>();
}

/// The fields that were applied and are still so.
std::optional<field_set> applied_fields(document live, const kind_info& kind) {
  auto text = last_applied(live);
  auto config =
      text.empty() ? expected<document>{document{}} : text::parse_json(text);
  if (!config || !config->is_object()
      || config->value("apiVersion", "") != kind.api_version())
    return std::nullopt;
  auto& type = message_info_of(kind.descriptor());
  if (!check(*config, type, false).empty())
    return std::nullopt;
  auto of = object_shape(type);
  auto all = compare(*config, live, of);
  return without(without(fields_of(*config, of), all.written()), all.removed);
}

size_t size_of(const document& annotations) {
  size_t result = 0;
  for (auto& [name, value] : annotations.items())
    result +=
        name.size()
        + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  return result;
}

} // namespace

std::vector<conflict> not_taken_over(std::vector<conflict> found,
                                     const document& live,
                                     const kind_info& kind) {
  auto allowed = applied_fields(live, kind);
  if (allowed)
    std::erase_if(found, [&](const conflict& each) {
      return contains(*allowed, each.field);
    });
  return found;
}

bool take_over_entries(meta::v1::ObjectMeta& meta, const std::string& manager) {
  auto managed = decode(meta);
  if (!managed || meta.annotations().count(annotation) == 0)
    return false;
  managed_entry own;
  own.manager = manager;
  own.applied = true;
  auto found = false;
  for (auto& entry : managed->entries) {
    if (entry.applied || !entry.subresource.empty()
        || entry.manager != client_side_manager)
      continue;
    found = true;
    own.api_version = entry.api_version;
    own.time = entry.time;
    // The annotation is nobody's: it follows what is applied.
    auto fields = without(
        without(entry.fields, set_of({"f:metadata", "f:annotations"})),
        set_of({"f:metadata", "f:annotations", field_element(annotation)}));
    own.fields = united(own.fields, fields);
    entry.fields = {};
  }
  if (!found)
    return false;
  if (auto* known = managed->find(own.identity()))
    known->fields = united(known->fields, own.fields);
  else
    managed->entries.push_back(std::move(own));
  managed->drop_empty();
  encode(*managed, meta);
  return true;
}

void refresh_last_applied(document& result, const document& config) {
  if (last_applied(result).empty())
    return;
  auto copy = config;
  if (auto* own = annotations_of(copy))
    own->erase(annotation);
  auto& all = *annotations_of(result);
  all[annotation] = text::print_json(copy) + "\n";
  if (size_of(all) > most_annotations)
    all.erase(annotation);
}

} // namespace troupe::apply
