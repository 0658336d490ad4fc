#include "actors/http/connection_parts.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/http/deprecation.hpp"
#include "runtime/http/number_parameter.hpp"
#include "runtime/http/older_bodies.hpp"
#include "runtime/http/request_body.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/rules/reviews.hpp"
#include "runtime/rules/scale.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <array>

namespace troupe::serving_http {

namespace {

using objects = std::vector<object>;

caf::error read_numbers(const http::target& to, call::Request& out) {
  // Of a list it says nothing, but it must be a number.
  if (auto timeout = http::number_parameter(to, "timeoutSeconds"); !timeout)
    return timeout.error();
  auto limit = http::number_parameter(to, "limit");
  if (!limit)
    return limit.error();
  // Kubernetes: one below nothing is none.
  if (*limit)
    out.set_limit(std::max<int64_t>(**limit, 0));
  return caf::none;
}

/// Kubernetes: who does not say who manages fields is known by its program.
std::string manager_of(const exchange& x) {
  if (x.to.has("fieldManager"))
    return x.to.get("fieldManager");
  auto agent = x.header("User-Agent");
  std::string name{agent.substr(0, std::min<size_t>(agent.find('/'), 128))};
  std::erase_if(name, [](char c) { return c < ' ' || c > '~'; });
  return name.empty() ? "unknown" : name;
}

/// The kind whose fields the query of a write spells.
std::string options_kind(call::Verb verb) {
  switch (verb) {
    case call::CREATE:
      return "CreateOptions";
    case call::UPDATE:
      return "UpdateOptions";
    case call::PATCH:
      return "PatchOptions";
    default:
      return "DeleteOptions";
  }
}

caf::error read_write_parameters(const exchange& x, call::Request& out) {
  rules::write_parameters given;
  given.dry_run = x.to.all("dryRun");
  given.field_manager = x.to.get("fieldManager");
  given.field_validation = x.to.get("fieldValidation");
  if (out.verb() == call::PATCH) {
    given.apply_patch = http::is_apply(x.header("Content-Type"));
    given.has_force = x.to.has("force");
    out.set_force(x.to.flag("force"));
    out.set_field_validation(
        given.field_validation.empty() ? "Warn" : given.field_validation);
  }
  if (auto found = rules::validate_write_parameters(given); !found.empty())
    return invalid("meta.k8s.io", options_kind(out.verb()), {}, found);
  out.set_dry_run(!given.dry_run.empty());
  out.set_field_manager(manager_of(x));
  return caf::none;
}

void read_place(const exchange& x, call::Request& out) {
  out.set_api_version(x.at.api_version());
  out.set_kind(std::string{x.at.kind->kind});
  out.set_namespace_(x.at.ns);
  out.set_name(x.at.name);
  out.set_subresource(x.at.subresource);
}

caf::error read_selection(const exchange& x, call::Request& out) {
  out.set_label_selector(x.to.get("labelSelector"));
  out.set_field_selector(x.to.get("fieldSelector"));
  out.set_resource_version(x.to.get("resourceVersion"));
  out.set_resource_version_match(x.to.get("resourceVersionMatch"));
  out.set_continue_token(x.to.get("continue"));
  meta::v1::ListOptions given;
  if (x.to.has("sendInitialEvents"))
    given.set_send_initial_events(x.to.flag("sendInitialEvents"));
  if (auto found = rules::validate_list_options(given); !found.empty())
    return invalid("meta.k8s.io", "ListOptions", {}, found);
  return read_numbers(x.to, out);
}

/// What a request asks of the session.
struct wish {
  call::Request msg;
  object body;
  std::vector<std::string> warnings;
};

/// Whether an update is one that only 1.20 has, told as a patch by now.
bool read_older_update(const exchange& x, wish& out) {
  if (out.msg.verb() != call::UPDATE
      || x.at.subresource != "ephemeralcontainers")
    return false;
  auto patch = http::patch_of_late_containers(x.request->body());
  if (!patch)
    return false;
  // It stays an update to who decides whether it is allowed.
  out.msg.set_patch_type(call::STRATEGIC);
  out.msg.set_patch(std::move(*patch));
  return true;
}

caf::error read_body(const exchange& x, wish& out) {
  if (read_older_update(x, out))
    return caf::none;
  auto type = x.header("Content-Type");
  if (out.msg.verb() == call::PATCH)
    return http::read_patch(x.request->body(), type, out.msg);
  auto form = http::body_encoding(type);
  if (!form)
    return form.error();
  if (out.msg.verb() == call::DELETE
      || out.msg.verb() == call::DELETE_COLLECTION)
    return http::read_delete_options(x.request->body(), *form, x.to, out.msg);
  auto body = http::read_object(x.request->body(), *form,
                                http::body_kind(*x.at.kind, x.at.subresource),
                                http::field_check_of(x.to), out.warnings);
  if (!body)
    return body.error();
  out.body = std::move(*body);
  return caf::none;
}

call::Verb call_verb(const std::string& verb) {
  constexpr std::array names{"get",   "list",   "create",          "update",
                             "patch", "delete", "deletecollection"};
  auto found = std::find(names.begin(), names.end(), verb);
  return static_cast<call::Verb>(found - names.begin() + 1);
}

caf::error read_wish(const exchange& x, wish& out) {
  read_place(x, out.msg);
  out.msg.set_verb(call_verb(x.verb));
  if (auto err = read_selection(x, out.msg))
    return err;
  if (x.verb == "get" || x.verb == "list")
    return caf::none;
  if (auto err = read_write_parameters(x, out.msg))
    return err;
  return read_body(x, out);
}

// -- answers ------------------------------------------------------------------

/// Kubernetes: some kinds answer a delete with the object even when it is gone.
bool shows_deleted(const kind_info& kind) {
  constexpr std::array names{"pods",
                             "podtemplates",
                             "services",
                             "namespaces",
                             "serviceaccounts",
                             "resourcequotas",
                             "persistentvolumes",
                             "persistentvolumeclaims",
                             "storageclasses",
                             "csidrivers",
                             "csinodes",
                             "volumeattachments"};
  return std::find(names.begin(), names.end(), kind.plural) != names.end();
}

void answer_success(pointer self, const exchange& x, int code,
                    const object& about,
                    const std::vector<std::string>& warnings) {
  meta::v1::Status status;
  status.set_status("Success");
  if (about && x.at.subresource.empty()) {
    auto& details = *status.mutable_details();
    details.set_name(about.name());
    details.set_group(std::string{about.kind().group});
    details.set_kind(std::string{about.kind().plural});
    details.set_uid(about.uid());
  } else {
    status.set_code(code);
  }
  auto form = x.form;
  form.as = http::shape::object;
  answer(self, x, code, form.content_type(), http::encode_status(status, form),
         {warnings, {}, {}, {}});
}

void answer_list(pointer self, const exchange& x,
                 const call::Response& response, const objects& found,
                 const std::vector<std::string>& warnings) {
  auto how = form_of(self, x);
  http::list_meta meta{response.revision(), response.continue_token(),
                       response.remaining()};
  answer(self, x, 200, how.form.content_type(),
         http::encode_list(*x.at.kind, found, meta, how),
         {warnings, {}, {}, {}});
}

void answer_object(pointer self, const exchange& x, bool created,
                   const object& found,
                   const std::vector<std::string>& warnings) {
  auto shown = found;
  if (x.at.subresource == "scale" && &found.kind() == x.at.kind) {
    auto scale = rules::scale_of(found);
    if (!scale)
      return refuse(self, x, scale.error());
    shown = *scale;
  }
  auto how = form_of(self, x);
  answer(self, x, created ? 201 : 200, how.form.content_type(),
         http::encode_object(shown, how), {warnings, {}, {}, {}});
}

void answer_with(pointer self, const exchange& x,
                 const call::Response& response, const objects& found,
                 std::vector<std::string> warnings) {
  warnings.insert(warnings.end(), response.warnings().begin(),
                  response.warnings().end());
  if (auto text = http::deprecation_of(*x.at.kind); !text.empty())
    warnings.push_back(std::move(text));
  auto& sub = x.at.subresource;
  if (x.verb == "list" || x.verb == "deletecollection")
    return answer_list(self, x, response, found, warnings);
  auto binds = sub == "binding" || sub == "eviction"
               || x.at.kind == &kind_of<core::v1::Binding>();
  auto first = found.empty() ? object{} : found.front();
  if (x.verb == "create" && binds)
    return answer_success(self, x, 201, first, warnings);
  if (!first)
    return answer_success(self, x, 200, first, warnings);
  if (x.verb == "delete" && response.gone() && !shows_deleted(*x.at.kind))
    return answer_success(self, x, 200, first, warnings);
  answer_object(self, x, x.verb == "create" || response.created(), first,
                warnings);
}

void ask(pointer self, exchange_ptr x, std::shared_ptr<wish> what) {
  auto& st = self->state;
  auto warnings = std::move(what->warnings);
  st.requests.ask<pb<call::Response>, objects>(
      x->session,
      [self, x, warnings](const pb<call::Response>& response,
                          const objects& found) {
        answer_with(self, *x, *response, found, warnings);
      },
      [self, x](const caf::error& err) { refuse(self, *x, err); },
      pb<call::Request>{std::move(what->msg)}, what->body);
}

} // namespace

void answer_resource(pointer self, exchange_ptr x) {
  auto& part = x->at.subresource;
  if (!part.empty() && !x->at.kind->has_subresource(part))
    return refuse(self, *x, http::no_such_place());
  if (x->verb.empty() || (part == "log" && x->verb != "get"))
    return refuse(self, *x, http::wrong_method());
  if (x->unfit)
    return refuse(self, *x, x->unfit);
  if (x->verb == "watch")
    return start_watch(self, x);
  if (part == "log")
    return start_log(self, x);
  auto what = std::make_shared<wish>();
  if (auto err = read_wish(*x, *what))
    return refuse(self, *x, err);
  ask(self, x, what);
}

} // namespace troupe::serving_http
