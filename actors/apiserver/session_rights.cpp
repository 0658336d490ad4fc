#include "actors/apiserver/authenticator.hpp"
#include "actors/apiserver/session_parts.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/call.pb.h"
#include "runtime/rules/node_access.hpp"
#include "runtime/rules/refusals.hpp"
#include "runtime/rules/reviews.hpp"
#include "runtime/rules/versions.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <array>

// Who may do what: by the policy, and of a node by what its pods refer to.
namespace troupe::serving {

namespace {

// -- nodes --------------------------------------------------------------------

/// Whether something has to do with a node, while that is found out.
struct relation {
  std::string node;
  rules::access what;
  std::string otherwise; ///< what else speaks against it
  on_verdict done;
  bool newest = false; ///< what is there now was looked at, not what was told
};

using relation_ptr = std::shared_ptr<relation>;

void look(pointer self, relation_ptr r);

void related(const relation_ptr& r) {
  r->done(rules::verdict{true, {}});
}

/// Our view may be behind what the node knows: once more, with what is there.
void unrelated(pointer self, const relation_ptr& r) {
  if (!std::exchange(r->newest, true))
    return look(self, r);
  auto reason = rules::no_relation(r->node);
  if (!r->otherwise.empty())
    reason += "\n" + r->otherwise;
  r->done(rules::verdict{false, reason});
}

call::Request request_of(const relation& r, call::Verb verb) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_resource_version(r.newest ? "" : "0");
  return msg;
}

void look_at_pods(pointer self, const relation_ptr& r,
                  const rules::access& what) {
  auto msg = request_of(*r, call::LIST);
  msg.set_namespace_(what.ns);
  msg.set_field_selector("spec.nodeName=" + r->node);
  read(
      self, kind_of<core::v1::Pod>(), std::move(msg),
      [self, r, what](const std::vector<object>& pods) {
        if (std::any_of(pods.begin(), pods.end(), [&](auto& pod) {
              return rules::refers_to(pod.template as<core::v1::Pod>(), what);
            }))
          related(r);
        else
          unrelated(self, r);
      },
      [r](const caf::error& err) { r->done(err); });
}

/// A volume has to do with the node by its claim.
void look_at_volume(pointer self, const relation_ptr& r, const object& volume) {
  auto claim = rules::claim_of(volume);
  auto slash = claim.find('/');
  if (slash == std::string::npos)
    return unrelated(self, r);
  rules::access what;
  what.resource = "persistentvolumeclaims";
  what.ns = claim.substr(0, slash);
  what.name = claim.substr(slash + 1);
  look_at_pods(self, r, what);
}

void look_at_object(pointer self, const relation_ptr& r) {
  auto* kind = find_resource(r->what.group, r->what.resource);
  if (kind == nullptr)
    return unrelated(self, r);
  auto msg = request_of(*r, call::GET);
  msg.set_namespace_(r->what.ns);
  msg.set_name(r->what.name);
  read(
      self, *kind, std::move(msg),
      [self, r](const std::vector<object>& found) {
        auto& what = found.front();
        if (&what.kind() == &kind_of<core::v1::PersistentVolume>())
          look_at_volume(self, r, what);
        else if (rules::belongs_to(what, r->node))
          related(r);
        else
          unrelated(self, r);
      },
      [self, r](const caf::error& err) {
        if (!is(err, ec::not_found))
          r->done(err);
        // A kubelet asks whether its pod is gone: it is.
        else if (r->newest && r->what.resource == "pods")
          related(r);
        else
          unrelated(self, r);
      });
}

void look(pointer self, relation_ptr r) {
  if (rules::needs_object(r->what))
    look_at_object(self, r);
  else
    look_at_pods(self, r, r->what);
}

// -- paths and questions ------------------------------------------------------

std::string path_verb(call::Verb verb) {
  switch (verb) {
    case call::CREATE:
      return "post";
    case call::UPDATE:
      return "put";
    case call::PATCH:
      return "patch";
    case call::DELETE:
      return "delete";
    default:
      return "get";
  }
}

/// Who asks how the server is may have no policy to wait for, as it may be
/// ill. These paths tell nothing else, and are everybody's by default.
bool is_health(const std::string& path) {
  constexpr std::array<std::string_view, 3> all{"/healthz", "/livez",
                                                "/readyz"};
  return std::any_of(all.begin(), all.end(), [&](auto one) {
    return path == one || (path.starts_with(one) && path[one.size()] == '/');
  });
}

void answer(pointer self, const std::string& ns, const object& question,
            const rules::verdict& found, request_promise promise) {
  auto& st = self->state;
  rules::review_facts facts{st.who, found, st.policy.get(), st.ctx->now(), ns};
  auto answered = rules::answer_review(question, facts);
  ++st.served;
  if (answered)
    promise.deliver(pb<call::Response>{call::Response{}},
                    std::vector<object>{std::move(*answered)});
  else
    promise.deliver(answered.error());
}

void ask_authenticator(pointer self, const object& question,
                       request_promise promise) {
  ++self->state.served;
  with_backend(
      self, authenticator_path,
      [self, question, promise](const caf::actor& to) {
        call::Request msg;
        msg.set_verb(call::CREATE);
        self->state.requests.ask<pb<call::Response>, std::vector<object>>(
            caf::actor_cast<authenticator_actor>(to),
            [promise,
             kind = &question.kind()](pb<call::Response>& response,
                                      std::vector<object>& answered) mutable {
              for (auto& each : answered)
                each = rules::from_stored(*kind, each);
              promise.deliver(std::move(response), std::move(answered));
            },
            [promise](const caf::error& err) mutable { promise.deliver(err); },
            pb<call::Request>{std::move(msg)}, rules::to_stored(question));
      });
}

void find_answer(pointer self, const std::string& ns, const object& question,
                 request_promise promise) {
  if (rules::is_token_review(question.kind()))
    return ask_authenticator(self, question, promise);
  auto asked = rules::access_asked(question, self->state.who);
  if (!asked)
    return answer(self, ns, question, {}, promise);
  find_out(self, asked->who, asked->what,
           [self, ns, question,
            promise](const expected<rules::verdict>& found) mutable {
             if (found)
               answer(self, ns, question, *found, promise);
             else
               promise.deliver(found.error());
           });
}

} // namespace

