#include "runtime/http/discovery_protobuf.hpp"

#include "runtime/http/document_fields.hpp"
#include "runtime/http/protobuf_envelope.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

using nlohmann::json;

// Numbers are those of k8s.io.api.apidiscovery.

template <class F>
void append_all(std::string& out, uint32_t number, const json& in,
                const char* name, F to_message) {
  if (auto i = in.find(name); i != in.end())
    for (auto& one : *i)
      append_field(out, number, to_message(one));
}

std::string to_kind(const json& in) {
  std::string out;
  append_text(out, 1, in, "group");
  append_text(out, 2, in, "version");
  append_text(out, 3, in, "kind");
  return out;
}

std::string to_subresource(const json& in) {
  std::string out;
  append_text(out, 1, in, "subresource");
  append_field(out, 2, to_kind(in.at("responseKind")));
  append_texts(out, 4, in, "verbs");
  return out;
}

std::string to_resource(const json& in) {
  std::string out;
  append_text(out, 1, in, "resource");
  append_field(out, 2, to_kind(in.at("responseKind")));
  append_text(out, 3, in, "scope");
  append_text(out, 4, in, "singularResource");
  append_texts(out, 5, in, "verbs");
  append_texts(out, 6, in, "shortNames");
  append_texts(out, 7, in, "categories");
  append_all(out, 8, in, "subresources", to_subresource);
  return out;
}

std::string to_version(const json& in) {
  std::string out;
  append_text(out, 1, in, "version");
  append_all(out, 2, in, "resources", to_resource);
  append_text(out, 3, in, "freshness");
  return out;
}

std::string to_group(const json& in) {
  std::string out;
  std::string meta;
  append_text(meta, 1, in.at("metadata"), "name");
  append_field(out, 1, meta);
  append_all(out, 2, in, "versions", to_version);
  return out;
}

} // namespace

std::string to_discovery_protobuf(const json& document) {
  std::string out;
  append_field(out, 1, "");
  append_all(out, 2, document, "items", to_group);
  return wrap(document.at("apiVersion").get<std::string>(),
              document.at("kind").get<std::string>(), out);
}

} // namespace troupe::http
