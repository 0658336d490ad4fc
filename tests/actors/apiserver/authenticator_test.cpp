#include "actors/apiserver/account_tokens.hpp"
#include "actors/apiserver/authenticator.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/system/signing_authority.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using authentication::v1::TokenRequest;
using authentication::v1::TokenReview;
using core::v1::Pod;
using core::v1::Secret;
using core::v1::ServiceAccount;
using namespace std::chrono_literals;

struct token_fixture : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  std::shared_ptr<signing_authority> edge =
      std::make_shared<signing_authority>();
  authenticator_actor actor;
  caf::actor keeper;

  token_fixture() {
    edge->tokens = std::make_shared<crypto::token_keys>(
        *crypto::token_keys::parse(*crypto::make_token_key()));
    edge->known = std::make_shared<rules::known_tokens>(
        *rules::parse_token_file("written,jane,7,dev\n"));
    world.outside().authority = edge;
    put_account("builder", "u1");
    put_pod("web", "p1", "builder");
    actor = world.system().spawn(authenticator,
                                 world.at("apiserver/authenticator"));
    world.run();
  }

  ~token_fixture() override {
    world.end(caf::actor_cast<caf::actor>(actor));
    if (keeper)
      world.end(keeper);
  }

  void put_account(const std::string& name, const std::string& uid) {
    ServiceAccount account;
    account.mutable_metadata()->set_name(name);
    account.mutable_metadata()->set_namespace_("team");
    account.mutable_metadata()->set_uid(uid);
    api.put(account);
  }

  void put_pod(const std::string& name, const std::string& uid,
               const std::string& account) {
    Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("team");
    pod.mutable_metadata()->set_uid(uid);
    pod.mutable_spec()->set_service_account_name(account);
    api.put(pod);
  }

  expected<object> ask(call::Request msg,
                       const google::protobuf::Message& body) {
    caf::scoped_actor self{world.system()};
    msg.set_verb(call::CREATE);
    auto sent =
        self->request(actor, caf::infinite, pb<call::Request>{std::move(msg)},
                      object::of(body));
    world.run();
    expected<object> result{make_error(ec::timeout, "no answer")};
    sent.receive([&](const pb<call::Response>&,
                     const std::vector<object>& all) { result = all.at(0); },
                 [&](const caf::error& err) { result = err; });
    return result;
  }

  TokenReview review(const std::string& token,
                     const std::string& audience = {}) {
    TokenReview msg;
    msg.mutable_spec()->set_token(token);
    if (!audience.empty())
      msg.mutable_spec()->add_audiences(audience);
    auto result = ask({}, msg);
    EXPECT_TRUE(result) << message_of(result.error());
    return result ? result->copy<TokenReview>() : TokenReview{};
  }

  bool is_good(const std::string& token) {
    return review(token).status().authenticated();
  }

  expected<object> ask_token(const TokenRequest& msg,
                             const std::string& account = "builder") {
    call::Request about;
    about.set_namespace_("team");
    about.set_name(account);
    about.set_kind("ServiceAccount");
    about.set_subresource("token");
    return ask(about, msg);
  }

  std::string token(const TokenRequest& msg = {}) {
    auto result = ask_token(msg);
    EXPECT_TRUE(result) << message_of(result.error());
    return result ? result->as<TokenRequest>().status().token() : "";
  }

  static TokenRequest bound_to(const std::string& kind, const std::string& name,
                               const std::string& uid) {
    TokenRequest msg;
    auto& bound = *msg.mutable_spec()->mutable_bound_object_ref();
    bound.set_kind(kind);
    bound.set_api_version("v1");
    bound.set_name(name);
    bound.set_uid(uid);
    return msg;
  }

  void keep_secrets() {
    keeper = caf::actor_cast<caf::actor>(world.system().spawn(
        account_tokens, world.at("apiserver/account_tokens")));
    world.run();
  }

  std::vector<object> secrets() {
    std::vector<object> result;
    for (auto& [at, what] : api.objects)
      if (at.first == "Secret")
        result.push_back(what);
    return result;
  }
};

