#include "runtime/http/document_fields.hpp"
#include "runtime/http/openapi_protobuf.hpp"
#include "runtime/http/protobuf_envelope.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

using nlohmann::json;

// Numbers are those of gnostic's openapi.v3 messages.

/// One of two: what is meant itself = 1, or a reference to it = 2.
template <class F>
std::string or_reference(const json& in, F itself) {
  std::string out;
  if (in.contains("$ref")) {
    std::string reference;
    append_text(reference, 1, in, "$ref");
    append_field(out, 2, reference);
  } else {
    append_field(out, 1, itself(in));
  }
  return out;
}

std::string to_schema(const json& in);

std::string to_schema_or_reference(const json& in) {
  return or_reference(in, to_schema);
}

void append_schemas(std::string& out, uint32_t number, const json& in,
                    const char* name) {
  if (auto i = in.find(name); i != in.end())
    for (auto& one : *i)
      append_field(out, number, to_schema_or_reference(one));
}

/// Named schemas: additional_properties = 1.
std::string to_schemas(const json& in) {
  std::string out;
  for (auto& [name, value] : in.items())
    append_named(out, 1, name, to_schema_or_reference(value));
  return out;
}

std::string to_schema(const json& in) {
  std::string out;
  append_texts(out, 23, in, "required");
  append_text(out, 25, in, "type");
  append_schemas(out, 26, in, "allOf");
  append_schemas(out, 27, in, "oneOf");
  append_schemas(out, 28, in, "anyOf");
  if (auto i = in.find("items"); i != in.end()) {
    std::string item;
    append_field(item, 1, to_schema_or_reference(*i));
    append_field(out, 30, item);
  }
  if (auto i = in.find("properties"); i != in.end())
    append_field(out, 31, to_schemas(*i));
  if (auto i = in.find("additionalProperties"); i != in.end()) {
    std::string item;
    append_field(item, 1, to_schema_or_reference(*i));
    append_field(out, 32, item);
  }
  append_text(out, 34, in, "description");
  append_text(out, 35, in, "format");
  append_extensions(out, 36, in);
  return out;
}

/// By type of the body: additional_properties = 1 of MediaType.
std::string to_content(const json& in) {
  std::string out;
  for (auto& [type, value] : in.items()) {
    std::string media;
    append_field(media, 1, to_schema_or_reference(value.at("schema")));
    append_named(out, 1, type, media);
  }
  return out;
}

std::string to_parameter(const json& in) {
  std::string out;
  append_text(out, 1, in, "name");
  append_text(out, 2, in, "in");
  append_truth(out, 4, in, "required");
  append_field(out, 10, to_schema_or_reference(in.at("schema")));
  return out;
}

void append_parameters(std::string& out, uint32_t number, const json& in) {
  if (auto i = in.find("parameters"); i != in.end())
    for (auto& one : *i)
      append_field(out, number, or_reference(one, to_parameter));
}

std::string to_response(const json& in) {
  std::string out;
  append_text(out, 1, in, "description");
  if (auto i = in.find("content"); i != in.end())
    append_field(out, 3, to_content(*i));
  return out;
}

std::string to_request_body(const json& in) {
  std::string out;
  append_field(out, 2, to_content(in.at("content")));
  append_truth(out, 3, in, "required");
  return out;
}

std::string to_operation(const json& in) {
  std::string out;
  append_text(out, 5, in, "operationId");
  append_parameters(out, 6, in);
  if (auto i = in.find("requestBody"); i != in.end())
    append_field(out, 7, or_reference(*i, to_request_body));
  std::string responses;
  for (auto& [code, value] : in.at("responses").items())
    append_named(responses, 2, code, or_reference(value, to_response));
  append_field(out, 8, responses);
  append_extensions(out, 13, in);
  return out;
}

std::string to_path_item(const json& in) {
  std::string out;
  append_operations(out, in, {4, 5, 6, 7, 10}, to_operation);
  append_parameters(out, 13, in);
  return out;
}

} // namespace

std::string to_openapi_v3_protobuf(const json& document) {
  std::string out;
  append_text(out, 1, document, "openapi");
  std::string info;
  append_text(info, 1, document.at("info"), "title");
  append_text(info, 6, document.at("info"), "version");
  append_field(out, 2, info);
  std::string paths;
  for (auto& [path, item] : document.at("paths").items())
    append_named(paths, 1, path, to_path_item(item));
  append_field(out, 4, paths);
  std::string components;
  append_field(components, 1,
               to_schemas(document.at("components").at("schemas")));
  append_field(out, 5, components);
  return out;
}

} // namespace troupe::http
