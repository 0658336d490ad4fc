#include "actors/http/connection_parts.hpp"
#include "actors/system/link.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/http/websocket.hpp"
#include "runtime/rules/impersonation.hpp"
#include "runtime/rules/known_tokens.hpp"
#include "runtime/rules/refusals.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

// Who asks: by certificate, by token, or as somebody else.
namespace troupe::serving_http {

namespace {

using authentication::v1::TokenReview;
using authorization::v1::SubjectAccessReview;

using request_ptr = std::shared_ptr<exchange>;
using on_known = std::function<void()>;

constexpr auto anonymous = "system:anonymous";

/// Kubernetes: a token that was good is so for as long.
constexpr std::chrono::seconds token_patience{10};

/// Tokens and sessions of one connection; proxies bring many.
constexpr size_t most_tokens = 256;
constexpr size_t most_sessions = 64;
constexpr std::chrono::minutes idle_patience{3};

/// A timer keeps whoever waits for it, also when its connection has ended.
constexpr std::chrono::minutes longest_wait{10};

steady_point steady_now(pointer self) {
  return self->clock().now();
}

/// An exchange that nobody waits for any more goes no further.
bool still_wanted(pointer self, const exchange& x) {
  return self->state.arriving.count(x.number) > 0;
}

void refuse_arriving(pointer self, const exchange& x, const caf::error& why) {
  if (self->state.arriving.erase(x.number) > 0)
    refuse(self, x, why);
}

caf::error unauthorized() {
  return make_error(ec::unauthorized, "Unauthorized");
}

/// Whether it was asked by a certificate that is no longer good.
bool has_lost_trust(pointer self, const exchange& x) {
  return x.by_certificate && !self->state.who.problem.empty();
}

/// Why somebody is nobody is noted, and not told.
void refuse_stranger(pointer self, const exchange& x, const std::string& why) {
  audit_stranger(self, x, why);
  refuse_arriving(self, x, unauthorized());
}

// -- sessions -----------------------------------------------------------------

void append(std::string& to, const std::string& part) {
  to += std::to_string(part.size());
  to += ':';
  to += part;
}

/// No two callers have the same.
std::string key_of(const rules::caller& who) {
  std::string key;
  append(key, who.user);
  append(key, who.uid);
  for (auto& group : who.groups)
    append(key, group);
  for (auto& [name, values] : who.extra) {
    key += '/';
    append(key, name);
    for (auto& value : values)
      append(key, value);
  }
  return key;
}

bool is_idle(const http_session& s) {
  return !s.opening && s.hold.use_count() == 1;
}

void close(pointer self, const http_session& s) {
  if (!s.handle)
    return;
  self->send_exit(s.handle, caf::exit_reason::user_shutdown);
}

/// Makes room for one more session; returns whether there is any.
bool make_room(pointer self) {
  auto& all = self->state.sessions;
  auto now = steady_now(self);
  for (auto i = all.begin(); i != all.end();) {
    if (is_idle(i->second) && now - i->second.used > idle_patience) {
      close(self, i->second);
      i = all.erase(i);
    } else {
      ++i;
    }
  }
  if (all.size() < most_sessions)
    return true;
  auto oldest = all.end();
  for (auto i = all.begin(); i != all.end(); ++i)
    if (is_idle(i->second)
        && (oldest == all.end() || i->second.used < oldest->second.used))
      oldest = i;
  if (oldest == all.end())
    return false;
  close(self, oldest->second);
  all.erase(oldest);
  return true;
}

void opened(pointer self, const std::string& key, const caf::error& err) {
  auto found = self->state.sessions.find(key);
  if (found == self->state.sessions.end())
    return;
  auto waiting = std::exchange(found->second.waiting, {});
  found->second.opening = false;
  if (err)
    self->state.sessions.erase(found);
  for (auto& next : waiting)
    next(err);
}

call::OpenSession to_message(const rules::caller& who) {
  call::OpenSession msg;
  msg.set_user(who.user);
  *msg.mutable_groups() = {who.groups.begin(), who.groups.end()};
  if (!who.uid.empty())
    msg.set_uid(who.uid);
  for (auto& [key, values] : who.extra) {
    auto& extra = *msg.add_extra();
    extra.set_key(key);
    *extra.mutable_values() = {values.begin(), values.end()};
  }
  return msg;
}

void ask_link(pointer self, const std::string& key, const caf::actor& link,
              call::OpenSession msg) {
  self->state.requests.ask<pb<call::SessionOpened>, session_actor>(
      caf::actor_cast<link_actor>(link),
      [self, key](const pb<call::SessionOpened>&, const session_actor& handle) {
        auto found = self->state.sessions.find(key);
        if (found == self->state.sessions.end())
          return self->send_exit(handle, caf::exit_reason::user_shutdown);
        found->second.handle = caf::actor_cast<command_session_actor>(handle);
        self->monitor(handle);
        opened(self, key, caf::none);
      },
      [self, key](const caf::error& err) { opened(self, key, err); },
      pb<call::OpenSession>{std::move(msg)});
}

void open(pointer self, const std::string& key, const rules::caller& who) {
  system::Resolve msg;
  msg.set_path("link");
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, key, who](const caf::actor& link) {
        ask_link(self, key, link, to_message(who));
      },
      [self, key](const caf::error& err) { opened(self, key, err); },
      pb<system::Resolve>{std::move(msg)});
}

