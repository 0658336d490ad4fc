#pragma once

#include "messages/errors.hpp"
#include "runtime/apply/field_set.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::meta::v1 {
class ManagedFieldsEntry;
class ObjectMeta;
} // namespace troupe::meta::v1

namespace troupe::apply {

/// Who last wrote which fields, one entry for each manager, operation, version
/// (of updates) and subresource.
struct managed_entry {
  std::string manager;
  bool applied = false;    ///< operation Apply; else Update
  std::string api_version; ///< that the fields are of
  std::string subresource;
  std::optional<int64_t> time; ///< seconds of the epoch
  field_set fields;

  /// Returns what tells entries apart; also their order in messages.
  std::string identity() const;

  /// Whether both have one identity.
  bool is_of(const managed_entry& other) const;
};

struct managed_fields {
  std::vector<managed_entry> entries;

  /// Returns null when there is none.
  managed_entry* find(const std::string& identity);
  managed_entry* find(const managed_entry& like);

  void drop_empty();
};

/// Reads the entries of an object. Fails where one is malformed.
expected<managed_fields> decode(const meta::v1::ObjectMeta& meta);

/// Replaces the entries of an object, in Kubernetes' order: appliers first,
/// then by time and name.
void encode(const managed_fields& managed, meta::v1::ObjectMeta& meta);

/// Whether a client asks for all entries to go: one entry with nothing in it.
bool is_reset(const meta::v1::ObjectMeta& meta);

/// Asks for that.
void reset(meta::v1::ObjectMeta& meta);

/// Whether an object has an empty list of entries, which asks for the same and
/// which a message cannot tell from none.
bool has_no_entries(const nlohmann::json& doc);

/// Kubernetes keeps ten entries of updates; the oldest ones become one of
/// `ancient-changes` for each version.
void cap_updates(managed_fields& managed);

/// Whether both objects have the same entries but for their times.
bool same_but_for_times(const meta::v1::ObjectMeta& a,
                        const meta::v1::ObjectMeta& b);

} // namespace troupe::apply
