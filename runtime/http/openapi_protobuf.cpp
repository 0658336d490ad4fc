#include "runtime/http/openapi_protobuf.hpp"

#include "runtime/http/document_fields.hpp"
#include "runtime/http/protobuf_envelope.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

using nlohmann::json;

// Numbers are those of gnostic's openapi.v2 messages.

std::string to_schema(const json& in) {
  std::string out;
  append_text(out, 1, in, "$ref");
  append_text(out, 2, in, "format");
  append_text(out, 4, in, "description");
  append_texts(out, 19, in, "required");
  if (auto i = in.find("additionalProperties"); i != in.end()) {
    std::string item;
    append_field(item, 1, to_schema(*i));
    append_field(out, 21, item);
  }
  if (auto i = in.find("type"); i != in.end()) {
    std::string item;
    append_field(item, 1, i->get_ref<const std::string&>());
    append_field(out, 22, item);
  }
  if (auto i = in.find("items"); i != in.end()) {
    std::string item;
    append_field(item, 1, to_schema(*i));
    append_field(out, 23, item);
  }
  if (auto i = in.find("properties"); i != in.end()) {
    std::string all;
    for (auto& [name, value] : i->items())
      append_named(all, 1, name, to_schema(value));
    append_field(out, 25, all);
  }
  append_extensions(out, 31, in);
  return out;
}

/// Parameters of a query and of a path differ in one number.
std::string to_plain_parameter(const json& in, bool query) {
  std::string out;
  append_truth(out, 1, in, "required");
  append_text(out, 2, in, "in");
  append_text(out, 4, in, "name");
  append_text(out, query ? 6 : 5, in, "type");
  std::string choice;
  append_field(choice, query ? 3 : 4, out);
  return choice;
}

std::string to_body_parameter(const json& in) {
  std::string out;
  append_text(out, 2, in, "name");
  append_text(out, 3, in, "in");
  append_truth(out, 4, in, "required");
  append_field(out, 5, to_schema(in.at("schema")));
  return out;
}

/// ParametersItem of a Parameter.
std::string to_parameter(const json& in) {
  auto& where = in.at("in").get_ref<const std::string&>();
  std::string parameter;
  if (where == "body")
    append_field(parameter, 1, to_body_parameter(in));
  else
    append_field(parameter, 2, to_plain_parameter(in, where == "query"));
  std::string item;
  append_field(item, 1, parameter);
  return item;
}

std::string to_response_value(const json& in) {
  std::string schema_item;
  append_field(schema_item, 1, to_schema(in.at("schema")));
  std::string response;
  append_text(response, 1, in, "description");
  append_field(response, 2, schema_item);
  std::string value;
  append_field(value, 1, response);
  return value;
}

std::string to_operation(const json& in) {
  std::string out;
  append_text(out, 5, in, "operationId");
  append_texts(out, 6, in, "produces");
  append_texts(out, 7, in, "consumes");
  for (auto& p : in.at("parameters"))
    append_field(out, 8, to_parameter(p));
  std::string responses;
  for (auto& [code, value] : in.at("responses").items())
    append_named(responses, 1, code, to_response_value(value));
  append_field(out, 9, responses);
  append_extensions(out, 13, in);
  return out;
}

std::string to_path_item(const json& in) {
  std::string out;
  append_operations(out, in, {2, 3, 4, 5, 8}, to_operation);
  if (auto i = in.find("parameters"); i != in.end())
    for (auto& p : *i)
      append_field(out, 9, to_parameter(p));
  return out;
}

} // namespace

std::string to_openapi_protobuf(const json& document) {
  std::string out;
  append_text(out, 1, document, "swagger");
  std::string info;
  append_text(info, 1, document.at("info"), "title");
  append_text(info, 2, document.at("info"), "version");
  append_field(out, 2, info);
  std::string paths;
  for (auto& [path, item] : document.at("paths").items())
    append_named(paths, 2, path, to_path_item(item));
  append_field(out, 8, paths);
  std::string definitions;
  for (auto& [name, schema] : document.at("definitions").items())
    append_named(definitions, 1, name, to_schema(schema));
  append_field(out, 9, definitions);
  return out;
}

} // namespace troupe::http
