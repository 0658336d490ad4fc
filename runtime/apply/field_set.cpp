#include "runtime/apply/field_set.hpp"

#include <algorithm>

namespace troupe::apply {

namespace {

template <class Nodes>
auto place_of(Nodes& nodes, std::string_view element) {
  return std::lower_bound(nodes.begin(), nodes.end(), element,
                          [](const field_node& n, std::string_view e) {
                            return compare_elements(n.element, e) < 0;
                          });
}

/// Walks two sets side by side; `f` gets the nodes of one element, null where
/// a set has none.
template <class Set, class F>
void zip(Set& a, Set& b, F f) {
  auto i = a.nodes.begin();
  auto j = b.nodes.begin();
  while (i != a.nodes.end() || j != b.nodes.end()) {
    auto order = i == a.nodes.end() ? 1
                 : j == b.nodes.end()
                     ? -1
                     : compare_elements(i->element, j->element);
    auto* left = order <= 0 ? &*i++ : nullptr;
    auto* right = order >= 0 ? &*j++ : nullptr;
    f(left, right);
  }
}

void keep(field_set& out, const field_node& like, bool member,
          field_set children) {
  if (member || !children.empty())
    out.nodes.push_back({like.element, member, std::move(children)});
}

template <bool Below>
void subtract(field_set& from, const field_set& what) {
  if (what.empty() || from.empty())
    return;
  auto next = what.nodes.begin();
  auto end = what.nodes.end();
  auto kept = from.nodes.begin();
  for (auto& node : from.nodes) {
    auto order = -1;
    while (next != end
           && (order = compare_elements(next->element, node.element)) < 0)
      ++next;
    if (next != end && order == 0) {
      if (Below && next->member)
        continue;
      node.member = node.member && !next->member;
      subtract<Below>(node.children, next->children);
      if (!node.member && node.children.empty())
        continue;
    }
    if (&*kept != &node)
      *kept = std::move(node);
    ++kept;
  }
  from.nodes.erase(kept, from.nodes.end());
}

void visit(const field_set& set, path& at,
           const std::function<void(const path&)>& f) {
  for (auto& node : set.nodes) {
    if (!node.member)
      continue;
    at.push_back(node.element);
    f(at);
    at.pop_back();
  }
  for (auto& node : set.nodes) {
    if (node.children.empty())
      continue;
    at.push_back(node.element);
    visit(node.children, at, f);
    at.pop_back();
  }
}

} // namespace

const field_node* field_set::find(std::string_view element) const {
  auto found = place_of(nodes, element);
  return found != nodes.end() && found->element == element ? &*found : nullptr;
}

field_node& field_set::at(std::string_view element) {
  // Most are added in order.
  if (nodes.empty() || compare_elements(nodes.back().element, element) < 0)
    return nodes.emplace_back(field_node{std::string{element}, false, {}});
  auto found = place_of(nodes, element);
  if (found->element == element)
    return *found;
  return *nodes.insert(found, field_node{std::string{element}, false, {}});
}

void field_set::add(std::string_view element) {
  at(element).member = true;
}

void field_set::add(std::string_view element, field_set children) {
  if (children.empty())
    return;
  auto& node = at(element);
  node.children = united(std::move(node.children), std::move(children));
}

bool field_set::operator==(const field_set& other) const {
  return nodes == other.nodes;
}

path fields_path(std::string_view dotted) {
  path result;
  while (!dotted.empty()) {
    auto end = std::min(dotted.find('.'), dotted.size());
    result.push_back(field_element(dotted.substr(0, end)));
    dotted.remove_prefix(std::min(end + 1, dotted.size()));
  }
  return result;
}

field_set set_of(const path& fields) {
  field_set result;
  auto* at = &result;
  for (size_t i = 0; i < fields.size(); ++i) {
    auto& node = at->at(fields[i]);
    node.member = i + 1 == fields.size();
    at = &node.children;
  }
  return result;
}

bool contains(const field_set& set, const path& fields) {
  auto* at = &set;
  const field_node* node = nullptr;
  for (auto& element : fields) {
    node = at->find(element);
    if (node == nullptr)
      return false;
    at = &node->children;
  }
  return node != nullptr && node->member;
}

field_set united(field_set a, field_set b) {
  if (a.empty())
    return b;
  if (b.empty())
    return a;
  field_set out;
  out.nodes.reserve(std::max(a.nodes.size(), b.nodes.size()));
  zip(a, b, [&](field_node* left, field_node* right) {
    if (left == nullptr || right == nullptr)
      out.nodes.push_back(std::move(left == nullptr ? *right : *left));
    else
      out.nodes.push_back(
          {std::move(left->element), left->member || right->member,
           united(std::move(left->children), std::move(right->children))});
  });
  return out;
}

field_set shared(const field_set& a, const field_set& b) {
  field_set out;
  zip(a, b, [&](const field_node* left, const field_node* right) {
    if (left != nullptr && right != nullptr)
      keep(out, *left, left->member && right->member,
           shared(left->children, right->children));
  });
  return out;
}

field_set without(field_set a, const field_set& b) {
  subtract<false>(a, b);
  return a;
}

field_set without_below(field_set a, const field_set& b) {
  subtract<true>(a, b);
  return a;
}

void for_each_member(const field_set& set,
                     const std::function<void(const path&)>& f) {
  path at;
  visit(set, at, f);
}

} // namespace troupe::apply
