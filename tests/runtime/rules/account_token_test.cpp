#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/account_token.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::rules {

namespace {

using authentication::v1::TokenRequest;
using namespace std::chrono_literals;

const time_point now = time_point{} + std::chrono::hours(24 * 365 * 56);

object an_account(const std::string& uid = "u1") {
  core::v1::ServiceAccount account;
  account.mutable_metadata()->set_name("builder");
  account.mutable_metadata()->set_namespace_("team");
  account.mutable_metadata()->set_uid(uid);
  return object::of(account);
}

object a_pod() {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name("web");
  pod.mutable_metadata()->set_namespace_("team");
  pod.mutable_metadata()->set_uid("p1");
  pod.mutable_spec()->set_node_name("n1");
  return object::of(pod);
}

TokenRequest a_request(int64_t seconds = 0, bool of_pod = false) {
  TokenRequest result;
  if (seconds != 0)
    result.mutable_spec()->set_expiration_seconds(seconds);
  if (of_pod) {
    auto& bound = *result.mutable_spec()->mutable_bound_object_ref();
    bound.set_kind("Pod");
    bound.set_api_version("v1");
    bound.set_name("web");
    bound.set_uid("p1");
  }
  set_token_defaults(result);
  return result;
}

account_claims made(const TokenRequest& request) {
  return claims_for(request, an_account(), a_pod(), now, "id-1");
}

TEST(AccountToken, LivesAnHourForTheServerUnlessAskedOtherwise) {
  auto x = made(a_request());
  EXPECT_EQ(x.audiences, std::vector<std::string>{token_issuer});
  EXPECT_EQ(*x.ends, now + 1h);
  EXPECT_EQ(told_end(x), now + 1h);
  EXPECT_FALSE(x.warn_after);
  EXPECT_FALSE(x.pod);
  EXPECT_EQ(*made(a_request(7'200)).ends, now + 2h);
}

// Kubernetes: clients of pods may not read their token anew.
TEST(AccountToken, OfAPodThatAdmissionAskedForLivesForAYear) {
  auto x = made(a_request(3'607, true));
  EXPECT_EQ(*x.ends, now + 24h * 365);
  EXPECT_EQ(told_end(x), now + 3'607s);
  EXPECT_EQ(*x.warn_after, now + 3'607s);
  auto request = a_request(3'607, true);
  request.mutable_spec()->set_audiences(0, "vault");
  EXPECT_EQ(*made(request).ends, now + 3'607s);
}

TEST(AccountToken, SaysWhatKubernetesWould) {
  auto json = nlohmann::json::parse(to_payload(made(a_request(600, true))));
  EXPECT_EQ(json["iss"], token_issuer);
  EXPECT_EQ(json["sub"], "system:serviceaccount:team:builder");
  EXPECT_EQ(json["aud"][0], token_issuer);
  EXPECT_EQ(json["exp"].get<int64_t>() - json["iat"].get<int64_t>(), 600);
  EXPECT_EQ(json["jti"], "id-1");
  auto& own = json["kubernetes.io"];
  EXPECT_EQ(own["namespace"], "team");
  EXPECT_EQ(own["serviceaccount"]["uid"], "u1");
  EXPECT_EQ(own["pod"]["name"], "web");
  EXPECT_EQ(own["pod"]["uid"], "p1");
  EXPECT_EQ(own["node"]["name"], "n1");
}

TEST(AccountToken, IsReadAsItWasWritten) {
  for (auto& x :
       {made(a_request()), made(a_request(3'607, true)),
        lasting_claims(own_token_secret(an_account()), an_account())}) {
    auto again = read_payload(to_payload(x));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, x);
  }
}

TEST(AccountToken, OfAnotherFormIsNone) {
  auto good = nlohmann::json::parse(to_payload(made(a_request(600, true))));
  auto refused = [&](const std::string& pointer, nlohmann::json value) {
    auto changed = good;
    changed[nlohmann::json::json_pointer{pointer}] = std::move(value);
    return !read_payload(changed.dump());
  };
  EXPECT_TRUE(refused("/iss", "https://elsewhere"));
  EXPECT_TRUE(refused("/sub", "system:serviceaccount:team:other"));
  EXPECT_TRUE(refused("/sub", 7));
  EXPECT_TRUE(refused("/exp", "soon"));
  EXPECT_TRUE(refused("/exp", -1));
  EXPECT_TRUE(refused("/exp", 1e300));
  EXPECT_TRUE(refused("/aud", {{"a", 1}}));
  EXPECT_TRUE(refused("/aud/0", 3));
  EXPECT_TRUE(refused("/kubernetes.io", "x"));
  EXPECT_TRUE(refused("/kubernetes.io/pod", "web"));
  EXPECT_TRUE(refused("/kubernetes.io/pod/name", ""));
  EXPECT_TRUE(refused("/kubernetes.io/namespace", ""));
  for (auto* text : {"", "{}", "[]", "null", "{\"iss\":", "\xff"})
    EXPECT_FALSE(read_payload(text)) << text;
  auto endless = good;
  endless.erase("exp");
  EXPECT_FALSE(read_payload(endless.dump()));
  EXPECT_FALSE(read_payload("{\"a\":" + std::string(100, '[')
                            + std::string(100, ']') + "}"));
}

TEST(AccountToken, HoldsInItsTimeForItsAudience) {
  auto x = made(a_request(600));
  std::vector<std::string> server{token_issuer};
  EXPECT_TRUE(check_claims(x, server, now));
  EXPECT_TRUE(check_claims(x, server, now + 10min + 59s));
  EXPECT_FALSE(check_claims(x, server, now + 11min + 1s));
  EXPECT_FALSE(check_claims(x, server, now - 2min));
  EXPECT_FALSE(check_claims(x, {"vault"}, now));
  EXPECT_EQ(*check_claims(x, {"vault", token_issuer}, now), server);
  auto lasting = lasting_claims(own_token_secret(an_account()), an_account());
  EXPECT_TRUE(check_claims(lasting, server, now + 24h * 3650));
  EXPECT_FALSE(check_claims(lasting, {"vault"}, now));
}

TEST(AccountToken, EndsWithWhatItNames) {
  token_object named{"builder", "u1"};
  EXPECT_FALSE(check_token_object(an_account(), named, "account", now));
  EXPECT_TRUE(check_token_object({}, named, "account", now));
  EXPECT_TRUE(check_token_object(an_account("u2"), named, "account", now));
  auto ending = an_account().copy<core::v1::ServiceAccount>();
  *ending.mutable_metadata()->mutable_deletion_timestamp() = to_time(now);
  auto x = object::of(ending);
  EXPECT_FALSE(check_token_object(x, named, "account", now + 30s));
  EXPECT_TRUE(check_token_object(x, named, "account", now + 2min));
}

TEST(AccountToken, MakesAMemberOfTheGroupsOfAccounts) {
  auto who = caller_of(made(a_request(600, true)));
  EXPECT_EQ(who.user, "system:serviceaccount:team:builder");
  EXPECT_EQ(who.uid, "u1");
  EXPECT_TRUE(who.in_group("system:serviceaccounts"));
  EXPECT_TRUE(who.in_group("system:serviceaccounts:team"));
  EXPECT_EQ(who.extra["authentication.kubernetes.io/pod-name"][0], "web");
  EXPECT_EQ(who.extra["authentication.kubernetes.io/pod-uid"][0], "p1");
  EXPECT_EQ(who.extra["authentication.kubernetes.io/credential-id"][0],
            "JTI=id-1");
}

TEST(TokenSecret, IsFilledOnceWithWhatItLacks) {
  auto account = an_account();
  auto secret = own_token_secret(account);
  EXPECT_EQ(secret.name(), own_token_secret(account).name());
  EXPECT_NE(secret.name(), own_token_secret(an_account("u2")).name());
  EXPECT_TRUE(secret.name().starts_with("builder-token-"));
  EXPECT_TRUE(is_token_of(secret, account));
  EXPECT_FALSE(is_token_of(secret, an_account("u2")));
  auto full = filled_token_secret(secret, account, "CA", [] { return "t"; });
  ASSERT_TRUE(full);
  auto& data = full.as<core::v1::Secret>().data();
  EXPECT_EQ(data.at("token"), "t");
  EXPECT_EQ(data.at("ca.crt"), "CA");
  EXPECT_EQ(data.at("namespace"), "team");
  EXPECT_FALSE(filled_token_secret(full, account, "CA", [] { return "u"; }));
  auto again = filled_token_secret(full, account, "CB", [] { return "u"; });
  ASSERT_TRUE(again);
  EXPECT_EQ(again.as<core::v1::Secret>().data().at("token"), "t");
}

TEST(TokenSecret, IsListedByItsAccountOnce) {
  auto listed = with_secret(an_account(), "builder-token-x");
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed.as<core::v1::ServiceAccount>().secrets(0).name(),
            "builder-token-x");
  EXPECT_FALSE(with_secret(listed, "builder-token-x"));
  // One that was deleted makes room for another, of another name.
  std::vector<object> none;
  EXPECT_EQ(lost_secret(an_account(), none), "");
  EXPECT_EQ(lost_secret(listed, none), "builder-token-x");
  auto next = own_token_secret(listed, "builder-token-x");
  EXPECT_NE(next.name(), own_token_secret(listed).name());
  auto relisted = with_secret(listed, next.name(), "builder-token-x");
  ASSERT_EQ(relisted.as<core::v1::ServiceAccount>().secrets_size(), 1);
  EXPECT_EQ(relisted.as<core::v1::ServiceAccount>().secrets(0).name(),
            next.name());
  EXPECT_EQ(lost_secret(relisted, {next}), "");
  // What is no secret of a token's name is the user's.
  EXPECT_EQ(lost_secret(with_secret(an_account(), "registry"), none), "");
  EXPECT_EQ(with_secret(listed, {}, "builder-token-x")
                .as<core::v1::ServiceAccount>()
                .secrets_size(),
            0);
}

} // namespace

} // namespace troupe::rules
