#include "runtime/http/proxy_request.hpp"

#include "runtime/http/websocket.hpp"

#include <algorithm>
#include <array>

namespace troupe::http {

namespace {

/// RFC 9110, 7.6.1, and those that only one connection understands.
constexpr auto of_one_connection = std::to_array<std::string_view>({
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
});

constexpr std::string_view websocket_protocol = "Sec-WebSocket-Protocol";
constexpr std::string_view content_length = "Content-Length";
constexpr std::string_view forwarded_for = "X-Forwarded-For";

/// Kubernetes: who asks is the API server's business alone.
constexpr auto of_us = std::to_array<std::string_view>({
    "Authorization",
    content_length,
    "Expect",
    forwarded_for,
    "X-Forwarded-Uri",
    websocket_protocol,
});

/// Kubernetes: pages behind the proxy are all of one place.
constexpr auto about_pages = std::to_array<std::string_view>({
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
});

template <class List>
bool has(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [&](auto each) { return same_word(each, name); });
}

/// Headers that "Connection" names are of one connection, too.
bool is_named(const std::vector<header>& headers, std::string_view name) {
  return header_has_word(headers, "Connection", name);
}

bool has_body(const request& what) {
  return !what.body.empty() || what.method == "POST" || what.method == "PUT"
         || what.method == "PATCH";
}

void put(std::string& out, std::string_view name, std::string_view value) {
  ((out += name) += ": ") += value;
  out += "\r\n";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (auto& word : words)
    (out += out.empty() ? "" : ", ") += word;
  return out;
}

/// Whoever is in between is told one after the other.
std::string way_of(const request& what, const std::string& from) {
  std::vector<std::string> all;
  for (auto& [name, value] : what.headers)
    if (same_word(name, forwarded_for))
      all.push_back(value);
  if (!from.empty())
    all.push_back(from);
  return joined(all);
}

void put_length(std::string& out, const request& what, bool streams) {
  if (!streams)
    put(out, content_length, std::to_string(what.body.size()));
  else if (is_chunked(what))
    put(out, "Transfer-Encoding", "chunked");
  else
    put(out, content_length, find_header(what.headers, content_length));
}

bool is_impersonation(std::string_view name) {
  constexpr std::string_view prefix = "Impersonate-";
  return same_word(name.substr(0, prefix.size()), prefix);
}

} // namespace

proxied_target_parts split_proxied(std::string_view target, size_t segments) {
  proxied_target_parts out;
  auto end = std::min(target.find('?'), target.size());
  out.query = target.substr(end);
  auto path = target.substr(0, end);
  size_t at = 0;
  while (segments > 0 && at < path.size()) {
    while (at < path.size() && path[at] == '/')
      ++at;
    at = std::min(path.find('/', at), path.size());
    --segments;
  }
  out.prefix = path.substr(0, at);
  out.path = path.substr(at);
  return out;
}

bool is_chunked(const request& what) {
  return find_header(what.headers, content_length).empty();
}

std::string proxied_request(const request& what, const proxied_target_parts& to,
                            const proxied_way& how) {
  auto path = to.path.empty() ? "/" : to.path;
  auto out = what.method + " " + path + to.query + " HTTP/1.1\r\n";
  for (auto& [name, value] : what.headers)
    if (!has(of_one_connection, name) && !has(of_us, name)
        && !is_impersonation(name) && !is_named(what.headers, name))
      put(out, name, value);
  // One of them may be who asks.
  if (auto protocols = joined(offered_protocols(what.headers));
      !protocols.empty())
    put(out, websocket_protocol, protocols);
  if (auto way = way_of(what, how.from); !way.empty())
    put(out, forwarded_for, way);
  put(out, "X-Forwarded-Uri", to.prefix + path);
  if (how.upgrade) {
    put(out, "Connection", "Upgrade");
    put(out, "Upgrade", find_header(what.headers, "Upgrade"));
  } else {
    put(out, "Connection", "close");
  }
  if (has_body(what) || how.streams)
    put_length(out, what, how.streams);
  out += "\r\n";
  return out += what.body;
}

response_head proxied_head(const response_head& head) {
  response_head out;
  out.status = head.status;
  for (auto& [name, value] : head.headers)
    if (!has(of_one_connection, name) && !has(about_pages, name)
        && !is_named(head.headers, name))
      out.headers.emplace_back(name, value);
  return out;
}

} // namespace troupe::http