void find_out(pointer self, const rules::caller& who, const rules::access& what,
              on_verdict done) {
  auto& st = self->state;
  if (who.in_group(rules::masters_group))
    return done(rules::verdict{true, {}});
  if (!st.policy) {
    st.held.push_back(
        [self, who, what, done] { find_out(self, who, what, done); });
    return;
  }
  auto found = rules::judge(*st.policy, who, what);
  if (found.what != rules::decision::related)
    return done(
        rules::verdict{found.what == rules::decision::allowed, found.reason});
  auto r = std::make_shared<relation>();
  r->node = rules::node_of(who);
  r->what = what;
  r->otherwise = found.reason;
  r->done = std::move(done);
  look(self, r);
}

void with_right(pointer self, const rules::access& what, on_refusal next) {
  auto judged = [self, what, next](const expected<rules::verdict>& found) {
    if (!found)
      return next(found.error());
    if (found->allowed)
      return next(caf::none);
    auto& st = self->state;
    ++st.refused;
    auto refused = rules::forbidden(st.who, what, found->reason);
    st.last_refused = message_of(refused);
    next(refused);
  };
  find_out(self, self->state.who, what, judged);
}

rules::access access_of(const kind_info& kind, const call::Request& msg,
                        const object& body) {
  constexpr std::array verb_names{
      "",       "get",   "list",   "create",
      "update", "patch", "delete", "deletecollection"};
  rules::access what;
  what.verb = verb_names[static_cast<size_t>(msg.verb())];
  what.group = kind.group;
  what.resource = kind.plural;
  what.subresource = msg.subresource();
  what.ns = msg.namespace_();
  what.field_selector = msg.field_selector();
  // Kubernetes: the name of what is created is not part of the request.
  if (msg.verb() != call::CREATE || !msg.subresource().empty())
    what.name = msg.name();
  if (msg.verb() == call::LIST)
    what.name = rules::selected_name(msg.field_selector());
  if (body && &body.kind() == &kind_of<authentication::v1::TokenRequest>()) {
    auto& bound =
        body.as<authentication::v1::TokenRequest>().spec().bound_object_ref();
    if (bound.kind() == "Pod")
      what.bound_pod = bound.name() + "/" + bound.uid();
  }
  return what;
}

void on_policy(pointer self, const policy_news& news) {
  auto& st = self->state;
  st.policy = news.policy;
  for (auto& next : std::exchange(st.held, {}))
    next();
}

caf::result<pb<call::Response>, std::vector<object>>
on_path(pointer self, const call::Request& msg) {
  if (!self->state.policy && is_health(msg.name()))
    return {pb<call::Response>{call::Response{}}, std::vector<object>{}};
  rules::access what;
  what.verb = path_verb(msg.verb());
  what.path = msg.name();
  request_promise promise{self};
  with_right(self, what, [promise](const caf::error& err) mutable {
    if (err)
      promise.deliver(err);
    else
      promise.deliver(pb<call::Response>{call::Response{}},
                      std::vector<object>{});
  });
  return promise;
}

caf::result<pb<call::Response>, std::vector<object>>
on_review(pointer self, const kind_info& kind, const pb<call::Request>& msg,
          const object& body) {
  request_promise promise{self};
  with_right(self, access_of(kind, *msg, body),
             [self, &kind, ns = msg->namespace_(), body,
              promise](const caf::error& err) mutable {
               if (err)
                 promise.deliver(err);
               else if (!body || &body.kind() != &kind)
                 promise.deliver(
                     make_error(ec::bad_request, "the object is not a "
                                                     + std::string{kind.kind}));
               else
                 find_answer(self, ns, body, promise);
             });
  return promise;
}

} // namespace troupe::serving
