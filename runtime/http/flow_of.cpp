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

} // namespace

rules::flow_request flow_of(const target& to, std::string_view verb,
                            std::string_view method) {
  rules::flow_request out;
  auto& all = to.segments;
  // Where the words behind the version begin.
  auto core = !all.empty() && all[0] == "api";
  auto grouped = !all.empty() && all[0] == "apis";
  size_t at = core ? 2 : 3;
  if ((!core && !grouped) || all.size() <= at) {
    out.verb = lower(method);
    out.path = to.path;
    return out;
  }
  out.resource = true;
  if (grouped)
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
  out.verb =
      verb.empty() ? verb_by(method, at + 1 < all.size()) : std::string{verb};
  return out;
}

} // namespace troupe::http
