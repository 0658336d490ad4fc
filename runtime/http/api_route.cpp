#include "runtime/http/api_route.hpp"

#include <algorithm>
#include <unordered_map>

namespace troupe::http {

namespace {

using segments = std::vector<std::string>;

/// Subresources of a namespace; any other word after its name is a resource in
/// it.
bool is_namespace_part(const std::string& word) {
  return word == "status" || word == "finalize";
}

/// Returns how many segments stand before a pair of slashes that leads on;
/// npos where there is none.
size_t segments_to_gap(std::string_view path) {
  auto end = path.find_last_not_of('/');
  auto gap = path.find("//");
  if (end == path.npos)
    return path.size() > 1 ? 0 : path.npos;
  if (gap == path.npos || gap > end)
    return path.npos;
  return static_cast<size_t>(std::count(
      path.begin(), path.begin() + static_cast<ptrdiff_t>(gap), '/'));
}

/// What is in no namespace by its path: /api/v1/namespaces//pods.
segments without_space(const target& to, size_t gap) {
  auto result = to.segments;
  result.erase(result.begin() + static_cast<ptrdiff_t>(gap) - 1);
  return result;
}

std::string join(const segments& all, size_t from) {
  std::string out;
  for (size_t i = from; i < all.size(); ++i)
    out += "/" + all[i];
  return out;
}

void route_name(api_route& out, const segments& all, size_t at) {
  if (at < all.size())
    out.name = all[at];
  if (at + 1 < all.size())
    out.subresource = all[at + 1];
  if (at + 2 >= all.size())
    return;
  if (out.subresource == "proxy")
    out.rest = join(all, at + 2);
  else
    out.where = place::nothing;
}

/// The path behind the version.
api_route route_resource(api_route out, const segments& all, size_t at) {
  out.where = place::resource;
  if (all[at] == "watch" && at + 1 < all.size()) {
    out.watch = true;
    ++at;
  }
  auto inside = all[at] == "namespaces" && at + 2 < all.size()
                && !(at + 3 == all.size() && is_namespace_part(all[at + 2]));
  if (inside) {
    out.ns = all[at + 1];
    at += 2;
  }
  out.kind = find_served(out.group, out.version, all[at]);
  if (out.kind == nullptr)
    out.where = place::nothing;
  else
    route_name(out, all, at + 1);
  // One by its name is in a namespace, if it can be.
  if (out.watch && out.kind != nullptr && out.kind->namespaced && out.ns.empty()
      && !out.name.empty())
    out.where = place::nothing;
  return out;
}

bool serves_group(const std::string& group) {
  for (auto& kind : all_kinds())
    if (kind.group == group && !kind.plural.empty())
      return true;
  return false;
}

bool serves_version(const std::string& group, const std::string& version) {
  for (auto& kind : all_kinds())
    if (kind.group == group && kind.version == version && !kind.plural.empty())
      return true;
  return false;
}

api_route route_api(const segments& all) {
  api_route out;
  bool core = all[0] == "api";
  if (all.size() == 1) {
    out.where = core ? place::core_versions : place::groups;
    return out;
  }
  if (!core)
    out.group = all[1];
  // The core group has a place of its own only.
  if (!core && (out.group.empty() || !serves_group(out.group)))
    return out;
  size_t at = core ? 1 : 2;
  if (all.size() == at) {
    out.where = place::group;
    return out;
  }
  out.version = all[at];
  if (!serves_version(out.group, out.version))
    return out;
  if (all.size() > at + 1)
    return route_resource(std::move(out), all, at + 1);
  out.where = place::version;
  return out;
}

/// Pages by their exact path.
api_route route_other(const segments& all) {
  api_route out;
  auto& first = all[0];
  if (first == "healthz" || first == "livez" || first == "readyz") {
    out.where = place::health;
    out.group = first;
    out.check = join(all, 1);
    if (!out.check.empty())
      out.check.erase(0, 1);
  } else if (first == "openapi" && all.size() > 1) {
    if (all[1] == "v2" && all.size() == 2)
      out.where = place::openapi_v2;
    else if (all[1] == "v3")
      out.where = place::openapi_v3;
    out.check = join(all, 2);
    if (!out.check.empty())
      out.check.erase(0, 1);
  } else if (all.size() == 2 && first == ".well-known"
             && all[1] == "openid-configuration") {
    out.where = place::issuer;
  } else if (all.size() == 3 && first == "openid" && all[1] == "v1"
             && all[2] == "jwks") {
    out.where = place::token_keys;
  } else if (all.size() == 1 && first == "version") {
    out.where = place::server_version;
  } else if (all.size() == 1 && first == "metrics") {
    out.where = place::metrics;
  }
  return out;
}

} // namespace

std::string api_route::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

namespace {

/// Kubernetes: an empty word is no word, but for the name of a namespace. What
/// a proxy passes on is not looked at.
api_route route_with_gap(const target& to, size_t gap) {
  auto& all = to.segments;
  auto of_api = !all.empty() && (all[0] == "api" || all[0] == "apis");
  if (!of_api || gap == 0)
    return {};
  size_t spaces = all[0] == "api" ? 2 : 3;
  if (gap == spaces + 1 && all[spaces] == "namespaces")
    return route_api(without_space(to, gap));
  auto out = route_api(all);
  auto proxy = out.ns.empty() ? spaces + 2 : spaces + 4;
  return is_proxied(out) && gap > proxy ? out : api_route{};
}

} // namespace

api_route find_route(const target& to) {
  auto& all = to.segments;
  if (auto gap = segments_to_gap(to.path); gap != std::string_view::npos)
    return route_with_gap(to, gap);
  if (all.empty()) {
    api_route out;
    out.where = place::index;
    return out;
  }
  if (all[0] == "api" || all[0] == "apis")
    return route_api(all);
  auto at = route_other(all);
  // Kubernetes: a slash behind a page leads to another one.
  if (to.path.ends_with('/') && at.where != place::server_version)
    at.where = place::nothing;
  return at;
}

bool is_api_path(const target& to) {
  auto& all = to.segments;
  auto gap = segments_to_gap(to.path);
  if (all.empty() || gap == 0)
    return false;
  return all[0] == "api"
         || (all[0] == "apis" && gap > 1 && all.size() > 1
             && serves_group(all[1]));
}

bool is_proxied(const api_route& at) {
  if (at.subresource != "proxy" || at.kind == nullptr || at.name.empty()
      || !at.kind->group.empty())
    return false;
  auto& resource = at.kind->plural;
  return resource == "pods" || resource == "services" || resource == "nodes";
}

bool is_streamed(const api_route& at) {
  if (is_proxied(at))
    return true;
  auto& part = at.subresource;
  return at.kind != nullptr && !at.name.empty() && at.kind->group.empty()
         && at.kind->plural == "pods"
         && (part == "exec" || part == "attach" || part == "portforward");
}

bool takes_method(place where, std::string_view method) {
  switch (where) {
    case place::core_versions:
    case place::version:
    case place::server_version:
    case place::issuer:
    case place::token_keys:
      return method == "GET";
    default:
      return true;
  }
}

bool is_proxied_target(std::string_view target) {
  // Most are not.
  if (target.find("/proxy") == std::string_view::npos)
    return false;
  auto to = parse_target(target);
  return to && is_proxied(find_route(*to));
}

std::string_view verb_of(std::string_view method, const api_route& at,
                         const target& to) {
  auto named = !at.name.empty();
  if (method == "GET") {
    if (at.watch || (to.flag("watch") && !named))
      return "watch";
    return named ? "get" : "list";
  }
  // Kubernetes: all namespaces together are for looking at only.
  auto everywhere = at.kind != nullptr && at.kind->namespaced && at.ns.empty();
  if (everywhere && at.kind->has_verb("list"))
    return {};
  auto item = named && at.subresource.empty();
  if (method == "POST")
    return item ? "" : "create";
  if (method == "PUT")
    return named ? "update" : "";
  if (method == "PATCH")
    return named ? "patch" : "";
  if (method == "DELETE")
    return named ? "delete" : "deletecollection";
  return {};
}

const kind_info* find_served(std::string_view group, std::string_view version,
                             std::string_view plural) {
  static const auto index = [] {
    std::unordered_map<std::string, const kind_info*> all;
    for (auto& kind : all_kinds())
      if (!kind.plural.empty())
        all.emplace(kind.api_version() + "/" + std::string{kind.plural}, &kind);
    return all;
  }();
  std::string key{group};
  if (!key.empty())
    key += '/';
  key += version;
  key += '/';
  key += plural;
  auto i = index.find(key);
  return i == index.end() ? nullptr : i->second;
}

} // namespace troupe::http
