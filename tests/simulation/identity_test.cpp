#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/join.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/http/simulated_http.hpp"
#include "runtime/system/signing_authority.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::test {

namespace {

using core::v1::ServiceAccount;
using nlohmann::json;
using namespace std::chrono_literals;
using headers = std::vector<http::header>;

const http::peer admin{"kubernetes-admin", {"system:masters"}, {}};
const std::string pods = "/api/v1/namespaces/default/pods";
const std::string whoami = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

simulation_options with_tokens() {
  auto edge = std::make_shared<signing_authority>();
  edge->authority = *crypto::make_authority("simulated", time_point{} + 1h);
  edge->facts = [] { return join::ClusterFacts{}; };
  edge->tokens = std::make_shared<crypto::token_keys>(
      *crypto::token_keys::parse(*crypto::make_token_key()));
  edge->known = std::make_shared<rules::known_tokens>(
      *rules::parse_token_file("written,jane,7,dev\n"));
  simulation_options result;
  result.authority = edge;
  return result;
}

/// Clients of the REST API of a cluster that knows tokens.
class Identity : public testing::Test {
protected:
  int do_it(uint64_t connection, const std::string& method,
            const std::string& target, const headers& more = {},
            const std::string& body = {}) {
    http::request what;
    what.method = method;
    what.target = target;
    what.body = body;
    what.headers = {{"Content-Type", "application/json"}};
    what.headers.insert(what.headers.end(), more.begin(), more.end());
    auto x = cluster_.http().ask(connection, what);
    auto told = [&] { return cluster_.http().told(connection, x).ended; };
    if (!cluster_.run_until(told))
      return 0;
    auto& heard = cluster_.http().told(connection, x);
    got_ = json::parse(heard.body, nullptr, false);
    return heard.head.status;
  }

  /// Who the server takes somebody for; "" for nobody.
  std::string who(uint64_t connection, const headers& more = {}) {
    auto code = do_it(connection, "POST", whoami, more,
                      R"({"kind":"SelfSubjectReview",)"
                      R"("apiVersion":"authentication.k8s.io/v1"})");
    return code == 201
               ? got_["status"]["userInfo"]["username"].get<std::string>()
               : std::string{};
  }

  static headers bearer(const std::string& token) {
    return {{"Authorization", "Bearer " + token}};
  }

  std::string token_of(const std::string& account) {
    call::Request msg;
    msg.set_verb(call::CREATE);
    msg.set_api_version("v1");
    msg.set_kind("ServiceAccount");
    msg.set_namespace_("default");
    msg.set_name(account);
    msg.set_subresource("token");
    auto made =
        cluster_.ask(msg, object::of(authentication::v1::TokenRequest{}));
    EXPECT_TRUE(made) << message_of(made.error());
    return made ? made->one()
                      .as<authentication::v1::TokenRequest>()
                      .status()
                      .token()
                : "";
  }

  void make_account(const std::string& name) {
    ServiceAccount account;
    account.mutable_metadata()->set_name(name);
    account.mutable_metadata()->set_namespace_("default");
    ASSERT_TRUE(cluster_.create(object::of(account)));
  }

