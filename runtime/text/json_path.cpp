#include "runtime/text/json_path.hpp"

#include "runtime/text/json_writer.hpp"
#include "runtime/text/path_parser.hpp"

#include <algorithm>

namespace troupe::text {

namespace {

using values = std::vector<const document*>;

// What a template may look at; nested recursion multiplies.
constexpr size_t max_work = 10'000'000;

/// Follows a path from values to values.
class evaluator {
public:
  explicit evaluator(const document& root) : root_(root) {
    // nop
  }

  caf::error error;

  bool fail(std::string why) {
    if (!error)
      error = make_error(ec::bad_request, std::move(why));
    return false;
  }

  bool follow(const path_nodes& nodes, values from, values& out) {
    for (auto& node : nodes) {
      values next;
      if (!step(*node, from, next))
        return false;
      from = std::move(next);
    }
    out.insert(out.end(), from.begin(), from.end());
    return true;
  }

  bool print(const path_nodes& nodes, const document& at, std::string& out) {
    for (auto& node : nodes) {
      values found;
      if (node->is == path_node::type::text) {
        out += node->name;
      } else if (!follow(node->inner, {&at}, found)) {
        return false;
      } else if (node->is == path_node::type::range) {
        for (auto* value : found)
          if (!print(node->body, *value, out))
            return false;
      } else {
        for (size_t i = 0; i < found.size(); ++i)
          out += (i == 0 ? "" : " ") + value_text(*found[i]);
      }
      work_ += found.size();
      if (work_ > max_work || out.size() > max_work)
        return fail("the JSONPath template finds too much");
    }
    return true;
  }

  bool find(const path_nodes& nodes, const document& at,
            std::vector<document>& out) {
    for (auto& node : nodes) {
      values found;
      if (node->is == path_node::type::text)
        continue;
      if (!follow(node->inner, {&at}, found))
        return false;
      for (auto* value : found) {
        if (node->is != path_node::type::range)
          out.push_back(*value);
        else if (!find(node->body, *value, out))
          return false;
      }
    }
    return true;
  }

private:
  bool step(const path_node& node, const values& from, values& out) {
    work_ += from.size();
    if (work_ > max_work)
      return fail("the JSONPath expression looks at too much");
    if (node.is == path_node::type::root) {
      out.push_back(&root_);
      return true;
    }
    if (node.is == path_node::type::literal) {
      out.push_back(&node.value);
      return true;
    }
    for (auto* value : from)
      if (!step_one(node, *value, out))
        return false;
    return true;
  }

  bool step_one(const path_node& node, const document& at, values& out) {
    switch (node.is) {
      case path_node::type::field:
        if (at.is_object())
          if (auto it = at.find(node.name); it != at.end())
            out.push_back(&*it);
        return true;
      case path_node::type::wildcard:
        if (at.is_structured())
          for (auto& value : at)
            out.push_back(&value);
        return true;
      case path_node::type::recursive:
        return below(at, out);
      case path_node::type::slice:
        return slice(node, at, out);
      case path_node::type::unite:
        for (auto& one : node.body)
          if (!follow(one->inner, {&at}, out))
            return false;
        return true;
      case path_node::type::filter:
        return filter(node, at, out);
      default:
        out.push_back(&at);
        return true;
    }
  }

  bool below(const document& at, values& out) {
    if (++work_ > max_work)
      return fail("the JSONPath expression looks at too much");
    out.push_back(&at);
    if (at.is_structured())
      for (auto& value : at)
        if (value.is_structured() && !below(value, out))
          return false;
    return true;
  }

  bool slice(const path_node& node, const document& at, values& out) {
    if (at.is_null())
      return true;
    if (!at.is_array())
      return fail("a JSONPath index needs a list, found " + short_text(at));
    auto size = static_cast<int64_t>(at.size());
    auto from_end = [&](int64_t i) { return i < 0 ? i + size : i; };
    auto first = from_end(node.first.value_or(0));
    if (node.single) {
      if (first < 0 || first >= size)
        return fail("JSONPath: array index out of bounds: index "
                    + std::to_string(*node.first) + ", length "
                    + std::to_string(size));
      out.push_back(&at[static_cast<size_t>(first)]);
      return true;
    }
    auto last = std::min(from_end(node.last.value_or(size)), size);
    for (auto i = std::max<int64_t>(first, 0); i < last;
         i += node.step.value_or(1))
      out.push_back(&at[static_cast<size_t>(i)]);
    return true;
  }

  bool filter(const path_node& node, const document& at, values& out) {
    if (at.is_null())
      return true;
    if (!at.is_array())
      return fail("a JSONPath filter needs a list, found " + short_text(at));
    for (auto& item : at) {
      values left;
      values right;
      if (!follow(node.inner, {&item}, left)
          || !follow(node.body, {&item}, right))
        return false;
      if (node.op == path_compare::exists) {
        if (!left.empty())
          out.push_back(&item);
        continue;
      }
      if (left.size() > 1 || right.size() > 1)
        return fail("a JSONPath filter can only compare one value at a time");
      if (!left.empty() && !right.empty()
          && holds(*left[0], node.op, *right[0]))
        out.push_back(&item);
    }
    return true;
  }

  static bool holds(const document& a, path_compare op, const document& b) {
    auto ordered =
        (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
    switch (op) {
      case path_compare::equal:
        return a == b;
      case path_compare::not_equal:
        return a != b;
      case path_compare::less:
        return ordered && a < b;
      case path_compare::less_equal:
        return ordered && a <= b;
      case path_compare::greater:
        return ordered && a > b;
      default:
        return ordered && a >= b;
    }
  }

  static std::string short_text(const document& x) {
    return print_json(x).substr(0, 64);
  }

  const document& root_;
  size_t work_ = 0;
};

} // namespace

json_path::json_path(path_nodes nodes) : nodes_(std::move(nodes)) {
  // nop
}

json_path::~json_path() = default;
json_path::json_path(json_path&&) noexcept = default;
json_path& json_path::operator=(json_path&&) noexcept = default;

expected<json_path> json_path::parse(std::string_view text) {
  auto nodes = path_parser{text}.parse();
  if (!nodes)
    return nodes.error();
  return json_path{std::move(*nodes)};
}

expected<json_path> json_path::parse_relaxed(std::string_view text) {
  if (text.starts_with('{'))
    return parse(text);
  auto with_dot = text.starts_with('.') || text.starts_with('[')
                  || text.starts_with('$') || text.starts_with('@');
  return parse((with_dot ? "{" : "{.") + std::string{text} + "}");
}

expected<std::string> json_path::print(const document& root) const {
  evaluator run{root};
  std::string out;
  if (!run.print(nodes_, root, out))
    return run.error;
  return out;
}

expected<std::vector<document>> json_path::find(const document& root) const {
  evaluator run{root};
  std::vector<document> out;
  if (!run.find(nodes_, root, out))
    return run.error;
  return out;
}

std::string value_text(const document& value) {
  return value.is_string() ? value.get<std::string>() : print_json(value);
}

} // namespace troupe::text
