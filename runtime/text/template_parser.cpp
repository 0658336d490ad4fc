#include "runtime/text/template_parser.hpp"

#include "runtime/text/template_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace troupe::text {

namespace {

constexpr size_t deepest = 100;

using node_list = std::vector<std::unique_ptr<template_node>>;
using kind = template_node::kind;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string in_braces(const std::string& word) {
  return fmt::format("{{{{{}}}}}", word);
}

/// What is wrong, thrown inside of this file only.
struct mistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads one template from front to back.
class parser {
public:
  explicit parser(std::string_view text) : text_(text) {}

  std::unique_ptr<template_node> run() {
    auto root = std::make_unique<template_node>();
    if (read_list(root->body, 0) != ending::none)
      throw mistake{"unexpected {{end}} or {{else}}"};
    return root;
  }

  size_t line() const {
    auto to = std::min(at_, text_.size());
    return 1
           + static_cast<size_t>(
               std::count(text_.begin(), text_.begin() + to, '\n'));
  }

private:
  // -- text and actions -------------------------------------------------------

  /// What ended a list of nodes: the template's end, or these words.
  enum class ending { none, end, otherwise };

  /// Reads nodes up to the end of the template, or of the block.
  ending read_list(node_list& into, size_t depth) {
    if (depth > deepest)
      throw mistake{"blocks stand too deep in each other"};
    while (at_ < text_.size()) {
      auto open = text_.find("{{", at_);
      auto plain = text_.substr(at_, open - at_);
      if (trim_next_)
        plain.remove_prefix(
            std::min(plain.find_first_not_of(" \t\r\n"), plain.size()));
      trim_next_ = false;
      at_ = open == std::string_view::npos ? text_.size() : open + 2;
      bool trims = open != std::string_view::npos && at_ + 1 < text_.size()
                   && text_[at_] == '-' && is_space(text_[at_ + 1]);
      if (trims) {
        ++at_;
        auto last = plain.find_last_not_of(" \t\r\n");
        plain = plain.substr(0, last == std::string_view::npos ? 0 : last + 1);
      }
      if (!plain.empty())
        add(into, kind::text)->text = std::string{plain};
      if (open == std::string_view::npos)
        return ending::none;
      if (auto ended = read_action(into, depth); ended != ending::none)
        return ended;
    }
    return ending::none;
  }

  template_node* add(node_list& into, kind what) {
    into.push_back(std::make_unique<template_node>());
    into.back()->what = what;
    into.back()->line = line();
    return into.back().get();
  }

  ending read_action(node_list& into, size_t depth) {
    skip_space();
    if (text_.substr(at_, 2) == "/*") {
      skip_comment();
      return ending::none;
    }
    auto word = peek_word();
    if (word == "end" || word == "else") {
      at_ += word.size();
      skip_space();
      if (word == "else")
        return ending::otherwise;
      close();
      return ending::end;
    }
    if (word == "if" || word == "with" || word == "range") {
      at_ += word.size();
      read_block(*add(into, word == "if"     ? kind::branch
                            : word == "with" ? kind::with
                                             : kind::range),
                 depth);
      return ending::none;
    }
    if (word == "break" || word == "continue") {
      if (ranges_ == 0)
        throw mistake{
            fmt::format("{} outside of {{{{range}}}}", in_braces(word))};
      at_ += word.size();
      add(into, word == "break" ? kind::leave : kind::next);
      close();
      return ending::none;
    }
    if (word == "define" || word == "template" || word == "block")
      throw mistake{fmt::format("{} is not known here", in_braces(word))};
    auto* action = add(into, kind::action);
    action->pipeline = read_pipeline(0);
    close();
    return ending::none;
  }

  void skip_comment() {
    auto end = text_.find("*/", at_);
    if (end == std::string_view::npos)
      throw mistake{"unclosed comment"};
    at_ = end + 2;
    close();
  }

  /// What stands behind `if`, `with` or `range`, to its `end`.
  void read_block(template_node& block, size_t depth) {
    bool loops = block.what == kind::range;
    block.pipeline = read_pipeline(0);
    close();
    ranges_ += loops;
    auto ended = read_list(block.body, depth + 1);
    ranges_ -= loops;
    if (ended == ending::otherwise) {
      auto word = peek_word();
      if ((word == "if" || word == "with") && !loops) {
        at_ += word.size();
        // The inner one's end is the outer one's, too.
        read_block(
            *add(block.otherwise, word == "if" ? kind::branch : kind::with),
            depth + 1);
        return;
      }
      close();
      ended = read_list(block.otherwise, depth + 1);
    }
    if (ended != ending::end)
      throw mistake{ended == ending::none ? "a block has no {{end}}"
                                          : "unexpected {{else}}"};
  }

  void close() {
    skip_space();
    if (text_.substr(at_, 3) == "-}}" && at_ > 0 && is_space(text_[at_ - 1])) {
      at_ += 3;
      trim_next_ = true;
    } else if (text_.substr(at_, 2) == "}}") {
      at_ += 2;
    } else if (at_ >= text_.size()) {
      throw mistake{"unclosed action"};
    } else {
      throw mistake{fmt::format("unexpected \"{}\" in an action", rest())};
    }
  }

  // -- pipelines --------------------------------------------------------------

  template_pipeline read_pipeline(size_t depth) {
    if (depth > deepest)
      throw mistake{"parentheses stand too deep in each other"};
    template_pipeline result;
    read_declaration(result);
    do {
      result.commands.push_back(read_command(depth));
    } while (take('|'));
    return result;
  }

