#include "runtime/text/path_parser.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::text {

namespace {

constexpr int max_depth = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

} // namespace

bool path_parser::fail(std::string_view why) {
  if (!error_)
    error_ = make_error(ec::bad_request, "invalid JSONPath at character "
                                             + std::to_string(pos_ + 1) + ": "
                                             + std::string{why});
  return false;
}

path_parser::node path_parser::make(path_node::type is,
                                    std::string name) const {
  auto result = std::make_unique<path_node>();
  result->is = is;
  result->name = std::move(name);
  return result;
}

bool path_parser::take(std::string_view token) {
  if (!text_.substr(pos_).starts_with(token))
    return false;
  pos_ += token.size();
  return true;
}

void path_parser::skip_space() {
  while (peek() == ' ' || peek() == '\t' || peek() == '\n')
    ++pos_;
}

expected<path_nodes> path_parser::parse() {
  path_nodes result;
  if (!pieces(result, false))
    return error_;
  return result;
}

/// Reads text and actions, up to the end or, within a range, its `{end}`.
bool path_parser::pieces(path_nodes& out, bool in_range) {
  if (++depth_ > max_depth)
    return fail("nested too deeply");
  while (pos_ < text_.size()) {
    auto brace = std::min(text_.find('{', pos_), text_.size());
    if (brace > pos_)
      out.push_back(make(path_node::type::text,
                         std::string{text_.substr(pos_, brace - pos_)}));
    pos_ = brace;
    if (pos_ == text_.size())
      break;
    ++pos_;
    auto is_end = false;
    if (!action(out, is_end, in_range))
      return false;
    if (is_end) {
      --depth_;
      return true;
    }
  }
  --depth_;
  return in_range ? fail("range without {end}") : true;
}

/// Reads what stands between braces, and the closing brace.
bool path_parser::action(path_nodes& out, bool& is_end, bool in_range) {
  auto close = [&] {
    skip_space();
    return take("}") || fail("expected '}'");
  };
  skip_space();
  auto rest = text_.substr(pos_);
  auto is_word = [&](std::string_view word) {
    return rest.starts_with(word)
           && (rest.size() == word.size()
               || std::string_view{" }.[$@"}.find(rest[word.size()])
                      != std::string_view::npos);
  };
  if (is_word("end")) {
    pos_ += 3;
    is_end = true;
    return in_range ? close() : fail("{end} without a range");
  }
  if (is_word("range")) {
    pos_ += 5;
    auto range = make(path_node::type::range);
    if (!chain(range->inner, "}") || !close() || !pieces(range->body, true))
      return false;
    out.push_back(std::move(range));
    return true;
  }
  for (skip_space(); peek() != '}'; skip_space()) {
    if (pos_ >= text_.size())
      return fail("unclosed '{'");
    if (peek() == '"' || peek() == '\'') {
      auto text = make(path_node::type::text);
      if (!quoted(text->name))
        return false;
      out.push_back(std::move(text));
      continue;
    }
    auto expression = make(path_node::type::chain);
    if (!chain(expression->inner, "}\"'"))
      return false;
    out.push_back(std::move(expression));
  }
  return close();
}

/// Reads steps up to one of `stops`.
bool path_parser::chain(path_nodes& out, std::string_view stops) {
  auto before = out.size();
  for (;;) {
    skip_space();
    if (pos_ >= text_.size() || stops.find(peek()) != std::string_view::npos)
      break;
    if (!step(out, stops))
      return false;
  }
  return out.size() > before || fail("expected a path");
}

bool path_parser::step(path_nodes& out, std::string_view stops) {
  switch (peek()) {
    case '$':
      ++pos_;
      out.push_back(make(path_node::type::root));
      return true;
    case '@':
      ++pos_;
      out.push_back(make(path_node::type::current));
      return true;
    case '.':
      return dot(out);
    case '[':
      return bracket(out);
    case '*':
      ++pos_;
      out.push_back(make(path_node::type::wildcard));
      return true;
    default:
      break;
  }
  auto field = name(stops);
  if (field.empty())
    return fail("unexpected '" + std::string{text_.substr(pos_, 1)} + "'");
  if (!out.empty())
    return fail("expected '.' before \"" + field + "\"");
  out.push_back(make(path_node::type::field, std::move(field)));
  return true;
}

bool path_parser::dot(path_nodes& out) {
  if (take("..")) {
    out.push_back(make(path_node::type::recursive));
    if (peek() == '[' || peek() == '*')
      return true;
    auto field = name("");
    if (field.empty())
      return fail("expected a name after '..'");
    out.push_back(make(path_node::type::field, std::move(field)));
    return true;
  }
  ++pos_;
  if (peek() == '*' || peek() == '[')
    return true;
  auto field = name("");
  // A lone dot is the present value.
  if (field.empty())
    out.push_back(make(path_node::type::current));
  else
    out.push_back(make(path_node::type::field, std::move(field)));
  return true;
}

/// Reads a name; a backslash takes the meaning from what follows.
std::string path_parser::name(std::string_view stops) {
  std::string result;
  constexpr std::string_view always = ".[]{}()$@\"'*, \t\n=!<>|&";
  while (pos_ < text_.size()) {
    auto c = text_[pos_];
    if (c == '\\' && pos_ + 1 < text_.size()) {
      result += text_[pos_ + 1];
      pos_ += 2;
      continue;
    }
    if (always.find(c) != std::string_view::npos
        || stops.find(c) != std::string_view::npos)
      break;
    result += c;
    ++pos_;
  }
  return result;
}

