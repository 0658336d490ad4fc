#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

struct path_node;

using path_nodes = std::vector<std::unique_ptr<path_node>>;

enum class path_compare : uint8_t {
  exists,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
};

/// One step of a path, or one piece of a template.
struct path_node {
  enum class type : uint8_t {
    text,      ///< literal text of the template, or of a string in braces
    literal,   ///< a constant inside a filter
    chain,     ///< `inner`, one after the other, from the present value
    range,     ///< `inner` is the list, `body` is printed per element
    root,      ///< $
    current,   ///< @
    field,     ///< .name
    wildcard,  ///< * of members or elements
    recursive, ///< .. and the values below
    slice,     ///< [1], [1:3], [::2]
    unite,     ///< [a,b]: each of `body`, a chain, from the same value
    filter,    ///< [?(left op right)]
  };

  type is = type::text;
  std::string name; ///< of a field, or text
  document value;   ///< of a literal
  path_nodes inner;
  path_nodes body;
  path_compare op = path_compare::exists;
  std::optional<int64_t> first;
  std::optional<int64_t> last;
  std::optional<int64_t> step;
  bool single = false; ///< a slice that is one index
};

/// Reads a template from left to right.
class path_parser {
public:
  explicit path_parser(std::string_view text) : text_(text) {
    // nop
  }

  expected<path_nodes> parse();

private:
  using node = std::unique_ptr<path_node>;

  bool pieces(path_nodes& out, bool in_range);
  bool action(path_nodes& out, bool& is_end, bool in_range);
  bool chain(path_nodes& out, std::string_view stops);
  bool step(path_nodes& out, std::string_view stops);
  bool dot(path_nodes& out);
  bool bracket(path_nodes& out);
  bool bracket_items(path_nodes& out);
  bool bracket_item(path_nodes& out);
  bool slice(path_nodes& out);
  bool filter(path_nodes& out);
  bool operand(path_nodes& out);
  bool quoted(std::string& out);
  bool integer(std::optional<int64_t>& out);

  std::string name(std::string_view stops);
  node make(path_node::type is, std::string name = {}) const;
  char peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  bool take(std::string_view token);
  void skip_space();
  bool fail(std::string_view why);

  std::string_view text_;
  size_t pos_ = 0;
  int depth_ = 0;
  caf::error error_;
};

} // namespace troupe::text
