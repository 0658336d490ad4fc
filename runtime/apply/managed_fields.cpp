#include "runtime/apply/managed_fields.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace troupe::apply {

namespace {

/// Kubernetes: DefaultMaxUpdateManagers.
constexpr size_t most_updaters = 10;
constexpr const char* bucket_name = "ancient-changes";

caf::error malformed(int i, const std::string& why) {
  return make_error(ec::bad_request,
                    "managed fields entry " + std::to_string(i) + ": " + why);
}

expected<managed_entry> decode_one(const meta::v1::ManagedFieldsEntry& from,
                                   int i) {
  if (from.operation() != "Apply" && from.operation() != "Update")
    return malformed(i, "operation must be `Apply` or `Update`");
  if (from.api_version().empty())
    return malformed(i, "apiVersion must not be empty");
  if (from.fields_type() != "FieldsV1")
    return malformed(i, "fieldsType must be FieldsV1");
  managed_entry entry;
  entry.manager = from.manager();
  entry.applied = from.operation() == "Apply";
  entry.api_version = from.api_version();
  entry.subresource = from.subresource();
  if (from.has_time())
    entry.time = from.time().seconds();
  if (!from.has_fields_v1() || from.fields_v1().raw().empty())
    return entry;
  auto fields = parse_fields(from.fields_v1().raw());
  if (!fields)
    return malformed(i, message_of(fields.error()));
  entry.fields = std::move(*fields);
  return entry;
}

bool comes_before(const managed_entry& a, const managed_entry& b) {
  if (a.applied != b.applied)
    return a.applied;
  auto at = a.time.value_or(0);
  auto other = b.time.value_or(0);
  return std::tie(at, a.manager, a.api_version, a.subresource)
         < std::tie(other, b.manager, b.api_version, b.subresource);
}

managed_entry bucket_of(const std::string& version) {
  managed_entry bucket;
  bucket.manager = bucket_name;
  bucket.api_version = version;
  return bucket;
}

} // namespace

std::string managed_entry::identity() const {
  std::string out{"{\"manager\":"};
  text::append_json_string(out, manager);
  out += applied ? ",\"operation\":\"Apply\"" : ",\"operation\":\"Update\"";
  if (!applied) {
    out += ",\"apiVersion\":";
    text::append_json_string(out, api_version);
  }
  if (!subresource.empty()) {
    out += ",\"subresource\":";
    text::append_json_string(out, subresource);
  }
  return out + "}";
}

bool managed_entry::is_of(const managed_entry& other) const {
  return applied == other.applied && manager == other.manager
         && subresource == other.subresource
         && (applied || api_version == other.api_version);
}

managed_entry* managed_fields::find(const managed_entry& like) {
  for (auto& entry : entries)
    if (entry.is_of(like))
      return &entry;
  return nullptr;
}

managed_entry* managed_fields::find(const std::string& identity) {
  for (auto& entry : entries)
    if (entry.identity() == identity)
      return &entry;
  return nullptr;
}

void managed_fields::drop_empty() {
  std::erase_if(entries,
                [](const managed_entry& e) { return e.fields.empty(); });
}

expected<managed_fields> decode(const meta::v1::ObjectMeta& meta) {
  managed_fields result;
  // Each is compared with all: nobody has so many.
  constexpr int most_entries = 1'000;
  if (meta.managed_fields_size() > most_entries)
    return make_error(ec::bad_request, "metadata.managedFields: more than "
                                           + std::to_string(most_entries)
                                           + " entries");
  for (int i = 0; i < meta.managed_fields_size(); ++i) {
    auto entry = decode_one(meta.managed_fields(i), i);
    if (!entry)
      return entry.error();
    // The last of several entries of one identity counts.
    if (auto* known = result.find(*entry))
      *known = std::move(*entry);
    else
      result.entries.push_back(std::move(*entry));
  }
  return result;
}

void encode(const managed_fields& managed, meta::v1::ObjectMeta& meta) {
  std::vector<const managed_entry*> sorted;
  for (auto& entry : managed.entries)
    sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](auto* a, auto* b) { return comes_before(*a, *b); });
  meta.clear_managed_fields();
  for (auto* entry : sorted) {
    auto& out = *meta.add_managed_fields();
    out.set_manager(entry->manager);
    out.set_operation(entry->applied ? "Apply" : "Update");
    out.set_api_version(entry->api_version);
    if (entry->time)
      out.mutable_time()->set_seconds(*entry->time);
    out.set_fields_type("FieldsV1");
    out.mutable_fields_v1()->set_raw(to_json(entry->fields));
    if (!entry->subresource.empty())
      out.set_subresource(entry->subresource);
  }
}

bool is_reset(const meta::v1::ObjectMeta& meta) {
  return meta.managed_fields_size() == 1
         && meta.managed_fields(0).ByteSizeLong() == 0;
}

void reset(meta::v1::ObjectMeta& meta) {
  meta.clear_managed_fields();
  meta.add_managed_fields();
}

bool has_no_entries(const nlohmann::json& doc) {
  auto meta = doc.is_object() ? doc.find("metadata") : doc.end();
  if (meta == doc.end() || !meta->is_object())
    return false;
  auto entries = meta->find("managedFields");
  return entries != meta->end() && entries->is_array() && entries->empty();
}

void cap_updates(managed_fields& managed) {
  auto& all = managed.entries;
  auto updaters = static_cast<size_t>(
      std::count_if(all.begin(), all.end(),
                    [](const managed_entry& e) { return !e.applied; }));
  if (updaters <= most_updaters)
    return;
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) {
    return std::make_tuple(a.applied, a.time.value_or(0), a.identity())
           < std::make_tuple(b.applied, b.time.value_or(0), b.identity());
  });
  // The first one of a version waits for another to be put together with.
  std::map<std::string, std::string> first;
  std::vector<std::string> order;
  for (auto& entry : all)
    if (!entry.applied)
      order.push_back(entry.identity());
  for (size_t i = 0; i < order.size() && updaters > most_updaters; ++i) {
    auto* entry = managed.find(order[i]);
    if (entry == nullptr)
      continue;
    auto version = entry->api_version;
    auto [known, is_first] = first.emplace(version, order[i]);
    if (is_first)
      continue;
    auto bucket_identity = bucket_of(version).identity();
    if (order[i] == bucket_identity)
      continue;
    auto taken = *entry;
    if (managed.find(bucket_identity) == nullptr) {
      auto* opened = managed.find(known->second);
      auto bucket = bucket_of(version);
      bucket.time = opened->time;
      bucket.fields = std::move(opened->fields);
      *opened = std::move(bucket);
    }
    auto* bucket = managed.find(bucket_identity);
    bucket->fields = united(std::move(taken.fields), std::move(bucket->fields));
    // That of the newer one.
    bucket->time = taken.time;
    std::erase_if(
        all, [&](const managed_entry& e) { return e.identity() == order[i]; });
    --updaters;
  }
}

bool same_but_for_times(const meta::v1::ObjectMeta& a,
                        const meta::v1::ObjectMeta& b) {
  if (a.managed_fields_size() != b.managed_fields_size())
    return false;
  for (int i = 0; i < a.managed_fields_size(); ++i) {
    auto& left = a.managed_fields(i);
    auto& right = b.managed_fields(i);
    if (left.manager() != right.manager()
        || left.operation() != right.operation()
        || left.api_version() != right.api_version()
        || left.subresource() != right.subresource()
        || left.fields_type() != right.fields_type()
        || left.has_fields_v1() != right.has_fields_v1()
        || left.fields_v1().raw() != right.fields_v1().raw())
      return false;
  }
  return true;
}

} // namespace troupe::apply
