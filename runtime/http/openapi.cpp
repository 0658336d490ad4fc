#include "runtime/http/openapi.hpp"

#include "messages/kinds.hpp"
#include "runtime/http/discovery.hpp"
#include "runtime/http/openapi_paths.hpp"
#include "runtime/http/openapi_protobuf.hpp"
#include "runtime/http/openapi_schemas.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace troupe::http {

namespace {

using nlohmann::json;

json info() {
  return {{"title", "Kubernetes"}, {"version", "v1.36.0"}};
}

/// Bodies of subresources and questions are kinds too.
std::vector<const kind_info*> kinds_of(std::string_view group,
                                       std::string_view version) {
  std::vector<const kind_info*> out;
  for (auto& kind : all_kinds())
    if (kind.group == group && kind.version == version)
      out.push_back(&kind);
  return out;
}

const json& v2_document() {
  static const json document = [] {
    std::vector<const kind_info*> kinds;
    for (auto& kind : all_kinds())
      kinds.push_back(&kind);
    json out{{"swagger", "2.0"}, {"info", info()}};
    out["definitions"] = json::object();
    add_schemas(kinds, openapi_version::v2, out["definitions"]);
    out["paths"] = json::object();
    add_paths(kinds, openapi_version::v2, out["paths"]);
    return out;
  }();
  return document;
}

std::string place_of(std::string_view group, std::string_view version) {
  return (group.empty() ? "api/" : "apis/" + std::string{group} + "/")
         + std::string{version};
}

served_document make_v3(std::string_view group, std::string_view version) {
  auto kinds = kinds_of(group, version);
  json out{{"openapi", "3.0.0"}, {"info", info()}};
  auto& schemas = out["components"]["schemas"] = json::object();
  add_schemas(kinds, openapi_version::v3, schemas);
  out["paths"] = json::object();
  add_paths(kinds, openapi_version::v3, out["paths"]);
  return served_document::of(out.dump());
}

/// One document in both forms; few ask for the second.
struct v3_entry {
  explicit v3_entry(served_document text) : plain(std::move(text)) {
    // nop
  }

  served_document plain;
  std::once_flag once;
  served_document protobuf;
};

using v3_entries = std::map<std::string, v3_entry, std::less<>>;

v3_entries& v3_documents() {
  static auto all = [] {
    v3_entries out;
    auto groups = named_groups();
    groups.insert(groups.begin(), std::string_view{});
    for (auto& group : groups)
      for (auto& version : versions_of(group))
        out.emplace(place_of(group, version), make_v3(group, version));
    return out;
  }();
  return all;
}

} // namespace

const served_document& openapi_v2_json() {
  static const auto document = served_document::of(v2_document().dump());
  return document;
}

const served_document& openapi_v2_protobuf() {
  static const auto document =
      served_document::of(to_openapi_protobuf(v2_document()));
  return document;
}

const served_document& openapi_v3_index() {
  static const auto document = [] {
    json paths = json::object();
    for (auto& [place, found] : v3_documents())
      paths[place] = {{"serverRelativeURL",
                       "/openapi/v3/" + place + "?hash=" + found.plain.hash}};
    return served_document::of(json{{"paths", paths}}.dump());
  }();
  return document;
}

const served_document* openapi_v3_document(std::string_view which) {
  auto& all = v3_documents();
  auto i = all.find(which);
  return i == all.end() ? nullptr : &i->second.plain;
}

const served_document* openapi_v3_protobuf(std::string_view which) {
  auto& all = v3_documents();
  auto i = all.find(which);
  if (i == all.end())
    return nullptr;
  auto& entry = i->second;
  std::call_once(entry.once, [&] {
    entry.protobuf = {to_openapi_v3_protobuf(json::parse(entry.plain.bytes)),
                      entry.plain.hash};
  });
  return &entry.protobuf;
}

} // namespace troupe::http
