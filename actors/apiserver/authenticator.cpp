#include "actors/apiserver/authenticator_parts.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/system/edges.hpp"

#include <algorithm>
#include <optional>

namespace troupe {

namespace authenticating {

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

} // namespace authenticating

namespace {

using namespace authenticating;
using authentication::v1::TokenReview;
using core::v1::Secret;
using audiences = std::vector<std::string>;

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

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const call::Request& msg, const object& body) {
  if (body && &body.kind() == &kind_of<TokenReview>())
    return on_review(self, body);
  return make_token(self, msg, body);
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
