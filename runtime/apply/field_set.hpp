#pragma once

#include "messages/errors.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::apply {

struct field_node;

/// Fields of an object: a tree whose edges are path elements.
///
/// An element is the text that FieldsV1 has for it, in one form only, so that
/// equal elements are equal texts: `f:name` a member of an object or a map,
/// `k:{"name":"x"}` an item of a list by its keys, `v:"x"` an item of a set,
/// `i:0` an item by its place.
struct field_set {
  /// In the order of elements, each once; a node is a member or has children.
  std::vector<field_node> nodes;

  bool empty() const { return nodes.empty(); }

  /// Returns null when there is no such node.
  const field_node* find(std::string_view element) const;

  /// Returns the node of an element, made where it is missing. The caller makes
  /// it a member or gives it children.
  field_node& at(std::string_view element);

  void add(std::string_view element);

  /// Adds children to an element; none change nothing.
  void add(std::string_view element, field_set children);

  bool operator==(const field_set&) const;
};

struct field_node {
  std::string element;
  bool member = false;
  field_set children;

  bool operator==(const field_node&) const = default;
};

using path = std::vector<std::string>;

std::string field_element(std::string_view name);

/// Keys may come in any order.
std::string
key_element(std::vector<std::pair<std::string, nlohmann::json>> keys);
std::string value_element(const nlohmann::json& value);

/// Returns the name of a `f:` element, nothing for others.
std::string_view name_of(std::string_view element);

/// Orders elements: fields, keys, values, places; within each by content,
/// numbers as numbers.
int compare_elements(std::string_view a, std::string_view b);

/// Returns a path of fields: "spec.replicas".
path fields_path(std::string_view dotted);

field_set set_of(const path& fields);

bool contains(const field_set& set, const path& fields);

// What is given away with std::move is not copied.
field_set united(field_set a, field_set b);
field_set shared(const field_set& a, const field_set& b);

/// Removes what is a member of `b`; children of a removed field stay.
field_set without(field_set a, const field_set& b);

/// Removes what is a member of `b`, and all below it.
field_set without_below(field_set a, const field_set& b);

/// Calls `f` with each member's path, parents before what is next to them, as
/// Kubernetes lists them: all members of a level first.
void for_each_member(const field_set& set,
                     const std::function<void(const path&)>& f);

/// Reads FieldsV1. Elements of a kind that nobody knows are left out. Fails
/// with the reason where it is none.
expected<field_set> parse_fields(std::string_view json);

/// Returns FieldsV1.
std::string to_json(const field_set& set);

/// Returns a path as people read it: `.spec.ports[port=80,protocol="TCP"]`.
std::string to_string(const path& fields);

} // namespace troupe::apply
