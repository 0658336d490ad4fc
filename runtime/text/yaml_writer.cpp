#include "runtime/text/yaml_writer.hpp"

#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_style.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace troupe::text {

namespace {

constexpr size_t best_width = 80;
constexpr size_t longest_simple_key = 128;

/// Writes block style, as libyaml's emitter lays it out.
class emitter {
public:
  std::string run(const document& doc) {
    if (doc.is_structured() && !doc.empty())
      write_block(doc, 0, true);
    else
      write_leaf(doc, 2);
    if (out_.empty() || out_.back() != '\n')
      line_break();
    return std::move(out_);
  }

private:
  void put(std::string_view str) {
    out_ += str;
    // Columns count characters.
    column_ +=
        static_cast<size_t>(std::count_if(str.begin(), str.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        }));
  }

  void line_break() {
    out_ += '\n';
    column_ = 0;
  }

  void indent(size_t n) {
    if (column_ != 0)
      line_break();
    put(std::string(n, ' '));
  }

  /// Writes a mapping or list with content; `inline_first` puts its first
  /// entry where the writer stands.
  void write_block(const document& x, size_t at, bool inline_first) {
    if (x.is_array()) {
      for (auto& value : x) {
        if (!inline_first)
          indent(at);
        inline_first = false;
        put("-");
        write_item(value, at);
      }
      return;
    }
    std::vector<document::const_iterator> members;
    for (auto it = x.begin(); it != x.end(); ++it)
      members.push_back(it);
    std::sort(members.begin(), members.end(),
              [](auto& a, auto& b) { return yaml_key_less(a.key(), b.key()); });
    for (auto& member : members) {
      if (!inline_first)
        indent(at);
      inline_first = false;
      write_key(member.key(), at);
      write_member(member.value(), at);
    }
  }

  void write_key(const std::string& key, size_t at) {
    auto simple = key.size() <= longest_simple_key;
    if (!simple)
      put("? ");
    write_string(key, at, true);
    if (!simple)
      indent(at);
    put(":");
  }

  void write_item(const document& value, size_t at) {
    if (value.is_structured() && !value.empty()) {
      put(" ");
      write_block(value, at + 2, true);
    } else {
      put(" ");
      write_leaf(value, at + 2);
    }
  }

  void write_member(const document& value, size_t at) {
    if (value.is_array() && !value.empty()) {
      write_block(value, at, false);
    } else if (value.is_object() && !value.empty()) {
      write_block(value, at + 2, false);
    } else {
      put(" ");
      write_leaf(value, at + 2);
    }
  }

  void write_leaf(const document& x, size_t at) {
    if (x.is_string()) {
      write_string(x.get_ref<const std::string&>(), at, false);
    } else if (x.is_object()) {
      put("{}");
    } else if (x.is_array()) {
      put("[]");
    } else if (x.is_number_float()) {
      std::string number;
      append_json_number(number, x.get<double>());
      put(number);
    } else {
      put(x.dump());
    }
  }

  void write_string(const std::string& str, size_t at, bool in_key) {
    switch (style_of(str, in_key)) {
      case yaml_style::plain:
        write_plain(str, at, in_key, "");
        break;
      case yaml_style::single_quoted:
        put("'");
        write_plain(str, at, in_key, "'");
        put("'");
        break;
      case yaml_style::double_quoted:
        write_double_quoted(str, at, in_key);
        break;
      case yaml_style::literal:
        write_literal(str, at);
        break;
    }
  }

  /// Writes text that needs no escapes but the doubling of `quote`, folded at
  /// single spaces.
  void write_plain(std::string_view str, size_t at, bool in_key,
                   std::string_view quote) {
    auto after_space = false;
    for (size_t i = 0; i < str.size();) {
      auto size = char_at(str, i).size;
      auto is_space = str[i] == ' ';
      auto inner = quote.empty() || (i > 0 && i + 1 < str.size());
      auto next_is_space = i + 1 < str.size() && str[i + 1] == ' ';
      if (is_space && !in_key && !after_space && inner && !next_is_space
          && column_ > best_width) {
        indent(at);
      } else {
        if (!quote.empty() && str.substr(i, 1) == quote)
          put(quote);
        put(str.substr(i, size));
      }
      after_space = is_space;
      i += size;
    }
  }

