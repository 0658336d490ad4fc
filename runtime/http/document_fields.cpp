#include "runtime/http/document_fields.hpp"

#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

using nlohmann::json;

void append_text(std::string& out, uint32_t number, const json& in,
                 const char* name) {
  auto i = in.find(name);
  if (i != in.end())
    append_field(out, number, i->get_ref<const std::string&>());
}

void append_texts(std::string& out, uint32_t number, const json& in,
                  const char* name) {
  auto i = in.find(name);
  if (i == in.end())
    return;
  for (auto& text : *i)
    append_field(out, number, text.get_ref<const std::string&>());
}

void append_truth(std::string& out, uint32_t number, const json& in,
                  const char* name) {
  auto i = in.find(name);
  if (i == in.end() || !i->get<bool>())
    return;
  out += static_cast<char>(number << 3);
  out += '\1';
}

void append_named(std::string& out, uint32_t number, const std::string& name,
                  const std::string& value) {
  std::string pair;
  append_field(pair, 1, name);
  append_field(pair, 2, value);
  append_field(out, number, pair);
}

void append_operations(std::string& out, const json& in,
                       const std::array<uint32_t, 5>& numbers,
                       std::string (*to_operation)(const json&)) {
  static constexpr std::array<const char*, 5> methods{"get", "put", "post",
                                                      "delete", "patch"};
  for (size_t n = 0; n < methods.size(); ++n)
    if (auto i = in.find(methods[n]); i != in.end())
      append_field(out, numbers[n], to_operation(*i));
}

void append_extensions(std::string& out, uint32_t number, const json& in) {
  for (auto& [name, value] : in.items()) {
    if (name.rfind("x-", 0) != 0)
      continue;
    std::string any;
    append_field(any, 2, text::print_yaml(value));
    append_named(out, number, name, any);
  }
}

} // namespace troupe::http
