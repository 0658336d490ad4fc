#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::core::v1 {
class NodeSelectorTerm;
} // namespace troupe::core::v1

namespace troupe::scheduling {

/// Labels, sorted by key.
using label_list = std::vector<std::pair<std::string, std::string>>;

/// The value of a label, nullptr when there is none.
const std::string* find_label(const label_list& labels, std::string_view key);

/// Whether `labels` has each pair of `wanted`.
bool has_all(const label_list& labels, const label_list& wanted);

/// A decimal number as Gt and Lt compare them; nothing when it is none.
std::optional<int64_t> to_integer(std::string_view text);

enum class match_op : uint8_t { in, not_in, exists, absent, gt, lt, never };

/// One line of a node selector term.
struct requirement {
  std::string key;
  match_op op = match_op::never;
  std::vector<std::string> values;
  int64_t number = 0; ///< of Gt and Lt

  bool operator==(const requirement&) const = default;
};

/// One term: all lines must hold. A term without lines matches nothing.
struct node_term {
  std::vector<requirement> labels;
  std::vector<requirement> names; ///< matchFields metadata.name

  bool matches(std::string_view name, const label_list& node_labels) const;
  bool operator==(const node_term&) const = default;
};

/// Reads a term. An unknown operator or field never matches.
node_term to_term(const core::v1::NodeSelectorTerm& term);

/// Whether a requirement holds; `value` is nullptr when there is no such key.
bool holds(const requirement& r, const std::string_view* value);

} // namespace troupe::scheduling