  simulated_cluster cluster_{with_tokens()};
  json got_;
};

TEST_F(Identity, IsThatOfTheTokenOfEachRequest) {
  make_account("builder");
  auto c = cluster_.http().connect({});
  auto token = token_of("builder");
  EXPECT_EQ(who(c, bearer(token)), "system:serviceaccount:default:builder");
  EXPECT_EQ(got_["status"]["userInfo"]["groups"],
            json({"system:serviceaccounts", "system:serviceaccounts:default",
                  "system:authenticated"}));
  EXPECT_FALSE(got_["status"]["userInfo"]["uid"].get<std::string>().empty());
  EXPECT_EQ(who(c, bearer("written")), "jane");
  EXPECT_EQ(do_it(c, "GET", pods), 403);
  EXPECT_NE(got_["message"].get<std::string>().find("system:anonymous"),
            std::string::npos);
  EXPECT_EQ(do_it(c, "GET", pods, bearer("wrong")), 401);
  EXPECT_EQ(got_["message"], "Unauthorized");
  EXPECT_EQ(got_["reason"], "Unauthorized");
  EXPECT_EQ(do_it(c, "GET", pods, bearer(token)), 403);
}

TEST_F(Identity, EndsSoonAfterItsAccount) {
  make_account("builder");
  auto c = cluster_.http().connect({});
  auto token = token_of("builder");
  EXPECT_NE(who(c, bearer(token)), "");
  ASSERT_TRUE(cluster_.remove(kind_of<ServiceAccount>(), "default", "builder"));
  cluster_.advance(11s);
  EXPECT_EQ(do_it(c, "GET", pods, bearer(token)), 401);
  auto other = cluster_.http().connect({});
  EXPECT_EQ(do_it(other, "GET", pods, bearer(token)), 401);
}

TEST_F(Identity, MayComeAmongAWebSocketsProtocols) {
  auto c = cluster_.http().connect({});
  headers more{
      {"Connection", "Upgrade"},
      {"Upgrade", "websocket"},
      {"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io."
                                     + crypto::base64url_encode("written")
                                     + ", v4.channel.k8s.io"}};
  EXPECT_EQ(who(c, more), "jane");
  // Where nobody wants to go over, it is no token.
  EXPECT_EQ(who(c, {more.back()}), "");
}

TEST_F(Identity, ACertificateComesBeforeAToken) {
  auto c = cluster_.http().connect(admin);
  EXPECT_EQ(who(c, bearer("wrong")), "kubernetes-admin");
}

TEST_F(Identity, IsThatOfSomebodyElseWhereOneMay) {
  auto c = cluster_.http().connect(admin);
  EXPECT_EQ(who(c, {{"Impersonate-User", "joe"},
                    {"Impersonate-Group", "dev"},
                    {"Impersonate-Uid", "u1"},
                    {"Impersonate-Extra-Scope", "view"}}),
            "joe");
  auto& user = got_["status"]["userInfo"];
  EXPECT_EQ(user["groups"], json({"dev", "system:authenticated"}));
  EXPECT_EQ(user["uid"], "u1");
  EXPECT_EQ(user["extra"]["scope"], json({"view"}));
  auto jane = cluster_.http().connect({});
  auto more = bearer("written");
  more.push_back({"Impersonate-User", "joe"});
  EXPECT_EQ(do_it(jane, "GET", pods, more), 403);
  EXPECT_EQ(got_["message"], "users \"joe\" is forbidden: User \"jane\" cannot "
                             "impersonate resource \"users\" in API group \"\" "
                             "at the cluster scope");
  EXPECT_EQ(do_it(c, "GET", pods, {{"Impersonate-Group", "dev"}}), 500);
}

TEST_F(Identity, OfManyOverOneConnectionAreBounded) {
  auto c = cluster_.http().connect(admin);
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(who(c, {{"Impersonate-User", "u" + std::to_string(i)}}),
              "u" + std::to_string(i));
  auto all = cluster_.paths();
  auto sessions = std::count_if(all.begin(), all.end(), [](auto& path) {
    return path.find("apiserver/front_door/") != std::string::npos;
  });
  EXPECT_LT(sessions, 150);
}

TEST_F(Identity, OfTheIssuerIsPublic) {
  auto c = cluster_.http().connect(admin);
  EXPECT_EQ(do_it(c, "GET", "/.well-known/openid-configuration"), 200);
  EXPECT_EQ(got_["issuer"], "https://kubernetes.default.svc.cluster.local");
  EXPECT_EQ(do_it(c, "GET", "/openid/v1/jwks"), 200);
  EXPECT_EQ(got_["keys"].size(), 1u);
}

TEST_F(Identity, EveryNamespacesAccountHasASecret) {
  auto has = [&] {
    auto found = cluster_.get(kind_of<ServiceAccount>(), "default", "default");
    return found && found->as<ServiceAccount>().secrets_size() == 1;
  };
  EXPECT_TRUE(cluster_.run_until(has));
}

} // namespace

} // namespace troupe::test
