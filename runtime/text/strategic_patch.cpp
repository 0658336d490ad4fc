#include "messages/fields.hpp"
#include "runtime/text/list_items.hpp"
#include "runtime/text/patch.hpp"

#include <algorithm>
#include <string>

namespace troupe::text {

namespace {

bool is_directive(std::string_view key) {
  return key == patch_directive || key == retain_directive
         || key.starts_with(delete_prefix) || key.starts_with(order_prefix);
}

/// Applies a patch; the first error stops it.
class merger {
public:
  caf::error error;

  bool merge_map(document& target, const document& patch,
                 const message_info* schema, const std::string& path) {
    if (auto it = patch.find(patch_directive); it != patch.end()) {
      if (*it == "replace") {
        target = without_directives(patch, true);
        return true;
      }
      if (*it == "delete") {
        target = document::object();
        return true;
      }
      if (*it != "merge")
        return fail(path, "$patch must be replace, delete or merge");
    }
    if (!retain_keys(target, patch, path))
      return false;
    for (auto& [key, value] : patch.items())
      if (!merge_member(target, patch, key, value, schema, path))
        return false;
    return true;
  }

private:
  bool fail(const std::string& path, const std::string& why) {
    error =
        make_error(ec::bad_request,
                   "invalid patch: " + (path.empty() ? "" : path + ": ") + why);
    return false;
  }

  static std::string member_path(const std::string& path,
                                 std::string_view key) {
    return path.empty() ? std::string{key} : path + "." + std::string{key};
  }

  /// Returns what a patch means where nothing is there to be patched.
  static document without_directives(const document& patch,
                                     bool keep_nulls = false) {
    if (patch.is_object()) {
      auto result = document::object();
      for (auto& [key, value] : patch.items())
        if (!is_directive(key) && (keep_nulls || !value.is_null()))
          result[key] = without_directives(value, keep_nulls);
      return result;
    }
    if (!patch.is_array())
      return patch;
    auto result = document::array();
    for (auto& item : patch) {
      auto special = item.is_object() ? item.find(patch_directive) : item.end();
      auto directive = item.is_object() && special != item.end();
      if (!directive)
        result.push_back(without_directives(item, keep_nulls));
      else if (*special != "delete" && item.size() > 1)
        result.push_back(without_directives(item, keep_nulls));
    }
    return result;
  }

  bool retain_keys(document& target, const document& patch,
                   const std::string& path) {
    auto it = patch.find(retain_directive);
    if (it == patch.end())
      return true;
    if (!it->is_array())
      return fail(path, "$retainKeys must be a list of names");
    auto kept = [&](const std::string& key) {
      return std::find(it->begin(), it->end(), document(key)) != it->end();
    };
    for (auto& [key, value] : patch.items())
      if (!is_directive(key) && !value.is_null() && !kept(key))
        return fail(path, "\"" + key + "\" is not among $retainKeys");
    for (auto member = target.begin(); member != target.end();)
      member = kept(member.key()) ? std::next(member) : target.erase(member);
    return true;
  }

  bool merge_member(document& target, const document& patch,
                    const std::string& key, const document& value,
                    const message_info* schema, const std::string& path) {
    if (key == patch_directive || key == retain_directive)
      return true;
    if (key.starts_with(delete_prefix))
      return delete_scalars(target, key.substr(delete_prefix.size()), value,
                            path);
    if (key.starts_with(order_prefix)) {
      auto name = key.substr(order_prefix.size());
      // With a patch of the list, the order is part of merging that.
      return patch.contains(name)
             || merge_list(target, name, nullptr, &value, schema, path);
    }
    if (value.is_null()) {
      target.erase(key);
      return true;
    }
    auto order = patch.find(std::string{order_prefix} + key);
    if (value.is_array())
      return merge_list(target, key, &value,
                        order == patch.end() ? nullptr : &*order, schema, path);
    return merge_value(target, key, value, schema, path);
  }

  bool merge_value(document& target, const std::string& key,
                   const document& value, const message_info* schema,
                   const std::string& path) {
    auto* field = member_field(schema, key);
    auto present = target.find(key);
    if (present == target.end() || !value.is_object() || !present->is_object()
        || (field != nullptr && field->patch_replace)) {
      target[key] = without_directives(value);
      return true;
    }
    return merge_map(*present, value, schema_of(field), member_path(path, key));
  }

  bool delete_scalars(document& target, const std::string& key,
                      const document& value, const std::string& path) {
    if (!value.is_array())
      return fail(member_path(path, key),
                  "$deleteFromPrimitiveList must be a list");
    auto present = target.find(key);
    if (present == target.end() || !present->is_array())
      return true;
    auto kept = document::array();
    for (auto& item : *present)
      if (std::find(value.begin(), value.end(), item) == value.end())
        kept.push_back(item);
    *present = std::move(kept);
    return true;
  }

