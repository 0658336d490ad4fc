#pragma once

#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe {
struct field_info;
struct message_info;
} // namespace troupe

namespace troupe::text {

inline constexpr std::string_view patch_directive = "$patch";
inline constexpr std::string_view retain_directive = "$retainKeys";
inline constexpr std::string_view delete_prefix = "$deleteFromPrimitiveList/";
inline constexpr std::string_view order_prefix = "$setElementOrder/";

/// Tells the items of a list apart that is merged: objects by their merge key
/// and the other keys that make them unique, scalars by their value.
class item_identity {
public:
  /// `field` is a list with a merge strategy.
  explicit item_identity(const field_info& field);

  bool is_scalar() const { return merge_key_.empty(); }

  /// Returns whether both mean the same item. Strictly, a key that one of them
  /// leaves out means its default; otherwise it means any value.
  bool same(const document& a, const document& b, bool strictly) const;

  /// Returns only the members of `item` that identify it.
  document key_of(const document& item) const;

  /// Returns the merge key that `item` should have and has not; empty when all
  /// is well.
  std::string_view missing_key(const document& item) const;

  /// Equal for items that may be the same.
  std::string bucket_of(const document& item) const;

private:
  struct other_key {
    std::string_view name;
    std::string_view fallback;
  };

  std::string_view merge_key_; // empty for scalars
  std::vector<other_key> others_;
};

/// Finds items in one list. The list must not change meanwhile.
class item_index {
public:
  item_index(const item_identity& identity, const document& list);

  /// Returns where the item that `wanted` means is: the one that is strictly
  /// the same, else the first that may be.
  std::optional<size_t> find(const document& wanted) const;

  bool contains(const document& wanted) const {
    return find(wanted).has_value();
  }

  /// Returns `items` in the order that their twins have in the list; those
  /// without a twin come last.
  document sorted(const document& items) const;

private:
  const item_identity& identity_;
  const document& list_;
  std::unordered_map<std::string, std::vector<size_t>> buckets_;
};

/// Returns the table of the objects that a member of `schema` holds; null for
/// scalars, unknown members and what has a JSON form of its own.
const message_info* member_schema(const message_info* schema,
                                  std::string_view name);

/// Returns the field that a member of `schema` is; null when unknown.
const field_info* member_field(const message_info* schema,
                               std::string_view name);

/// Returns the table of a field's elements or values, as member_schema does.
const message_info* schema_of(const field_info* field);

} // namespace troupe::text
