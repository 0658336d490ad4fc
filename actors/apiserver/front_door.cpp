#include "actors/apiserver/front_door.hpp"

#include "actors/apiserver/session.hpp"
#include "actors/system/describing.hpp"
#include "messages/call.pb.h"
#include "messages/join.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/crypto/random.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/machine.hpp"
#include "runtime/system/version.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = front_door_of_server::stateful_pointer<front_door_state>;

/// Nonces that may be open at once; the oldest is void beyond.
constexpr size_t most_nonces = 1'000;

/// Sessions of one certificate that may be open at once: some for each command
/// that runs, and for each component of a process.
constexpr size_t most_sessions = 500;

pb<call::Nonce> on_ask_nonce(pointer self) {
  auto& st = self->state;
  st.nonces.push_back(crypto::new_nonce());
  if (st.nonces.size() > most_nonces)
    st.nonces.pop_front();
  call::Nonce result;
  result.set_value(st.nonces.back());
  return pb<call::Nonce>{std::move(result)};
}

/// Who asks from another process, and by which certificate.
struct proved_caller {
  rules::caller who;
  std::string serial;
  bool server = false;
};

rules::caller told_caller(const call::OpenSession& msg) {
  rules::caller who{msg.user(), {msg.groups().begin(), msg.groups().end()}};
  who.uid = msg.uid();
  for (auto& each : msg.extra())
    who.extra[each.key()] = {each.values().begin(), each.values().end()};
  return who;
}

expected<proved_caller> prove(pointer self, const call::OpenSession& msg) {
  auto& st = self->state;
  auto nonce = std::find(st.nonces.begin(), st.nonces.end(), msg.nonce());
  if (msg.nonce().empty() || nonce == st.nonces.end())
    return make_error(ec::unauthorized, "the nonce is not one of ours, or was "
                                        "used already");
  st.nonces.erase(nonce);
  call::Proof sent;
  if (!sent.ParseFromString(msg.proof()))
    return make_error(ec::unauthorized, "the proof cannot be read");
  auto who = crypto::verify_proof(st.ctx->config().ca_certificate,
                                  {sent.certificate(), sent.signature()},
                                  msg.nonce(), st.ctx->now());
  if (!who)
    return who.error();
  auto serial = crypto::serial_of(sent.certificate());
  if (!serial)
    return serial.error();
  if (st.revoked.count(*serial) != 0)
    return make_error(ec::unauthorized, "the certificate was revoked");
  rules::caller caller{who->user, who->groups};
  // A server speaks for its components, the manager for its controllers.
  if (!msg.user().empty() && rules::may_speak_for(who->user, msg.user()))
    caller = told_caller(msg);
  return proved_caller{std::move(caller), std::move(*serial),
                       who->user == crypto::server_user};
}

/// Whether a certificate may have one more session.
caf::error check_number(const front_door_state& st, const std::string& serial) {
  auto known = st.by_serial.find(serial);
  if (known == st.by_serial.end() || known->second < most_sessions)
    return caf::none;
  return make_error(ec::too_many_requests,
                    "too many sessions: " + std::to_string(most_sessions)
                        + " of this certificate are open, try again later");
}

void note_end(front_door_state& st, const front_door_state::open_session& s) {
  if (!s.counts)
    return;
  auto known = st.by_serial.find(s.serial);
  if (--known->second == 0)
    st.by_serial.erase(known);
}

/// Sessions that were opened by what is no longer good end at once.
void on_revoked(pointer self, const join::Revoked& msg) {
  auto& st = self->state;
  st.revoked = {msg.serials().begin(), msg.serials().end()};
  for (auto& [addr, s] : st.open)
    if (!s.serial.empty() && st.revoked.count(s.serial) != 0)
      self->send_exit(s.handle, caf::exit_reason::user_shutdown);
}