  /// Merges `patch` into a list and puts it into `order`; either may be null.
  bool merge_list(document& target, const std::string& key,
                  const document* patch, const document* order,
                  const message_info* schema, const std::string& path) {
    auto where = member_path(path, key);
    if (order != nullptr && !order->is_array())
      return fail(where, "$setElementOrder must be a list");
    auto* field = member_field(schema, key);
    auto present = target.find(key);
    if (field == nullptr || !field->patch_merge) {
      if (patch != nullptr)
        target[key] = without_directives(*patch);
      return true;
    }
    auto nothing = document::array();
    auto has_list = present != target.end() && present->is_array();
    if (!has_list && patch == nullptr)
      return true;
    auto before = has_list ? *present : nothing;
    item_identity identity{*field};
    if (order != nullptr && patch != nullptr
        && !follows_order(identity, *patch, *order, where))
      return false;
    document merged = before;
    auto replaced = false;
    if (patch != nullptr
        && !merge_items(identity, merged, *patch, schema_of(field), where,
                        replaced))
      return false;
    if (!replaced)
      merged =
          ordered(identity, merged, before, order != nullptr ? *order : *patch);
    target[key] = std::move(merged);
    return true;
  }

  /// Every item of the patch must be in the order that the patch asks for.
  bool follows_order(const item_identity& identity, const document& patch,
                     const document& order, const std::string& where) {
    item_index index{identity, order};
    size_t last = 0;
    for (auto& item : patch) {
      if (item.is_object() && item.contains(patch_directive))
        continue;
      auto at = index.find(item);
      if (!at || *at < last)
        return fail(where, "the order of the list does not match "
                           "$setElementOrder");
      last = *at;
    }
    return true;
  }

  bool merge_items(const item_identity& identity, document& list,
                   const document& patch, const message_info* schema,
                   const std::string& where, bool& replaced) {
    std::vector<const document*> plain;
    auto deleted = document::array();
    for (auto& item : patch) {
      if (auto key = identity.missing_key(item);
          !key.empty() && !(item.size() == 1 && item.contains(patch_directive)))
        return fail(where, "every item needs the merge key \""
                               + std::string{key} + "\"");
      auto special = item.is_object() ? item.find(patch_directive)
                                      : document::const_iterator{};
      if (!item.is_object() || special == item.end())
        plain.push_back(&item);
      else if (*special == "replace")
        replaced = true;
      else if (*special == "delete")
        deleted.push_back(identity.key_of(item));
      else if (*special == "merge")
        plain.push_back(&item);
      else
        return fail(where, "$patch must be replace, delete or merge");
    }
    if (replaced) {
      list = without_directives(patch);
      return true;
    }
    erase(identity, list, deleted);
    return merge_plain(identity, list, plain, schema, where);
  }

  static void erase(const item_identity& identity, document& list,
                    const document& deleted) {
    if (deleted.empty())
      return;
    // The item that a deletion means is looked up as a patch's item is.
    item_index index{identity, list};
    std::vector<bool> gone(list.size());
    for (auto& key : deleted)
      if (auto at = index.find(key))
        gone[*at] = true;
    auto kept = document::array();
    for (size_t i = 0; i < list.size(); ++i)
      if (!gone[i])
        kept.push_back(list[i]);
    list = std::move(kept);
  }

  bool merge_plain(const item_identity& identity, document& list,
                   const std::vector<const document*>& items,
                   const message_info* schema, const std::string& where) {
    auto added = document::array();
    std::vector<std::pair<size_t, const document*>> changed;
    item_index index{identity, list};
    for (auto* item : items) {
      auto at = index.find(*item);
      if (!at)
        added.push_back(*item);
      else if (item->is_object())
        changed.emplace_back(*at, item);
    }
    for (auto& [at, item] : changed)
      if (!merge_map(list[at], *item, schema,
                     where + "[" + std::to_string(at) + "]"))
        return false;
    return add_items(identity, list, added, schema, where);
  }

  /// Appends items; the second of two that are the same is merged into it.
  bool add_items(const item_identity& identity, document& list,
                 const document& added, const message_info* schema,
                 const std::string& where) {
    item_index index{identity, added};
    std::vector<size_t> places(added.size());
    for (size_t i = 0; i < added.size(); ++i) {
      auto first = index.find(added[i]).value_or(i);
      if (first >= i) {
        places[i] = list.size();
        list.push_back(without_directives(added[i]));
      } else if (added[i].is_object()
                 && !merge_map(list[places[first]], added[i], schema, where)) {
        return false;
      }
    }
    return true;
  }

  /// Puts the items that `order` knows into its order, and the others between
  /// them where they stood before.
  static document ordered(const item_identity& identity, const document& list,
                          const document& before, const document& order) {
    item_index wished{identity, order};
    item_index original{identity, before};
    auto known = document::array();
    auto others = document::array();
    for (auto& item : list)
      (wished.contains(item) ? known : others).push_back(item);
    known = wished.sorted(known);
    others = original.sorted(others);
    auto result = document::array();
    size_t i = 0;
    size_t j = 0;
    while (i < others.size() || j < known.size()) {
      auto take_other = j == known.size();
      if (i < others.size() && j < known.size()) {
        auto left = original.find(others[i]);
        auto right = original.find(known[j]);
        take_other = left && right && *left < *right;
      }
      result.push_back(take_other ? others[i++] : known[j++]);
    }
    return result;
  }
};

} // namespace

expected<document> strategic_merge_patch(document target, const document& patch,
                                         const message_info* schema) {
  if (!patch.is_object())
    return make_error(ec::bad_request, "invalid patch: expected an object");
  if (!target.is_object())
    target = document::object();
  merger run;
  if (!run.merge_map(target, patch, schema, ""))
    return run.error;
  return target;
}

} // namespace troupe::text
