#include "runtime/http/discovery.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/http/discovery_protobuf.hpp"
#include "runtime/rules/versions.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace troupe::http {

namespace {

using json = nlohmann::ordered_json;

/// A subresource whose body is of another kind than the resource, or that
/// does not take what others do.
struct part_row {
  std::string_view resource; ///< "" for any
  std::string_view name;
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::vector<std::string_view> verbs;
};

const std::vector<part_row>& part_rows() {
  const std::vector<std::string_view> any{"create", "delete", "get", "patch",
                                          "update"};
  static const std::vector<part_row> rows{
      {"pods", "attach", "", "v1", "PodAttachOptions", {"create", "get"}},
      {"pods", "binding", "", "v1", "Binding", {"create"}},
      {"pods",
       "ephemeralcontainers",
       "",
       "v1",
       "Pod",
       {"get", "patch", "update"}},
      {"pods", "eviction", "policy", "v1", "Eviction", {"create"}},
      {"pods", "exec", "", "v1", "PodExecOptions", {"create", "get"}},
      {"pods", "log", "", "v1", "Pod", {"get"}},
      {"pods",
       "portforward",
       "",
       "v1",
       "PodPortForwardOptions",
       {"create", "get"}},
      {"serviceaccounts",
       "token",
       "authentication.k8s.io",
       "v1",
       "TokenRequest",
       {"create"}},
      {"nodes", "proxy", "", "v1", "NodeProxyOptions", any},
      {"pods", "proxy", "", "v1", "PodProxyOptions", any},
      {"services", "proxy", "", "v1", "ServiceProxyOptions", any},
      {"", "scale", "autoscaling", "v1", "Scale", {"get", "patch", "update"}},
      {"namespaces", "finalize", "", "v1", "Namespace", {"update"}},
      {"", "status", "", "", "", {"get", "patch", "update"}},
      {"", "approval", "", "", "", {"get", "patch", "update"}},
  };
  return rows;
}

/// Null for what nothing serves yet: then discovery is silent about it.
const part_row* find_part(const kind_info& kind, std::string_view name) {
  for (auto& row : part_rows())
    if (row.name == name
        && (row.resource.empty() || row.resource == kind.plural))
      return &row;
  return nullptr;
}

template <class Visit>
void each_served(std::string_view group, std::string_view version,
                 Visit visit) {
  for (auto& kind : all_kinds())
    if (kind.group == group && kind.version == version && !kind.plural.empty())
      visit(kind);
}

template <class Out, class List>
void set_verbs(Out& out, const List& verbs) {
  for (auto& v : verbs)
    out.mutable_verbs()->add_items(std::string{v});
}

void add_part(meta::v1::APIResourceList& out, const kind_info& kind,
              const part_row& row) {
  auto& x = *out.add_resources();
  x.set_name(std::string{kind.plural} + "/" + std::string{row.name});
  x.set_namespaced(kind.namespaced);
  x.set_kind(std::string{row.kind.empty() ? kind.kind : row.kind});
  // Said only where it is another one than the list's.
  if (!row.kind.empty()
      && (row.group != kind.group || row.version != kind.version)) {
    x.set_group(std::string{row.group});
    x.set_version(std::string{row.version});
  }
  set_verbs(x, row.verbs);
}

/// Kubernetes: by which clients see that objects are stored in another form
/// now, without being told in which.
std::string storage_hash(const kind_info& stored) {
  constexpr size_t length = 8;
  std::string name;
  for (auto part : {stored.group, std::string_view{"/"}, stored.version,
                    std::string_view{"/"}, stored.kind})
    name += part;
  return crypto::base64_encode(crypto::sha256(name).substr(0, length));
}

void add_resource(meta::v1::APIResourceList& out, const kind_info& kind) {
  auto& x = *out.add_resources();
  x.set_name(std::string{kind.plural});
  x.set_singular_name(std::string{kind.singular});
  x.set_namespaced(kind.namespaced);
  x.set_kind(std::string{kind.kind});
  set_verbs(x, kind.verbs);
  if (kind.has_verb("watch"))
    x.set_storage_version_hash(storage_hash(rules::stored_kind(kind)));
  for (auto& s : kind.short_names)
    x.add_short_names(std::string{s});
  for (auto& c : kind.categories)
    x.add_categories(std::string{c});
  for (auto& name : kind.subresources)
    if (auto* row = find_part(kind, name))
      add_part(out, kind, *row);
}

json kind_reference(std::string_view group, std::string_view version,
                    std::string_view kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

json resource_discovery(const kind_info& kind) {
  json out{
      {"resource", kind.plural},
      {"responseKind", kind_reference(kind.group, kind.version, kind.kind)},
      {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
      {"singularResource", kind.singular},
      {"verbs", kind.verbs}};
  if (!kind.short_names.empty())
    out["shortNames"] = kind.short_names;
  if (!kind.categories.empty())
    out["categories"] = kind.categories;
  for (auto& name : kind.subresources) {
    auto* row = find_part(kind, name);
    if (row == nullptr)
      continue;
    auto own = row->kind.empty();
    out["subresources"].push_back(
        {{"subresource", name},
         {"responseKind",
          own ? kind_reference(kind.group, kind.version, kind.kind)
              : kind_reference(row->group, row->version, row->kind)},
         {"verbs", row->verbs}});
  }
  return out;
}

json group_discovery(std::string_view group) {
  json out{{"metadata", {{"creationTimestamp", nullptr}}},
           {"versions", json::array()}};
  if (!group.empty())
    out["metadata"]["name"] = group;
  for (auto& version : versions_of(group)) {
    json resources = json::array();
    each_served(group, version, [&](auto& kind) {
      resources.push_back(resource_discovery(kind));
    });
    out["versions"].push_back({{"version", version},
                               {"resources", std::move(resources)},
                               {"freshness", "Current"}});
  }
  return out;
}

} // namespace

std::vector<std::string_view> named_groups() {
  std::vector<std::string_view> out;
  for (auto& kind : all_kinds())
    if (!kind.group.empty() && !kind.plural.empty()
        && std::find(out.begin(), out.end(), kind.group) == out.end())
      out.push_back(kind.group);
  return out;
}

std::vector<std::string_view> versions_of(std::string_view group) {
  std::vector<std::string_view> out;
  for (auto& kind : all_kinds())
    if (kind.group == group && !kind.plural.empty()
        && std::find(out.begin(), out.end(), kind.version) == out.end())
      out.push_back(kind.version);
  // v2 before v1, and what is stable before what is not.
  auto rank = [](std::string_view v) {
    auto beta = v.find_first_of("ab") != std::string_view::npos;
    return std::pair{beta ? 0 : 1, v};
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](auto a, auto b) { return rank(a) > rank(b); });
  return out;
}

meta::v1::APIVersions core_versions(const std::string& address) {
  meta::v1::APIVersions out;
  for (auto& version : versions_of(""))
    out.add_versions(std::string{version});
  auto& where = *out.add_server_address_by_client_cidrs();
  where.set_client_cidr("0.0.0.0/0");
  where.set_server_address(address);
  return out;
}

meta::v1::APIGroup api_group(std::string_view group) {
  meta::v1::APIGroup out;
  out.set_name(std::string{group});
  for (auto& version : versions_of(group)) {
    auto& x = *out.add_versions();
    x.set_group_version(std::string{group} + "/" + std::string{version});
    x.set_version(std::string{version});
  }
  if (out.versions_size() > 0)
    *out.mutable_preferred_version() = out.versions(0);
  return out;
}

meta::v1::APIGroupList group_list() {
  meta::v1::APIGroupList out;
  for (auto& group : named_groups())
    *out.add_groups() = api_group(group);
  return out;
}

meta::v1::APIResourceList resource_list(std::string_view group,
                                        std::string_view version) {
  meta::v1::APIResourceList out;
  out.set_group_version((group.empty() ? "" : std::string{group} + "/")
                        + std::string{version});
  each_served(group, version, [&](auto& kind) { add_resource(out, kind); });
  return out;
}

namespace {

std::string aggregate(bool core, std::string_view version) {
  json out{{"kind", "APIGroupDiscoveryList"},
           {"apiVersion", "apidiscovery.k8s.io/" + std::string{version}},
           {"metadata", json::object()},
           {"items", json::array()}};
  if (core)
    out["items"].push_back(group_discovery(""));
  else
    for (auto& group : named_groups())
      out["items"].push_back(group_discovery(group));
  return out.dump();
}

} // namespace

const served_document& aggregated_discovery(bool core,
                                            std::string_view version) {
  static const std::array all{served_document::of(aggregate(false, "v2beta1")),
                              served_document::of(aggregate(true, "v2beta1")),
                              served_document::of(aggregate(false, "v2")),
                              served_document::of(aggregate(true, "v2"))};
  return all[(version == "v2beta1" ? 0u : 2u) + (core ? 1u : 0u)];
}

const served_document& aggregated_protobuf(bool core,
                                           std::string_view version) {
  static const auto all = [] {
    std::array<served_document, 4> out;
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = served_document::of(to_discovery_protobuf(nlohmann::json::parse(
          aggregated_discovery(i % 2 == 1, i < 2 ? "v2beta1" : "v2").bytes)));
    return out;
  }();
  return all[(version == "v2beta1" ? 0u : 2u) + (core ? 1u : 0u)];
}

std::string_view discovery_version(std::string_view group) {
  return group.empty() || group == "extensions" ? "" : "v1";
}

} // namespace troupe::http
