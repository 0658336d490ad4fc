#include "runtime/apply/configuration.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace troupe::apply {

using text::document;

namespace {

bool is_top(const shape& of) {
  return of.field == nullptr && of.how == merging::record;
}

/// The shape of a member; what an object is stands beside its fields.
const shape* member_of(const shape& of, const std::string& name) {
  static const shape scalar{};
  if (auto* member = members_of(*of.type).find(name))
    return &member->how;
  auto is_type = name == "apiVersion" || name == "kind";
  return is_type && is_top(of) ? &scalar : nullptr;
}

shape shape_below(const shape& of, const std::string& name) {
  if (of.how == merging::map)
    return item_shape(of);
  auto* found = member_of(of, name);
  return found == nullptr ? shape{} : *found;
}

bool is_empty(const document* x) {
  return x == nullptr || x->is_null() || (x->is_structured() && x->empty());
}

// -- the fields of a document ------------------------------------------------

void collect(const document& doc, const shape& of, field_set& out);

void collect_record(const document& doc, const shape& of, field_set& out) {
  for (auto& [name, value] : doc.items()) {
    auto& node = out.at(field_element(name));
    auto hollow = value.is_null() || (value.is_object() && value.empty());
    if (hollow || of.how == merging::map) {
      node.member = true;
      if (hollow)
        continue;
    }
    auto below = shape_below(of, name);
    if (below.how == merging::scalar || below.how == merging::atomic)
      node.member = true;
    else
      collect(value, below, node.children);
  }
  std::erase_if(out.nodes, [](const field_node& n) {
    return !n.member && n.children.empty();
  });
}

void collect_list(const document& doc, const shape& of, field_set& out) {
  std::map<std::string, int> seen;
  for (auto& item : doc)
    ++seen[item_element(item, of)];
  for (auto& item : doc) {
    auto element = item_element(item, of);
    if (element.empty())
      continue;
    auto& node = out.at(element);
    node.member = true;
    auto inside = item_shape(of);
    if (seen[element] == 1 && of.how == merging::keyed
        && inside.how == merging::record)
      collect(item, inside, node.children);
  }
}

void collect(const document& doc, const shape& of, field_set& out) {
  if ((of.how == merging::record || of.how == merging::map) && doc.is_object())
    collect_record(doc, of, out);
  else if ((of.how == merging::set || of.how == merging::keyed)
           && doc.is_array())
    collect_list(doc, of, out);
}

// -- removal -----------------------------------------------------------------

document remove_from_list(const document& doc, const field_set& items,
                          const shape& of) {
  auto kept = document::array();
  for (auto& item : doc) {
    auto* node = items.find(item_element(item, of));
    if (node == nullptr)
      kept.push_back(item);
    else if (!node->member)
      kept.push_back(without_items(item, node->children, item_shape(of)));
  }
  return kept.empty() ? document{} : kept;
}

document remove_from_record(const document& doc, const field_set& items,
                            const shape& of) {
  auto kept = document::object();
  for (auto& [name, value] : doc.items()) {
    auto* node = items.find(field_element(name));
    if (node == nullptr)
      kept[name] = value;
    else if (!node->member)
      kept[name] = without_items(value, node->children, shape_below(of, name));
  }
  return kept.empty() ? document{} : kept;
}

// -- comparison --------------------------------------------------------------

void diff(const document* a, const document* b, const shape& of,
          const std::string& element, comparison& out);

void leaf(const document* a, const document* b, const std::string& element,
          comparison& out) {
  if (a == nullptr)
    out.added.add(element);
  else if (b == nullptr)
    out.removed.add(element);
  else if (*a != *b)
    out.modified.add(element);
}

void diff_members(const document* a, const document* b, const shape& of,
                  comparison& out) {
  static const document nothing = document::object();
  auto& left = a != nullptr && a->is_object() ? *a : nothing;
  auto& right = b != nullptr && b->is_object() ? *b : nothing;
  auto find = [](const document& in, const std::string& name) {
    auto found = in.find(name);
    return found == in.end() ? nullptr : &*found;
  };
  for (auto& [name, value] : left.items())
    diff(&value, find(right, name), shape_below(of, name), field_element(name),
         out);
  for (auto& [name, value] : right.items())
    if (!left.contains(name))
      diff(nullptr, &value, shape_below(of, name), field_element(name), out);
}

using items_by_element = std::map<std::string, std::vector<const document*>>;

items_by_element items_of(const document* list, const shape& of) {
  items_by_element result;
  if (list != nullptr && list->is_array())
    for (auto& item : *list)
      if (auto element = item_element(item, of); !element.empty())
        result[std::move(element)].push_back(&item);
  return result;
}

bool same_items(const std::vector<const document*>& a,
                const std::vector<const document*>& b) {
  auto same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i)
    same = *a[i] == *b[i];
  return same;
}