bool path_parser::bracket(path_nodes& out) {
  ++pos_;
  skip_space();
  if (take("?("))
    return filter(out);
  if (!bracket_items(out))
    return false;
  skip_space();
  return take("]") || fail("expected ']'");
}

/// Reads one index, slice, name or star, or several with commas between.
bool path_parser::bracket_items(path_nodes& out) {
  path_nodes items;
  do {
    skip_space();
    auto one = make(path_node::type::chain);
    if (!bracket_item(one->inner))
      return false;
    items.push_back(std::move(one));
    skip_space();
  } while (take(","));
  if (items.size() == 1) {
    out.push_back(std::move(items[0]->inner[0]));
    return true;
  }
  auto both = make(path_node::type::unite);
  both->body = std::move(items);
  out.push_back(std::move(both));
  return true;
}

bool path_parser::bracket_item(path_nodes& out) {
  if (peek() == '\'' || peek() == '"') {
    std::string field;
    if (!quoted(field))
      return false;
    // Dots may be escaped here too, though they need not be.
    for (auto at = field.find("\\."); at != std::string::npos;
         at = field.find("\\.", at))
      field.erase(at, 1);
    out.push_back(make(path_node::type::field, std::move(field)));
    return true;
  }
  if (take("*")) {
    out.push_back(make(path_node::type::wildcard));
    return true;
  }
  if (peek() == '-' || peek() == ':' || is_digit(peek()))
    return slice(out);
  auto field = name("");
  if (field.empty())
    return fail("expected an index, a name or '*'");
  out.push_back(make(path_node::type::field, std::move(field)));
  return true;
}

bool path_parser::slice(path_nodes& out) {
  auto result = make(path_node::type::slice);
  if (!integer(result->first))
    return false;
  result->single = peek() != ':';
  if (result->single && !result->first)
    return fail("expected an index");
  if (take(":") && !integer(result->last))
    return false;
  if (take(":") && !integer(result->step))
    return false;
  if (result->step && *result->step <= 0)
    return fail("the step must be above 0");
  out.push_back(std::move(result));
  return true;
}

bool path_parser::integer(std::optional<int64_t>& out) {
  auto end = pos_ + (peek() == '-' ? 1 : 0);
  while (end < text_.size() && is_digit(text_[end]))
    ++end;
  if (end == pos_)
    return true;
  int32_t value = 0;
  auto [last, err] =
      std::from_chars(text_.data() + pos_, text_.data() + end, value);
  if (err != std::errc{} || last != text_.data() + end)
    return fail("expected an index");
  pos_ = end;
  out = value;
  return true;
}

bool path_parser::filter(path_nodes& out) {
  struct symbol {
    std::string_view text;
    path_compare op;
  };
  constexpr symbol symbols[] = {
      {"==", path_compare::equal},      {"!=", path_compare::not_equal},
      {"<=", path_compare::less_equal}, {">=", path_compare::greater_equal},
      {"<", path_compare::less},        {">", path_compare::greater},
  };
  if (++depth_ > max_depth)
    return fail("nested too deeply");
  auto result = make(path_node::type::filter);
  if (!operand(result->inner))
    return false;
  skip_space();
  for (auto& s : symbols)
    if (take(s.text)) {
      result->op = s.op;
      if (!operand(result->body))
        return false;
      break;
    }
  skip_space();
  if (!take(")"))
    return fail("expected an operator (==, !=, <, <=, >, >=) or ')'");
  skip_space();
  if (!take("]"))
    return fail("expected ']'");
  --depth_;
  out.push_back(std::move(result));
  return true;
}

/// Reads a path or a constant.
bool path_parser::operand(path_nodes& out) {
  skip_space();
  auto literal = make(path_node::type::literal);
  if (peek() == '"' || peek() == '\'') {
    std::string text;
    if (!quoted(text))
      return false;
    literal->value = std::move(text);
  } else if (is_digit(peek()) || peek() == '-') {
    auto end = std::min(text_.find_first_not_of("0123456789.eE+-", pos_),
                        text_.size());
    auto number = parse_json(text_.substr(pos_, end - pos_));
    if (!number)
      return fail("expected a number");
    literal->value = std::move(*number);
    pos_ = end;
  } else if (take("true")) {
    literal->value = true;
  } else if (take("false")) {
    literal->value = false;
  } else {
    return chain(out, ")=!<>");
  }
  out.push_back(std::move(literal));
  return true;
}

/// Reads a string with the escapes of Go.
bool path_parser::quoted(std::string& out) {
  constexpr std::string_view names = "nrtabfv\\'\"/";
  constexpr std::string_view values = "\n\r\t\a\b\f\v\\'\"/";
  auto quote = text_[pos_++];
  for (; pos_ < text_.size() && text_[pos_] != quote; ++pos_) {
    if (text_[pos_] != '\\') {
      out += text_[pos_];
      continue;
    }
    auto escaped = pos_ + 1 < text_.size() ? names.find(text_[pos_ + 1])
                                           : std::string_view::npos;
    if (escaped == std::string_view::npos) {
      out += '\\';
      continue;
    }
    out += values[escaped];
    ++pos_;
  }
  if (pos_ >= text_.size())
    return fail("unterminated string");
  ++pos_;
  return true;
}

} // namespace troupe::text
