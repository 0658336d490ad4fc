#include "messages/fields.hpp"
#include "messages/unknown_error.hpp"
#include "runtime/text/go_text.hpp"
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

// The words are Kubernetes', which shows values as Go prints them.

/// What no client sends by mistake: Kubernetes gives no reason.
caf::error odd(const std::string& why) {
  return make_error(unknown_error, why);
}

caf::error wrong_type(const char* expected, const document& got) {
  return odd(std::string{"expected a "} + expected + ", but received a "
             + go_type(got));
}

caf::error unknown_directive(const document& patch) {
  return odd("unknown patch type: " + go_string(patch[patch_directive])
             + " in map: " + go_text(patch));
}

caf::error without_key(const document& item, std::string_view key) {
  return odd("map: " + go_text(item)
             + " does not contain declared merge key: " + std::string{key});
}

/// All items must be of one type, which is no list.
caf::error check_items(const document& before, const document& patch) {
  const document* first = nullptr;
  for (auto* list : {&before, &patch})
    for (auto& item : *list) {
      if (first == nullptr && item.is_array())
        return make_error(ec::invalid,
                          "the server rejected our request due to an error in "
                          "our request");
      if (first == nullptr)
        first = &item;
      else if (go_type(*first) != go_type(item))
        return odd("list element types are not identical: [" + go_text(before)
                   + " " + go_text(patch) + "]");
    }
  return caf::none;
}

/// Applies a patch; the first error stops it.
class merger {
public:
  caf::error error;

  bool merge_map(document& target, const document& patch,
                 const message_info* schema) {
    if (auto it = patch.find(patch_directive); it != patch.end())
      return follow_directive(target, patch, *it);
    if (!retain_keys(target, patch))
      return false;
    // What is told in what order comes first.
    for (auto& [key, value] : patch.items())
      if (key.starts_with(order_prefix)
          && !merge_ordered(target, patch, key.substr(order_prefix.size()),
                            value, schema))
        return false;
    for (auto& [key, value] : patch.items())
      if (!merge_member(target, patch, key, value, schema))
        return false;
    return true;
  }

private:
  bool fail(caf::error why) {
    error = std::move(why);
    return false;
  }

  bool follow_directive(document& target, const document& patch,
                        const document& directive) {
    if (directive == "replace") {
      target = patch;
      target.erase(patch_directive);
      return true;
    }
    if (directive != "delete")
      return fail(unknown_directive(patch));
    target = document::object();
    return true;
  }

  /// Returns what a patch means where nothing is there to be patched.
  static document without_directives(const document& patch) {
    if (patch.is_object()) {
      auto result = document::object();
      for (auto& [key, value] : patch.items())
        if (!is_directive(key) && !value.is_null())
          result[key] = without_directives(value);
      return result;
    }
    if (!patch.is_array())
      return patch;
    auto result = document::array();
    for (auto& item : patch) {
      auto directive = item.is_object() && item.contains(patch_directive);
      if (!directive || (item[patch_directive] != "delete" && item.size() > 1))
        result.push_back(without_directives(item));
    }
    return result;
  }

  bool retain_keys(document& target, const document& patch) {
    auto it = patch.find(retain_directive);
    if (it == patch.end())
      return true;
    auto wrong =
        make_error(ec::bad_request, "invalid patch format of retainKeys");
    if (!it->is_array())
      return fail(wrong);
    auto kept = [&](const std::string& key) {
      return std::find(it->begin(), it->end(), document(key)) != it->end();
    };
    for (auto& [key, value] : patch.items())
      if (!is_directive(key) && !value.is_null() && !kept(key))
        return fail(wrong);
    for (auto member = target.begin(); member != target.end();)
      member = kept(member.key()) ? std::next(member) : target.erase(member);
    return true;
  }

  bool merge_member(document& target, const document& patch,
                    const std::string& key, const document& value,
                    const message_info* schema) {
    // An order was followed together with its list.
    if (key == retain_directive || key.starts_with(order_prefix)
        || patch.contains(std::string{order_prefix} + key))
      return true;
    if (key.starts_with(delete_prefix))
      return delete_scalars(target, key.substr(delete_prefix.size()), value,
                            schema);
    if (value.is_null()) {
      target.erase(key);
      return true;
    }
    if (value.is_array())
      return merge_list(target, key, value, schema);
    return merge_value(target, key, value, schema);
  }

  bool merge_value(document& target, const std::string& key,
                   const document& value, const message_info* schema) {
    auto* field = member_field(schema, key);
    auto present = target.find(key);
    if (present == target.end() || !value.is_object()
        || !present->is_object()) {
      target[key] = without_directives(value);
      return true;
    }
    if (field == nullptr || !field->patch_replace)
      return merge_map(*present, value, schema_of(field));
    *present = value;
    return true;
  }

  bool delete_scalars(document& target, const std::string& key,
                      const document& value, const message_info* schema) {
    auto present = target.find(key);
    if (value.is_null()) {
      target.erase(key);
      return true;
    }
    if (present == target.end() || !present->is_array() || !value.is_array())
      return true;
    auto* field = member_field(schema, key);
    if (field != nullptr && !field->patch_merge) {
      *present = value;
      return true;
    }
    if (auto err = check_items(*present, value))
      return fail(err);
    auto kept = document::array();
    for (auto& item : *present)
      if (std::find(value.begin(), value.end(), item) == value.end())
        kept.push_back(item);
    *present = std::move(kept);
    return true;
  }