using Authenticator = token_fixture;
using AccountTokens = token_fixture;

TEST_F(Authenticator, KnowsTheAccountOfATokenThatItMade) {
  auto made = ask_token({});
  ASSERT_TRUE(made);
  auto& answer = made->as<TokenRequest>();
  EXPECT_EQ(answer.metadata().name(), "builder");
  EXPECT_EQ(answer.spec().expiration_seconds(), 3600);
  EXPECT_EQ(answer.spec().audiences(0), rules::token_issuer);
  EXPECT_TRUE(answer.status().has_expiration_timestamp());
  auto found = review(answer.status().token());
  ASSERT_TRUE(found.status().authenticated()) << found.status().error();
  auto& user = found.status().user();
  EXPECT_EQ(user.username(), "system:serviceaccount:team:builder");
  EXPECT_EQ(user.uid(), "u1");
  EXPECT_EQ(
      (std::vector<std::string>{user.groups().begin(), user.groups().end()}),
      (std::vector<std::string>{"system:serviceaccounts",
                                "system:serviceaccounts:team",
                                "system:authenticated"}));
  EXPECT_EQ(found.status().audiences(0), rules::token_issuer);
}

TEST_F(Authenticator, KnowsNoOtherTokens) {
  for (auto* text : {"x", "a.b.c", "abcdef.0123456789abcdef"}) {
    auto found = review(text);
    EXPECT_FALSE(found.status().authenticated());
    EXPECT_EQ(found.status().error(), "invalid bearer token");
    EXPECT_FALSE(found.status().has_user());
  }
  auto stranger =
      *crypto::token_keys::parse(*crypto::make_token_key())->sign("{}");
  EXPECT_FALSE(is_good(stranger));
  EXPECT_FALSE(is_good(*edge->tokens->sign("{}")));
  EXPECT_FALSE(ask({}, TokenReview{}));
}

TEST_F(Authenticator, LetsATokenEndWithItsAccount) {
  auto text = token();
  EXPECT_TRUE(is_good(text));
  api.remove("ServiceAccount", "team/builder");
  EXPECT_FALSE(is_good(text));
  put_account("builder", "u2");
  EXPECT_FALSE(is_good(text)) << "another account of that name";
  put_account("builder", "u1");
  EXPECT_TRUE(is_good(text));
}

TEST_F(Authenticator, LetsATokenEndInTime) {
  TokenRequest msg;
  msg.mutable_spec()->set_expiration_seconds(600);
  auto text = token(msg);
  world.advance(10min);
  EXPECT_TRUE(is_good(text));
  world.advance(2min);
  EXPECT_FALSE(is_good(text));
}

TEST_F(Authenticator, LetsATokenEndWithWhatItIsBoundTo) {
  auto text = token(bound_to("Pod", "web", ""));
  auto found = review(text);
  ASSERT_TRUE(found.status().authenticated());
  auto& extra = found.status().user().extra();
  EXPECT_EQ(extra.at("authentication.kubernetes.io/pod-name").items(0), "web");
  EXPECT_EQ(extra.at("authentication.kubernetes.io/pod-uid").items(0), "p1");
  put_pod("web", "p2", "builder");
  EXPECT_FALSE(is_good(text)) << "another pod of that name";
  api.remove("Pod", "team/web");
  EXPECT_FALSE(is_good(text));
}

TEST_F(Authenticator, BindsToNothingThatIsNotThere) {
  auto code = [&](const TokenRequest& msg, const std::string& account) {
    auto result = ask_token(msg, account);
    return result                                ? ec{}
           : is(result.error(), ec::not_found)   ? ec::not_found
           : is(result.error(), ec::conflict)    ? ec::conflict
           : is(result.error(), ec::bad_request) ? ec::bad_request
                                                 : ec::internal_error;
  };
  EXPECT_EQ(code(bound_to("Pod", "gone", ""), "builder"), ec::not_found);
  EXPECT_EQ(code(bound_to("Pod", "web", "p7"), "builder"), ec::conflict);
  put_account("other", "u3");
  EXPECT_EQ(code(bound_to("Pod", "web", ""), "other"), ec::bad_request);
  EXPECT_EQ(code({}, "nobody"), ec::not_found);
  TokenRequest brief;
  brief.mutable_spec()->set_expiration_seconds(10);
  auto refused = ask_token(brief);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::invalid));
}

