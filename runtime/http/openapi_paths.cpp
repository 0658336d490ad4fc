#include "runtime/http/openapi_paths.hpp"

#include "messages/kinds.hpp"

#include <google/protobuf/descriptor.h>
#include <nlohmann/json.hpp>

#include <array>
#include <span>

namespace troupe::http {

namespace {

using nlohmann::json;

struct parameter {
  const char* name;
  const char* type;
};

constexpr std::array write_parameters{parameter{"dryRun", "string"},
                                      parameter{"fieldManager", "string"},
                                      parameter{"fieldValidation", "string"}};
constexpr std::array list_parameters{
    parameter{"allowWatchBookmarks", "boolean"},
    parameter{"continue", "string"},
    parameter{"fieldSelector", "string"},
    parameter{"labelSelector", "string"},
    parameter{"limit", "integer"},
    parameter{"resourceVersion", "string"},
    parameter{"resourceVersionMatch", "string"},
    parameter{"sendInitialEvents", "boolean"},
    parameter{"timeoutSeconds", "integer"},
    parameter{"watch", "boolean"}};
constexpr std::array delete_parameters{
    parameter{"dryRun", "string"}, parameter{"gracePeriodSeconds", "integer"},
    parameter{"orphanDependents", "boolean"},
    parameter{"propagationPolicy", "string"}};

constexpr const char* body_types[] = {"application/json", "application/yaml",
                                      "application/vnd.kubernetes.protobuf"};
constexpr const char* patch_types[] = {
    "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json", "application/apply-patch+yaml"};

/// One verb at a path.
struct action {
  const kind_info* kind;
  const char* verb; ///< Kubernetes'
  openapi_version version;

  bool is(std::string_view word) const { return word == verb; }

  std::string operation_id() const {
    std::string out{verb};
    for (auto part : {kind->group, kind->version, kind->kind}) {
      auto upper = true;
      for (auto c : part.substr(0, part.find('.'))) {
        out += upper ? static_cast<char>(std::toupper(c)) : c;
        upper = false;
      }
    }
    return out;
  }

  void add_parameter(json& out, const char* name, const char* type,
                     const char* in, bool required) const {
    json x{{"name", name}, {"in", in}};
    if (version == openapi_version::v2)
      x["type"] = type;
    else
      x["schema"] = {{"type", type}};
    if (required)
      x["required"] = true;
    out.push_back(std::move(x));
  }

  template <class List>
  void add_all(json& out, const List& all) const {
    for (auto& p : all)
      add_parameter(out, p.name, p.type, "query", false);
  }

  json parameters() const {
    auto out = json::array();
    if (is("create") || is("update") || is("patch"))
      add_all(out, write_parameters);
    if (is("patch"))
      add_parameter(out, "force", "boolean", "query", false);
    if (is("list") || is("deletecollection"))
      add_all(out, list_parameters);
    if (is("delete"))
      add_all(out, delete_parameters);
    return out;
  }

  json schema() const {
    auto name = schema_name(*kind->descriptor());
    if (is("list"))
      name += "List";
    return {{"$ref", schema_reference(name, version)}};
  }

  void add_body(json& out) const {
    auto patch = is("patch");
    if (!patch && !is("create") && !is("update"))
      return;
    auto body = patch ? json{{"type", "object"}} : schema();
    if (version == openapi_version::v2) {
      out["parameters"].push_back({{"name", "body"},
                                   {"in", "body"},
                                   {"required", true},
                                   {"schema", body}});
      out["consumes"] = patch ? json(patch_types) : json(body_types);
      return;
    }
    auto types = patch ? std::span<const char* const>{patch_types}
                       : std::span<const char* const>{body_types};
    for (auto* type : types)
      out["requestBody"]["content"][type] = {{"schema", body}};
    out["requestBody"]["required"] = true;
  }

  void add_answer(json& out) const {
    auto code = is("create") ? "201" : "200";
    auto& answer = out["responses"][code];
    answer["description"] = is("create") ? "Created" : "OK";
    auto status = is("delete") || is("deletecollection");
    auto shown =
        status ? json{{"$ref", schema_reference("io.k8s.apimachinery.pkg.apis."
                                                "meta.v1.Status",
                                                version)}}
               : schema();
    if (version == openapi_version::v2)
      answer["schema"] = shown;
    else
      for (auto* type : body_types)
        answer["content"][type] = {{"schema", shown}};
  }

  json operation() const {
    json out{{"operationId", operation_id()},
             {"x-kubernetes-action", is("create")   ? "post"
                                     : is("update") ? "put"
                                                    : verb},
             {"x-kubernetes-group-version-kind", kind_mark(*kind)}};
    out["parameters"] = parameters();
    if (version == openapi_version::v2)
      out["produces"] = json(body_types);
    add_body(out);
    add_answer(out);
    return out;
  }
};

struct method {
  const char* verb;
  const char* name;
};
constexpr std::array at_collection{method{"list", "get"},
                                   method{"create", "post"},
                                   method{"deletecollection", "delete"}};
constexpr std::array at_object{method{"get", "get"}, method{"update", "put"},
                               method{"patch", "patch"},
                               method{"delete", "delete"}};

template <class Methods>
void add_path(const kind_info& kind, openapi_version version,
              const std::string& path, const Methods& methods, bool named,
              json& out) {
  auto& item = out[path];
  auto names = json::array();
  action none{&kind, "", version};
  if (kind.namespaced)
    none.add_parameter(names, "namespace", "string", "path", true);
  if (named)
    none.add_parameter(names, "name", "string", "path", true);
  for (auto& m : methods)
    if (kind.has_verb(m.verb))
      item[m.name] = action{&kind, m.verb, version}.operation();
  if (!names.empty())
    item["parameters"] = std::move(names);
}

} // namespace

void add_paths(const std::vector<const kind_info*>& kinds,
               openapi_version version, json& out) {
  for (auto* kind : kinds) {
    if (kind->plural.empty())
      continue;
    auto path = (kind->group.empty() ? "/api/" : "/apis/") + kind->api_version()
                + "/" + (kind->namespaced ? "namespaces/{namespace}/" : "")
                + std::string{kind->plural};
    add_path(*kind, version, path, at_collection, false, out);
    if (kind->has_verb("get"))
      add_path(*kind, version, path + "/{name}", at_object, true, out);
  }
}

} // namespace troupe::http
