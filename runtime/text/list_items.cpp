#include "runtime/text/list_items.hpp"

#include "messages/fields.hpp"

#include <algorithm>

namespace troupe::text {

const field_info* member_field(const message_info* schema,
                               std::string_view name) {
  if (schema == nullptr)
    return nullptr;
  auto* member = schema->member(name);
  return member == nullptr ? nullptr : member->field;
}

const message_info* schema_of(const field_info* field) {
  if (field == nullptr)
    return nullptr;
  auto* type = field->type();
  return type != nullptr && type->form == api::OBJECT ? type : nullptr;
}

const message_info* member_schema(const message_info* schema,
                                  std::string_view name) {
  return schema_of(member_field(schema, name));
}

item_identity::item_identity(const field_info& field)
    : merge_key_(field.patch_merge_key) {
  auto* type = field.type();
  for (auto& key : field.list_map_keys) {
    if (key == merge_key_ || merge_key_.empty() || type == nullptr)
      continue;
    auto* member = type->member(key);
    if (member != nullptr)
      others_.push_back({key, member->field->fallback});
  }
}

bool item_identity::same(const document& a, const document& b,
                         bool strictly) const {
  if (merge_key_.empty())
    return a == b;
  if (!a.is_object() || !b.is_object())
    return false;
  auto key_a = a.find(merge_key_);
  auto key_b = b.find(merge_key_);
  if (key_a == a.end() || key_b == b.end() || *key_a != *key_b)
    return false;
  for (auto& other : others_) {
    auto value_a = a.find(other.name);
    auto value_b = b.find(other.name);
    if (value_a != a.end() && value_b != b.end() && *value_a != *value_b)
      return false;
    if (!strictly || (value_a == a.end() && value_b == b.end()))
      continue;
    if (value_a != a.end() && value_b != b.end())
      continue;
    auto& given = value_a != a.end() ? *value_a : *value_b;
    if (!given.is_string()
        || given.get_ref<const std::string&>() != other.fallback)
      return false;
  }
  return true;
}

document item_identity::key_of(const document& item) const {
  if (merge_key_.empty() || !item.is_object())
    return item;
  auto result = document::object();
  auto take = [&](std::string_view name) {
    if (auto it = item.find(name); it != item.end())
      result[std::string{name}] = *it;
  };
  take(merge_key_);
  for (auto& other : others_)
    take(other.name);
  return result;
}

std::string_view item_identity::missing_key(const document& item) const {
  if (merge_key_.empty() || !item.is_object())
    return {};
  return item.contains(merge_key_) ? std::string_view{} : merge_key_;
}

std::string item_identity::bucket_of(const document& item) const {
  if (is_scalar())
    return print_json(item);
  if (!item.is_object())
    return {};
  auto it = item.find(merge_key_);
  return it == item.end() ? std::string{} : print_json(*it);
}

item_index::item_index(const item_identity& identity, const document& list)
    : identity_(identity), list_(list) {
  if (list.is_array())
    for (size_t i = 0; i < list.size(); ++i)
      buckets_[identity.bucket_of(list[i])].push_back(i);
}

std::optional<size_t> item_index::find(const document& wanted) const {
  auto bucket = buckets_.find(identity_.bucket_of(wanted));
  if (bucket == buckets_.end())
    return std::nullopt;
  for (auto strictly : {true, false})
    for (auto i : bucket->second)
      if (identity_.same(list_[i], wanted, strictly))
        return i;
  return std::nullopt;
}

document item_index::sorted(const document& items) const {
  struct place {
    size_t rank;
    size_t index;
  };
  std::vector<place> places;
  for (size_t i = 0; i < items.size(); ++i)
    places.push_back({find(items[i]).value_or(list_.size()), i});
  std::stable_sort(places.begin(), places.end(),
                   [](auto& a, auto& b) { return a.rank < b.rank; });
  auto result = document::array();
  for (auto& p : places)
    result.push_back(items[p.index]);
  return result;
}

} // namespace troupe::text
