#include "runtime/http/http_message.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace troupe::http {

namespace {

struct phrase {
  int status;
  std::string_view text;
};

constexpr std::array phrases{
    phrase{100, "Continue"},
    phrase{101, "Switching Protocols"},
    phrase{200, "OK"},
    phrase{201, "Created"},
    phrase{202, "Accepted"},
    phrase{204, "No Content"},
    phrase{301, "Moved Permanently"},
    phrase{304, "Not Modified"},
    phrase{307, "Temporary Redirect"},
    phrase{400, "Bad Request"},
    phrase{401, "Unauthorized"},
    phrase{403, "Forbidden"},
    phrase{404, "Not Found"},
    phrase{405, "Method Not Allowed"},
    phrase{406, "Not Acceptable"},
    phrase{408, "Request Timeout"},
    phrase{409, "Conflict"},
    phrase{410, "Gone"},
    phrase{411, "Length Required"},
    phrase{413, "Request Entity Too Large"},
    phrase{414, "URI Too Long"},
    phrase{415, "Unsupported Media Type"},
    phrase{422, "Unprocessable Entity"},
    phrase{429, "Too Many Requests"},
    phrase{431, "Request Header Fields Too Large"},
    phrase{500, "Internal Server Error"},
    phrase{501, "Not Implemented"},
    phrase{502, "Bad Gateway"},
    phrase{503, "Service Unavailable"},
    phrase{504, "Gateway Timeout"},
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) {
                      return std::tolower(x) == std::tolower(y);
                    });
}

std::string_view find_header(const std::vector<header>& headers,
                             std::string_view name) {
  for (auto& h : headers)
    if (same_word(h.first, name))
      return h.second;
  return {};
}

bool header_has_word(const std::vector<header>& headers, std::string_view name,
                     std::string_view word) {
  for (auto& h : headers) {
    if (!same_word(h.first, name))
      continue;
    std::string_view rest = h.second;
    while (!rest.empty()) {
      auto end = std::min(rest.find(','), rest.size());
      if (same_word(trimmed(rest.substr(0, end)), word))
        return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

std::string_view reason_phrase(int status) {
  for (auto& p : phrases)
    if (p.status == status)
      return p.text;
  return {};
}

std::string to_text(const response_head& head, framing body, size_t length,
                    bool keep_alive) {
  std::string out = "HTTP/1.1 ";
  out += std::to_string(head.status);
  out += ' ';
  out += reason_phrase(head.status);
  out += "\r\n";
  for (auto& h : head.headers) {
    out += h.first;
    out += ": ";
    out += h.second;
    out += "\r\n";
  }
  if (body == framing::length)
    out += "Content-Length: " + std::to_string(length) + "\r\n";
  else if (body == framing::chunked)
    out += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive && head.status != 101)
    out += "Connection: close\r\n";
  out += "\r\n";
  return out;
}

std::string to_chunk(std::string_view bytes) {
  std::array<char, 16> size{};
  auto end =
      std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16);
  std::string out{size.data(), end.ptr};
  out.reserve(out.size() + bytes.size() + 4);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
  return out;
}

} // namespace troupe::http
