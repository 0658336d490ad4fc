#include "runtime/http/target.hpp"

#include "messages/api/meta.pb.h"

namespace troupe::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// Calls `visit` with each piece between separators until it fails.
template <class Visit>
caf::error each_piece(std::string_view text, char separator, Visit visit) {
  while (!text.empty()) {
    auto end = std::min(text.find(separator), text.size());
    if (end > 0)
      if (auto err = visit(text.substr(0, end)))
        return err;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return caf::none;
}

} // namespace

expected<std::string> decode_percent(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return make_error(ec::bad_request, "invalid URL escape \""
                                               + std::string{text.substr(i, 3)}
                                               + "\"");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

const std::string& target::get(std::string_view name) const {
  static const std::string none;
  for (auto& [key, value] : query)
    if (key == name)
      return value;
  return none;
}

bool target::has(std::string_view name) const {
  for (auto& entry : query)
    if (entry.first == name)
      return true;
  return false;
}

std::vector<std::string> target::all(std::string_view name) const {
  std::vector<std::string> out;
  for (auto& [key, value] : query)
    if (key == name)
      out.push_back(value);
  return out;
}

bool target::flag(std::string_view name) const {
  if (!has(name))
    return false;
  auto& value = get(name);
  return value != "false" && value != "0" && value != "False"
         && value != "FALSE" && value != "f" && value != "F";
}

expected<target> parse_target(std::string_view text) {
  target out;
  if (text.empty() || text.front() != '/')
    return make_error(ec::bad_request, "the request's target is no path");
  text = text.substr(0, text.find('#'));
  auto mark = std::min(text.find('?'), text.size());
  out.path = text.substr(0, mark);
  auto err = each_piece(out.path, '/', [&](std::string_view piece) {
    auto decoded = decode_percent(piece, false);
    if (!decoded)
      return decoded.error();
    if (*decoded == "." || *decoded == "..")
      return make_error(ec::not_found,
                        "the server could not find the requested resource",
                        meta::v1::StatusDetails{});
    out.segments.push_back(std::move(*decoded));
    return caf::error{};
  });
  if (err)
    return err;
  if (mark == text.size())
    return out;
  err = each_piece(text.substr(mark + 1), '&', [&](std::string_view piece) {
    auto equals = std::min(piece.find('='), piece.size());
    auto key = decode_percent(piece.substr(0, equals), true);
    auto value =
        decode_percent(piece.substr(std::min(equals + 1, piece.size())), true);
    if (!key || !value)
      return key ? value.error() : key.error();
    out.query.emplace_back(std::move(*key), std::move(*value));
    return caf::error{};
  });
  if (err)
    return err;
  return out;
}

} // namespace troupe::http
