#include "messages/api/authentication.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/default_policy.hpp"
#include "runtime/rules/reviews.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

const caller admin{"kubernetes-admin", {"system:masters"}};
const caller node{"system:node:node-1",
                  {"system:nodes", "system:authenticated"}};

template <class T>
expected<T> ask(const std::string& text, const caller& who,
                const std::string& ns = {}) {
  T question;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &question));
  auto asked = object::of(question);
  rbac_objects all;
  for (auto& one : default_policy())
    (*all.of(one.kind()))[one.key()] = one;
  rbac_policy policy{all};
  review_facts facts{who, {}, &policy};
  facts.ns = ns;
  if (auto wish = access_asked(asked, who)) {
    auto found = judge(policy, wish->who, wish->what);
    facts.found = {found.what == decision::allowed, found.reason};
  }
  auto result = answer_review(asked, facts);
  if (!result)
    return result.error();
  return result->template as<T>();
}

} // namespace

TEST(Reviews, TellsWhoOneIs) {
  auto found = ask<authentication::v1::SelfSubjectReview>("", admin);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status().user_info().username(), "kubernetes-admin");
  EXPECT_EQ(found->status().user_info().groups(0), "system:masters");
}

TEST(Reviews, LeavesTokensToWhoKnowsThem) {
  auto& kind = kind_of<authentication::v1::TokenReview>();
  EXPECT_TRUE(is_review(kind));
  EXPECT_TRUE(is_token_review(kind));
}

TEST(Reviews, TellsWhetherTheCallerMay) {
  using authorization::v1::SelfSubjectAccessReview;
  auto secrets = "spec { resource_attributes { verb: 'delete' resource: "
                 "'secrets' namespace: 'default' } }";
  EXPECT_TRUE(ask<SelfSubjectAccessReview>(secrets, admin)->status().allowed());
  auto refused = ask<SelfSubjectAccessReview>(secrets, node);
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->status().allowed());
  EXPECT_EQ(refused->status().reason(), "can only read resources of this type");
  auto path = "spec { non_resource_attributes { verb: 'get' path: '/x' } }";
  EXPECT_TRUE(ask<SelfSubjectAccessReview>(path, admin)->status().allowed());
  EXPECT_FALSE(ask<SelfSubjectAccessReview>(path, node)->status().allowed());
}

TEST(Reviews, TellsWhetherAnotherMay) {
  using authorization::v1::SubjectAccessReview;
  auto text = "spec { user: 'system:kube-scheduler' resource_attributes { "
              "verb: 'get' resource: 'pods' namespace: 'default' name: 'a' } }";
  auto found = ask<SubjectAccessReview>(text, admin);
  EXPECT_TRUE(found->status().allowed());
  EXPECT_EQ(found->status().reason(),
            "RBAC: allowed by ClusterRoleBinding \"system:kube-scheduler\" of "
            "ClusterRole \"system:kube-scheduler\" to User "
            "\"system:kube-scheduler\"");
}

TEST(Reviews, RefusesQuestionsThatMakeNoSense) {
  using authorization::v1::LocalSubjectAccessReview;
  using authorization::v1::SubjectAccessReview;
  auto both = ask<SubjectAccessReview>(
      "spec { user: 'a' resource_attributes {} non_resource_attributes {} }",
      admin);
  ASSERT_FALSE(both);
  EXPECT_TRUE(is(both.error(), ec::invalid));
  EXPECT_FALSE(ask<SubjectAccessReview>("spec { user: 'a' }", admin));
  EXPECT_FALSE(
      ask<SubjectAccessReview>("spec { resource_attributes {} }", admin));
  EXPECT_FALSE(ask<LocalSubjectAccessReview>(
      "metadata { namespace: 'one' } spec { user: 'a' resource_attributes { "
      "namespace: 'two' } }",
      admin));
  auto named = ask<SubjectAccessReview>(
      "metadata { name: 'n' } spec { user: 'a' resource_attributes {} }",
      admin);
  ASSERT_FALSE(named);
  EXPECT_NE(message_of(named.error()).find("must be empty"), std::string::npos);
}

TEST(Reviews, WantsTheNamespaceOfTheRequest) {
  using authorization::v1::LocalSubjectAccessReview;
  auto bare = "spec { user: 'a' resource_attributes { resource: 'pods' } }";
  auto refused = ask<LocalSubjectAccessReview>(bare, admin, "one");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::bad_request));
  EXPECT_EQ(message_of(refused.error()),
            "spec.resourceAttributes.namespace must match namespace: one");
  auto whole = "metadata { namespace: 'one' } spec { user: 'a' "
               "resource_attributes { namespace: 'one' resource: 'pods' } }";
  EXPECT_TRUE(ask<LocalSubjectAccessReview>(whole, admin, "one"));
  auto elsewhere = ask<LocalSubjectAccessReview>(
      "metadata { namespace: 'one' } spec { user: 'a' "
      "resource_attributes { namespace: 'two' } }",
      admin, "one");
  ASSERT_FALSE(elsewhere);
  EXPECT_TRUE(message_of(elsewhere.error())
                  .starts_with(".authorization.k8s.io \"\" is invalid: "));
}

TEST(Reviews, ListsTheRulesThatHold) {
  using authorization::v1::SelfSubjectRulesReview;
  auto text = "spec { namespace: 'default' }";
  auto all = ask<SelfSubjectRulesReview>(text, admin);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->status().resource_rules(0).verbs(0), "*");
  EXPECT_EQ(all->status().resource_rules_size(), 1);
  EXPECT_FALSE(all->status().incomplete());
  auto of_jane = ask<SelfSubjectRulesReview>(
      text, caller{"jane", {"system:authenticated"}});
  ASSERT_TRUE(of_jane);
  EXPECT_FALSE(of_jane->status().incomplete());
  EXPECT_EQ(of_jane->status().resource_rules_size(), 2);
  EXPECT_TRUE(ask<SelfSubjectRulesReview>(text, node)->status().incomplete());
  EXPECT_FALSE(ask<SelfSubjectRulesReview>("", admin));
}

} // namespace troupe::rules