void take_session(pointer self, const request_ptr& x, http_session& s,
                  const on_known& next) {
  s.used = steady_now(self);
  x->session = s.handle;
  x->hold = s.hold;
  audit_identity(self, x, [self, x, next] {
    if (has_lost_trust(self, *x))
      return refuse_arriving(self, *x, unauthorized());
    if (self->state.arriving.erase(x->number) > 0)
      next();
  });
}

void find_session(pointer self, const request_ptr& x, on_known next) {
  if (!still_wanted(self, *x))
    return;
  if (has_lost_trust(self, *x))
    return refuse_arriving(self, *x, unauthorized());
  auto& st = self->state;
  auto key = key_of(x->who);
  auto known = st.sessions.find(key);
  if (known != st.sessions.end() && known->second.handle)
    return take_session(self, x, known->second, next);
  if (known == st.sessions.end() && !make_room(self))
    return refuse_arriving(
        self, *x,
        make_error(ec::too_many_requests,
                   "too many clients use this connection at once"));
  auto& s = st.sessions[key];
  s.used = steady_now(self);
  s.waiting.push_back([self, x, key, next](const caf::error& err) {
    if (!still_wanted(self, *x))
      return;
    auto found = self->state.sessions.find(key);
    if (err || found == self->state.sessions.end())
      return refuse_arriving(
          self, *x,
          err ? err : make_error(ec::service_unavailable, "no session"));
    take_session(self, x, found->second, next);
  });
  if (!std::exchange(s.opening, true))
    open(self, key, x->who);
}

// -- as somebody else ---------------------------------------------------------

SubjectAccessReview review_of(const rules::caller& who,
                              const rules::access& what) {
  SubjectAccessReview msg;
  auto& spec = *msg.mutable_spec();
  spec.set_user(who.user);
  if (!who.uid.empty())
    spec.set_uid(who.uid);
  *spec.mutable_groups() = {who.groups.begin(), who.groups.end()};
  for (auto& [key, values] : who.extra)
    *(*spec.mutable_extra())[key].mutable_items() = {values.begin(),
                                                     values.end()};
  auto& to = *spec.mutable_resource_attributes();
  to.set_verb(what.verb);
  to.set_group(what.group);
  to.set_resource(what.resource);
  to.set_subresource(what.subresource);
  to.set_namespace_(what.ns);
  to.set_name(what.name);
  return msg;
}

void become(pointer self, const request_ptr& x,
            std::shared_ptr<rules::impersonation> wish, size_t index,
            on_known next) {
  if (!still_wanted(self, *x))
    return;
  if (index == wish->needs.size()) {
    x->who = wish->who;
    return find_session(self, x, std::move(next));
  }
  auto& what = wish->needs[index];
  own_session(self).create(
      object::of(review_of(x->who, what)),
      [self, x, wish, index, next](expected<troupe::answer> found) {
        if (!found)
          return refuse_arriving(self, *x, found.error());
        auto status = found->one().as<SubjectAccessReview>().status();
        if (status.allowed())
          return become(self, x, wish, index + 1, next);
        refuse_arriving(
            self, *x,
            rules::forbidden(x->who, wish->needs[index], status.reason()));
      });
}

/// Kubernetes answers what nobody can have meant in plain text.
void refuse_nonsense(pointer self, const exchange& x, const caf::error& why) {
  if (self->state.arriving.erase(x.number) == 0)
    return;
  auto text = "Internal Server Error: \"" + x.request->target()
              + "\": " + message_of(why) + "\n";
  answer(self, x, 500, "text/plain; charset=utf-8", std::move(text));
}

void impersonate(pointer self, const request_ptr& x, on_known next) {
  audit_request(self, *x);
  std::vector<std::pair<std::string, std::string>> headers;
  for (auto& h : x->request->headers())
    if (rules::is_impersonation(h.name()))
      headers.emplace_back(h.name(), h.value());
  if (headers.empty())
    return find_session(self, x, std::move(next));
  auto wish = rules::read_impersonation(headers);
  if (!wish)
    return refuse_nonsense(self, *x, wish.error());
  if (!wish->wanted())
    return find_session(self, x, std::move(next));
  become(self, x, std::make_shared<rules::impersonation>(std::move(*wish)), 0,
         std::move(next));
}

// -- tokens -------------------------------------------------------------------

rules::caller caller_of(const authentication::v1::UserInfo& user) {
  rules::caller who{user.username(),
                    {user.groups().begin(), user.groups().end()}};
  who.uid = user.uid();
  for (auto& [key, values] : user.extra())
    who.extra[key] = {values.items().begin(), values.items().end()};
  return who;
}

void keep(pointer self, const std::string& hash, const rules::caller& who) {
  auto& all = self->state.tokens;
  auto now = steady_now(self);
  std::erase_if(all, [&](auto& each) { return each.second.until <= now; });
  if (all.size() < most_tokens)
    all[hash] = {who, now + token_patience};
}

