#include "runtime/http/openapi_schemas.hpp"

#include "messages/comments.hpp"
#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "runtime/apply/shape.hpp"

#include <google/protobuf/descriptor.h>
#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

constexpr std::string_view own_package = "troupe.";

/// Types that Kubernetes keeps elsewhere than in meta/v1.
std::string special_name(const message_info& type) {
  constexpr const char* pkg = "io.k8s.apimachinery.pkg.";
  switch (type.form) {
    case api::QUANTITY:
      return std::string{pkg} + "api.resource.Quantity";
    case api::INT_OR_STRING:
      return std::string{pkg} + "util.intstr.IntOrString";
    default:
      if (type.descriptor->name() == "RawExtension")
        return std::string{pkg} + "runtime.RawExtension";
      return {};
  }
}

/// The schema of a message that is no object of its fields in JSON; null for
/// one that is.
json form_schema(const message_info& type, openapi_version version) {
  switch (type.form) {
    case api::TIME:
    case api::MICRO_TIME:
      return {{"type", "string"}, {"format", "date-time"}};
    case api::DURATION:
    case api::QUANTITY:
      return {{"type", "string"}};
    case api::INT_OR_STRING:
      if (version == openapi_version::v3)
        return {{"oneOf", {{{"type", "integer"}}, {{"type", "string"}}}},
                {"format", "int-or-string"}};
      return {{"type", "string"}, {"format", "int-or-string"}};
    case api::STRING_LIST:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case api::RAW_JSON:
      if (type.descriptor->name() == "JSON")
        return json::object();
      return {{"type", "object"}};
    case api::SCHEMA_OR_ARRAY:
    case api::SCHEMA_OR_BOOL:
    case api::SCHEMA_OR_STRINGS:
      return json::object();
    default:
      return nullptr;
  }
}

json scalar_schema(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::TYPE_DOUBLE:
      return {{"type", "number"}, {"format", "double"}};
    case FieldDescriptor::TYPE_BYTES:
      return {{"type", "string"}, {"format", "byte"}};
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_ENUM:
      return {{"type", "string"}};
    case FieldDescriptor::TYPE_INT64:
      return {{"type", "integer"}, {"format", "int64"}};
    default:
      return {{"type", "integer"}, {"format", "int32"}};
  }
}

const char* list_type_name(api::ListType type) {
  switch (type) {
    case api::ATOMIC:
      return "atomic";
    case api::SET:
      return "set";
    case api::KEYED:
      return "map";
    default:
      return nullptr;
  }
}

/// Collects what is reached from one kind to the next.
class collector {
public:
  collector(openapi_version version, json& out)
      : version_(version), out_(out) {}

  json reference(const message_info& type) {
    add(type);
    return {
        {"$ref", schema_reference(schema_name(*type.descriptor), version_)}};
  }

  json value_schema(const field_info& field) {
    auto* value = field.descriptor;
    if (field.is_map())
      value = value->message_type()->FindFieldByNumber(2);
    auto* type = field.type();
    return type != nullptr ? reference(*type) : scalar_schema(*value);
  }

  json field_schema(const field_info& field) {
    auto value = value_schema(field);
    if (field.is_map())
      return {{"type", "object"}, {"additionalProperties", value}};
    if (field.is_list())
      return {{"type", "array"}, {"items", value}};
    return value;
  }

  void add_marks(const field_info& field, json& schema) {
    if (auto* type = list_type_name(field.list_type)) {
      schema[field.is_list() ? "x-kubernetes-list-type"
                             : "x-kubernetes-map-type"] = type;
      if (field.is_list() && !field.list_map_keys.empty())
        schema["x-kubernetes-list-map-keys"] = field.list_map_keys;
    }
    if (!field.patch_merge_key.empty())
      schema["x-kubernetes-patch-merge-key"] = field.patch_merge_key;
    std::string strategy = field.patch_merge ? "merge" : "";
    if (field.patch_retain_keys)
      strategy += strategy.empty() ? "retainKeys" : ",retainKeys";
    if (field.patch_replace)
      strategy = "replace";
    if (!strategy.empty())
      schema["x-kubernetes-patch-strategy"] = strategy;
  }

  void add_fields(const message_info& type, json& schema) {
    for (auto& field : type.fields) {
      if (field.is_inline() && field.type() != nullptr) {
        add_fields(*field.type(), schema);
        continue;
      }
      auto member = field_schema(field);
      auto comment = comment_of(field.descriptor->full_name());
      auto marked = member;
      add_marks(field, marked);
      // Beside a reference nothing else counts in OpenAPI 3.
      if (version_ == openapi_version::v3 && member.contains("$ref")) {
        marked.erase("$ref");
        if (!comment.empty() || !marked.empty())
          marked["allOf"] = json::array({member});
        else
          marked = member;
      }
      if (!comment.empty())
        marked["description"] = comment;
      schema["properties"][field.name] = std::move(marked);
      if (field.required)
        schema["required"].push_back(field.name);
    }
  }

  void add(const message_info& type) {
    auto name = schema_name(*type.descriptor);
    if (out_.contains(name))
      return;
    out_[name] = json::object(); // whoever holds itself finds this
    auto schema = form_schema(type, version_);
    if (schema.is_null()) {
      schema = {{"type", "object"}};
      add_fields(type, schema);
      if (apply::is_atomic_type(type))
        schema["x-kubernetes-map-type"] = "atomic";
    }
    auto comment = comment_of(type.descriptor->full_name());
    if (!comment.empty())
      schema["description"] = comment;
    out_[name] = std::move(schema);
  }

  void add_kind(const kind_info& kind) {
    auto* type = kind.descriptor();
    add(message_info_of(type));
    mark(kind, schema_name(*type), std::string{kind.kind});
    auto* list = DescriptorPool::generated_pool()->FindMessageTypeByName(
        std::string{kind.proto_name} + "List");
    if (list == nullptr)
      return;
    add(message_info_of(list));
    mark(kind, schema_name(*list), std::string{kind.kind} + "List");
  }

private:
  void mark(const kind_info& kind, const std::string& name,
            const std::string& word) {
    auto& schema = out_[name];
    schema["properties"]["apiVersion"] = {{"type", "string"}};
    schema["properties"]["kind"] = {{"type", "string"}};
    schema["x-kubernetes-group-version-kind"] = json::array(
        {{{"group", kind.group}, {"version", kind.version}, {"kind", word}}});
  }

  openapi_version version_;
  json& out_;
};

} // namespace

std::string schema_name(const Descriptor& type) {
  if (auto special = special_name(message_info_of(&type)); !special.empty())
    return special;
  std::string name = type.full_name().substr(own_package.size());
  auto group = name.substr(0, name.find('.'));
  if (group == "meta")
    return "io.k8s.apimachinery.pkg.apis." + name;
  if (group == "apiextensions")
    return "io.k8s.apiextensions-apiserver.pkg.apis." + name;
  if (group == "apiregistration")
    return "io.k8s.kube-aggregator.pkg.apis." + name;
  return "io.k8s.api." + name;
}

std::string schema_reference(const std::string& name, openapi_version version) {
  return (version == openapi_version::v2 ? "#/definitions/"
                                         : "#/components/schemas/")
         + name;
}

void add_schemas(const std::vector<const kind_info*>& kinds,
                 openapi_version version, json& out) {
  collector all{version, out};
  for (auto* kind : kinds)
    all.add_kind(*kind);
}

json kind_mark(const kind_info& kind) {
  return {
      {"group", kind.group}, {"version", kind.version}, {"kind", kind.kind}};
}

} // namespace troupe::http
