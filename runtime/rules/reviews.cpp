#include "runtime/rules/reviews.hpp"

#include "messages/api/authentication.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/findings.hpp"
#include "runtime/rules/node_access.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

namespace troupe::rules {

namespace {

using authentication::v1::SelfSubjectReview;
using authorization::v1::LocalSubjectAccessReview;
using authorization::v1::SelfSubjectAccessReview;
using authorization::v1::SelfSubjectRulesReview;
using authorization::v1::SubjectAccessReview;

/// Returns what the spec of a review asks for.
template <class Spec>
access wish_of(const Spec& spec) {
  access result;
  if (!spec.has_resource_attributes()) {
    result.verb = spec.non_resource_attributes().verb();
    result.path = spec.non_resource_attributes().path();
    return result;
  }
  auto& what = spec.resource_attributes();
  result.verb = what.verb();
  result.group = what.group();
  result.resource = what.resource();
  result.subresource = what.subresource();
  result.ns = what.namespace_();
  result.name = what.name();
  result.field_selector = what.field_selector().raw_selector();
  return result;
}

template <class Message>
void answer_with(const verdict& found, Message& msg) {
  auto& status = *msg.mutable_status();
  status.set_allowed(found.allowed);
  status.set_reason(found.reason);
}

/// Kubernetes: a question has no name; nothing of it is kept.
void check_bare(meta::v1::ObjectMeta meta, bool local, findings& out) {
  shown whole{""};
  whole.text = text::print_json(text::to_document(meta));
  meta.clear_managed_fields();
  if (local)
    meta.clear_namespace_();
  if (!canonical_equal(meta, meta::v1::ObjectMeta{}))
    out.invalid(field_path{"metadata"}, whole,
                local ? "must be empty except for namespace" : "must be empty");
}

template <class Spec>
void check_attributes(const Spec& spec, findings& out) {
  field_path at{"spec"};
  if (spec.has_resource_attributes() && spec.has_non_resource_attributes())
    out.invalid(at.child("nonResourceAttributes"), "",
                "cannot be specified in combination with resourceAttributes");
  else if (!spec.has_resource_attributes()
           && !spec.has_non_resource_attributes())
    out.invalid(at.child("resourceAttributes"), "null",
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
  caller who{spec.user(), {spec.groups().begin(), spec.groups().end()}};
  who.uid = spec.uid();
  for (auto& [key, values] : spec.extra())
    who.extra[key] = {values.items().begin(), values.items().end()};
  return who;
}

expected<object> finish(const object& question, findings& found,
                        const google::protobuf::Message& answer) {
  // Kubernetes: what it looks for the kind in has none by then.
  if (!found.empty())
    return invalid(question.kind().group, "", "", found.take());
  return object::of(answer);
}

expected<object> answer(const object& question, SelfSubjectReview msg,
                        const review_facts& facts) {
  auto& who = facts.who;
  findings none;
  auto& info = *msg.mutable_status()->mutable_user_info();
  info.set_username(who.user);
  if (!who.uid.empty())
    info.set_uid(who.uid);
  *msg.mutable_metadata()->mutable_creation_timestamp() = to_time(facts.now);
  *info.mutable_groups() = {who.groups.begin(), who.groups.end()};
  for (auto& [key, values] : who.extra)
    *(*info.mutable_extra())[key].mutable_items() = {values.begin(),
                                                     values.end()};
  return finish(question, none, msg);
}

expected<object> answer(const object& question, SelfSubjectAccessReview msg,
                        const review_facts& facts) {
  findings out;
  check_attributes(msg.spec(), out);
  check_bare(msg.metadata(), false, out);
  answer_with(facts.found, msg);
  return finish(question, out, msg);
}

expected<object> answer(const object& question, SubjectAccessReview msg,
                        const review_facts& facts) {
  findings out;
  check_subject(msg.spec(), out);
  check_bare(msg.metadata(), false, out);
  answer_with(facts.found, msg);
  return finish(question, out, msg);
}

expected<object> answer(const object& question, LocalSubjectAccessReview msg,
                        const review_facts& facts) {
  findings out;
  check_subject(msg.spec(), out);
  check_bare(msg.metadata(), true, out);
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
  if (out.empty() && facts.ns != msg.metadata().namespace_())
    return make_error(ec::bad_request,
                      "spec.resourceAttributes.namespace must match namespace: "
                          + facts.ns);
  answer_with(facts.found, msg);
  return finish(question, out, msg);
}

void list_rule(const rbac::v1::PolicyRule& rule,
               authorization::v1::SubjectRulesReviewStatus& out) {
  if (!rule.non_resource_urls().empty()) {
    auto& to = *out.add_non_resource_rules();
    *to.mutable_verbs() = rule.verbs();
    *to.mutable_non_resource_urls() = rule.non_resource_urls();
    return;
  }
  auto& to = *out.add_resource_rules();
  *to.mutable_verbs() = rule.verbs();
  *to.mutable_api_groups() = rule.api_groups();
  *to.mutable_resources() = rule.resources();
  *to.mutable_resource_names() = rule.resource_names();
}

/// What masters may need not be in any role, and what a node may is not all in
/// rules.
expected<object> answer(const object& question, SelfSubjectRulesReview msg,
                        const review_facts& facts) {
  findings out;
  auto& ns = msg.spec().namespace_();
  if (ns.empty())
    return make_error(ec::bad_request, "no namespace on request");
  auto& status = *msg.mutable_status();
  status.set_incomplete(false);
  std::string problem;
  std::vector<const rbac::v1::PolicyRule*> rules;
  if (facts.policy != nullptr)
    rules = facts.policy->rules_of(facts.who, ns, problem);
  if (facts.who.in_group(masters_group))
    for (auto& rule : all_rights())
      if (std::none_of(rules.begin(), rules.end(),
                       [&](auto* one) { return same_rule(*one, rule); }))
        list_rule(rule, status);
  for (auto* rule : rules)
    list_rule(*rule, status);
  if (!node_of(facts.who).empty())
    problem = "node authorizer does not support user rule resolution";
  status.set_incomplete(!problem.empty());
  status.set_evaluation_error(problem);
  return finish(question, out, msg);
}

using answerer = expected<object> (*)(const object&, const review_facts&);

template <class T>
expected<object> answer_as(const object& question, const review_facts& facts) {
  return answer(question, question.copy<T>(), facts);
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
  return choose<SelfSubjectReview, SelfSubjectAccessReview, SubjectAccessReview,
                LocalSubjectAccessReview, SelfSubjectRulesReview>(kind);
}

} // namespace

bool is_review(const kind_info& kind) {
  return answerer_of(stored_kind(kind)) != nullptr || is_token_review(kind);
}

bool is_token_review(const kind_info& kind) {
  return &stored_kind(kind) == &kind_of<authentication::v1::TokenReview>();
}

std::optional<access_question> access_asked(const object& as_asked,
                                            const caller& who) {
  auto question = to_stored(as_asked);
  if (&question.kind() == &kind_of<SelfSubjectAccessReview>())
    return access_question{
        who, wish_of(question.as<SelfSubjectAccessReview>().spec())};
  auto of = [](auto& spec) {
    return access_question{subject_of(spec), wish_of(spec)};
  };
  if (&question.kind() == &kind_of<SubjectAccessReview>())
    return of(question.as<SubjectAccessReview>().spec());
  if (&question.kind() == &kind_of<LocalSubjectAccessReview>())
    return of(question.as<LocalSubjectAccessReview>().spec());
  return std::nullopt;
}

expected<object> answer_review(const object& question,
                               const review_facts& facts) {
  auto answered =
      answerer_of(stored_kind(question.kind()))(to_stored(question), facts);
  if (!answered)
    return answered;
  return from_stored(question.kind(), *answered);
}

} // namespace troupe::rules
