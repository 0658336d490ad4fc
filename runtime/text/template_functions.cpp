#include "runtime/text/template_functions.hpp"

#include "runtime/text/base64.hpp"
#include "runtime/text/template_node.hpp"
#include "runtime/text/template_printf.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace troupe::text {

namespace {

using values = std::span<const template_value>;
using result = expected<template_value>;

caf::error wrong(std::string what) {
  return make_error(ec::bad_request, std::move(what));
}

template_value made(document doc) {
  return std::make_shared<const document>(std::move(doc));
}

/// A part of a document, which keeps all of it.
template_value part(const template_value& whole, const document& inner) {
  return {whole, &inner};
}

std::string kind_of(const template_value& x) {
  return x ? x->type_name() : "nil";
}

// -- logic --------------------------------------------------------------------

result all_of(values args) {
  for (auto& x : args)
    if (!is_true(x))
      return x;
  return args.back();
}

result any_of(values args) {
  for (auto& x : args)
    if (is_true(x))
      return x;
  return args.back();
}

result negate(values args) {
  return made(!is_true(args[0]));
}

// -- comparison ---------------------------------------------------------------

bool is_basic(const template_value& x) {
  return x && !x->is_null() && !x->is_structured();
}

bool same(const template_value& a, const template_value& b) {
  if (!a || a->is_null() || !b || b->is_null())
    return (!a || a->is_null()) == (!b || b->is_null());
  return *a == *b;
}

/// The first is one of the others.
result equal(values args) {
  for (auto& x : args.subspan(1)) {
    if ((args[0] && args[0]->is_structured()) || (x && x->is_structured()))
      return wrong("error calling eq: non-comparable types");
    if (same(args[0], x))
      return made(true);
  }
  return made(false);
}

result unequal(values args) {
  auto is = equal(args);
  return is ? result{made(!is_true(*is))} : is;
}

result ordered(values args, bool (*holds)(const document&, const document&)) {
  if (!is_basic(args[0]) || !is_basic(args[1])
      || args[0]->is_string() != args[1]->is_string() || args[0]->is_boolean()
      || args[1]->is_boolean())
    return wrong("incompatible types for comparison");
  return made(holds(*args[0], *args[1]));
}

result less(values args) {
  return ordered(args, [](auto& a, auto& b) { return a < b; });
}

result less_or_equal(values args) {
  return ordered(args, [](auto& a, auto& b) { return a <= b; });
}

result greater(values args) {
  return ordered(args, [](auto& a, auto& b) { return a > b; });
}

result greater_or_equal(values args) {
  return ordered(args, [](auto& a, auto& b) { return a >= b; });
}

// -- lists, maps, strings -----------------------------------------------------

result length(values args) {
  auto& x = args[0];
  if (x && x->is_string())
    return made(x->get_ref<const std::string&>().size());
  if (x && x->is_structured())
    return made(x->size());
  return wrong("error calling len: len of type " + kind_of(x));
}

/// Reads an index below `size`, or up to it for slices.
expected<size_t> position(const template_value& x, size_t size) {
  if (!x || !x->is_number_integer())
    return wrong("cannot index with type " + kind_of(x));
  auto at = x->get<int64_t>();
  if (at < 0 || static_cast<size_t>(at) >= size)
    return wrong("index out of range: " + std::to_string(at));
  return static_cast<size_t>(at);
}

result step_into(const template_value& x, const template_value& key) {
  if (x && x->is_array()) {
    auto at = position(key, x->size());
    return at ? result{part(x, (*x)[*at])} : at.error();
  }
  if (x && x->is_object() && key && key->is_string()) {
    auto found = x->find(key->get_ref<const std::string&>());
    return found == x->end() ? template_value{} : part(x, *found);
  }
  if (!x || x->is_null())
    return wrong("index of untyped nil");
  return wrong("can't index item of type " + kind_of(x));
}

result index(values args) {
  auto at = args[0];
  for (auto& key : args.subspan(1)) {
    auto next = step_into(at, key);
    if (!next)
      return wrong("error calling index: " + message_of(next.error()));
    at = *next;
  }
  return at;
}

/// kubectl: whether `index` would find something.
result exists(values args) {
  auto found = index(args);
  return made(found && *found && !(*found)->is_null());
}

result slice(values args) {
  auto& x = args[0];
  if (!x || (!x->is_array() && !x->is_string()))
    return wrong("error calling slice: can't slice item of type " + kind_of(x));
  auto size =
      x->is_string() ? x->get_ref<const std::string&>().size() : x->size();
  size_t bounds[2] = {0, size};
  for (size_t i = 0; i + 1 < args.size() && i < 2; ++i) {
    auto at = position(args[i + 1], size + 1);
    if (!at)
      return wrong("error calling slice: " + message_of(at.error()));
    bounds[i] = *at;
  }
  if (bounds[0] > bounds[1])
    return wrong("error calling slice: invalid slice index: "
                 + std::to_string(bounds[0]) + " > "
                 + std::to_string(bounds[1]));
  if (x->is_string())
    return made(x->get_ref<const std::string&>().substr(bounds[0],
                                                        bounds[1] - bounds[0]));
  auto list = document::array();
  for (auto i = bounds[0]; i < bounds[1]; ++i)
    list.push_back((*x)[i]);
  return made(std::move(list));
}

// -- text ---------------------------------------------------------------------

/// Go's Sprint puts a space between two of which none is a string.
result print(values args) {
  std::string text;
  for (size_t i = 0; i < args.size(); ++i) {
    auto is_text = [](auto& x) { return x && x->is_string(); };
    if (i > 0 && !is_text(args[i]) && !is_text(args[i - 1]))
      text += ' ';
    text += template_text(args[i], "<nil>");
  }
  return made(std::move(text));
}

result print_line(values args) {
  std::string text;
  for (auto& x : args)
    text += (text.empty() ? "" : " ") + template_text(x, "<nil>");
  return made(text + "\n");
}

result print_formatted(values args) {
  if (!args[0] || !args[0]->is_string())
    return wrong("wrong type for value; expected string");
  auto text =
      template_printf(args[0]->get_ref<const std::string&>(), args.subspan(1));
  return text ? result{made(std::move(*text))} : text.error();
}

result escape_html(values args) {
  std::string out;
  for (auto c : template_text(args[0])) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return made(std::move(out));
}

result escape_query(values args) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (auto c : template_text(args[0])) {
    auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.'
        || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return made(std::move(out));
}

result decode_base64(values args) {
  if (!args[0] || !args[0]->is_string())
    return wrong("wrong type for value; expected string");
  auto bytes = base64_decode(args[0]->get_ref<const std::string&>());
  return bytes ? result{made(std::move(*bytes))}
               : wrong("base64 decode failed: illegal base64 data");
}

// -- the table ----------------------------------------------------------------

struct function {
  const char* name;
  result (*call)(values);
  size_t least;
  size_t most;
};

constexpr size_t any = static_cast<size_t>(-1);

constexpr std::array functions{
    function{"and", all_of, 1, any},
    function{"base64decode", decode_base64, 1, 1},
    function{"eq", equal, 2, any},
    function{"exists", exists, 1, any},
    function{"ge", greater_or_equal, 2, 2},
    function{"gt", greater, 2, 2},
    function{"html", escape_html, 1, 1},
    function{"index", index, 1, any},
    function{"le", less_or_equal, 2, 2},
    function{"len", length, 1, 1},
    function{"lt", less, 2, 2},
    function{"ne", unequal, 2, 2},
    function{"not", negate, 1, 1},
    function{"or", any_of, 1, any},
    function{"print", print, 0, any},
    function{"printf", print_formatted, 1, any},
    function{"println", print_line, 0, any},
    function{"slice", slice, 1, 3},
    function{"urlquery", escape_query, 1, 1},
};

const function* find(const std::string& name) {
  for (auto& f : functions)
    if (name == f.name)
      return &f;
  return nullptr;
}

} // namespace

bool is_true(const template_value& x) {
  if (!x || x->is_null())
    return false;
  if (x->is_boolean())
    return x->get<bool>();
  if (x->is_number())
    return x->get<double>() != 0;
  if (x->is_string())
    return !x->get_ref<const std::string&>().empty();
  return !x->empty();
}

bool is_template_function(const std::string& name) {
  return find(name) != nullptr;
}

expected<template_value> call_function(const std::string& name, values args) {
  auto* f = find(name);
  if (f == nullptr)
    return wrong("function \"" + name + "\" not defined");
  if (args.size() < f->least || args.size() > f->most)
    return wrong("wrong number of args for " + name + ": got "
                 + std::to_string(args.size()));
  return f->call(args);
}

} // namespace troupe::text