  static std::string escape(uint32_t code) {
    switch (code) {
      case 0x00:
        return "\\0";
      case 0x07:
        return "\\a";
      case 0x08:
        return "\\b";
      case 0x09:
        return "\\t";
      case 0x0A:
        return "\\n";
      case 0x0B:
        return "\\v";
      case 0x0C:
        return "\\f";
      case 0x0D:
        return "\\r";
      case 0x1B:
        return "\\e";
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case 0x85:
        return "\\N";
      case 0xA0:
        return "\\_";
      case 0x2028:
        return "\\L";
      case 0x2029:
        return "\\P";
      default:
        return code <= 0xFF     ? fmt::format("\\x{:02X}", code)
               : code <= 0xFFFF ? fmt::format("\\u{:04X}", code)
                                : fmt::format("\\U{:08X}", code);
    }
  }

  void write_double_quoted(std::string_view str, size_t at, bool in_key) {
    put("\"");
    auto after_space = false;
    for (size_t i = 0; i < str.size();) {
      auto [code, size] = char_at(str, i);
      if (!is_yaml_printable(code) || is_yaml_break(code) || code == '"'
          || code == '\\') {
        put(escape(code));
        after_space = false;
      } else if (code == ' ') {
        if (!in_key && !after_space && column_ > best_width && i > 0
            && i + 1 < str.size()) {
          indent(at);
          if (str[i + 1] == ' ')
            put("\\");
        } else {
          put(" ");
        }
        after_space = true;
      } else {
        put(str.substr(i, size));
        after_space = false;
      }
      i += size;
    }
    put("\"");
  }

  void write_literal(std::string_view str, size_t at) {
    put("|");
    if (str[0] == ' ' || is_yaml_break(char_at(str, 0).code))
      put("2");
    if (str.back() != '\n')
      put("-");
    else if (str.size() == 1 || str[str.size() - 2] == '\n')
      put("+");
    auto rest = str;
    while (!rest.empty()) {
      auto line = rest.substr(0, rest.find('\n'));
      line_break();
      if (!line.empty()) {
        put(std::string(at, ' '));
        put(line);
      }
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    if (str.back() == '\n')
      line_break();
  }

  std::string out_;
  size_t column_ = 0;
};

bool is_letter(uint32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0xAA;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct digit_run {
  uint64_t value = 0;
  size_t end = 0;
};

digit_run run_at(std::string_view str, size_t pos, uint64_t value) {
  auto i = pos;
  for (; i < str.size() && is_digit(str[i]); ++i)
    value = value * 10 + static_cast<uint64_t>(str[i] - '0');
  return {value, i};
}

/// Whether the digits before `pos` hold one that is not zero.
bool follows_nonzero(std::string_view str, size_t pos) {
  for (; pos > 0 && is_digit(str[pos - 1]); --pos)
    if (str[pos - 1] != '0')
      return true;
  return false;
}

} // namespace

bool yaml_key_less(std::string_view a, std::string_view b) {
  auto common = std::min(a.size(), b.size());
  auto after_digit = false;
  for (size_t i = 0; i < common; i += char_at(a, i).size) {
    auto ca = char_at(a, i).code;
    auto cb = char_at(b, i).code;
    if (ca == cb) {
      after_digit = is_digit(a[i]);
      continue;
    }
    auto la = is_letter(ca);
    auto lb = is_letter(cb);
    if (la && lb)
      return ca < cb;
    // After digits a letter ends the shorter number.
    if (la || lb)
      return after_digit ? la : lb;
    auto seed = (ca == '0' || cb == '0') && follows_nonzero(a, i) ? 1U : 0U;
    auto ra = run_at(a, i, seed);
    auto rb = run_at(b, i, seed);
    if (ra.value != rb.value)
      return ra.value < rb.value;
    if (ra.end != rb.end)
      return ra.end < rb.end;
    return ca < cb;
  }
  return a.size() < b.size();
}

std::string print_yaml(const document& doc) {
  return emitter{}.run(doc);
}

std::string to_yaml(const object& x) {
  return print_yaml(to_document(x));
}

std::string to_yaml(const google::protobuf::Message& msg) {
  return print_yaml(to_document(msg));
}

} // namespace troupe::text
