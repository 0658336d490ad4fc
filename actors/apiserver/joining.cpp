#include "actors/apiserver/joining.hpp"

#include "actors/apiserver/certificate_record.hpp"
#include "actors/apiserver/store_members.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/join.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/signing_authority.hpp"
#include "runtime/text/timestamp.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <memory>

namespace troupe {

namespace {

using core::v1::ConfigMap;
using core::v1::Secret;
using pointer = join_desk_actor::stateful_pointer<join_desk_state>;
using promise = caf::typed_response_promise<pb<join::JoinAnswer>>;

constexpr uint32_t our_protocol = 1;

/// How long the store may take to say who takes part in it.
constexpr std::chrono::milliseconds store_patience{2'000};

/// Tries to take a use of a token that others take uses of, too.
constexpr int most_tries = 8;

/// One process that wants in.
struct joiner {
  pb<join::JoinRequest> request;
  promise answer;
  rules::join_role role = rules::join_role::node;
  crypto::identity who;
  bool returns = false;
  int tries = most_tries;
  std::string asked; ///< by which its request is known when it comes again
  std::optional<join::ServerFacts> server; ///< what it is given beyond others
};

using joiner_ptr = std::shared_ptr<joiner>;

const signing_authority& authority(pointer self) {
  return *self->state.api.ctx().outside().authority;
}

void refuse(pointer self, const joiner_ptr& x, join::Refusal why,
            const std::string& reason) {
  ++self->state.refused;
  auto& msg = *x->request;
  spdlog::warn("join refused peer={} role={} name={} reason={}", msg.peer(),
               msg.role(), msg.name(), join::Refusal_Name(why));
  join::JoinAnswer result;
  result.set_refusal(why);
  result.set_reason(reason);
  x->answer.deliver(pb<join::JoinAnswer>{std::move(result)});
}

void refuse_for_now(pointer self, const joiner_ptr& x, const caf::error& err) {
  refuse(self, x, join::UNAVAILABLE,
         "the server cannot take anybody in just now: " + message_of(err));
}

void finish(pointer self, const joiner_ptr& x, const std::string& certificate) {
  auto& ca = authority(self);
  join::JoinAnswer result;
  result.set_certificate(certificate);
  result.set_authority(ca.authority.certificate);
  *result.mutable_facts() = ca.facts();
  if (x->server)
    result.mutable_server()->Swap(&*x->server);
  ++self->state.joined;
  spdlog::info("joined peer={} user={} role={}", x->request->peer(),
               x->who.user, x->request->role());
  x->answer.deliver(pb<join::JoinAnswer>{std::move(result)});
}

void sign(pointer self, const joiner_ptr& x) {
  auto& ca = authority(self);
  crypto::server_names names;
  if (x->server)
    names = crypto::inspect_request(x->request->signing_request())->names;
  auto signed_one =
      crypto::sign_request(ca.authority, x->request->signing_request(), x->who,
                           names, self->state.api.now());
  if (!signed_one)
    return refuse(self, x, join::MALFORMED, message_of(signed_one.error()));
  record_certificate(
      self->state.api, {x->who.user, *signed_one, x->asked},
      [self, x, certificate = *signed_one](const caf::error& err) {
        if (err)
          return refuse_for_now(self, x, err);
        finish(self, x, certificate);
      });
}

void check_token(pointer self, const joiner_ptr& x);

/// The last thing before signing: everything else is in order. Whoever took one
/// and comes again, having heard no answer, takes no other.
void take_use(pointer self, const joiner_ptr& x, const object& secret) {
  auto& known = secret.as<Secret>();
  auto now = self->state.api.now();
  auto token = rules::read_bootstrap_token(known);
  if (!token || !token->uses_left || rules::has_taken_use(known, x->asked, now))
    return sign(self, x);
  auto fresh = rules::with_one_use_less(known, x->asked, now);
  fresh.mutable_metadata()->set_resource_version(
      std::to_string(secret.revision()));
  self->state.api.update(object::of(fresh), [self, x](expected<answer> result) {
    if (result)
      return sign(self, x);
    // Somebody else took one: what is left now?
    if (is(result.error(), ec::conflict) && --x->tries > 0)
      return check_token(self, x);
    refuse_for_now(self, x, result.error());
  });
}

/// Servers have names in the group of the store, too.
void admit(pointer self, const joiner_ptr& x, const object& secret) {
  if (x->role != rules::join_role::server)
    return take_use(self, x, secret);
  ask_members(
      self, self->state.api.ctx(), store_patience,
      [self, x, secret](const expected<std::vector<member_address>>& members) {
        if (!members)
          return refuse_for_now(self, x, members.error());
        auto admitted = authority(self).admit(x->request->name(), *members);
        if (!admitted)
          return refuse(self, x, join::NAME_TAKEN,
                        message_of(admitted.error()));
        x->server = std::move(*admitted);
        take_use(self, x, secret);
      });
}

void on_name_known(pointer self, const joiner_ptr& x, const object& secret,
                   const rules::name_state& state) {
  auto& name = x->request->name();
  auto why = rules::name_problem(name, state, self->state.api.now());
  if (!why.empty())
    return refuse(self, x, join::NAME_TAKEN, why);
  admit(self, x, secret);
}

/// Takes up that nodes were deleted. Without one, a name is kept for whoever
/// got a certificate for it and has not registered; that is long over then.
void on_nodes(pointer self, const changes& batch) {
  auto& st = self->state;
  auto now = st.api.now();
  for (auto& each : batch.items)
    if (each.type == change_type::deleted)
      st.given_back[each.what.name()] = {each.what.revision(), now};
  std::erase_if(st.given_back, [&](auto& each) {
    return now - each.second.seen > rules::name_reservation;
  });
}

/// Whether the name of a certificate is still kept for whoever got it: not for
/// the one itself, which heard no answer, nor where a node of that name was
/// deleted since.
bool is_reserved(pointer self, const joiner_ptr& x,
                 const last_issued& certificate) {
  if (certificate.request == x->asked)
    return false;
  auto& all = self->state.given_back;
  auto at = all.find(x->request->name());
  return at == all.end() || at->second.revision < certificate.revision;
}

void check_name(pointer self, const joiner_ptr& x, const object& secret) {
  if (x->role != rules::join_role::node)
    return on_name_known(self, x, secret, {false, true, {}});
  auto& api = self->state.api;
  object_ref node{&kind_of<core::v1::Node>(), {}, x->request->name()};
  api.get(node, [self, x, secret](expected<answer> found) {
    if (!found && !is(found.error(), ec::not_found))
      return refuse_for_now(self, x, found.error());
    rules::name_state state{static_cast<bool>(found), x->returns, {}};
    last_certificate(
        self->state.api, x->who.user,
        [self, x, secret, state](expected<std::optional<last_issued>> last) {
          if (!last)
            return refuse_for_now(self, x, last.error());
          auto known = state;
          if (*last && is_reserved(self, x, **last))
            known.issued = (*last)->when;
          on_name_known(self, x, secret, known);
        });
  });
}

void refuse_token(pointer self, const joiner_ptr& x,
                  const rules::bootstrap_token& token,
                  rules::token_problem why) {
  using problem = rules::token_problem;
  auto named = "the token " + token.id;
  if (why == problem::expired)
    return refuse(self, x, join::EXPIRED_TOKEN,
                  named + " expired at " + text::time_text(*token.expires)
                      + ": make another with `troupe token create`");
  if (why == problem::used_up)
    return refuse(self, x, join::USED_UP_TOKEN,
                  named
                      + " was used as often as it may be: make another with "
                        "`troupe token create`");
  std::string role{rules::to_string(x->role)};
  refuse(self, x, join::WRONG_ROLE,
         named + " does not let in a " + role
             + ": make one with `troupe token create --role " + role + "`");
}

/// Tells nobody whether there is a token of that id.
void refuse_wrong(pointer self, const joiner_ptr& x) {
  auto& st = self->state;
  st.wrong.note(x->request->peer(), st.api.now());
  refuse(self, x, join::WRONG_TOKEN,
         "the token is wrong: the cluster has no such token (any more); see "
         "`troupe token list`");
}

void on_token(pointer self, const joiner_ptr& x, expected<answer> found) {
  auto& st = self->state;
  if (!found && !is(found.error(), ec::not_found))
    return refuse_for_now(self, x, found.error());
  if (!found)
    return refuse_wrong(self, x);
  auto secret = found->one();
  auto token = rules::read_bootstrap_token(secret.as<Secret>());
  if (!token)
    return refuse_wrong(self, x);
  // The last use may be its own.
  if (rules::has_taken_use(secret.as<Secret>(), x->asked, st.api.now()))
    token->uses_left.reset();
  auto why = rules::check_token(*token, x->request->token_secret(), x->role,
                                st.api.now());
  if (why == rules::token_problem::none)
    return check_name(self, x, secret);
  if (why == rules::token_problem::wrong)
    return refuse_wrong(self, x);
  refuse_token(self, x, *token, why);
}

void check_token(pointer self, const joiner_ptr& x) {
  self->state.api.get({&kind_of<Secret>(), rules::bootstrap_token_namespace,
                       rules::bootstrap_token_name(x->request->token_id())},
                      [self, x](expected<answer> found) {
                        on_token(self, x, std::move(found));
                      });
}

/// Who comes back shows an earlier certificate, unless that was revoked.
void check_return(pointer self, const joiner_ptr& x) {
  auto& msg = *x->request;
  crypto::proof shown{msg.earlier_certificate(), msg.earlier_signature()};
  auto before =
      crypto::verify_return(authority(self).authority.certificate, shown,
                            msg.signing_request(), self->state.api.now());
  auto serial = crypto::serial_of(shown.certificate);
  if (!before || *before != x->who || !serial)
    return check_token(self, x);
  object_ref revoked{&kind_of<ConfigMap>(), rules::certificates_namespace,
                     rules::revoked_name};
  self->state.api.get(revoked, [self, x, serial](expected<answer> found) {
    if (!found && !is(found.error(), ec::not_found))
      return refuse_for_now(self, x, found.error());
    x->returns =
        !found || found->one().as<ConfigMap>().data().count(*serial) == 0;
    check_token(self, x);
  });
}

/// What can be said without asking anybody; true when all is well.
bool is_well_formed(pointer self, const joiner_ptr& x) {
  auto no = [&](join::Refusal why, const std::string& reason) {
    refuse(self, x, why, reason);
    return false;
  };
  auto& msg = *x->request;
  if (!self->state.api.ctx().outside().authority)
    return no(join::UNAVAILABLE,
              "this server does not hold the key of the cluster's authority");
  if (auto until = self->state.wrong.blocked(msg.peer(), self->state.api.now()))
    return no(join::TOO_MANY, "too many wrong tokens came from " + msg.peer()
                                  + ": try again after "
                                  + text::time_text(*until));
  if (msg.protocol() != our_protocol)
    return no(join::MALFORMED, "this server joins processes of another way: "
                               "use the same version of the program");
  auto role = rules::parse_join_role(msg.role());
  if (!role)
    return no(join::WRONG_ROLE, message_of(role.error()));
  x->role = *role;
  x->asked = rules::request_mark(*role, msg.name(), msg.signing_request());
  if (*role == rules::join_role::server && !authority(self).admit)
    return no(join::WRONG_ROLE, "this cluster takes no servers from outside");
  auto who = rules::joining_identity(*role, msg.name());
  if (!who)
    return no(join::BAD_NAME, message_of(who.error()));
  x->who = std::move(*who);
  if (!rules::is_token_id(msg.token_id()))
    return no(join::MALFORMED, "that is no token");
  auto asked = crypto::inspect_request(msg.signing_request());
  return asked ? true : no(join::MALFORMED, message_of(asked.error()));
}

caf::result<pb<join::JoinAnswer>> on_join(pointer self,
                                          const pb<join::JoinRequest>& msg) {
  auto x = std::make_shared<joiner>();
  x->request = msg;
  x->answer = self->make_response_promise<pb<join::JoinAnswer>>();
  if (is_well_formed(self, x)) {
    if (msg->has_earlier_certificate())
      check_return(self, x);
    else
      check_token(self, x);
  }
  return x->answer;
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("joined=" + std::to_string(st.joined));
  result.add_facts("refused=" + std::to_string(st.refused));
  return pb<system::Description>{std::move(result)};
}

} // namespace

join_desk_actor::behavior_type join_desk(pointer self, context ctx) {
  auto& st = self->state;
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  st.api.open(self, ctx, "system:apiserver", {"system:masters"});
  st.api.subscribe({&kind_of<core::v1::Node>(), {}, {}, {}},
                   [self](const changes& batch) { on_nodes(self, batch); });
  return {
      [self](const pb<join::JoinRequest>& msg) { return on_join(self, msg); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
