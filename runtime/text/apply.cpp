#include "runtime/text/apply.hpp"

#include "messages/fields.hpp"
#include "runtime/text/list_items.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::text {

namespace {

/// The three forms of a value that a patch is made of; any may be missing.
struct forms {
  const document* original;
  const document* modified;
  const document* current;
};

const document* member(const document* x, const std::string& key) {
  if (x == nullptr || !x->is_object())
    return nullptr;
  auto it = x->find(key);
  return it == x->end() || it->is_null() ? nullptr : &*it;
}

const document& list_or_empty(const document* x) {
  static const document empty = document::array();
  return x != nullptr && x->is_array() ? *x : empty;
}

/// Compares three forms of an object.
class differ {
public:
  caf::error error;

  /// `modified` and `current` are objects.
  document diff_map(const forms& x, const message_info* schema,
                    bool retain_keys, const std::string& path) {
    auto patch = document::object();
    for (auto& [key, value] : x.modified->items())
      diff_member({member(x.original, key), &value, member(x.current, key)},
                  key, schema, path, patch);
    if (x.original != nullptr && x.original->is_object())
      for (auto& [key, value] : x.original->items())
        if (!value.is_null() && !x.modified->contains(key)
            && x.current->contains(key))
          patch[key] = nullptr;
    if (retain_keys && !patch.empty())
      add_retain_keys(*x.modified, patch);
    return patch;
  }

private:
  /// Says which members may stay, instead of deleting the others one by one.
  static void add_retain_keys(const document& modified, document& patch) {
    auto kept = document::array();
    for (auto& [key, value] : modified.items())
      if (!value.is_null())
        kept.push_back(key);
    for (auto it = patch.begin(); it != patch.end();)
      it = it->is_null() ? patch.erase(it) : std::next(it);
    patch[std::string{retain_directive}] = std::move(kept);
  }

  void diff_member(const forms& x, const std::string& key,
                   const message_info* schema, const std::string& path,
                   document& patch) {
    auto& value = *x.modified;
    if (value.is_null()) {
      if (x.current != nullptr)
        patch[key] = nullptr;
      return;
    }
    if (x.current == nullptr || x.current->type() != value.type()) {
      // Signed and unsigned numbers may be the same number.
      if (x.current == nullptr || *x.current != value)
        patch[key] = value;
      return;
    }
    auto where = path.empty() ? key : path + "." + key;
    auto* field = member_field(schema, key);
    if (value.is_object() && (field == nullptr || !field->patch_replace)) {
      auto inner =
          diff_map(x, schema_of(field),
                   field != nullptr && field->patch_retain_keys, where);
      if (!inner.empty())
        patch[key] = std::move(inner);
    } else if (value.is_array() && field != nullptr && field->patch_merge) {
      diff_list(x, *field, key, where, patch);
    } else if (value != *x.current) {
      patch[key] = value;
    }
  }

  void diff_list(const forms& x, const field_info& field,
                 const std::string& key, const std::string& path,
                 document& patch) {
    item_identity identity{field};
    for (auto* list : {x.original, x.modified, x.current})
      for (auto& item : list_or_empty(list))
        if (auto missing = identity.missing_key(item); !missing.empty()) {
          fail(path, "every item needs \"" + std::string{missing} + "\"");
          return;
        }
    if (identity.is_scalar())
      diff_scalars(identity, x, key, patch);
    else
      diff_items(identity, x, field, key, path, patch);
    auto changed = patch.contains(key)
                   || patch.contains(std::string{delete_prefix} + key)
                   || !same_order(identity, x);
    if (!changed || x.current->empty())
      return;
    auto order = document::array();
    for (auto& item : *x.modified)
      order.push_back(identity.key_of(item));
    patch[std::string{order_prefix} + key] = std::move(order);
  }

  static void diff_scalars(const item_identity& identity, const forms& x,
                           const std::string& key, document& patch) {
    item_index modified{identity, *x.modified};
    item_index current{identity, *x.current};
    auto added = document::array();
    auto deleted = document::array();
    for (auto& item : *x.modified)
      if (!current.contains(item))
        added.push_back(item);
    for (auto& item : list_or_empty(x.original))
      if (!modified.contains(item) && current.contains(item))
        deleted.push_back(item);
    if (!added.empty())
      patch[key] = std::move(added);
    if (!deleted.empty())
      patch[std::string{delete_prefix} + key] = std::move(deleted);
  }

