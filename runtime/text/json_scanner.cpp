#include "runtime/text/json_scanner.hpp"

#include "runtime/text/json_writer.hpp"

#include <algorithm>

namespace troupe::text {

namespace {

constexpr std::string_view replacement = "\uFFFD";

bool is_surrogate(uint32_t code) {
  return code >= 0xD800 && code < 0xE000;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Returns the length of the well-formed UTF-8 sequence at the front; 0 when
/// there is none.
size_t utf8_length(std::string_view str) {
  auto byte = [&](size_t i) {
    return i < str.size() ? static_cast<unsigned char>(str[i]) : 0U;
  };
  auto continues = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2) || (lead == 0xE0 && byte(1) < 0xA0)
        || (lead == 0xED && byte(1) > 0x9F))
      return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)
        || (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F))
      return 0;
    return 4;
  }
  return 0;
}

void append_utf8(std::string& out, uint32_t code) {
  auto add = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | (code >> 6));
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18));
    add(0x80 | ((code >> 12) & 0x3F));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

} // namespace

void json_scanner::skip_space() {
  while (pos_ < text_.size()
         && (text_[pos_] == ' ' || text_[pos_] == '\n' || text_[pos_] == '\t'
             || text_[pos_] == '\r'))
    ++pos_;
}

json_type json_scanner::peek() {
  skip_space();
  if (failed_ || pos_ >= text_.size())
    return json_type::none;
  switch (text_[pos_]) {
    case '{':
      return json_type::object;
    case '[':
      return json_type::array;
    case '"':
      return json_type::string;
    case 't':
    case 'f':
      return json_type::boolean;
    case 'n':
      return json_type::null;
    default:
      return text_[pos_] == '-' || is_digit(text_[pos_]) ? json_type::number
                                                         : json_type::none;
  }
}

bool json_scanner::fail(std::string message) {
  if (!failed_) {
    failed_ = true;
    failure_ = std::move(message);
  }
  return false;
}

bool json_scanner::enter(char open) {
  skip_space();
  if (failed_)
    return false;
  if (pos_ >= text_.size() || text_[pos_] != open)
    return fail(std::string{"expected '"} + open + "'");
  if (++depth_ > max_depth_)
    return fail("nested too deeply: the limit is "
                + std::to_string(max_depth_));
  ++pos_;
  fresh_ = true;
  return true;
}

bool json_scanner::next(char close) {
  skip_space();
  if (failed_)
    return false;
  if (pos_ >= text_.size())
    return fail("unexpected end");
  if (text_[pos_] == close) {
    ++pos_;
    --depth_;
    fresh_ = false;
    return false;
  }
  if (!fresh_) {
    if (text_[pos_] != ',')
      return fail(std::string{"expected ',' or '"} + close + "'");
    ++pos_;
    skip_space();
  }
  fresh_ = false;
  return true;
}

bool json_scanner::enter_object() {
  return enter('{');
}

bool json_scanner::next_key(std::string& key) {
  if (!next('}'))
    return false;
  if (peek() != json_type::string)
    return fail("expected a key in double quotes");
  if (!read_string(key))
    return false;
  skip_space();
  if (pos_ >= text_.size() || text_[pos_] != ':')
    return fail("expected ':' after a key");
  ++pos_;
  return true;
}

bool json_scanner::enter_array() {
  return enter('[');
}

bool json_scanner::next_element() {
  if (!next(']'))
    return false;
  if (peek() == json_type::none)
    return fail("expected a value");
  return true;
}

/// Skips what needs no decoding, up to a quote, a backslash or a byte that is
/// no UTF-8.
bool json_scanner::skip_plain() {
  while (pos_ < text_.size()) {
    auto c = static_cast<unsigned char>(text_[pos_]);
    if (c == '"' || c == '\\')
      return true;
    if (c < 0x20)
      return fail("unescaped control character in a string");
    auto length = c < 0x80 ? 1 : utf8_length(text_.substr(pos_));
    if (length == 0)
      return true;
    pos_ += length;
  }
  return fail("unterminated string");
}

bool json_scanner::read_hex4(uint32_t& out) {
  out = 0;
  for (int i = 0; i < 4; ++i, ++pos_) {
    auto c = pos_ < text_.size() ? text_[pos_] : '\0';
    uint32_t digit = 0;
    if (is_digit(c))
      digit = static_cast<uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<uint32_t>(c - 'A' + 10);
    else
      return fail("expected four hexadecimal digits after \\u");
    out = out * 16 + digit;
  }
  return true;
}

/// Reads what follows a backslash.
bool json_scanner::read_escape(std::string& out) {
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  auto c = pos_ < text_.size() ? text_[pos_++] : '\0';
  if (auto i = names.find(c); i != std::string_view::npos) {
    out += values[i];
    return true;
  }
  if (c != 'u')
    return fail("invalid escape sequence in a string");
  uint32_t code = 0;
  if (!read_hex4(code))
    return false;
  if (is_surrogate(code))
    return read_surrogates(out, code);
  append_utf8(out, code);
  return true;
}