void close_earlier(pointer self, const std::string& component) {
  auto& st = self->state;
  auto known = st.by_component.find(component);
  if (known == st.by_component.end())
    return;
  if (auto it = st.open.find(known->second); it != st.open.end())
    self->send_exit(it->second.handle, caf::exit_reason::user_shutdown);
  st.by_component.erase(known);
}

caf::result<pb<call::SessionOpened>, session_actor>
on_open(pointer self, const call::OpenSession& msg) {
  auto& st = self->state;
  auto client = self->current_sender();
  auto here = client && client->node() == self->node();
  rules::caller who;
  std::string serial;
  auto counts = false;
  if (here) {
    who = told_caller(msg);
  } else {
    auto proved = prove(self, msg);
    if (!proved)
      return proved.error();
    who = std::move(proved->who);
    serial = std::move(proved->serial);
    counts = !proved->server;
    if (auto err = check_number(st, serial); counts && err)
      return err;
  }
  // Who says so is whole: it may be somebody in some groups only.
  if (!who.in_group(rules::authenticated_group))
    rules::add_implied_groups(who);
  if (!msg.election().empty() && !rules::may_stand_for_election(who))
    return make_error(ec::forbidden, "User \"" + who.user
                                         + "\" cannot stand for the election "
                                           "of "
                                         + msg.election());
  auto component = msg.component();
  // Nobody closes the sessions of others.
  if (!here && !component.empty())
    component = who.user + " " + component;
  if (!component.empty())
    close_earlier(self, component);
  ++st.opened;
  auto ctx = st.ctx->child(std::to_string(st.opened), st.opened);
  auto secret = here ? std::string{} : crypto::random_bytes(32);
  auto user = who.user;
  auto fresh = self->system().spawn(session, ctx, std::move(who), secret,
                                    msg.election(), st.policy);
  st.sessions.add(caf::actor_cast<caf::actor>(fresh));
  self->monitor(fresh);
  if (client)
    self->monitor(client);
  st.open[fresh.address()] = {
      fresh,  fresh, component, caf::actor_cast<caf::actor_addr>(client),
      serial, counts};
  if (counts)
    ++st.by_serial[serial];
  if (!component.empty())
    st.by_component[component] = fresh.address();
  system::Started started;
  started.set_path(ctx.path());
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             caf::actor_cast<caf::actor>(fresh));
  call::SessionOpened result;
  result.set_secret(secret);
  result.set_user(user);
  return {pb<call::SessionOpened>{std::move(result)}, session_actor{fresh}};
}

/// A session ends with its client; what is known of it ends with either.
void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (auto it = st.open.find(down.source); it != st.open.end()) {
    st.sessions.remove(down.source);
    if (auto c = st.by_component.find(it->second.component);
        c != st.by_component.end() && c->second == down.source)
      st.by_component.erase(c);
    note_end(st, it->second);
    st.open.erase(it);
    return;
  }
  for (auto& [addr, s] : st.open)
    if (s.client == down.source)
      self->send_exit(s.handle, caf::exit_reason::user_shutdown);
}

void on_policy(pointer self, const policy_news& news) {
  auto& st = self->state;
  st.policy = news.policy;
  for (auto& [addr, each] : st.open)
    self->send(each.reader, news);
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("version=" + std::string{program_version()});
  result.add_facts("kubernetes=" + std::string{kubelet_version});
  result.add_facts("sessions=" + std::to_string(self->state.open.size()));
  result.add_facts("opened=" + std::to_string(self->state.opened));
  return pb<system::Description>{std::move(result)};
}

} // namespace

front_door_of_server::behavior_type front_door(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.sessions = brood{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const pb<call::AskNonce>&) { return on_ask_nonce(self); },
      [self](const pb<call::OpenSession>& msg) { return on_open(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
      [self](const pb<join::Revoked>& msg) { on_revoked(self, *msg); },
      [self](const policy_news& news) { on_policy(self, news); },
  };
}

} // namespace troupe
