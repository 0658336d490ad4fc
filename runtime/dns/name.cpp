#include "runtime/dns/name.hpp"

#include <algorithm>
#include <cstdint>

namespace troupe::dns {

namespace {

/// A name has no more labels, so it takes no more pointers to put it together.
constexpr size_t max_hops = 127;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads one character of a text, escaped or not; none for half an escape.
std::optional<char> read_escaped(std::string_view text, size_t& at) {
  if (text[at] != '\\')
    return text[at++];
  if (at + 1 >= text.size())
    return std::nullopt;
  if (!is_digit(text[at + 1])) {
    at += 2;
    return text[at - 1];
  }
  if (at + 3 >= text.size() || !is_digit(text[at + 2])
      || !is_digit(text[at + 3]))
    return std::nullopt;
  auto value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10
               + (text[at + 3] - '0');
  at += 4;
  if (value > 255)
    return std::nullopt;
  return static_cast<char>(value);
}

void write_escaped(char c, std::string& out) {
  if (c == '.' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c > ' ' && c < 0x7f) {
    out += c;
  } else {
    auto value = static_cast<uint8_t>(c);
    out += '\\';
    for (auto unit : {100, 10, 1})
      out += static_cast<char>('0' + value / unit % 10);
  }
}

} // namespace

std::optional<name> name::parse(std::string_view text) {
  name out;
  if (text == ".")
    return out;
  out.wire_.clear();
  size_t at = 0;
  while (at < text.size()) {
    std::string label;
    while (at < text.size() && text[at] != '.') {
      auto c = read_escaped(text, at);
      if (!c)
        return std::nullopt;
      label += *c;
    }
    if (label.empty() || label.size() > max_label)
      return std::nullopt;
    out.wire_ += static_cast<char>(label.size());
    out.wire_ += label;
    ++at; // the dot
  }
  out.wire_ += '\0';
  if (out.wire_.size() > max_size || out.wire_.size() == 1)
    return std::nullopt;
  return out;
}

std::optional<name> name::read(std::string_view packet, size_t& at) {
  name out;
  out.wire_.clear();
  auto here = at;
  auto lowest = at; // pointers lead below this
  auto jumped = false;
  size_t hops = 0;
  while (here < packet.size()) {
    auto size = static_cast<uint8_t>(packet[here]);
    if (size >= 0xc0) {
      if (here + 1 >= packet.size())
        return std::nullopt;
      auto to = static_cast<size_t>((size & 0x3f) << 8
                                    | static_cast<uint8_t>(packet[here + 1]));
      if (to >= lowest || ++hops > max_hops)
        return std::nullopt;
      if (!jumped)
        at = here + 2;
      jumped = true;
      here = lowest = to;
      continue;
    }
    if (size > max_label || here + 1 + size > packet.size())
      return std::nullopt;
    out.wire_.append(packet.substr(here, size + size_t{1}));
    if (out.wire_.size() > max_size)
      return std::nullopt;
    here += size + size_t{1};
    if (size > 0)
      continue;
    if (!jumped)
      at = here;
    return out;
  }
  return std::nullopt;
}

std::string name::text() const {
  if (is_root())
    return ".";
  std::string out;
  for (auto label : labels()) {
    for (auto c : label)
      write_escaped(c, out);
    out += '.';
  }
  return out;
}

std::vector<std::string_view> name::labels() const {
  std::vector<std::string_view> out;
  std::string_view rest{wire_};
  while (rest.size() > 1) {
    auto size = static_cast<uint8_t>(rest.front());
    out.push_back(rest.substr(1, size));
    rest.remove_prefix(size + size_t{1});
  }
  return out;
}

bool name::prepend(std::string_view label) {
  if (label.empty() || label.size() > max_label
      || wire_.size() + label.size() + 1 > max_size)
    return false;
  std::string front(1, static_cast<char>(label.size()));
  front += label;
  wire_.insert(0, front);
  return true;
}

// A length is at most 63, below the letters.
name name::lower() const {
  name out;
  out.wire_ = dns::lower(wire_);
  return out;
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return lower(c); });
  return out;
}

bool same(const name& a, const name& b) {
  auto& x = a.wire();
  auto& y = b.wire();
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](char c, char d) { return lower(c) == lower(d); });
}

} // namespace troupe::dns
