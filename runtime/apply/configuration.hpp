#pragma once

#include "runtime/apply/comparison.hpp"
#include "runtime/apply/shape.hpp"
#include "runtime/text/document.hpp"

#include <string>
#include <vector>

/// Objects, or parts of them, as JSON along their shapes. Other than a message
/// a document tells null, zero and not there apart: what somebody applies says
/// all three.
namespace troupe::apply {

/// Returns what keeps a document from being of a type, in Kubernetes' words:
/// `.spec.foo: field not declared in schema`. Items that occur twice in a list
/// are told unless `duplicates` are allowed.
std::vector<std::string> check(const text::document& doc,
                               const message_info& type, bool duplicates);

/// Returns what to say of several such problems.
std::string summary(const std::vector<std::string>& problems);

/// Returns the fields that a document of a type names. It has been checked.
field_set fields_of(const text::document& doc, const shape& of);

/// Returns `live` with what `config` says. Nothing is removed; the order of
/// lists is that of `config` as far as it goes. Both have been checked.
text::document merged(const text::document& live, const text::document& config,
                      const shape& of);

/// Returns a document without what the set names.
text::document without_items(const text::document& doc, const field_set& items,
                             const shape& of);

/// Compares two states of an object; see compare of messages.
comparison compare(const text::document& before, const text::document& after,
                   const shape& of);

/// Returns the element that an item of a set or a keyed list is; empty where it
/// has none.
std::string item_element(const text::document& item, const shape& list);

/// Prints a value as Go's %v does: `map[a:1 b:[x y]]`.
std::string go_text(const text::document& value);

} // namespace troupe::apply
