#include "actors/apiserver/authenticator_parts.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/refusals.hpp"
#include "runtime/rules/requests.hpp"

#include <memory>
#include <string>

// Tokens of service accounts.
namespace troupe::authenticating {

namespace {

using authentication::v1::TokenRequest;
using core::v1::Secret;

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
    return rules::in_conflict(
        {{}, bound.kind(), bound.name()},
        "the UID in the bound object reference (" + bound.uid()
            + ") does not match the UID in record. The object might have been "
              "deleted and then recreated");
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

} // namespace

caf::result<pb<call::Response>, std::vector<object>>
make_token(pointer self, const call::Request& msg, const object& body) {
  if (!body || &body.kind() != &kind_of<TokenRequest>())
    return make_error(ec::bad_request, "the object is no TokenRequest");
  if (!authority(self) || !authority(self)->tokens)
    return make_error(ec::method_not_allowed,
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

} // namespace troupe::authenticating
