#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/proof.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::crypto;
using namespace std::chrono_literals;

namespace {

const time_point now = time_point{std::chrono::seconds{1'800'000'000}};

struct certificates : ::testing::Test {
  credential ca = *make_authority("test", now);
  identity node{"system:node:node-1", {"system:nodes"}};
};

} // namespace

using Certificate = certificates;
using Proof = certificates;

TEST_F(Certificate, CarriesUserAndGroups) {
  identity who{"jane", {"developers", "system:masters"}};
  auto x = issue(ca, who, {}, now);
  ASSERT_TRUE(x);
  auto info = inspect_certificate(x->certificate);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->who, who);
  EXPECT_FALSE(info->authority);
  EXPECT_LT(info->not_before, now);
  EXPECT_EQ(info->not_after, now + 24h * 365);
  auto checked = check_certificate(ca.certificate, x->certificate, now);
  ASSERT_TRUE(checked) << message_of(checked.error());
  EXPECT_EQ(*checked, who);
}

TEST_F(Certificate, CarriesTheNamesOfTheServer) {
  server_names names{{"localhost", "kubernetes.default.svc.cluster.local"},
                     {"127.0.0.1", "10.96.0.1", "::1"}};
  auto x = issue(ca, {"kube-apiserver", {}}, names, now);
  ASSERT_TRUE(x);
  EXPECT_EQ(inspect_certificate(x->certificate)->names, names);
  EXPECT_TRUE(check_certificate(ca.certificate, x->certificate, now));
}

TEST_F(Certificate, HoldsANodeNameOfAnyLengthThatKubernetesAllows) {
  identity who{"system:node:" + std::string(253, 'n'), {"system:nodes"}};
  auto x = issue(ca, who, {}, now);
  ASSERT_TRUE(x) << message_of(x.error());
  EXPECT_EQ(*check_certificate(ca.certificate, x->certificate, now), who);
}

TEST_F(Certificate, HoldsANameThatIsNotAscii) {
  identity who{"zo\xc3\xab",
               {"gr\xc3\xbc\xc3\x9f"
                "e"}};
  EXPECT_EQ(inspect_certificate(issue(ca, who, {}, now)->certificate)->who,
            who);
}

TEST_F(Certificate, IsRefusedWithoutAUser) {
  EXPECT_FALSE(issue(ca, {"", {}}, {}, now));
  EXPECT_FALSE(issue(ca, {"a\nb", {}}, {}, now));
  EXPECT_FALSE(issue(ca, {"a", {""}}, {}, now));
}

TEST_F(Certificate, IsRefusedForAnAddressThatIsNone) {
  auto x = issue(ca, node, {{}, {"300.0.0.1"}}, now);
  ASSERT_FALSE(x);
  EXPECT_NE(message_of(x.error()).find("address"), std::string::npos);
}

TEST_F(Certificate, OfAnotherAuthorityIsUnauthorized) {
  // The same name as ours: the key decides.
  auto other = make_authority("test", now);
  auto x = issue(*other, node, {}, now);
  auto checked = check_certificate(ca.certificate, x->certificate, now);
  ASSERT_FALSE(checked);
  EXPECT_TRUE(is(checked.error(), ec::unauthorized));
}

TEST_F(Certificate, IsGoodOnlyInItsTime) {
  auto x = issue(ca, node, {}, now);
  EXPECT_FALSE(check_certificate(ca.certificate, x->certificate, now - 2h));
  auto late =
      check_certificate(ca.certificate, x->certificate, now + 24h * 366);
  ASSERT_FALSE(late);
  EXPECT_NE(message_of(late.error()).find("expired"), std::string::npos);
}

TEST_F(Certificate, IsAcceptedByEitherOfTwoAuthorities) {
  auto next = make_authority("next", now);
  auto both = ca.certificate + next->certificate;
  auto old_one = issue(ca, node, {}, now);
  auto new_one = issue(*next, node, {}, now);
  EXPECT_TRUE(check_certificate(both, old_one->certificate, now));
  EXPECT_TRUE(check_certificate(both, new_one->certificate, now));
}

TEST_F(Certificate, CannotSignOthers) {
  auto mine = issue(ca, node, {}, now);
  auto forged = issue(*mine, {"kubernetes-admin", {"system:masters"}}, {}, now);
  ASSERT_TRUE(forged);
  EXPECT_FALSE(check_certificate(ca.certificate, forged->certificate, now));
  EXPECT_FALSE(check_certificate(ca.certificate + mine->certificate,
                                 forged->certificate, now));
}

TEST_F(Certificate, OfTheAuthorityHasAHashThatDiffersFromOthers) {
  auto hash = authority_hash(ca.certificate);
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->substr(0, 7), "sha256:");
  EXPECT_EQ(hash->size(), 7u + 64);
  EXPECT_EQ(*hash, *authority_hash(ca.certificate));
  EXPECT_NE(*hash, *authority_hash(make_authority("test", now)->certificate));
}

TEST_F(Certificate, AndKeyAreFoundInOneText) {
  EXPECT_EQ(*parse_credential(ca.pem()), ca);
  EXPECT_EQ(*parse_credential(ca.certificate + ca.key), ca);
}

TEST_F(Certificate, WithTheKeyOfAnotherIsRefused) {
  auto other = make_authority("other", now);
  auto x = parse_credential(ca.key + other->certificate);
  ASSERT_FALSE(x);
  EXPECT_FALSE(parse_credential(ca.key));
  EXPECT_FALSE(parse_credential(ca.certificate));
  EXPECT_FALSE(parse_credential("-----BEGIN CERTIFICATE-----\nAAAA\n"));
  EXPECT_FALSE(inspect_certificate(""));
  EXPECT_FALSE(authority_hash("nonsense"));
}

TEST_F(Proof, TellsWhoHoldsTheKey) {
  auto mine = issue(ca, node, {}, now);
  auto nonce = new_nonce();
  auto x = make_proof(*mine, nonce);
  ASSERT_TRUE(x);
  auto who = verify_proof(ca.certificate, *x, nonce, now);
  ASSERT_TRUE(who) << message_of(who.error());
  EXPECT_EQ(*who, node);
}

TEST_F(Proof, IsGoodForOneNonce) {
  auto mine = issue(ca, node, {}, now);
  auto x = make_proof(*mine, new_nonce());
  auto who = verify_proof(ca.certificate, *x, new_nonce(), now);
  ASSERT_FALSE(who);
  EXPECT_TRUE(is(who.error(), ec::unauthorized));
}

TEST_F(Proof, ByAnotherKeyIsRefused) {
  auto admin = issue(ca, {"kubernetes-admin", {"system:masters"}}, {}, now);
  auto mine = issue(ca, node, {}, now);
  auto nonce = new_nonce();
  auto x = make_proof(*mine, nonce);
  x->certificate = admin->certificate;
  EXPECT_FALSE(verify_proof(ca.certificate, *x, nonce, now));
}

TEST_F(Proof, OfAnotherClusterIsRefused) {
  auto other = make_authority("test", now);
  auto theirs = issue(*other, node, {}, now);
  auto nonce = new_nonce();
  EXPECT_FALSE(
      verify_proof(ca.certificate, *make_proof(*theirs, nonce), nonce, now));
}

TEST_F(Proof, OfNonsenseIsUnauthorized) {
  for (auto& x : {proof{"", ""}, proof{"nonsense", "nonsense"},
                  proof{ca.certificate, ""}}) {
    auto who = verify_proof(ca.certificate, x, "nonce", now);
    ASSERT_FALSE(who);
    EXPECT_TRUE(is(who.error(), ec::unauthorized));
  }
}
