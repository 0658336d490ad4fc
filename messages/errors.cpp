#include "messages/errors.hpp"

#include "messages/api/meta.pb.h"
#include "messages/expired_list.hpp"
#include "messages/kinds.hpp"
#include "messages/unknown_error.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <array>

namespace troupe {

namespace {

constexpr auto category = caf::atom("troupe");

struct row {
  ec code;
  int http;
  const char* reason;
};

constexpr std::array rows{
    row{ec::bad_request, 400, "BadRequest"},
    row{ec::unauthorized, 401, "Unauthorized"},
    row{ec::forbidden, 403, "Forbidden"},
    row{ec::not_found, 404, "NotFound"},
    row{ec::method_not_allowed, 405, "MethodNotAllowed"},
    row{ec::not_acceptable, 406, "NotAcceptable"},
    row{ec::already_exists, 409, "AlreadyExists"},
    row{ec::conflict, 409, "Conflict"},
    row{ec::gone, 410, "Gone"},
    row{ec::expired, 410, "Expired"},
    row{ec::too_large, 413, "RequestEntityTooLarge"},
    row{ec::unsupported_media_type, 415, "UnsupportedMediaType"},
    row{ec::invalid, 422, "Invalid"},
    row{ec::too_many_requests, 429, "TooManyRequests"},
    row{ec::internal_error, 500, "InternalError"},
    row{ec::server_timeout, 500, "ServerTimeout"},
    row{ec::service_unavailable, 503, "ServiceUnavailable"},
    row{ec::timeout, 504, "Timeout"},
    row{unknown_error, 500, ""},
};

const row& row_of(ec code) {
  for (auto& r : rows)
    if (r.code == code)
      return r;
  return row_of(ec::internal_error);
}

ec code_of(const caf::error& err) {
  if (err.category() == category)
    return static_cast<ec>(err.code());
  if (err == caf::sec::request_timeout)
    return ec::timeout;
  if (err == caf::sec::request_receiver_down)
    return ec::service_unavailable;
  return ec::internal_error;
}

} // namespace

caf::error make_error(ec code, std::string message) {
  return {static_cast<uint8_t>(code), category,
          caf::make_message(std::move(message))};
}

caf::error make_error(ec code, std::string message,
                      const meta::v1::StatusDetails& details) {
  return {static_cast<uint8_t>(code), category,
          caf::make_message(std::move(message), details.SerializeAsString())};
}

caf::error expired_list(std::string message, std::string continue_token) {
  return {static_cast<uint8_t>(ec::expired), category,
          caf::make_message(std::move(message), std::string{},
                            std::move(continue_token))};
}

std::string message_of(const caf::error& err) {
  auto& context = err.context();
  if (err.category() == category && context.size() > 0
      && context.match_element<std::string>(0))
    return context.get_as<std::string>(0);
  if (err == caf::sec::request_timeout)
    return "the request was not answered in time";
  if (err == caf::sec::request_receiver_down)
    return "the component that was asked went away";
  if (err == caf::exit_reason::kill)
    return "killed";
  return caf::to_string(err);
}

bool is(const caf::error& err, ec code) {
  // CAF's error has no code to ask for when there is none.
  return err && err.category() == category
         && err.code() == static_cast<uint8_t>(code);
}

meta::v1::Status to_status(const caf::error& err) {
  auto& r = row_of(code_of(err));
  meta::v1::Status result;
  result.set_status("Failure");
  result.set_message(message_of(err));
  if (*r.reason != '\0')
    result.set_reason(r.reason);
  result.set_code(r.http);
  auto& context = err.context();
  if (err.category() == category && context.size() > 1
      && context.match_element<std::string>(1)) {
    // Kubernetes: of what is no resource the details are there, and empty.
    auto& details = context.get_as<std::string>(1);
    if (!details.empty() || context.size() == 2)
      result.mutable_details()->ParseFromString(details);
  }
  if (err.category() == category && context.size() > 2
      && context.match_element<std::string>(2))
    result.mutable_metadata()->set_continue_(context.get_as<std::string>(2));
  return result;
}

caf::error from_status(const meta::v1::Status& status) {
  if (status.reason() == "Expired" && !status.metadata().continue_().empty())
    return expired_list(status.message(), status.metadata().continue_());
  auto make = [&](ec code) {
    return status.has_details()
               ? make_error(code, status.message(), status.details())
               : make_error(code, status.message());
  };
  for (auto& r : rows)
    if (status.reason() == r.reason)
      return make(r.code);
  for (auto& r : rows)
    if (status.code() == r.http && *r.reason != '\0')
      return make(r.code);
  return make(ec::internal_error);
}

caf::error invalid(const kind_info& kind, std::string_view name,
                   const std::vector<field_error>& errors) {
  return invalid(kind.group, kind.kind, name, errors);
}

caf::error invalid(std::string_view group, std::string_view kind,
                   std::string_view name,
                   const std::vector<field_error>& errors) {
  meta::v1::StatusDetails details;
  details.set_name(std::string{name});
  details.set_group(std::string{group});
  details.set_kind(std::string{kind});
  auto title = std::string{kind};
  if (!group.empty())
    title += "." + std::string{group};
  auto text = title + " \"" + std::string{name} + "\" is invalid: ";
  if (errors.size() > 1)
    text += "[";
  for (size_t i = 0; i < errors.size(); ++i) {
    auto& e = errors[i];
    auto* cause = details.add_causes();
    cause->set_reason(e.reason);
    cause->set_field(e.field);
    cause->set_message(e.detail);
    if (i > 0)
      text += ", ";
    text += e.field + ": " + e.detail;
  }
  if (errors.size() > 1)
    text += "]";
  return make_error(ec::invalid, std::move(text), details);
}

} // namespace troupe
