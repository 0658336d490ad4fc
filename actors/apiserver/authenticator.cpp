#include "actors/apiserver/authenticator.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/signing_authority.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <functional>
#include <optional>

namespace troupe {

namespace {

using authentication::v1::TokenRequest;
using authentication::v1::TokenReview;
using core::v1::Secret;
using pointer = authenticator_actor::stateful_pointer<authenticator_state>;
using promise =
    caf::typed_response_promise<pb<call::Response>, std::vector<object>>;
using on_found = std::function<void(expected<object>)>;
using audiences = std::vector<std::string>;

const signing_authority* authority(pointer self) {
  return self->state.api.ctx().outside().authority.get();
}

void deliver(promise& to, const google::protobuf::Message& msg) {
  to.deliver(pb<call::Response>{call::Response{}},
             std::vector<object>{object::of(msg)});
}

void fail(promise& to, caf::error why) {
  to.deliver(std::move(why));
}

/// Goes on with an object, as far as a view knows it or, with `newest`, as it
/// is; none when there is none.
void look_up(pointer self, const object_ref& ref, bool newest, on_found next) {
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_api_version(ref.kind->api_version());
  msg.set_kind(std::string{ref.kind->kind});
  msg.set_namespace_(ref.ns);
  msg.set_name(ref.name);
  if (!newest)
    msg.set_resource_version("0");
  self->state.api.request(std::move(msg), {},
                          [next = std::move(next)](expected<answer> found) {
                            if (found)
                              next(found->one());
                            else if (is(found.error(), ec::not_found))
                              next(object{});
                            else
                              next(found.error());
                          });
}

// -- who shows a token --------------------------------------------------------

/// What must be there for a token to hold.
struct condition {
  object_ref what;
  rules::token_object named;
  const char* word;
};

struct review {
  TokenReview msg;
  promise answer;
  audiences wanted;
  audiences matched;
  rules::account_claims claims;
  std::vector<condition> conditions;
  size_t next = 0;
  bool newest = false; ///< what is there was asked for, not what is known
};

using review_ptr = std::shared_ptr<review>;

void refuse(pointer self, const review_ptr& x, const std::string& why) {
  ++self->state.refused;
  auto& status = *x->msg.mutable_status();
  status.Clear();
  status.set_authenticated(false);
  status.set_error(why.empty() ? "invalid bearer token"
                               : "[invalid bearer token, " + why + "]");
  deliver(x->answer, x->msg);
}

void accept(pointer self, const review_ptr& x, rules::caller who) {
  ++self->state.known;
  rules::add_implied_groups(who);
  auto& status = *x->msg.mutable_status();
  status.Clear();
  status.set_authenticated(true);
  auto& user = *status.mutable_user();
  user.set_username(who.user);
  if (!who.uid.empty())
    user.set_uid(who.uid);
  *user.mutable_groups() = {who.groups.begin(), who.groups.end()};
  for (auto& [key, values] : who.extra)
    *(*user.mutable_extra())[key].mutable_items() = {values.begin(),
                                                     values.end()};
  *status.mutable_audiences() = {x->matched.begin(), x->matched.end()};
  deliver(x->answer, x->msg);
}

/// A token that was written down is for the API server.
bool is_for_server(const review_ptr& x) {
  if (std::find(x->wanted.begin(), x->wanted.end(), rules::token_issuer)
      == x->wanted.end())
    return false;
  x->matched = {rules::token_issuer};
  return true;
}

/// Kubernetes: a token in a Secret counts while the Secret holds it.
caf::error check_copy(const review& x, const object& found) {
  auto& data = found.as<Secret>().data();
  auto held = data.find("token");
  if (held == data.end()
      || !crypto::equal_secrets(held->second, x.msg.spec().token()))
    return make_error(ec::unauthorized,
                      "the token is not the one that its secret holds");
  return caf::none;
}

void check_next(pointer self, const review_ptr& x);

void check_found(pointer self, const review_ptr& x, const object& found) {
  auto& c = x->conditions[x->next];
  auto err =
      rules::check_token_object(found, c.named, c.word, self->state.api.now());
  auto copy = x->claims.lasting && c.what.kind == &kind_of<Secret>();
  if (!err && copy)
    err = check_copy(*x, found);
  if (!err) {
    ++x->next;
    x->newest = false;
    return check_next(self, x);
  }
  // What we know may be older than the token.
  if (!std::exchange(x->newest, true))
    return check_next(self, x);
  refuse(self, x, message_of(err));
}

void check_next(pointer self, const review_ptr& x) {
  if (x->next == x->conditions.size())
    return accept(self, x, rules::caller_of(x->claims));
  look_up(self, x->conditions[x->next].what, x->newest,
          [self, x](expected<object> found) {
            if (found)
              check_found(self, x, *found);
            else
              fail(x->answer, found.error());
          });
}

template <class T>
void demand(review& x, const rules::token_object& named, const char* word,
            bool namespaced = true) {
  if (named)
    x.conditions.push_back(
        {{&kind_of<T>(), namespaced ? x.claims.ns : "", named.name},
         named,
         word});
}

void review_account_token(pointer self, const review_ptr& x) {
  auto* keys = authority(self) ? authority(self)->tokens.get() : nullptr;
  auto token = crypto::parse_json_web_token(x->msg.spec().token());
  if (!token || keys == nullptr)
    return refuse(self, x, {});
  if (auto err = keys->verify(*token))
    return refuse(self, x, message_of(err));
  auto claims = rules::read_payload(token->payload);
  if (!claims)
    return refuse(self, x, message_of(claims.error()));
  auto matched = rules::check_claims(*claims, x->wanted, self->state.api.now());
  if (!matched)
    return refuse(self, x, message_of(matched.error()));
  x->claims = std::move(*claims);
  x->matched = std::move(*matched);
  demand<core::v1::ServiceAccount>(*x, x->claims.account, "service account");
  demand<Secret>(*x, x->claims.secret, "secret");
  demand<core::v1::Pod>(*x, x->claims.pod, "pod");
  // Of a pod's token the node is only told.
  if (!x->claims.pod)
    demand<core::v1::Node>(*x, x->claims.node, "node", false);
  check_next(self, x);
}

void review_bootstrap_token(pointer self, const review_ptr& x,
                            const rules::bootstrap_parts& shown) {
  if (!is_for_server(x))
    return refuse(self, x, {});
  object_ref ref{&kind_of<Secret>(), rules::bootstrap_token_namespace,
                 rules::bootstrap_token_name(shown.id)};
  look_up(self, ref, x->newest, [self, x, shown](expected<object> found) {
    if (!found)
      return fail(x->answer, found.error());
    auto who = *found ? rules::bootstrap_caller(found->as<Secret>(), shown,
                                                self->state.api.now())
                      : std::nullopt;
    if (who)
      return accept(self, x, std::move(*who));
    if (!std::exchange(x->newest, true))
      return review_bootstrap_token(self, x, shown);
    refuse(self, x, {});
  });
}

caf::result<pb<call::Response>, std::vector<object>>
on_review(pointer self, const object& body) {
  auto x = std::make_shared<review>();
  x->msg = body.copy<TokenReview>();
  auto& token = x->msg.spec().token();
  if (token.empty())
    return make_error(ec::bad_request, "token is required for TokenReview in "
                                       "authentication");
  x->answer =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  auto result = x->answer;
  auto& asked = x->msg.spec().audiences();
  x->wanted = asked.empty() ? audiences{rules::token_issuer}
                            : audiences{asked.begin(), asked.end()};
  auto* known = authority(self) ? authority(self)->known.get() : nullptr;
  auto written =
      known != nullptr ? rules::find_token(*known, token) : std::nullopt;
  if (written && is_for_server(x))
    accept(self, x, std::move(*written));
  else if (auto shown = rules::bootstrap_parts_of(token))
    review_bootstrap_token(self, x, *shown);
  else
    review_account_token(self, x);
  return result;
}

// -- tokens of accounts -------------------------------------------------------

struct making {
  std::string ns;
  std::string name;
  TokenRequest msg;
  promise answer;
  object account;
  object bound; ///< none where it is bound to nothing
  object node;  ///< of the pod that it is bound to
};

using making_ptr = std::shared_ptr<making>;

caf::error not_found(const kind_info& kind, const std::string& name) {
  meta::v1::StatusDetails details;
  details.set_name(name);
  details.set_group(std::string{kind.group});
  details.set_kind(std::string{kind.plural});
  return make_error(ec::not_found,
                    kind.qualified_plural() + " \"" + name + "\" not found",
                    details);
}

void make(pointer self, const making_ptr& x) {
  auto& st = self->state;
  auto& bound = *x->msg.mutable_spec()->mutable_bound_object_ref();
  if (x->bound && bound.uid().empty())
    bound.set_uid(x->bound.uid());
  auto of_pod = x->bound && &x->bound.kind() == &kind_of<core::v1::Pod>();
  auto claims =
      rules::claims_for(x->msg, x->account, of_pod ? x->bound : object{},
                        st.api.now(), st.api.ctx().uuid());
  if (x->node && of_pod)
    claims.node.uid = x->node.uid();
  if (!x->bound)
    x->msg.mutable_spec()->clear_bound_object_ref();
  auto token = authority(self)->tokens->sign(rules::to_payload(claims));
  if (!token)
    return fail(x->answer,
                make_error(ec::internal_error, message_of(token.error())));
  ++st.made;
  auto& meta = *x->msg.mutable_metadata();
  meta.set_name(x->name);
  meta.set_namespace_(x->ns);
  *meta.mutable_creation_timestamp() = to_time(st.api.now());
  auto& status = *x->msg.mutable_status();
  status.set_token(*token);
  *status.mutable_expiration_timestamp() = to_time(rules::told_end(claims));
  deliver(x->answer, x->msg);
}

/// Kubernetes: a token for a pod tells the node that it is on.
void look_at_node(pointer self, const making_ptr& x) {
  auto of_pod = x->bound && &x->bound.kind() == &kind_of<core::v1::Pod>();
  auto node =
      of_pod ? x->bound.as<core::v1::Pod>().spec().node_name() : std::string{};
  if (node.empty())
    return make(self, x);
  look_up(self, {&kind_of<core::v1::Node>(), {}, node}, false,
          [self, x](expected<object> found) {
            if (found)
              x->node = *found;
            make(self, x);
          });
}

caf::error check_bound(const making& x, const object& found) {
  auto& bound = x.msg.spec().bound_object_ref();
  if (!found)
    return not_found(bound.kind() == "Pod"      ? kind_of<core::v1::Pod>()
                     : bound.kind() == "Secret" ? kind_of<Secret>()
                                                : kind_of<core::v1::Node>(),
                     bound.name());
  if (bound.kind() == "Pod") {
    auto& account = found.as<core::v1::Pod>().spec().service_account_name();
    if (account != x.name)
      return make_error(ec::bad_request,
                        "cannot bind token for serviceaccount \"" + x.name
                            + "\" to pod running with different serviceaccount "
                              "name.");
  }
  if (!bound.uid().empty() && bound.uid() != found.uid())
    return make_error(ec::conflict,
                      "Operation cannot be fulfilled on " + bound.kind() + " \""
                          + bound.name()
                          + "\": the UID in the bound object reference ("
                          + bound.uid()
                          + ") does not match the UID in record. The object "
                            "might have been deleted and then recreated");
  return caf::none;
}

void look_at_bound(pointer self, const making_ptr& x, bool newest = false) {
  auto& spec = x->msg.spec();
  if (!spec.has_bound_object_ref())
    return make(self, x);
  auto& bound = spec.bound_object_ref();
  auto* kind = bound.api_version() == "v1" || bound.api_version().empty()
                   ? find_kind("v1", bound.kind())
                   : nullptr;
  if (kind != &kind_of<core::v1::Pod>() && kind != &kind_of<Secret>()
      && kind != &kind_of<core::v1::Node>())
    return fail(x->answer, make_error(ec::bad_request,
                                      "cannot bind token to object of type "
                                          + bound.api_version()
                                          + ", Kind=" + bound.kind()));
  look_up(self, {kind, kind->namespaced ? x->ns : "", bound.name()}, newest,
          [self, x, newest](expected<object> found) {
            if (!found)
              return fail(x->answer, found.error());
            auto err = check_bound(*x, *found);
            if (err && !newest)
              return look_at_bound(self, x, true);
            if (err)
              return fail(x->answer, err);
            x->bound = *found;
            look_at_node(self, x);
          });
}

void look_at_account(pointer self, const making_ptr& x, bool newest = false) {
  auto& kind = kind_of<core::v1::ServiceAccount>();
  look_up(self, {&kind, x->ns, x->name}, newest,
          [self, x, newest, &kind](expected<object> found) {
            if (!found)
              return fail(x->answer, found.error());
            if (!*found && !newest)
              return look_at_account(self, x, true);
            if (!*found)
              return fail(x->answer, not_found(kind, x->name));
            x->account = *found;
            look_at_bound(self, x);
          });
}

caf::error check_place(const making& x) {
  auto& meta = x.msg.metadata();
  std::vector<field_error> found;
  auto add = [&](const char* field, const std::string& has, const char* what) {
    found.push_back({"FieldValueInvalid", std::string{"metadata."} + field,
                     "Invalid value: \"" + has
                         + "\": must match the service account " + what
                         + " if specified"});
  };
  if (!meta.name().empty() && meta.name() != x.name)
    add("name", meta.name(), "name");
  else if (!meta.namespace_().empty() && meta.namespace_() != x.ns)
    add("namespace", meta.namespace_(), "namespace");
  if (found.empty())
    return caf::none;
  return invalid(kind_of<TokenRequest>(), x.name, found);
}

caf::result<pb<call::Response>, std::vector<object>>
on_token(pointer self, const call::Request& msg, const object& body) {
  if (!body || &body.kind() != &kind_of<TokenRequest>())
    return make_error(ec::bad_request, "the object is no TokenRequest");
  if (!authority(self) || !authority(self)->tokens)
    return make_error(ec::service_unavailable,
                      "this server does not hold the key that signs tokens");
  auto x = std::make_shared<making>();
  x->ns = msg.namespace_();
  x->name = msg.name();
  x->msg = body.copy<TokenRequest>();
  x->msg.clear_status();
  if (auto err = check_place(*x))
    return err;
  if (auto found = rules::validate_token_request(x->msg); !found.empty())
    return invalid(kind_of<TokenRequest>(), {}, found);
  rules::set_token_defaults(x->msg);
  x->answer =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  auto result = x->answer;
  look_at_account(self, x);
  return result;
}

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const call::Request& msg, const object& body) {
  if (body && &body.kind() == &kind_of<TokenReview>())
    return on_review(self, body);
  return on_token(self, msg, body);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("made=" + std::to_string(st.made));
  result.add_facts("known=" + std::to_string(st.known));
  result.add_facts("refused=" + std::to_string(st.refused));
  return pb<system::Description>{std::move(result)};
}

} // namespace

authenticator_actor::behavior_type authenticator(pointer self, context ctx) {
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  self->state.api.open(self, ctx, "system:apiserver", {"system:masters"});
  return {
      [self](const pb<call::Request>& msg, const object& body) {
        return on_request(self, *msg, body);
      },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
