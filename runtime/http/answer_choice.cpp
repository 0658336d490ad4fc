#include "runtime/http/answer_choice.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/http/request_body.hpp"

namespace troupe::http {

namespace {

caf::error refused(ec code, const char* why) {
  return make_error(code, why, meta::v1::StatusDetails{});
}

/// The names of types that the router knows at a place; none where it does not
/// look.
std::vector<std::string_view> names_at(const api_route& at) {
  std::vector<std::string_view> names{"application/json", "application/yaml",
                                      "application/vnd.kubernetes.protobuf"};
  switch (at.where) {
    case place::core_versions:
    case place::version:
      return names;
    case place::server_version:
      return {"application/json"};
    case place::resource:
      if (is_streamed(at))
        return {};
      if (at.subresource == "log")
        names.push_back("text/plain");
      return names;
    default:
      return {};
  }
}

/// The name of a type in Kubernetes' own program, which its messages tell.
std::string inner_name(const kind_info& kind) {
  auto package = std::string{kind.group.substr(0, kind.group.find('.'))};
  if (package.empty() || package == "events")
    package = "core";
  else if (package == "extensions")
    package = "networking";
  return "*" + package + "." + std::string{kind.kind};
}

/// One object is no list, and a list is not one object.
caf::error check_shape(const answer_form& form, const api_route& at,
                       std::string_view verb) {
  auto name = inner_name(body_kind(*at.kind, at.subresource));
  if (form.as == shape::partial && verb == "list")
    return make_error(ec::not_acceptable,
                      "you requested PartialObjectMetadata, but the requested "
                      "object is a list ("
                          + name + "List)");
  auto deletes = verb == "delete" || verb == "deletecollection";
  if (form.as == shape::partial_list && verb != "list" && !deletes)
    return make_error(ec::not_acceptable,
                      "you requested PartialObjectMetadataList, but the "
                      "requested object is not a list ("
                          + name + ")");
  return caf::none;
}

expected<answer_form> resource_form(std::string_view accept,
                                    const api_route& at,
                                    std::string_view verb) {
  offer what;
  what.metadata = at.subresource != "log";
  what.tables = what.metadata && at.kind->has_verb("list");
  what.events = verb == "watch";
  auto form = negotiate(accept, what);
  if (!form)
    return form;
  if (auto err = check_shape(*form, at, verb))
    return err;
  return form;
}

} // namespace

expected<answer_form> choose_form(std::string_view accept, const api_route& at,
                                  std::string_view verb) {
  if (auto names = names_at(at); !names.empty() && !names_any(accept, names))
    return refused(ec::not_acceptable, "406: Not Acceptable");
  offer what;
  switch (at.where) {
    case place::core_versions:
    case place::groups:
      what.discovery = true;
      return negotiate(accept, what);
    case place::group:
    case place::version:
      return negotiate(accept, what);
    case place::resource:
      if (!is_streamed(at))
        return resource_form(accept, at, verb);
      [[fallthrough]];
    default:
      return answer_form{};
  }
}

answer_form refusal_form(std::string_view accept) {
  if (auto form = negotiate(accept, {}))
    return *form;
  answer_form out;
  out.pretty = true;
  return out;
}

caf::error no_such_place() {
  return refused(ec::not_found,
                 "the server could not find the requested resource");
}

caf::error wrong_method() {
  return refused(
      ec::method_not_allowed,
      "the server does not allow this method on the requested resource");
}

} // namespace troupe::http
