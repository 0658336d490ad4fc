#include "runtime/text/json_reader.hpp"

#include "runtime/text/message_reader.hpp"

#include <google/protobuf/message.h>

namespace troupe::text {

namespace {

caf::error syntax_error(const json_scanner& in) {
  auto at = place_of(in.text(), in.offset());
  return make_error(ec::bad_request, "invalid JSON at line "
                                         + std::to_string(at.line) + ", column "
                                         + std::to_string(at.column) + ": "
                                         + in.failure());
}

} // namespace

expected<type_meta> read_type_meta(std::string_view text,
                                   const read_options& options) {
  if (text.size() > options.max_bytes)
    return make_error(ec::too_large,
                      "the object is too large: " + std::to_string(text.size())
                          + " bytes, the limit is "
                          + std::to_string(options.max_bytes));
  json_scanner in{text, options.max_depth};
  if (in.peek() != json_type::object) {
    if (in.skip())
      return make_error(ec::bad_request, "expected an object at the top");
    return syntax_error(in);
  }
  type_meta result;
  std::string key;
  in.enter_object();
  while (in.next_key(key)) {
    auto* target = key == "apiVersion" ? &result.api_version
                   : key == "kind"     ? &result.kind
                                       : nullptr;
    auto read = target != nullptr && in.peek() == json_type::string
                    ? in.read_string(*target)
                    : in.skip();
    if (!read || (!result.api_version.empty() && !result.kind.empty()))
      break;
  }
  if (in.failed())
    return syntax_error(in);
  return result;
}

expected<const kind_info*> resolve(const type_meta& type,
                                   const read_options& options) {
  auto api_version = type.api_version;
  auto kind = type.kind;
  if (options.kind != nullptr) {
    if (api_version.empty())
      api_version = options.kind->api_version();
    if (kind.empty())
      kind = std::string{options.kind->kind};
  }
  if (kind.empty())
    return make_error(ec::bad_request, "kind: required: the object does not "
                                       "say what it is");
  if (api_version.empty())
    return make_error(ec::bad_request, "apiVersion: required: the object does "
                                       "not say of which version it is");
  if (auto* found = find_kind(api_version, kind))
    return found;
  return make_error(ec::bad_request, "no kind \"" + kind.substr(0, 64)
                                         + "\" is registered for version \""
                                         + api_version.substr(0, 64) + "\"");
}

expected<object> read_json(std::string_view text, const read_options& options,
                           std::vector<std::string>* findings) {
  auto type = read_type_meta(text, options);
  if (!type)
    return type.error();
  auto kind = resolve(*type, options);
  if (!kind)
    return kind.error();
  auto msg = (*kind)->make();
  if (auto err = read_json(text, *msg, options, findings))
    return err;
  return object_of(std::move(msg));
}

caf::error read_json(std::string_view text, google::protobuf::Message& msg,
                     const read_options& options,
                     std::vector<std::string>* findings) {
  return message_reader{text, options, findings, {}}.read(msg);
}

} // namespace troupe::text
