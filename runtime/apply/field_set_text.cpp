#include "runtime/apply/field_set.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_scanner.hpp"
#include "runtime/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace troupe::apply {

namespace {

using text::document;

/// Objects are not nested deeper than that; see read_options.
constexpr int max_depth = 400;

int sign(int order) {
  return (order > 0) - (order < 0);
}

int type_rank(const document& x) {
  if (x.is_number())
    return 0;
  if (x.is_string())
    return 1;
  if (x.is_boolean())
    return 2;
  return x.is_array() ? 3 : x.is_object() ? 4 : 5;
}

int compare_values(const document& a, const document& b) {
  if (auto order = type_rank(a) - type_rank(b); order != 0)
    return order;
  if (a.is_string())
    return sign(a.get_ref<const std::string&>().compare(
        b.get_ref<const std::string&>()));
  return a < b ? -1 : b < a ? 1 : 0;
}

/// Both have sorted keys.
int compare_keys(const document& a, const document& b) {
  auto i = a.items().begin();
  auto j = b.items().begin();
  for (; i != a.items().end() && j != b.items().end(); ++i, ++j) {
    if (auto order = i.key().compare(j.key()); order != 0)
      return sign(order);
    if (auto order = compare_values(i.value(), j.value()); order != 0)
      return order;
  }
  if (i == a.items().end())
    return j == b.items().end() ? 0 : -1;
  return 1;
}

document content_of(std::string_view element) {
  auto parsed = text::parse_json(element.substr(2));
  return parsed ? std::move(*parsed) : document{};
}

int rank_of(char kind) {
  constexpr std::string_view order = "fkvi";
  return static_cast<int>(std::min(order.find(kind), order.size()));
}

int number_in(std::string_view element) {
  int value = 0;
  std::from_chars(element.data() + 2, element.data() + element.size(), value);
  return value;
}

caf::error malformed(const std::string& why) {
  return make_error(ec::bad_request, why);
}

enum class known : uint8_t { yes, no, bad };

/// Brings an element that came from outside into its one form.
known make_canonical(std::string& element) {
  if (element.size() < 2 || element[1] != ':')
    return known::bad;
  auto rest = std::string_view{element}.substr(2);
  switch (element[0]) {
    case 'f':
      return known::yes;
    case 'k':
    case 'v': {
      auto content = text::parse_json(rest);
      if (!content || (element[0] == 'k' && !content->is_object()))
        return known::bad;
      element = element.substr(0, 2) + text::print_json(*content);
      return known::yes;
    }
    case 'i': {
      int value = 0;
      auto [end, err] =
          std::from_chars(rest.data(), rest.data() + rest.size(), value);
      if (err != std::errc{} || end != rest.data() + rest.size())
        return known::bad;
      element = "i:" + std::to_string(value);
      return known::yes;
    }
    default:
      return known::no;
  }
}

/// Reads one level; `member` tells whether it names itself.
bool read_level(text::json_scanner& in, field_set& out, bool& member) {
  if (in.peek() != text::json_type::object)
    return in.fail("expected an object");
  if (!in.enter_object())
    return false;
  std::string key;
  while (in.next_key(key)) {
    if (key == ".") {
      member = true;
      if (!in.skip())
        return false;
      continue;
    }
    auto kind = make_canonical(key);
    if (kind == known::bad)
      return in.fail("\"" + key.substr(0, 64) + "\" is no path element");
    if (kind == known::no) {
      if (!in.skip())
        return false;
      continue;
    }
    field_set below;
    auto is_member = false;
    if (!read_level(in, below, is_member))
      return false;
    auto& node = out.at(key);
    node.member = node.member || is_member || below.empty();
    node.children = united(std::move(node.children), std::move(below));
  }
  return !in.failed();
}

void append(std::string& out, const field_set& set, bool self) {
  out += '{';
  auto first = true;
  auto name = [&](std::string_view element) {
    if (!first)
      out += ',';
    first = false;
    text::append_json_string(out, element);
    out += ':';
  };
  if (self) {
    name(".");
    out += "{}";
  }
  for (auto& node : set.nodes) {
    name(node.element);
    append(out, node.children, node.member && !node.children.empty());
  }
  out += '}';
}

/// Go's %q of what is said here: JSON's escapes do.
std::string quoted(const document& value) {
  return text::print_json(value);
}

} // namespace

std::string field_element(std::string_view name) {
  std::string result{"f:"};
  result += name;
  return result;
}

std::string key_element(std::vector<std::pair<std::string, document>> keys) {
  std::sort(keys.begin(), keys.end(),
            [](auto& a, auto& b) { return a.first < b.first; });
  std::string result{"k:{"};
  for (auto& [name, value] : keys) {
    if (result.size() > 3)
      result += ',';
    text::append_json_string(result, name);
    result += ':';
    result += text::print_json(value);
  }
  return result + "}";
}

std::string value_element(const document& value) {
  return "v:" + text::print_json(value);
}

std::string_view name_of(std::string_view element) {
  return element.starts_with("f:") ? element.substr(2) : std::string_view{};
}

int compare_elements(std::string_view a, std::string_view b) {
  if (a == b)
    return 0;
  if (a.empty() || b.empty() || a[0] != b[0])
    return rank_of(a.empty() ? '?' : a[0]) - rank_of(b.empty() ? '?' : b[0]);
  int order = 0;
  switch (a[0]) {
    case 'k':
      order = compare_keys(content_of(a), content_of(b));
      break;
    case 'v':
      order = compare_values(content_of(a), content_of(b));
      break;
    case 'i':
      order = number_in(a) - number_in(b);
      break;
    default:
      break;
  }
  // Different texts are different elements.
  return order != 0 ? order : sign(a.compare(b));
}

expected<field_set> parse_fields(std::string_view json) {
  text::json_scanner in{json, max_depth};
  field_set result;
  auto member = false;
  if (!read_level(in, result, member) || !in.finish())
    return malformed("these are no fields: " + in.failure());
  return result;
}

std::string to_json(const field_set& set) {
  std::string out;
  append(out, set, false);
  return out;
}

std::string to_string(const path& fields) {
  std::string out;
  for (auto& element : fields) {
    switch (element[0]) {
      case 'f':
        out += '.';
        out += name_of(element);
        break;
      case 'k': {
        auto first = true;
        auto keys = content_of(element);
        for (auto& [name, value] : keys.items()) {
          out += first ? '[' : ',';
          first = false;
          out += name + '=' + quoted(value);
        }
        out += ']';
        break;
      }
      case 'v':
        out += "[=" + quoted(content_of(element)) + ']';
        break;
      default:
        out += '[' + element.substr(2) + ']';
    }
  }
  return out;
}

} // namespace troupe::apply
