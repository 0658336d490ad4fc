#include "runtime/http/flow_of.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::http {

namespace {

std::string verb_by(std::string_view method, bool named) {
  if (method == "POST")
    return "create";
  if (method == "GET" || method == "HEAD")
    return named ? "get" : "list";
  if (method == "PUT")
    return "update";
  if (method == "PATCH")
    return "patch";
  if (method == "DELETE")
    return named ? "delete" : "deletecollection";
  return {};
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

rules::flow_request at_resource(const api_route& at, std::string_view verb,
                                std::string_view method) {
  rules::flow_request out;
  out.resource = true;
  out.group = at.kind->group;
  out.what = at.kind->plural;
  auto of_space = out.group.empty() && out.what == "namespaces";
  out.ns = of_space ? at.name : at.ns;
  if (!at.subresource.empty())
    out.what += "/" + at.subresource;
  out.verb =
      verb.empty() ? verb_by(method, !at.name.empty()) : std::string{verb};
  return out;
}

/// `at` is where the words behind the version begin.
rules::flow_request at_words(const std::vector<std::string>& all, size_t at,
                             std::string_view method) {
  rules::flow_request out;
  out.resource = true;
  if (all[0] == "apis")
    out.group = all[1];
  if ((all[at] == "watch" || all[at] == "proxy") && at + 1 < all.size())
    ++at;
  if (all[at] == "namespaces" && at + 1 < all.size()) {
    out.ns = all[at + 1];
    if (at + 2 < all.size() && all[at + 2] != "status"
        && all[at + 2] != "finalize")
      at += 2;
  }
  out.what = all[at];
  if (at + 2 < all.size())
    out.what += "/" + all[at + 2];
  out.verb = verb_by(method, at + 1 < all.size());
  return out;
}

} // namespace

rules::flow_request flow_of(const target& to, const api_route& at,
                            std::string_view verb, std::string_view method) {
  if (at.where == place::resource)
    return at_resource(at, verb, method);
  auto& all = to.segments;
  auto core = !all.empty() && all[0] == "api";
  auto grouped = !all.empty() && all[0] == "apis";
  size_t words = core ? 2 : 3;
  if ((core || grouped) && all.size() > words)
    return at_words(all, words, method);
  rules::flow_request out;
  out.verb = lower(method);
  out.path = to.path;
  return out;
}

} // namespace troupe::http