/// Reads what follows a surrogate: the other half of the pair, or what is no
/// part of it.
bool json_scanner::read_surrogates(std::string& out, uint32_t code) {
  auto begin = pos_;
  uint32_t low = 0;
  if (code < 0xDC00 && text_.substr(pos_, 2) == "\\u") {
    pos_ += 2;
    if (!read_hex4(low))
      return false;
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
      return true;
    }
    pos_ = begin;
  }
  out += replacement;
  mended_ = true;
  return true;
}

bool json_scanner::read_string(std::string& out) {
  out.clear();
  if (peek() != json_type::string)
    return fail("expected a string");
  ++pos_;
  for (;;) {
    auto begin = pos_;
    if (!skip_plain())
      return false;
    out.append(text_, begin, pos_ - begin);
    auto c = text_[pos_++];
    if (c == '"')
      return true;
    if (c != '\\') {
      out += replacement;
      mended_ = true;
    } else if (!read_escape(out)) {
      return false;
    }
  }
}

bool json_scanner::skip_string() {
  std::string scratch;
  ++pos_;
  for (;;) {
    if (!skip_plain())
      return false;
    auto c = text_[pos_++];
    if (c == '"')
      return true;
    scratch.clear();
    if (c != '\\')
      mended_ = true;
    else if (!read_escape(scratch))
      return false;
  }
}

bool json_scanner::read_number(std::string_view& out) {
  if (peek() != json_type::number)
    return fail("expected a number");
  auto begin = pos_;
  auto digits = [&] {
    auto from = pos_;
    while (pos_ < text_.size() && is_digit(text_[pos_]))
      ++pos_;
    return pos_ > from;
  };
  auto at = [&](char c) { return pos_ < text_.size() && text_[pos_] == c; };
  if (at('-'))
    ++pos_;
  if (at('0'))
    ++pos_;
  else if (!digits())
    return fail("expected digits");
  if (at('.')) {
    ++pos_;
    if (!digits())
      return fail("expected digits after the point of a number");
  }
  if (at('e') || at('E')) {
    ++pos_;
    if (at('+') || at('-'))
      ++pos_;
    if (!digits())
      return fail("expected digits in the exponent of a number");
  }
  out = text_.substr(begin, pos_ - begin);
  return true;
}

bool json_scanner::take_literal(std::string_view literal) {
  if (text_.substr(pos_, literal.size()) != literal)
    return fail("expected a value");
  pos_ += literal.size();
  return true;
}

bool json_scanner::read_boolean(bool& out) {
  if (peek() != json_type::boolean)
    return fail("expected true or false");
  out = text_[pos_] == 't';
  return take_literal(out ? "true" : "false");
}

bool json_scanner::read_null() {
  if (peek() != json_type::null)
    return fail("expected null");
  return take_literal("null");
}

bool json_scanner::skip() {
  std::string_view number;
  std::string key;
  bool boolean = false;
  switch (peek()) {
    case json_type::object:
      enter_object();
      while (next_key(key))
        if (!skip())
          break;
      return !failed_;
    case json_type::array:
      enter_array();
      while (next_element())
        if (!skip())
          break;
      return !failed_;
    case json_type::string:
      return skip_string();
    case json_type::number:
      return read_number(number);
    case json_type::boolean:
      return read_boolean(boolean);
    case json_type::null:
      return read_null();
    case json_type::none:
      break;
  }
  return fail(pos_ < text_.size() ? "expected a value" : "unexpected end");
}

bool json_scanner::copy_compact(std::string& out) {
  skip_space();
  auto begin = pos_;
  mended_ = false;
  if (!skip())
    return false;
  if (!mended_) {
    append_compact(out, begin);
    return true;
  }
  std::string compact;
  append_compact(compact, begin);
  append_mended(out, compact);
  return true;
}

/// Appends compact JSON, each of its strings written anew.
void json_scanner::append_mended(std::string& out, std::string_view text) {
  json_scanner in{text, max_depth_};
  std::string scratch;
  while (in.pos_ < text.size()) {
    if (text[in.pos_] == '"') {
      in.read_string(scratch);
      append_json_string(out, scratch);
    } else {
      out += text[in.pos_++];
    }
  }
}

/// Appends what was skipped from `begin` on.
void json_scanner::append_compact(std::string& out, size_t begin) {
  auto quoted = false;
  for (auto i = begin; i < pos_; ++i) {
    auto c = text_[i];
    if (!quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
      out += text_.substr(begin, i - begin);
      begin = i + 1;
    } else if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    }
  }
  out += text_.substr(begin, pos_ - begin);
}

bool json_scanner::finish() {
  skip_space();
  if (failed_)
    return false;
  return pos_ == text_.size() || fail("unexpected text after the value");
}

text_place place_of(std::string_view text, size_t offset) {
  auto before = text.substr(0, std::min(offset, text.size()));
  auto last = before.rfind('\n');
  text_place result;
  result.line +=
      static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  result.column +=
      last == std::string_view::npos ? before.size() : before.size() - last - 1;
  return result;
}

std::string as_utf8(std::string_view str) {
  std::string result;
  while (!str.empty()) {
    auto length = utf8_length(str);
    if (length == 0)
      result += replacement;
    else
      result += str.substr(0, length);
    str.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

bool is_utf8(std::string_view str) {
  while (!str.empty()) {
    auto length = utf8_length(str);
    if (length == 0)
      return false;
    str.remove_prefix(length);
  }
  return true;
}

} // namespace troupe::text
