#include "runtime/http/request_body.hpp"

#include "messages/api/authentication.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/call.pb.h"
#include "runtime/apply/managed_fields.hpp"
#include "runtime/crypto/encoding.hpp"
#include "runtime/http/number_parameter.hpp"
#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/http/target.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_scanner.hpp"
#include "runtime/text/yaml_body.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace troupe::http {

namespace {

caf::error unreadable(const std::string& why) {
  return make_error(ec::bad_request, "the body cannot be read: " + why);
}

/// Returns a body as JSON text: its own, or that of the YAML document.
expected<std::string> json_of(std::string_view body, encoding form) {
  if (form == encoding::json)
    return std::string{body};
  auto documents = text::read_body_stream(body);
  if (!documents)
    return documents.error();
  if (documents->size() != 1)
    return make_error(ec::bad_request, "expected one document, got "
                                           + std::to_string(documents->size()));
  return std::move(documents->front().json);
}

/// An eviction of policy/v1beta1 is one of policy/v1 by another name.
bool same_form(std::string_view api_version, const kind_info& wanted) {
  return api_version == "policy/v1beta1"
         && &wanted == &kind_of<policy::v1::Eviction>();
}

caf::error check_kind(const std::string& api_version, const std::string& kind,
                      const kind_info& wanted) {
  auto version = same_form(api_version, wanted) ? std::string{} : api_version;
  return rules::check_type(wanted, version, kind);
}

/// One that is no number would be none at all, and the write unconditional.
caf::error check_version(const google::protobuf::Message& msg,
                         const kind_info& wanted) {
  auto* meta = metadata_of(msg);
  if (meta == nullptr || meta->resource_version().empty())
    return caf::none;
  auto& text = meta->resource_version();
  uint64_t value = 0;
  auto* last = text.data() + text.size();
  auto [end, bad] = std::from_chars(text.data(), last, value);
  if (bad == std::errc{} && end == last)
    return caf::none;
  return invalid(wanted, meta->name(),
                 {{"FieldValueInvalid", "metadata.resourceVersion",
                   "Invalid value: \"" + text + "\": is no revision"}});
}

/// What Kubernetes shows of a body that it cannot read.
std::string summary_of(std::string_view body) {
  constexpr size_t most = 30;
  if (body.empty())
    return "<empty>";
  auto shown = body.substr(0, most);
  return (body.front() == '{' ? std::string{shown} : crypto::hex_encode(shown))
         + (body.size() > most ? " ..." : "");
}

caf::error unrecognized(std::string_view body, const kind_info& wanted,
                        const std::string& why) {
  return make_error(ec::bad_request,
                    "the object provided is unrecognized (must be of type "
                        + std::string{wanted.kind} + "): " + why + " ("
                        + summary_of(body) + ")");
}

/// Why JSON says neither its version nor its kind.
std::string json_problem(std::string_view json, const caf::error& why) {
  auto ends = message_of(why).find("unexpected end") != std::string::npos;
  return "couldn't get version/kind; json parse error: "
         + (json.empty() || ends ? "unexpected end of JSON input"
                                 : message_of(why));
}

expected<object> read_protobuf(std::string_view body, const kind_info& wanted) {
  auto inside = unwrap(body);
  if (!inside)
    return unrecognized(body, wanted, message_of(inside.error()));
  if (auto err = check_kind(inside->api_version, inside->kind, wanted))
    return err;
  auto msg = wanted.make();
  if (!msg->ParseFromString(inside->raw))
    return unreadable("it is no " + std::string{wanted.kind});
  if (auto err = check_version(*msg, wanted))
    return err;
  return object::of(std::move(msg));
}

caf::error take_findings(const std::vector<std::string>& findings,
                         field_check check, const kind_info& wanted,
                         std::vector<std::string>& warnings) {
  if (check == field_check::ignore || findings.empty())
    return caf::none;
  if (check == field_check::warn) {
    warnings.insert(warnings.end(), findings.begin(), findings.end());
    return caf::none;
  }
  std::string all;
  for (auto& f : findings)
    all += (all.empty() ? "" : ", ") + f;
  return make_error(ec::bad_request, std::string{wanted.kind} + " in version \""
                                         + std::string{wanted.version}
                                         + "\" cannot be handled as a "
                                         + std::string{wanted.kind}
                                         + ": strict decoding error: " + all);
}

/// A list of entries that is there and empty asks for all of them to go.
void mark_reset(google::protobuf::Message& msg, const std::string& json) {
  auto* meta = mutable_metadata_of(msg);
  if (meta == nullptr || meta->managed_fields_size() > 0
      || json.find("\"managedFields\"") == std::string::npos)
    return;
  auto doc = text::parse_json(json);
  if (doc && apply::has_no_entries(*doc))
    apply::reset(*meta);
}

/// Kubernetes: of any version, and without a kind; but of no other kind.
caf::error check_options(const std::string& kind) {
  return kind.empty() || kind == "DeleteOptions"
             ? caf::error{}
             : make_error(ec::bad_request,
                          "the body must be DeleteOptions, not " + kind);
}

expected<meta::v1::DeleteOptions> options_in(std::string_view body,
                                             encoding form) {
  meta::v1::DeleteOptions out;
  if (body.empty())
    return out;
  if (form == encoding::protobuf) {
    auto inside = unwrap(body);
    if (!inside)
      return inside.error();
    if (auto err = check_options(inside->kind))
      return err;
    if (!out.ParseFromString(inside->raw))
      return unreadable("it is no DeleteOptions");
    return out;
  }
  auto json = json_of(body, form);
  if (!json)
    return unreadable(message_of(json.error()));
  auto doc = text::parse_json(*json);
  if (!doc)
    return unreadable(message_of(doc.error()));
  if (doc->is_null())
    return out;
  auto type = text::read_type_meta(*json);
  if (!type)
    return unreadable(message_of(type.error()));
  if (auto err = check_options(type->kind))
    return err;
  if (auto err = text::from_document(*doc, out))
    return unreadable(message_of(err));
  return out;
}

} // namespace

