#include "runtime/rules/reviews.hpp"

#include "messages/api/authentication.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/findings.hpp"

namespace troupe::rules {

namespace {

using authentication::v1::SelfSubjectReview;
using authentication::v1::TokenReview;
using authorization::v1::LocalSubjectAccessReview;
using authorization::v1::SelfSubjectAccessReview;
using authorization::v1::SelfSubjectRulesReview;
using authorization::v1::SubjectAccessReview;
using authorization::v1::SubjectAccessReviewStatus;

// Paths outside of resources belong to whoever may do everything.
std::string path_refusal(const caller& who, const std::string& verb,
                         const std::string& path) {
  if (who.in_group("system:masters"))
    return {};
  return "User \"" + who.user + "\" cannot " + verb + " path \"" + path + "\"";
}

/// Answers whether `who` may do what the spec of a review asks.
template <class Spec>
SubjectAccessReviewStatus judge(const Spec& spec, const caller& who) {
  auto& what = spec.resource_attributes();
  auto& path = spec.non_resource_attributes();
  auto why = spec.has_resource_attributes()
                 ? refusal(who, what.verb(), what.resource(), what.group(),
                           what.namespace_(), what.name(), what.subresource())
                 : path_refusal(who, path.verb(), path.path());
  SubjectAccessReviewStatus result;
  result.set_allowed(why.empty());
  result.set_reason(why);
  return result;
}

template <class Spec>
void check_attributes(const Spec& spec, findings& out) {
  field_path at{"spec"};
  if (spec.has_resource_attributes() && spec.has_non_resource_attributes())
    out.invalid(at.child("nonResourceAttributes"), "",
                "cannot be specified in combination with resourceAttributes");
  else if (!spec.has_resource_attributes()
           && !spec.has_non_resource_attributes())
    out.invalid(at.child("resourceAttributes"), "",
                "exactly one of nonResourceAttributes or resourceAttributes "
                "must be specified");
}

template <class Spec>
void check_subject(const Spec& spec, findings& out) {
  check_attributes(spec, out);
  field_path at{"spec"};
  if (spec.user().empty() && spec.groups().empty())
    out.invalid(at.child("user"), "",
                "at least one of user or group must be specified");
}

template <class Spec>
caller subject_of(const Spec& spec) {
  return {spec.user(), {spec.groups().begin(), spec.groups().end()}};
}

expected<object> finish(const object& question, findings& found,
                        const google::protobuf::Message& answer) {
  if (!found.empty())
    return invalid(question.kind(), question.name(), found.take());
  return object::of(answer);
}

expected<object> answer(const object& question, SelfSubjectReview msg,
                        const caller& who) {
  findings none;
  auto& info = *msg.mutable_status()->mutable_user_info();
  info.set_username(who.user);
  *info.mutable_groups() = {who.groups.begin(), who.groups.end()};
  return finish(question, none, msg);
}

// No issuer of tokens, so none is valid.
expected<object> answer(const object& question, TokenReview msg,
                        const caller&) {
  findings out;
  field_path at{"spec"};
  if (msg.spec().token().empty())
    out.required(at.child("token"));
  msg.mutable_status()->set_authenticated(false);
  msg.mutable_status()->set_error("invalid bearer token");
  return finish(question, out, msg);
}

expected<object> answer(const object& question, SelfSubjectAccessReview msg,
                        const caller& who) {
  findings out;
  check_attributes(msg.spec(), out);
  *msg.mutable_status() = judge(msg.spec(), who);
  return finish(question, out, msg);
}

expected<object> answer(const object& question, SubjectAccessReview msg,
                        const caller&) {
  findings out;
  check_subject(msg.spec(), out);
  *msg.mutable_status() = judge(msg.spec(), subject_of(msg.spec()));
  return finish(question, out, msg);
}

expected<object> answer(const object& question, LocalSubjectAccessReview msg,
                        const caller&) {
  findings out;
  check_subject(msg.spec(), out);
  auto& what = msg.spec().resource_attributes();
  field_path at{"spec"};
  if (msg.spec().has_non_resource_attributes())
    out.invalid(at.child("nonResourceAttributes"), "",
                "disallowed on this kind of request");
  if (msg.spec().has_resource_attributes()
      && what.namespace_() != msg.metadata().namespace_()) {
    auto attributes = at.child("resourceAttributes");
    out.invalid(attributes.child("namespace"), what.namespace_(),
                "must match metadata.namespace");
  }
  *msg.mutable_status() = judge(msg.spec(), subject_of(msg.spec()));
  return finish(question, out, msg);
}

// What others than members of system:masters may do is in no list.
expected<object> answer(const object& question, SelfSubjectRulesReview msg,
                        const caller& who) {
  findings out;
  if (msg.spec().namespace_().empty())
    return make_error(ec::bad_request, "no namespace on request");
  auto& status = *msg.mutable_status();
  auto all = who.in_group("system:masters");
  status.set_incomplete(!all);
  if (!all)
    status.set_evaluation_error("the rights of " + who.user
                                + " are not listed as rules");
  if (all) {
    auto& resources = *status.add_resource_rules();
    resources.add_verbs("*");
    resources.add_api_groups("*");
    resources.add_resources("*");
    auto& paths = *status.add_non_resource_rules();
    paths.add_verbs("*");
    paths.add_non_resource_urls("*");
  }
  return finish(question, out, msg);
}

using answerer = expected<object> (*)(const object&, const caller&);

template <class T>
expected<object> answer_as(const object& question, const caller& who) {
  return answer(question, question.copy<T>(), who);
}

template <class T>
constexpr answerer for_kind(const kind_info& kind, answerer otherwise) {
  return &kind == &kind_of<T>() ? answer_as<T> : otherwise;
}

template <class... Ts>
answerer choose(const kind_info& kind) {
  answerer result = nullptr;
  ((result = for_kind<Ts>(kind, result)), ...);
  return result;
}

answerer answerer_of(const kind_info& kind) {
  return choose<SelfSubjectReview, TokenReview, SelfSubjectAccessReview,
                SubjectAccessReview, LocalSubjectAccessReview,
                SelfSubjectRulesReview>(kind);
}

} // namespace

bool is_review(const kind_info& kind) {
  return answerer_of(kind) != nullptr;
}

bool is_about_caller(const kind_info& kind) {
  return is_review(kind) && kind.kind.starts_with("Self");
}

expected<object> answer_review(const object& question, const caller& who) {
  return answerer_of(question.kind())(question, who);
}

} // namespace troupe::rules
