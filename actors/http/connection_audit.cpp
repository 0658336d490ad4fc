#include "actors/http/connection_audit.hpp"

#include "actors/http/connection_parts.hpp"
#include "messages/api/authorization.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/audit.pb.h"
#include "messages/http.pb.h"
#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/http/request_body.hpp"
#include "runtime/rules/audit.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_scanner.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

// What is noted of requests, where the server was told to.
namespace troupe::serving_http {

namespace {

constexpr size_t longest_status = 4096;

using google::protobuf::Message;
using google::protobuf::MessageFactory;
using rules::audit_level;
using rules::audit_stage;

void write(pointer self, const http_audit& x, audit_stage stage) {
  auto& st = self->state;
  if (!x.how.notes(stage) || !st.log)
    return;
  audit::Line line;
  line.set_text(rules::to_line(x.event, stage, st.ctx->now()));
  self->send(st.log, pb<audit::Line>{std::move(line)});
}

/// Kubernetes: of what may take long it is noted that its answer begins, even
/// where it is over at once.
void note_begin(pointer self, http_audit& x) {
  if (rules::is_long_running(x.event.what) && !std::exchange(x.begun, true))
    write(self, x, audit_stage::response_started);
}

void complete(pointer self, http_audit& x) {
  if (x.event.status == 0)
    rules::note_no_answer(x.event);
  note_begin(self, x);
  write(self, x, audit_stage::response_complete);
}

/// Once the answer is over and it is known why it could be given.
void finish(pointer self, uint64_t number) {
  auto& all = self->state.audited;
  auto found = all.find(number);
  if (found == all.end() || !found->second.over || found->second.deciding)
    return;
  complete(self, found->second);
  all.erase(found);
}

// -- what was said, as JSON ---------------------------------------------------

std::string status_json(const meta::v1::Status& status) {
  auto document = text::to_document(status);
  document["apiVersion"] = "v1";
  document["kind"] = "Status";
  return text::print_json(document);
}

/// A message of a kind, or of a list of one, that came as Protobuf.
std::string from_protobuf(const std::string& bytes) {
  auto inside = http::unwrap(bytes);
  if (!inside)
    return {};
  auto kind = inside->kind;
  if (kind == "Status") {
    meta::v1::Status status;
    return status.ParseFromString(inside->raw) ? status_json(status)
                                               : std::string{};
  }
  auto* known = find_kind(inside->api_version, kind);
  auto list = known == nullptr && kind.ends_with("List");
  if (list)
    known = find_kind(inside->api_version, kind.substr(0, kind.size() - 4));
  if (known == nullptr || known->descriptor() == nullptr)
    return {};
  auto* type = list ? known->descriptor()->file()->FindMessageTypeByName(kind)
                    : known->descriptor();
  auto* prototype =
      type ? MessageFactory::generated_factory()->GetPrototype(type) : nullptr;
  if (prototype == nullptr)
    return {};
  std::unique_ptr<Message> msg{prototype->New()};
  if (!msg->ParseFromString(inside->raw))
    return {};
  auto document = text::to_document(*msg);
  document["apiVersion"] = inside->api_version;
  document["kind"] = kind;
  return text::print_json(document);
}

std::string as_json(const std::string& body, std::string_view type) {
  if (body.empty())
    return {};
  if (type.find("protobuf") != std::string_view::npos)
    return from_protobuf(body);
  if (type.find("yaml") != std::string_view::npos) {
    auto document = text::parse_yaml(body);
    return document ? text::print_json(*document) : std::string{};
  }
  // As deep as the server itself reads, and no deeper; what is no text in it
  // as the server takes it.
  text::json_scanner in{body, text::read_options{}.max_depth};
  std::string result;
  return in.copy_compact(result) && in.finish() ? result : std::string{};
}

std::string noted(const http_audit& x, const std::string& body,
                  std::string_view type) {
  auto text = as_json(body, type);
  return x.how.without_managed_fields && !text.empty()
             ? rules::without_managed_fields(text)
             : text;
}

// -- who did what -------------------------------------------------------------

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

rules::access access_in(const exchange& x) {
  rules::access what;
  if (x.at.where != http::place::resource) {
    what.verb = lower(x.request->method());
    what.path = x.to.path;
    return what;
  }
  what.verb = x.verb;
  what.group = x.at.group;
  what.resource = x.at.kind->plural;
  what.subresource = x.at.subresource;
  what.ns = x.at.ns;
  what.name = x.at.name;
  return what;
}

http_audit* begin(pointer self, const exchange& x, const rules::caller& who) {
  auto& st = self->state;
  if (!st.audit)
    return nullptr;
  auto what = access_in(x);
  auto how = st.audit->policy.decide(who, what);
  st.edge->metrics().audit_began(rules::name_of(how.level));
  if (how.level == audit_level::none)
    return nullptr;
  auto& result = st.audited[x.number];
  result.how = std::move(how);
  auto& event = result.event;
  event.level = result.how.level;
  event.id = x.audit_id;
  event.uri = x.request->target();
  event.api_version = x.at.version;
  event.what = std::move(what);
  event.who = who;
  event.addresses = rules::source_addresses(
      std::string{x.header("X-Forwarded-For")},
      std::string{x.header("X-Real-Ip")}, st.who.address);
  event.agent = x.header("User-Agent");
  event.received = st.ctx->now();
  return &result;
}

authorization::v1::SubjectAccessReview review_of(const exchange& x) {
  authorization::v1::SubjectAccessReview review;
  auto& spec = *review.mutable_spec();
  spec.set_user(x.who.user);
  if (!x.who.uid.empty())
    spec.set_uid(x.who.uid);
  *spec.mutable_groups() = {x.who.groups.begin(), x.who.groups.end()};
  auto what = access_in(x);
  if (!what.path.empty()) {
    spec.mutable_non_resource_attributes()->set_path(what.path);
    spec.mutable_non_resource_attributes()->set_verb(what.verb);
    return review;
  }
  auto& to = *spec.mutable_resource_attributes();
  to.set_verb(what.verb);
  to.set_group(what.group);
  to.set_version(x.at.version);
  to.set_resource(what.resource);
  to.set_subresource(what.subresource);
  to.set_namespace_(what.ns);
  to.set_name(what.name);
  return review;
}

/// What was sent is looked at by those only who may send it.
void note_request(http_audit& entry, const exchange& x) {
  auto body = noted(entry, x.request->body(), x.header("Content-Type"));
  if (body.empty())
    return;
  if (x.verb != "patch")
    rules::note_object(entry.event, body);
  if (entry.how.level >= audit_level::request)
    entry.event.request_object = std::move(body);
}

void decided(pointer self, const exchange& x,
             const expected<troupe::answer>& result) {
  auto found = self->state.audited.find(x.number);
  if (found == self->state.audited.end())
    return;
  found->second.deciding = false;
  if (result) {
    auto answered = result->one();
    auto& status =
        answered.as<authorization::v1::SubjectAccessReview>().status();
    auto& notes = found->second.event.annotations;
    notes["authorization.k8s.io/decision"] =
        status.allowed() ? "allow" : "forbid";
    notes["authorization.k8s.io/reason"] = status.reason();
    if (status.allowed())
      note_request(found->second, x);
  }
  finish(self, x.number);
}

/// A server that is ill may have no policy yet, and tells how it is all the
/// same.
bool is_urgent(const exchange& x) {
  return x.at.where == http::place::health;
}

/// Kubernetes tells with each event why the request was allowed. A session does
/// not, so that is asked for; only where requests are noted.
void ask_decision(pointer self, exchange_ptr x, std::function<void()> next) {
  self->state.audited[x->number].deciding = true;
  auto urgent = is_urgent(*x);
  own_session(self).create(
      object::of(review_of(*x)),
      [self, x, urgent, next](expected<troupe::answer> result) {
        decided(self, *x, result);
        if (!urgent)
          next();
      });
  if (urgent)
    next();
}

http_api::Answered to_message(observed_edge::step what) {
  http_api::Answered msg;
  msg.set_exchange(what.exchange);
  msg.set_over(what.over);
  msg.set_status(what.status);
  msg.set_type(std::move(what.type));
  msg.set_body(std::move(what.body));
  return msg;
}

} // namespace

void open_audit(pointer self) {
  auto& st = self->state;
  st.audit = st.edge->audit();
  if (!st.audit)
    return;
  st.edge = std::make_shared<observed_edge>(
      st.edge, [to = self->address()](observed_edge::step what) {
        if (auto handle = caf::actor_cast<caf::actor>(to))
          caf::anon_send(caf::actor_cast<http_connection_actor>(handle),
                         pb<http_api::Answered>{to_message(std::move(what))});
      });
}

void on_answered(pointer self, const http_api::Answered& msg) {
  auto found = self->state.audited.find(msg.exchange());
  if (found == self->state.audited.end() || found->second.over)
    return;
  auto& x = found->second;
  if (msg.status() != 0)
    x.event.status = msg.status();
  if (x.event.message.empty() && !msg.body().empty())
    rules::note_answer(x.event, as_json(msg.body(), msg.type()));
  if (!msg.over())
    return note_begin(self, x);
  x.over = true;
  finish(self, msg.exchange());
}

void audit_request(pointer self, const exchange& x) {
  auto* entry = begin(self, x, x.who);
  if (entry != nullptr)
    write(self, *entry, audit_stage::request_received);
}

void audit_identity(pointer self, exchange_ptr x, std::function<void()> next) {
  auto found = self->state.audited.find(x->number);
  if (found == self->state.audited.end())
    return next();
  auto& event = found->second.event;
  if (event.who.user != x->who.user || event.who.groups != x->who.groups)
    event.acts_as = x->who;
  ask_decision(self, x, std::move(next));
}

void audit_stranger(pointer self, const exchange& x, const std::string& why) {
  auto* entry = begin(self, x, {});
  if (entry == nullptr)
    return;
  auto& event = entry->event;
  event.status = 401;
  event.outcome = "Failure";
  event.reason = "Unauthorized";
  auto& who = self->state.who;
  event.message = rules::tried_text(std::string{x.header("Authorization")},
                                    !who.user.empty() || !who.problem.empty())
                  + (why.empty() ? "" : ": " + why);
  write(self, *entry, audit_stage::response_started);
  self->state.audited.erase(x.number);
}

void audit_body(pointer self, const exchange& x, int status,
                const std::string& body, const std::string& type) {
  auto found = self->state.audited.find(x.number);
  if (found == self->state.audited.end())
    return;
  auto& entry = found->second;
  if (entry.how.level >= audit_level::request_response)
    entry.event.response_object = noted(entry, body, type);
  // Kubernetes notes a Status that tells of success, too; none is long.
  if (status >= 400 || body.size() <= longest_status)
    rules::note_answer(entry.event, as_json(body, type));
}

void audit_end(pointer self, uint64_t number) {
  auto& all = self->state.audited;
  auto found = all.find(number);
  if (found == all.end())
    return;
  // Nobody waits for what is still to be decided.
  complete(self, found->second);
  all.erase(found);
}

} // namespace troupe::serving_http
