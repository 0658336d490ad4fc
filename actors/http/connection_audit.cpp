#include "actors/http/connection_audit.hpp"

#include "actors/http/connection_parts.hpp"
#include "messages/api/authorization.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/audit.pb.h"
#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/http/request_body.hpp"
#include "runtime/rules/audit.hpp"
#include "runtime/text/document.hpp"

#include <caf/stateful_actor.hpp>
#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

// What is noted of requests, where the server was told to.
namespace troupe::serving_http {

namespace {

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

/// Once the answer is over and it is known why it could be given.
void finish(pointer self, uint64_t number) {
  auto& all = self->state.audited;
  auto found = all.find(number);
  if (found == all.end() || !found->second.over || found->second.deciding)
    return;
  write(self, found->second, audit_stage::response_complete);
  all.erase(found);
}

// -- what was said, as JSON ---------------------------------------------------

/// A message of a kind, or of a list of one, that came as Protobuf.
std::string from_protobuf(const std::string& bytes) {
  auto inside = http::unwrap(bytes);
  if (!inside)
    return {};
  auto kind = inside->kind;
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
  // As deep as the server itself reads, and no deeper.
  return text::parse_json(body) ? body : std::string{};
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

std::vector<std::string> addresses_of(pointer self, const exchange& x) {
  std::vector<std::string> result;
  std::string all{x.header("X-Forwarded-For")};
  for (size_t at = 0; at < all.size();) {
    auto end = std::min(all.find(',', at), all.size());
    auto one = all.substr(at, end - at);
    std::erase(one, ' ');
    if (!one.empty())
      result.push_back(one);
    at = end + 1;
  }
  auto& own = self->state.who.address;
  if (!own.empty() && (result.empty() || result.back() != own))
    result.push_back(own);
  return result;
}

http_audit* begin(pointer self, const exchange& x, const rules::caller& who) {
  auto& st = self->state;
  if (!st.audit)
    return nullptr;
  auto what = access_in(x);
  auto how = st.audit->policy.decide(who, what);
  if (how.level == audit_level::none)
    return nullptr;
  auto& result = st.audited[x.number];
  result.how = std::move(how);
  auto& event = result.event;
  event.level = result.how.level;
  event.id = st.ctx->uuid();
  event.uri = x.request->target();
  event.api_version = x.at.version;
  event.what = std::move(what);
  event.who = who;
  event.addresses = addresses_of(self, x);
  event.agent = x.header("User-Agent");
  event.received = st.ctx->now();
  return &result;
}

/// Kubernetes tells beside each answer why it could be given. A session does
/// not, so that is asked for; only where requests are noted.
void ask_decision(pointer self, const exchange& x) {
  authorization::v1::SubjectAccessReview review;
  auto& spec = *review.mutable_spec();
  spec.set_user(x.who.user);
  *spec.mutable_groups() = {x.who.groups.begin(), x.who.groups.end()};
  auto what = access_in(x);
  if (!what.path.empty()) {
    spec.mutable_non_resource_attributes()->set_path(what.path);
    spec.mutable_non_resource_attributes()->set_verb(what.verb);
  } else {
    auto& to = *spec.mutable_resource_attributes();
    to.set_verb(what.verb);
    to.set_group(what.group);
    to.set_version(x.at.version);
    to.set_resource(what.resource);
    to.set_subresource(what.subresource);
    to.set_namespace_(what.ns);
    to.set_name(what.name);
  }
  own_session(self).create(
      object::of(review),
      [self, number = x.number](expected<troupe::answer> result) {
        auto found = self->state.audited.find(number);
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
        }
        finish(self, number);
      });
}

void on_step(pointer self, uint64_t number, observed_edge::step what,
             int status) {
  auto found = self->state.audited.find(number);
  if (found == self->state.audited.end() || found->second.over)
    return;
  auto& x = found->second;
  if (status != 0)
    x.event.status = status;
  if (what == observed_edge::step::begun)
    return write(self, x, audit_stage::response_started);
  x.over = true;
  finish(self, number);
}

} // namespace

void open_audit(pointer self) {
  auto& st = self->state;
  st.audit = st.edge->audit();
  if (!st.audit)
    return;
  st.edge = std::make_shared<observed_edge>(
      st.edge, [self](uint64_t exchange, observed_edge::step what, int status) {
        on_step(self, exchange, what, status);
      });
}

void audit_request(pointer self, const exchange& x) {
  auto* entry = begin(self, x, x.who);
  if (entry == nullptr)
    return;
  if (entry->how.level >= audit_level::request)
    entry->event.request_object =
        noted(*entry, x.request->body(), x.header("Content-Type"));
  write(self, *entry, audit_stage::request_received);
}

void audit_identity(pointer self, const exchange& x) {
  auto found = self->state.audited.find(x.number);
  if (found == self->state.audited.end())
    return;
  auto& event = found->second.event;
  if (event.who.user != x.who.user || event.who.groups != x.who.groups)
    event.acts_as = x.who;
  found->second.deciding = true;
  ask_decision(self, x);
}

void audit_stranger(pointer self, const exchange& x, const std::string& why) {
  auto* entry = begin(self, x, {});
  if (entry == nullptr)
    return;
  auto& event = entry->event;
  event.status = 401;
  event.reason = "Unauthorized";
  event.message = "Authentication failed" + (why.empty() ? "" : ": " + why);
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
  if (status < 400)
    return;
  auto said = nlohmann::json::parse(as_json(body, type), nullptr, false);
  if (!said.is_object())
    return;
  auto text = [&](const char* name) {
    auto member = said.find(name);
    return member != said.end() && member->is_string()
               ? member->get<std::string>()
               : std::string{};
  };
  entry.event.message = text("message");
  entry.event.reason = text("reason");
}

void audit_end(pointer self, uint64_t number) {
  on_step(self, number, observed_edge::step::over, 0);
}

} // namespace troupe::serving_http