TEST_F(Authenticator, GivesATokenToItsAudienceOnly) {
  TokenRequest msg;
  msg.mutable_spec()->add_audiences("vault");
  auto text = token(msg);
  EXPECT_FALSE(is_good(text));
  auto found = review(text, "vault");
  ASSERT_TRUE(found.status().authenticated());
  EXPECT_EQ(found.status().audiences(0), "vault");
}

TEST_F(Authenticator, KnowsWhatWasWrittenDown) {
  auto found = review("written");
  ASSERT_TRUE(found.status().authenticated());
  EXPECT_EQ(found.status().user().username(), "jane");
  EXPECT_EQ(found.status().user().uid(), "7");
  EXPECT_FALSE(review("written", "vault").status().authenticated());
}

TEST_F(Authenticator, KnowsBootstrapTokensWhileTheyAreThere) {
  rules::bootstrap_token one;
  one.id = "abcdef";
  one.secret = "0123456789abcdef";
  api.put(rules::to_secret(one));
  auto found = review("abcdef.0123456789abcdef");
  ASSERT_TRUE(found.status().authenticated());
  EXPECT_EQ(found.status().user().username(), "system:bootstrap:abcdef");
  EXPECT_EQ(found.status().user().groups(0), "system:bootstrappers");
  EXPECT_FALSE(is_good("abcdef.0123456789abcdee"));
  api.remove("Secret", "kube-system/bootstrap-token-abcdef");
  EXPECT_FALSE(is_good("abcdef.0123456789abcdef"));
}

TEST_F(AccountTokens, GivesEachAccountASecretThatItLists) {
  keep_secrets();
  auto all = secrets();
  ASSERT_EQ(all.size(), 1u);
  auto& secret = all[0].as<Secret>();
  EXPECT_EQ(secret.type(), rules::account_token_type);
  EXPECT_EQ(secret.data().at("namespace"), "team");
  auto account = api.find("ServiceAccount", "team/builder");
  ASSERT_EQ(account.as<ServiceAccount>().secrets_size(), 1);
  EXPECT_EQ(account.as<ServiceAccount>().secrets(0).name(), all[0].name());
  EXPECT_TRUE(is_good(secret.data().at("token")));
}

TEST_F(AccountTokens, FillsWhatUsersMake) {
  keep_secrets();
  Secret own;
  own.mutable_metadata()->set_name("own");
  own.mutable_metadata()->set_namespace_("team");
  own.set_type(rules::account_token_type);
  (*own.mutable_metadata()
        ->mutable_annotations())[rules::account_name_annotation] = "builder";
  api.put(own);
  world.run();
  auto filled = api.find("Secret", "team/own");
  auto& data = filled.as<Secret>().data();
  ASSERT_EQ(data.count("token"), 1u);
  EXPECT_TRUE(is_good(data.at("token")));
  api.remove("Secret", "team/own");
  EXPECT_FALSE(is_good(data.at("token"))) << "it ended with the secret";
}

TEST_F(AccountTokens, TakesSecretsAwayWithTheirAccount) {
  keep_secrets();
  ASSERT_EQ(secrets().size(), 1u);
  api.remove("ServiceAccount", "team/builder");
  world.run();
  EXPECT_TRUE(secrets().empty());
}

TEST_F(AccountTokens, MakesAgainWhatWasTakenAway) {
  keep_secrets();
  auto name = secrets().at(0).name();
  auto before = secrets().at(0).as<Secret>().data().at("token");
  api.remove("Secret", "team/" + name);
  world.run();
  ASSERT_EQ(secrets().size(), 1u);
  // Whoever lists it still cannot take it for the lost one.
  EXPECT_NE(secrets()[0].name(), name);
  EXPECT_FALSE(is_good(before));
}

} // namespace

} // namespace troupe