void check_token(pointer self, const request_ptr& x, const std::string& token,
                 on_known next) {
  auto hash = crypto::sha256(token);
  auto& known = self->state.tokens;
  if (auto found = known.find(hash);
      found != known.end() && found->second.until > steady_now(self)) {
    x->who = found->second.who;
    return impersonate(self, x, std::move(next));
  }
  TokenReview msg;
  msg.mutable_spec()->set_token(token);
  own_session(self).create(
      object::of(msg), [self, x, hash, next](expected<troupe::answer> found) {
        if (!found)
          return refuse_arriving(self, *x, found.error());
        auto& status = found->one().as<TokenReview>().status();
        if (!status.authenticated())
          return refuse_stranger(self, *x, status.error());
        x->who = caller_of(status.user());
        keep(self, hash, x->who);
        impersonate(self, x, next);
      });
}

/// Returns the token that a request shows; "" when it shows none, and nothing
/// when what it shows can be no token. One among the protocols of a WebSocket
/// is taken out: nobody else is to see it.
std::optional<std::string> token_of(exchange& x) {
  constexpr std::string_view protocol_header = "Sec-WebSocket-Protocol";
  if (auto token = rules::bearer_token(x.header("Authorization")))
    return *token;
  if (!http::wants_upgrade(headers_of(x), "websocket"))
    return std::string{};
  std::string protocols;
  for (auto& h : x.request->headers())
    if (http::same_word(h.name(), protocol_header))
      protocols += (protocols.empty() ? "" : ",") + h.value();
  std::string rest;
  auto token = rules::bearer_protocol(protocols, rest);
  if (!token || token->empty())
    return token;
  http_api::Request fresh = *x.request;
  auto& headers = *fresh.mutable_headers();
  for (auto i = headers.begin(); i != headers.end();)
    i = http::same_word(i->name(), protocol_header) ? headers.erase(i) : i + 1;
  auto& left = *headers.Add();
  left.set_name(std::string{protocol_header});
  left.set_value(rest);
  x.request = pb<http_api::Request>{std::move(fresh)};
  return token;
}

} // namespace

api_session& own_session(pointer self) {
  auto& st = self->state;
  if (!st.own) {
    st.own = std::make_unique<api_session>();
    st.own->open(self, st.ctx->child("own", 1), "system:apiserver",
                 {"system:masters"});
  }
  return *st.own;
}

void identify(pointer self, std::shared_ptr<exchange> x,
              std::function<void()> next) {
  auto& st = self->state;
  st.arriving.insert(x->number);
  auto token = token_of(*x);
  if (!st.who.user.empty() && st.who.problem.empty()) {
    x->by_certificate = true;
    x->who = {st.who.user, st.who.groups};
    x->who.groups.push_back(rules::authenticated_group);
    return impersonate(self, x, std::move(next));
  }
  if (!token)
    return refuse_stranger(self, *x, "no token among the protocols");
  if (!token->empty())
    return check_token(self, x, *token, std::move(next));
  if (!st.who.problem.empty())
    return refuse_stranger(self, *x, st.who.problem);
  x->who = {anonymous, {rules::unauthenticated_group}};
  impersonate(self, x, std::move(next));
}

namespace {

/// Whoever waits for a session, or has one, hears that it ends.
void end_sessions(pointer self) {
  for (auto& [key, session] :
       std::exchange(self->state.sessions, decltype(self->state.sessions){})) {
    close(self, session);
    for (auto& next : session.waiting)
      next(unauthorized());
  }
}

} // namespace

void end_certificate(pointer self, const std::string& problem) {
  auto& st = self->state;
  // Kubernetes: a good certificate comes before any token. So all that is open
  // was asked by means of it.
  if (st.who.user.empty() || !st.who.problem.empty())
    return;
  st.who.problem = problem;
  std::vector<uint64_t> open;
  for (auto& [number, watch] : st.watches)
    open.push_back(number);
  for (auto number : std::exchange(open, {}))
    stop_watch(self, number);
  for (auto& [number, log] : st.logs)
    open.push_back(number);
  for (auto number : std::exchange(open, {}))
    stop_log(self, number);
  for (auto& [number, stream] : st.streams)
    stop_stream(self, number);
  end_sessions(self);
}

void check_certificate_end(pointer self) {
  auto& st = self->state;
  if (!st.who.until || !st.who.problem.empty())
    return;
  auto left = *st.who.until - st.ctx->now();
  if (left <= left.zero())
    return end_certificate(self, "the certificate has expired");
  // The wall clock may be set: each request looks at it as well.
  if (std::exchange(st.waits_for_end, true))
    return;
  self->delayed_send(self, std::min<time_point::duration>(left, longest_wait),
                     pb<system::Tick>{system::Tick{}});
}

void forget_session(pointer self, const caf::actor_addr& which) {
  auto& all = self->state.sessions;
  for (auto i = all.begin(); i != all.end(); ++i) {
    if (!i->second.handle || i->second.handle.address() != which)
      continue;
    all.erase(i);
    end_watches(self, which);
    return;
  }
}

} // namespace troupe::serving_http