field_check field_check_of(const target& to) {
  auto& word = to.get("fieldValidation");
  if (word == "Ignore")
    return field_check::ignore;
  return word == "Strict" ? field_check::strict : field_check::warn;
}

expected<object> read_object(std::string_view body, encoding form,
                             const kind_info& wanted, field_check check,
                             std::vector<std::string>& warnings) {
  if (form == encoding::protobuf)
    return read_protobuf(body, wanted);
  auto json = json_of(body, form);
  if (!json)
    return unrecognized(body, wanted, message_of(json.error()));
  auto type = text::read_type_meta(*json);
  if (!type)
    return unrecognized(body, wanted, json_problem(*json, type.error()));
  if (auto err = check_kind(type->api_version, type->kind, wanted))
    return err;
  auto msg = wanted.make();
  std::vector<std::string> findings;
  if (auto err = text::read_json(*json, *msg, {}, &findings))
    return make_error(ec::bad_request,
                      std::string{wanted.kind} + " in version \""
                          + std::string{wanted.version}
                          + "\" cannot be handled as a "
                          + std::string{wanted.kind} + ": " + message_of(err));
  if (auto err = take_findings(findings, check, wanted, warnings))
    return err;
  if (auto err = check_version(*msg, wanted))
    return err;
  mark_reset(*msg, *json);
  return object::of(std::move(msg));
}

caf::error read_delete_options(std::string_view body, encoding form,
                               const target& to, call::Request& out) {
  auto options = options_in(body, form);
  if (!options)
    return options.error();
  // Kubernetes: parameters count where there is no body.
  if (body.empty()) {
    auto grace = number_parameter(to, "gracePeriodSeconds");
    if (!grace)
      return grace.error();
    if (*grace)
      options->set_grace_period_seconds(**grace);
    if (to.has("propagationPolicy"))
      options->set_propagation_policy(to.get("propagationPolicy"));
    if (to.has("orphanDependents"))
      options->set_orphan_dependents(to.flag("orphanDependents"));
  }
  if (auto found = rules::validate_delete_options(*options); !found.empty())
    return invalid("meta.k8s.io", "DeleteOptions", {}, found);
  if (options->dry_run_size() > 0)
    out.set_dry_run(true);
  if (options->has_grace_period_seconds())
    out.set_grace_period_seconds(options->grace_period_seconds());
  out.set_propagation_policy(options->propagation_policy());
  if (options->has_orphan_dependents() && options->propagation_policy().empty())
    out.set_propagation_policy(options->orphan_dependents() ? "Orphan"
                                                            : "Background");
  out.set_precondition_uid(options->preconditions().uid());
  out.set_precondition_resource_version(
      options->preconditions().resource_version());
  return caf::none;
}

namespace {

bool is_json(std::string_view text) {
  text::json_scanner in{text, text::read_options{}.max_depth};
  return in.skip() && in.finish();
}

/// A configuration as JSON: whatever is valid JSON is taken as it is.
expected<std::string> configuration_of(std::string_view body) {
  // Kubernetes reads it as YAML, whatever it looks like.
  if (!text::is_utf8(body))
    return make_error(ec::bad_request,
                      "error decoding YAML: error converting YAML to JSON: "
                      "yaml: invalid leading UTF-8 octet");
  auto first = body.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && body[first] == '{' && is_json(body))
    return std::string{body};
  auto documents = text::read_body_stream(body);
  if (!documents)
    return make_error(ec::bad_request,
                      "error decoding YAML: " + message_of(documents.error()));
  if (documents->empty())
    return std::string{"{}"};
  return std::move(documents->front().json);
}

} // namespace

caf::error read_patch(std::string_view body, std::string_view content_type,
                      call::Request& out) {
  auto name = parse_media_type(content_type).name;
  if (name == "application/json-patch+json")
    out.set_patch_type(call::JSON);
  else if (name == "application/merge-patch+json")
    out.set_patch_type(call::MERGE);
  else if (name == "application/strategic-merge-patch+json")
    out.set_patch_type(call::STRATEGIC);
  else if (name == "application/apply-patch+yaml")
    out.set_patch_type(call::APPLY);
  else
    return make_error(ec::unsupported_media_type, "415: Unsupported Media Type",
                      meta::v1::StatusDetails{});
  if (out.patch_type() != call::APPLY) {
    out.set_patch(std::string{body});
    return caf::none;
  }
  auto json = configuration_of(body);
  if (!json)
    return json.error();
  out.set_patch(std::move(*json));
  return caf::none;
}

bool is_apply(std::string_view content_type) {
  return parse_media_type(content_type).name == "application/apply-patch+yaml";
}

const kind_info& body_kind(const kind_info& kind,
                           std::string_view subresource) {
  if (subresource == "scale")
    return kind_of<autoscaling::v1::Scale>();
  if (subresource == "eviction")
    return kind_of<policy::v1::Eviction>();
  if (subresource == "binding")
    return kind_of<core::v1::Binding>();
  if (subresource == "token")
    return kind_of<authentication::v1::TokenRequest>();
  return kind;
}

} // namespace troupe::http
