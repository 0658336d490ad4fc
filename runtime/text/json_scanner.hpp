#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::text {

/// What kind of value comes next; `none` at the end of the text or where
/// nothing that starts a value stands.
enum class json_type : uint8_t {
  none,
  object,
  array,
  string,
  number,
  boolean,
  null,
};

/// Reads JSON (RFC 8259) from left to right, value by value, without a tree.
///
/// Every function returns false after a failure; the first one is kept. Control
/// characters in strings and nesting beyond the bound are failures. As with
/// Kubernetes, each byte of a string that is no UTF-8 and each lone surrogate
/// becomes U+FFFD.
///
///     if (in.enter_object())
///       while (in.next_key(key)) ...read or skip one value...
class json_scanner {
public:
  json_scanner(std::string_view text, int max_depth)
      : text_(text), max_depth_(max_depth) {
    // nop
  }

  json_type peek();

  bool enter_object();

  /// Moves to the next member; false after the last one.
  bool next_key(std::string& key);

  bool enter_array();

  /// Moves to the next element; false after the last one.
  bool next_element();

  bool read_string(std::string& out);

  /// The number as written, checked to be one.
  bool read_number(std::string_view& out);

  bool read_boolean(bool& out);

  bool read_null();

  /// Skips a value whole, checking it.
  bool skip();

  /// Skips a value and appends it without the space between tokens. What is
  /// appended is UTF-8.
  bool copy_compact(std::string& out);

  /// Checks that nothing but space follows.
  bool finish();

  /// Notes a failure at the present place, unless there is one already.
  bool fail(std::string message);

  bool failed() const { return failed_; }
  const std::string& failure() const { return failure_; }
  size_t offset() const { return pos_; }
  void seek(size_t offset) { pos_ = offset; }
  std::string_view text() const { return text_; }

private:
  void skip_space();
  bool enter(char open);
  bool next(char close);
  bool take_literal(std::string_view literal);
  bool skip_string();
  bool skip_plain();
  void append_compact(std::string& out, size_t begin);
  void append_mended(std::string& out, std::string_view text);
  bool read_surrogates(std::string& out, uint32_t code);
  bool read_escape(std::string& out);
  bool read_hex4(uint32_t& out);

  std::string_view text_;
  size_t pos_ = 0;
  int depth_ = 0;
  int max_depth_;
  bool fresh_ = false; // just entered: no comma before what is next
  bool failed_ = false;
  bool mended_ = false; // something became U+FFFD
  std::string failure_;
};

/// Returns the place in a text as people count, from 1.
struct text_place {
  size_t line = 1;
  size_t column = 1;
};

text_place place_of(std::string_view text, size_t offset);

/// Returns whether `str` is well-formed UTF-8.
bool is_utf8(std::string_view str);

/// Returns `str` with U+FFFD for each byte that is not part of well-formed
/// UTF-8.
std::string as_utf8(std::string_view str);

} // namespace troupe::text