  bool merge_list(document& target, const std::string& key,
                  const document& patch, const message_info* schema) {
    auto* field = member_field(schema, key);
    auto present = target.find(key);
    auto has_list = present != target.end() && present->is_array();
    if (field == nullptr || !field->patch_merge) {
      target[key] = has_list ? patch : without_directives(patch);
      return true;
    }
    auto before = has_list ? *present : document::array();
    return merge_into(target[key], before, &patch, patch, *field);
  }

  /// Merges a list, which may be told or not, and puts it into an order.
  bool merge_ordered(document& target, const document& patch,
                     const std::string& key, const document& order,
                     const message_info* schema) {
    constexpr auto list = "[]interface {}";
    if (!order.is_array())
      return fail(wrong_type(list, order));
    auto present = target.find(key);
    auto told = patch.find(key);
    if (present != target.end() && !present->is_array())
      return fail(wrong_type(list, *present));
    if (told != patch.end() && !told->is_array())
      return fail(wrong_type(list, *told));
    auto* field = member_field(schema, key);
    if (field == nullptr && schema != nullptr)
      return fail(odd("unable to find api field in struct "
                      + std::string{schema->descriptor->name()}
                      + " for the json field \"" + key + "\""));
    if (field == nullptr || !field->patch_merge) {
      if (told != patch.end())
        target[key] = without_directives(*told);
      return true;
    }
    if (present == target.end() && told == patch.end())
      return true;
    auto* changes = told == patch.end() ? nullptr : &*told;
    if (auto err = check_order(item_identity{*field}, changes, order))
      return fail(err);
    auto before = present == target.end() ? document::array() : *present;
    return merge_into(target[key], before, changes, order, *field);
  }

  /// Every item of the patch must be in the order that the patch asks for.
  static caf::error check_order(const item_identity& identity,
                                const document* patch, const document& order) {
    for (size_t i = 0; !identity.is_scalar() && i < order.size(); ++i) {
      if (!order[i].is_object())
        return odd("value for key " + std::to_string(i) + " is not a map");
      if (auto key = identity.missing_key(order[i]); !key.empty())
        return without_key(order[i], key);
    }
    if (patch == nullptr || patch->empty() || order.empty())
      return caf::none;
    item_index index{identity, order};
    size_t last = 0;
    for (auto& item : *patch) {
      if (item.is_object() && item.contains(patch_directive))
        continue;
      if (auto key = identity.missing_key(item); !key.empty())
        return without_key(item, key);
      auto at = index.find(item);
      if (!at || *at < last)
        return odd("The order in patch list:\n" + go_text(*patch)
                   + "\n doesn't match $setElementOrder list:\n"
                   + go_text(order) + "\n");
      last = *at;
    }
    return caf::none;
  }

  bool merge_into(document& target, const document& before,
                  const document* patch, const document& order,
                  const field_info& field) {
    item_identity identity{field};
    auto merged = before;
    auto replaced = false;
    if (patch != nullptr && !(before.empty() && patch->empty())) {
      // Where nothing was, there is nothing that directives could mean.
      auto fresh = before.empty() ? without_directives(*patch) : document{};
      if (auto err = check_items(before, *patch))
        return fail(err);
      if (!merge_items(identity, merged, before.empty() ? fresh : *patch,
                       schema_of(&field), replaced))
        return false;
    }
    target = replaced ? merged : ordered(identity, merged, before, order);
    return true;
  }

  bool merge_items(const item_identity& identity, document& list,
                   const document& patch, const message_info* schema,
                   bool& replaced) {
    std::vector<const document*> plain;
    auto deleted = document::array();
    for (auto& item : patch) {
      auto special = item.is_object() ? item.find(patch_directive) : item.end();
      auto key = identity.missing_key(item);
      auto directive = item.is_object() && special != item.end();
      if (!directive || *special == "delete") {
        if (!key.empty())
          return fail(without_key(item, key));
        if (directive)
          deleted.push_back(identity.key_of(item));
        else
          plain.push_back(&item);
      } else if (*special == "replace") {
        replaced = true;
      } else {
        return fail(*special == "merge"
                        ? odd("merging lists cannot yet be specified in the "
                              "patch")
                        : unknown_directive(item));
      }
    }
    if (replaced) {
      list = document::array();
      for (auto* item : plain)
        list.push_back(*item);
      return true;
    }
    erase(identity, list, deleted);
    return merge_plain(identity, list, plain, schema);
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
                   const message_info* schema) {
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
      if (!merge_map(list[at], *item, schema))
        return false;
    return add_items(identity, list, added, schema);
  }

  /// Appends items; the second of two that are the same is merged into it.
  bool add_items(const item_identity& identity, document& list,
                 const document& added, const message_info* schema) {
    item_index index{identity, added};
    std::vector<size_t> places(added.size());
    for (size_t i = 0; i < added.size(); ++i) {
      auto first = index.find(added[i]).value_or(i);
      if (first >= i) {
        places[i] = list.size();
        list.push_back(without_directives(added[i]));
      } else if (added[i].is_object()
                 && !merge_map(list[places[first]], added[i], schema)) {
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
  if (!run.merge_map(target, patch, schema))
    return run.error;
  return target;
}

} // namespace troupe::text