// Duplicates are owned as one, without what they hold.
void diff_items(const std::string& element,
                const std::vector<const document*>& left,
                const std::vector<const document*>& right, const shape& inside,
                comparison& out) {
  auto* a = left.empty() ? nullptr : left.front();
  auto* b = right.empty() ? nullptr : right.front();
  if (left.size() > 1 && right.size() > 1) {
    if (!same_items(left, right))
      out.modified.add(element);
  } else if (left.size() > 1) {
    if (b != nullptr)
      diff(nullptr, b, inside, element, out);
    out.removed.add(element);
  } else if (right.size() > 1) {
    if (a != nullptr)
      diff(a, nullptr, inside, element, out);
    out.added.add(element);
  } else {
    diff(a, b, inside, element, out);
  }
}

void diff_list(const document* a, const document* b, const shape& of,
               comparison& out) {
  auto left = items_of(a, of);
  auto right = items_of(b, of);
  auto inside = of.how == merging::set ? shape{} : item_shape(of);
  for (auto& [element, items] : left) {
    auto other = right.find(element);
    diff_items(element, items,
               other == right.end() ? std::vector<const document*>{}
                                    : other->second,
               inside, out);
  }
  for (auto& [element, items] : right)
    if (left.count(element) == 0)
      diff_items(element, {}, items, inside, out);
}

void diff(const document* a, const document* b, const shape& of,
          const std::string& element, comparison& out) {
  auto whole = of.how == merging::scalar || of.how == merging::atomic;
  if (whole || (is_empty(a) && is_empty(b))) {
    leaf(a, b, element, out);
    return;
  }
  comparison below;
  if (of.how == merging::record || of.how == merging::map)
    diff_members(a, b, of, below);
  else
    diff_list(a, b, of, below);
  if (a == nullptr)
    out.added.add(element);
  if (b == nullptr)
    out.removed.add(element);
  out.added.add(element, std::move(below.added));
  out.removed.add(element, std::move(below.removed));
  out.modified.add(element, std::move(below.modified));
}

} // namespace

std::string item_element(const document& item, const shape& list) {
  if (list.how == merging::set)
    return item.is_structured() || item.is_null() ? std::string{}
                                                  : value_element(item);
  if (!item.is_object())
    return {};
  std::vector<std::pair<std::string, document>> keys;
  for (auto& name : keys_of(list)) {
    if (auto found = item.find(name); found != item.end()) {
      keys.emplace_back(name, *found);
      continue;
    }
    auto other = key_default(list, name);
    if (!other)
      return {};
    keys.emplace_back(name, std::move(*other));
  }
  return key_element(std::move(keys));
}

field_set fields_of(const document& doc, const shape& of) {
  field_set result;
  collect(doc, of, result);
  return result;
}

document without_items(const document& doc, const field_set& items,
                       const shape& of) {
  if (items.empty() || of.how == merging::scalar || !doc.is_structured())
    return doc;
  if (of.how == merging::atomic || doc.empty())
    return {};
  if (doc.is_array())
    return remove_from_list(doc, items, of);
  return remove_from_record(doc, items, of);
}

comparison compare(const document& before, const document& after,
                   const shape& of) {
  comparison result;
  diff_members(&before, &after, of, result);
  return result;
}

} // namespace troupe::apply
