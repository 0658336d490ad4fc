#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/rules/joining.hpp"
#include "runtime/rules/signing.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

const time_point now = time_point{std::chrono::seconds{1'800'000'000}};
const auto hash = "sha256:" + std::string(64, 'a');

bootstrap_token a_token() {
  bootstrap_token result;
  result.id = "abcdef";
  result.secret = "0123456789abcdef";
  return result;
}

} // namespace

TEST(JoinToken, IsOneStringAndReadAgain) {
  join_token x{"abcdef", "0123456789abcdef", hash};
  auto text = to_string(x);
  EXPECT_EQ(text, "abcdef.0123456789abcdef@" + hash);
  EXPECT_EQ(*parse_join_token(text), x);
  EXPECT_EQ(*parse_join_token(text + "\n"), x);
}

TEST(JoinToken, IsRefusedInAnyOtherFormAndNotRepeated) {
  for (auto& text : std::vector<std::string>{
           "", "abcdef.0123456789abcdef", "abcdef@" + hash,
           "abcde.0123456789abcdef@" + hash, "abcdef.0123456789abcde@" + hash,
           "ABCDEF.0123456789abcdef@" + hash,
           "abcdef.0123456789abcdef@sha256:" + std::string(63, 'a'),
           "abcdef.0123456789abcdef@md5:" + std::string(64, 'a'),
           "abcdef.0123456789abcdef@sha256:" + std::string(64, 'A'),
           "abcdef.0123456789abcdef@" + hash + "x"}) {
    auto found = parse_join_token(text);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(message_of(found.error()).find("0123456789"), std::string::npos);
  }
}

TEST(BootstrapToken, IsASecretAsKubernetesHasIt) {
  auto token = a_token();
  token.expires = now;
  token.description = "for tests";
  auto secret = to_secret(token);
  EXPECT_EQ(secret.metadata().name(), "bootstrap-token-abcdef");
  EXPECT_EQ(secret.metadata().namespace_(), "kube-system");
  EXPECT_EQ(secret.type(), "bootstrap.kubernetes.io/token");
  auto& data = secret.data();
  EXPECT_EQ(data.at("token-id"), "abcdef");
  EXPECT_EQ(data.at("token-secret"), "0123456789abcdef");
  EXPECT_EQ(data.at("expiration"), "2027-01-15T08:00:00Z");
  EXPECT_EQ(data.at("usage-bootstrap-authentication"), "true");
  EXPECT_EQ(data.at("usage-bootstrap-signing"), "true");
  EXPECT_EQ(data.at("description"), "for tests");
  EXPECT_EQ(data.at("auth-extra-groups"),
            "system:bootstrappers:troupe:default-node-token");
}

TEST(BootstrapToken, ReadsWhatItWrites) {
  auto token = a_token();
  EXPECT_EQ(*read_bootstrap_token(to_secret(token)), token);
  token.expires = now;
  token.uses_left = 3;
  token.roles = {join_role::server, join_role::component};
  token.for_signing = false;
  token.groups = {};
  EXPECT_EQ(*read_bootstrap_token(to_secret(token)), token);
  token.uses_left = 2;
  EXPECT_EQ(*read_bootstrap_token(with_one_use_less(
                [&] {
                  auto more = token;
                  more.uses_left = 3;
                  return to_secret(more);
                }(),
                "0a", now)),
            token);
}

TEST(BootstrapToken, RemembersForAWhileWhichRequestsTookAUse) {
  auto token = a_token();
  token.uses_left = 1'000;
  auto secret = to_secret(token);
  auto mark = request_mark(join_role::node, "n1", "of one key");
  EXPECT_NE(mark, request_mark(join_role::node, "n1", "of another"));
  EXPECT_NE(mark, request_mark(join_role::node, "n2", "of one key"));
  EXPECT_NE(mark, request_mark(join_role::server, "n1", "of one key"));
  EXPECT_FALSE(has_taken_use(secret, mark, now));
  secret = with_one_use_less(secret, mark, now);
  EXPECT_TRUE(has_taken_use(secret, mark, now + 1min));
  EXPECT_FALSE(has_taken_use(secret, mark.substr(1), now));
  EXPECT_FALSE(has_taken_use(secret, mark, now + 3min));
  EXPECT_EQ(read_bootstrap_token(secret)->uses_left, 999u);
}

TEST(BootstrapToken, DoesNotGrowForEver) {
  auto token = a_token();
  token.uses_left = 1'000;
  auto secret = to_secret(token);
  for (int i = 0; i < 900; ++i)
    secret = with_one_use_less(secret, std::to_string(i), now);
  EXPECT_LT(secret.ByteSizeLong(), 8'000u);
  EXPECT_FALSE(has_taken_use(secret, "0", now));
  EXPECT_TRUE(has_taken_use(secret, "899", now));
  secret = with_one_use_less(secret, "late", now + 3min);
  EXPECT_LT(secret.ByteSizeLong(), 500u);
  EXPECT_TRUE(has_taken_use(secret, "late", now + 3min));
}

TEST(BootstrapToken, OfWhichSomethingCannotBeReadIsNone) {
  auto change = [](const char* key, const char* value) {
    auto secret = to_secret(a_token());
    (*secret.mutable_data())[key] = value;
    return read_bootstrap_token(secret);
  };
  EXPECT_TRUE(change("token-id", "abcdef"));
  EXPECT_FALSE(change("token-id", "ghijkl"));
  EXPECT_FALSE(change("token-secret", "short"));
  EXPECT_FALSE(change("expiration", "tomorrow"));
  EXPECT_FALSE(change("troupe-uses-left", "many"));
  EXPECT_FALSE(change("troupe-uses-left", "-1"));
  EXPECT_FALSE(change("troupe-roles", "node,king"));
  EXPECT_FALSE(change("auth-extra-groups", "system:masters"));
  auto secret = to_secret(a_token());
  secret.set_type("Opaque");
  EXPECT_FALSE(read_bootstrap_token(secret));
}

TEST(BootstrapToken, LetsInWhoKnowsTheSecretInTimeAndRole) {
  auto token = a_token();
  auto check = [&](const std::string& secret, join_role role) {
    return check_token(token, secret, role, now);
  };
  EXPECT_EQ(check(token.secret, join_role::node), token_problem::none);
  EXPECT_EQ(check("0123456789abcdeg", join_role::node), token_problem::wrong);
  EXPECT_EQ(check("", join_role::node), token_problem::wrong);
  EXPECT_EQ(check(token.secret, join_role::server), token_problem::wrong_role);
  token.uses_left = 1;
  EXPECT_EQ(check(token.secret, join_role::node), token_problem::none);
  token.uses_left = 0;
  EXPECT_EQ(check(token.secret, join_role::node), token_problem::used_up);
  token.expires = now + 1s;
  token.uses_left = {};
  EXPECT_EQ(check(token.secret, join_role::node), token_problem::none);
  token.expires = now;
  EXPECT_EQ(check(token.secret, join_role::node), token_problem::expired);
  // What else is wrong is nobody's business who does not know it.
  EXPECT_EQ(check("x", join_role::server), token_problem::wrong);
  token.expires = {};
  token.for_authentication = false;
  EXPECT_EQ(check(token.secret, join_role::node), token_problem::wrong);
}

TEST(JoiningIdentity, IsKubernetesOwn) {
  auto node = joining_identity(join_role::node, "n1.example.com");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->user, "system:node:n1.example.com");
  EXPECT_EQ(node->groups, std::vector<std::string>{"system:nodes"});
  EXPECT_EQ(joining_identity(join_role::component, "kube-scheduler")->user,
            "system:kube-scheduler");
  EXPECT_EQ(joining_identity(join_role::server, "server-2")->user,
            crypto::server_user);
}

TEST(JoiningIdentity, HasAGoodNameOrNone) {
  for (auto* name : {"", "N1", "n_1", "-n", "n1/../x", "n1,O=system:masters"})
    EXPECT_FALSE(joining_identity(join_role::node, name)) << name;
  EXPECT_FALSE(joining_identity(join_role::component, "kube-apiserver"));
  EXPECT_FALSE(joining_identity(join_role::component, ""));
  EXPECT_FALSE(joining_identity(join_role::server, "a.b"));
  // It is given a name.
  EXPECT_TRUE(joining_identity(join_role::server, ""));
}

TEST(NameOfANode, IsTakenByWhoHasItOrIsAboutToHaveIt) {
  EXPECT_EQ(name_problem("n1", {}, now), "");
  EXPECT_NE(name_problem("n1", {true, false, {}}, now), "");
  EXPECT_EQ(name_problem("n1", {true, true, {}}, now), "");
  EXPECT_NE(name_problem("n1", {false, false, now - 1min}, now), "");
  EXPECT_EQ(name_problem("n1", {false, true, now - 1min}, now), "");
  EXPECT_EQ(name_problem("n1", {false, false, now - 2min}, now), "");
}

TEST(WrongTokens, FromOnePlaceAreHeardNoMoreForAWhile) {
  wrong_tokens x;
  for (uint32_t i = 0; i < wrong_tokens::most; ++i) {
    EXPECT_FALSE(x.blocked("here", now));
    x.note("here", now);
  }
  EXPECT_EQ(x.blocked("here", now), now + 1min);
  EXPECT_FALSE(x.blocked("there", now));
  EXPECT_FALSE(x.blocked("here", now + 1min));
  EXPECT_EQ(x.places(), 0u);
}

TEST(WrongTokens, AreRememberedOfSoManyPlacesOnly) {
  wrong_tokens x;
  for (size_t i = 0; i < wrong_tokens::most_places + 10; ++i)
    x.note(std::to_string(i), now + i * 1ms);
  EXPECT_EQ(x.places(), wrong_tokens::most_places);
}

TEST(IssuedCertificates, AreReadAsTheyWereWritten) {
  issued_certificates x;
  x.user = "system:node:n1";
  x.note("0a", now + 1h, now);
  x.note("0b", now + 3h, now + 2h);
  EXPECT_EQ(x.until.size(), 1u) << "what is over is forgotten";
  x.note("0c", now + 4h, now + 2h);
  x.last_request = "0d";
  auto map = to_config_map(x);
  EXPECT_EQ(map.metadata().name(), issued_name(x.user));
  EXPECT_LE(issued_name(std::string(400, 'n')).size(), 63u);
  EXPECT_EQ(*read_issued_certificates(map), x);
  EXPECT_FALSE(read_issued_certificates({}));
}

TEST(RevokedCertificates, AreKeptUntilTheyAreOverAnyway) {
  revoked_certificates all{{"0a", {"system:node:n1", now + 1h}},
                           {"0b", {"system:kube-scheduler", now}}};
  auto map = to_config_map(all, now);
  all.erase("0b");
  EXPECT_EQ(read_revoked(map), all);
  // What somebody wrote by hand counts, whatever it says.
  (*map.mutable_data())["0c"] = "for ever";
  EXPECT_EQ(serials_of(read_revoked(map)), (std::set<std::string>{"0a", "0c"}));
  EXPECT_TRUE(is_serial("0a1b"));
  for (auto* text : {"", "0", "0A", "node-1"})
    EXPECT_FALSE(is_serial(text)) << text;
}

namespace {

using certificates::v1::CertificateSigningRequest;

CertificateSigningRequest request_of(const crypto::identity& who,
                                     const std::string& signer) {
  CertificateSigningRequest result;
  result.mutable_metadata()->set_name("csr-1");
  auto& spec = *result.mutable_spec();
  spec.set_request(crypto::request_certificate(who)->request);
  spec.set_signer_name(signer);
  spec.add_usages("digital signature");
  spec.add_usages("client auth");
  spec.set_username(who.user);
  for (auto& group : who.groups)
    spec.add_groups(group);
  return result;
}

const crypto::identity a_node{"system:node:n1", {"system:nodes"}};

bool approved(const CertificateSigningRequest& x) {
  auto why = approval_problem(x);
  return why && why->empty();
}

} // namespace

TEST(Signing, IsApprovedOfWhoAsksForItself) {
  EXPECT_TRUE(approved(request_of(a_node, kubelet_signer)));
  EXPECT_TRUE(
      approved(request_of({"system:kube-scheduler", {}}, component_signer)));
}

TEST(Signing, IsLeftToPeopleOfEverythingElse) {
  auto x = request_of(a_node, kubelet_signer);
  x.mutable_spec()->set_username("system:node:n2");
  EXPECT_FALSE(approved(x)) << "of another node";
  x = request_of(a_node, kubelet_signer);
  x.mutable_spec()->clear_groups();
  EXPECT_FALSE(approved(x)) << "no node at all";
  x = request_of({"system:node:n1", {"system:nodes", "system:masters"}},
                 kubelet_signer);
  EXPECT_FALSE(approved(x)) << "more groups than a node has";
  x = request_of(a_node, kubelet_signer);
  x.mutable_spec()->add_usages("server auth");
  EXPECT_FALSE(approved(x)) << "to serve";
  x = request_of(a_node, kubelet_signer);
  x.mutable_spec()->clear_usages();
  EXPECT_FALSE(approved(x)) << "for nothing";
  x = request_of(a_node, kubelet_signer);
  x.mutable_spec()->set_request(
      crypto::request_certificate(a_node, {{"localhost"}, {}})->request);
  EXPECT_FALSE(approved(x)) << "with names";
  x.mutable_spec()->set_request("nonsense");
  EXPECT_FALSE(approved(x));
  EXPECT_FALSE(approved(request_of(a_node, component_signer)));
  EXPECT_FALSE(
      approved(request_of({"kubernetes-admin", {}}, component_signer)));
  EXPECT_FALSE(approval_problem(request_of(a_node, "example.com/other")))
      << "none of ours";
}

TEST(Signing, ComesAfterApprovalAndOnce) {
  auto x = request_of(a_node, kubelet_signer);
  EXPECT_FALSE(is_to_be_signed(x));
  approve(x, now);
  EXPECT_TRUE(is_to_be_signed(x));
  auto failed = x;
  fail(failed, "no", now);
  EXPECT_FALSE(is_to_be_signed(failed));
  x.mutable_status()->set_certificate("done");
  EXPECT_FALSE(is_to_be_signed(x));
}

TEST(Signing, IsGoodForAsLongAsWasAskedWithinBounds) {
  auto x = request_of(a_node, kubelet_signer);
  EXPECT_EQ(signing_lifetime(x), 24h * 365);
  for (auto [asked, given] : {std::pair{1, 600}, std::pair{3'600, 3'600}}) {
    x.mutable_spec()->set_expiration_seconds(asked);
    EXPECT_EQ(signing_lifetime(x), std::chrono::seconds{given});
  }
}

TEST(Signing, RequestsAreKeptForAWhile) {
  auto x = request_of(a_node, kubelet_signer);
  *x.mutable_metadata()->mutable_creation_timestamp() = to_time(now);
  EXPECT_EQ(kept_until(x), now + 24h);
  approve(x, now + 5min);
  EXPECT_EQ(kept_until(x), now + 5min + 1h);
}