  void diff_items(const item_identity& identity, const forms& x,
                  const field_info& field, const std::string& key,
                  const std::string& path, document& patch) {
    auto& original = list_or_empty(x.original);
    item_index before{identity, original};
    item_index current{identity, *x.current};
    std::vector<bool> kept(x.current->size());
    auto items = document::array();
    for (size_t i = 0; i < x.modified->size(); ++i) {
      auto& item = (*x.modified)[i];
      auto there = current.find(item);
      if (!there) {
        items.push_back(item);
        continue;
      }
      kept[*there] = true;
      auto last = before.find(item);
      forms inner{last ? &original[*last] : nullptr, &item,
                  &(*x.current)[*there]};
      auto changes = diff_map(inner, schema_of(&field), field.patch_retain_keys,
                              path + "[" + std::to_string(i) + "]");
      if (changes.empty())
        continue;
      changes.update(identity.key_of(item));
      items.push_back(std::move(changes));
    }
    for (auto& item : original) {
      auto there = current.find(item);
      if (!there || kept[*there])
        continue;
      kept[*there] = true;
      auto deletion = identity.key_of((*x.current)[*there]);
      deletion[std::string{patch_directive}] = "delete";
      items.push_back(std::move(deletion));
    }
    if (!items.empty())
      patch[key] = std::move(items);
  }

  /// Returns whether what both have stands in the same order.
  static bool same_order(const item_identity& identity, const forms& x) {
    item_index current{identity, *x.current};
    size_t last = 0;
    for (auto& item : *x.modified) {
      auto at = current.find(item);
      if (!at)
        continue;
      if (*at < last)
        return false;
      last = *at;
    }
    return true;
  }

  void fail(const std::string& path, const std::string& why) {
    if (!error)
      error = make_error(ec::bad_request, path + ": " + why);
  }
};

} // namespace

document with_last_applied(document config) {
  auto& metadata = config["metadata"];
  if (!metadata.is_object())
    metadata = document::object();
  // As kubectl does: there are annotations, if only none.
  auto& target = metadata["annotations"];
  if (!target.is_object())
    target = document::object();
  target.erase(std::string{last_applied_annotation});
  auto text = print_json(config) + "\n";
  config["metadata"]["annotations"][std::string{last_applied_annotation}] =
      std::move(text);
  return config;
}

expected<document> last_applied_of(const document& live) {
  static const std::string name{last_applied_annotation};
  auto* metadata = member(&live, "metadata");
  auto* annotations = member(metadata, "annotations");
  auto* text = member(annotations, name);
  if (text == nullptr || !text->is_string()
      || text->get_ref<const std::string&>().empty())
    return document::object();
  auto result = parse_json(text->get_ref<const std::string&>());
  if (!result || !result->is_object())
    return make_error(ec::bad_request,
                      "metadata.annotations[" + name + "]: is no JSON object"
                          + (result ? "" : ": " + message_of(result.error())));
  return result;
}

expected<document> three_way_patch(const document& original,
                                   const document& modified,
                                   const document& current,
                                   const message_info* schema) {
  if (!modified.is_object() || !current.is_object())
    return make_error(ec::bad_request, "expected an object");
  differ run;
  auto patch =
      run.diff_map({&original, &modified, &current}, schema, false, "");
  if (run.error)
    return run.error;
  return patch;
}

expected<document> apply_patch(const document& config, const document& live,
                               const message_info* schema) {
  auto original = last_applied_of(live);
  if (!original)
    return original.error();
  auto modified = with_last_applied(config);
  // Tools write it without meaning it.
  auto& metadata = modified["metadata"];
  auto created = metadata.find("creationTimestamp");
  if (created != metadata.end() && created->is_null())
    metadata.erase(created);
  return three_way_patch(*original, modified, live, schema);
}

} // namespace troupe::text