  /// `$x :=`, `$x =`, `$k, $v :=`; nothing is read when it is none of these.
  void read_declaration(template_pipeline& into) {
    auto before = at_;
    std::vector<std::string> names;
    do {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '$')
        break;
      ++at_;
      names.push_back(take_word());
      skip_space();
    } while (names.size() < 2 && take(','));
    into.declares = text_.substr(at_, 2) == ":=";
    bool sets = !into.declares && text_.substr(at_, 1) == "=";
    if (names.empty() || (!into.declares && !sets)) {
      at_ = before;
      return;
    }
    at_ += into.declares ? 2 : 1;
    into.variables = std::move(names);
  }

  template_command read_command(size_t depth) {
    template_command result;
    for (skip_space(); !at_end_of_command(); skip_space()) {
      result.words.push_back(read_operand(depth));
      if (at_ < text_.size() && !is_space(text_[at_]) && !at_end_of_command())
        throw mistake{fmt::format("unexpected \"{}\" in an operand", rest())};
    }
    if (result.words.empty())
      throw mistake{"missing value in an action"};
    for (size_t i = 1; i < result.words.size(); ++i)
      if (result.words[0].what != template_operand::kind::function)
        throw mistake{"can't give argument to what is no function"};
    return result;
  }

  bool at_end_of_command() const {
    auto left = text_.substr(at_);
    return left.empty() || left[0] == '|' || left[0] == ')'
           || left.starts_with("}}")
           || (left.starts_with("-}}") && at_ > 0 && is_space(text_[at_ - 1]));
  }

  template_operand read_operand(size_t depth) {
    template_operand result;
    auto c = text_[at_];
    if (c == '.') {
      if (at_ + 1 < text_.size() && is_word(text_[at_ + 1]))
        read_fields(result);
      else
        ++at_;
    } else if (c == '$') {
      ++at_;
      result.what = template_operand::kind::variable;
      result.name = take_word();
      read_fields(result);
    } else if (c == '(') {
      ++at_;
      result.what = template_operand::kind::pipeline;
      result.pipeline =
          std::make_unique<template_pipeline>(read_pipeline(depth + 1));
      if (!take(')'))
        throw mistake{"unclosed left parenthesis"};
      read_fields(result);
    } else if (is_word(c) && !std::isdigit(static_cast<unsigned char>(c))) {
      read_name(result);
    } else {
      result.what = template_operand::kind::literal;
      result.value = read_literal();
    }
    return result;
  }

  void read_fields(template_operand& into) {
    while (at_ + 1 < text_.size() && text_[at_] == '.'
           && is_word(text_[at_ + 1])) {
      ++at_;
      into.fields.push_back(take_word());
    }
  }

  void read_name(template_operand& into) {
    into.name = take_word();
    into.what = template_operand::kind::literal;
    if (into.name == "true" || into.name == "false")
      into.value = into.name == "true";
    else if (into.name == "nil")
      into.value = nullptr;
    else if (!is_template_function(into.name))
      throw mistake{fmt::format("function \"{}\" not defined", into.name)};
    else
      into.what = template_operand::kind::function;
  }

  // -- literals ---------------------------------------------------------------

  document read_literal() {
    auto c = text_[at_];
    if (c == '`') {
      auto end = text_.find('`', at_ + 1);
      if (end == std::string_view::npos)
        throw mistake{"unterminated raw quoted string"};
      document value = std::string{text_.substr(at_ + 1, end - at_ - 1)};
      at_ = end + 1;
      return value;
    }
    if (c == '"')
      return read_quoted();
    return read_number();
  }

  document read_quoted() {
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\n')
        break;
      if (text_[at_] != '\\') {
        value += text_[at_];
        continue;
      }
      constexpr std::array escapes{std::pair{'n', '\n'}, std::pair{'t', '\t'},
                                   std::pair{'r', '\r'}, std::pair{'"', '"'},
                                   std::pair{'\\', '\\'}};
      auto known =
          std::find_if(escapes.begin(), escapes.end(), [&](auto& each) {
            return at_ + 1 < text_.size() && each.first == text_[at_ + 1];
          });
      if (known == escapes.end())
        throw mistake{"unknown escape in a string"};
      value += known->second;
      ++at_;
    }
    if (at_ >= text_.size() || text_[at_] != '"')
      throw mistake{"unterminated quoted string"};
    ++at_;
    return value;
  }

  document read_number() {
    auto begin = text_.data() + at_;
    auto end = text_.data() + text_.size();
    int64_t whole = 0;
    double real = 0;
    auto as_whole = std::from_chars(begin, end, whole);
    auto as_real = std::from_chars(begin, end, real);
    if (as_real.ec != std::errc{})
      throw mistake{fmt::format("unexpected \"{}\" in an action", rest())};
    at_ += static_cast<size_t>(as_real.ptr - begin);
    if (as_whole.ec == std::errc{} && as_whole.ptr == as_real.ptr)
      return whole;
    return real;
  }

  // -- characters -------------------------------------------------------------

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_]))
      ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  std::string peek_word() const {
    auto end = at_;
    while (end < text_.size() && is_word(text_[end]))
      ++end;
    return std::string{text_.substr(at_, end - at_)};
  }

  std::string take_word() {
    auto word = peek_word();
    at_ += word.size();
    return word;
  }

  /// A little of what comes, for messages.
  std::string rest() const {
    auto left = text_.substr(at_, 10);
    return std::string{left.substr(0, left.find_first_of(" \n"))};
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t ranges_ = 0;      ///< that we are in
  bool trim_next_ = false; ///< the action before ended in -}}
};

} // namespace

expected<std::unique_ptr<template_node>> parse_template(std::string_view text) {
  parser p{text};
  try {
    return p.run();
  } catch (const mistake& e) {
    return make_error(ec::bad_request,
                      fmt::format("template: line {}: {}", p.line(), e.what()));
  }
}

} // namespace troupe::text
