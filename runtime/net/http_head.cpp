#include "runtime/net/http_head.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::net {

namespace {

constexpr size_t longest_head = 64u << 10;

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) {
                      return std::tolower(x) == std::tolower(y);
                    });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// HTTP/1.0 200 OK: three digits behind the version, then a space or the end.
std::optional<int> status_of(std::string_view line) {
  auto fits = line.size() >= 12 && line.substr(0, 7) == "HTTP/1."
              && is_digit(line[7]) && line[8] == ' '
              && std::all_of(line.begin() + 9, line.begin() + 12, is_digit)
              && (line.size() == 12 || line[12] == ' ');
  if (!fits)
    return std::nullopt;
  return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// Takes the next line off `text`; nothing when there is no whole one.
std::optional<std::string_view> next_line(std::string_view& text) {
  auto end = text.find('\n');
  if (end == std::string_view::npos)
    return std::nullopt;
  auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  return line;
}

caf::error malformed(std::string_view line) {
  return make_error(ec::invalid, "malformed HTTP response \""
                                     + std::string{line.substr(0, 80)} + "\"");
}

} // namespace

expected<std::optional<http_head>> parse_http_head(std::string_view bytes) {
  using result = std::optional<http_head>;
  auto rest = bytes;
  auto first = next_line(rest);
  // Enough is there to see that it is something else.
  auto start = bytes.substr(0, std::min<size_t>(bytes.size(), 7));
  if (start != std::string_view{"HTTP/1."}.substr(0, start.size()))
    return malformed(first.value_or(bytes));
  if (!first)
    return bytes.size() > longest_head ? expected<result>{malformed(bytes)}
                                       : expected<result>{result{}};
  auto status = status_of(*first);
  if (!status)
    return malformed(*first);
  http_head out{*status, {}};
  while (auto line = next_line(rest)) {
    if (line->empty())
      return *status / 100 == 1 ? parse_http_head(rest) : result{out};
    auto colon = line->find(':');
    if (colon != std::string_view::npos
        && same_word(line->substr(0, colon), "location"))
      out.location = trim(line->substr(colon + 1));
  }
  if (bytes.size() > longest_head)
    return make_error(ec::invalid, "the head of the answer is too long");
  return result{};
}

std::string http_url::text() const {
  return (tls ? "https://" : "http://") + authority() + path;
}

std::optional<http_url> resolve_location(const http_url& from,
                                         std::string_view location) {
  auto out = from;
  location = location.substr(0, location.find('#'));
  for (auto tls : {false, true}) {
    std::string_view scheme = tls ? "https://" : "http://";
    if (!same_word(location.substr(0, scheme.size()), scheme))
      continue;
    location.remove_prefix(scheme.size());
    auto end = std::min(location.find_first_of("/?"), location.size());
    auto authority = location.substr(0, end);
    auto colon = authority.rfind(':');
    out.tls = tls;
    out.host = authority.substr(0, colon);
    out.port = colon == std::string_view::npos ? (tls ? "443" : "80")
                                               : authority.substr(colon + 1);
    out.path = location.substr(end);
    if (out.path.empty() || out.path.front() != '/')
      out.path.insert(0, "/");
    if (out.host.empty())
      return std::nullopt;
    return out;
  }
  if (location.empty() || location.find("://") < location.find_first_of("/?"))
    return std::nullopt;
  if (location.front() == '/') {
    out.path = location;
  } else {
    auto directory = out.path.substr(0, out.path.find('?'));
    directory.resize(directory.rfind('/') + 1);
    out.path = directory + std::string{location};
  }
  return out;
}

} // namespace troupe::net
