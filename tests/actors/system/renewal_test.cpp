#include "actors/system/renewal.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/signing.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using certificates::v1::CertificateSigningRequest;
using namespace std::chrono_literals;

struct renewal_fixture : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  time_point begin = time_point{} + std::chrono::hours(24 * 365 * 56);
  crypto::credential ca = *crypto::make_authority("test", begin);
  crypto::identity who{"system:node:n1", {"system:nodes"}};
  crypto::credential mine;
  int saved = 0;
  caf::actor actor;

  /// A life of three hours begins now; its last third in about two.
  crypto::credential fresh(time_point now) {
    auto asked = *crypto::request_certificate(who);
    return {asked.key,
            *crypto::sign_request(ca, asked.request, who, {}, now, 2h)};
  }

  void start() {
    mine = fresh(begin);
    renewed_credential what;
    what.who = who;
    what.signer = rules::kubelet_signer;
    what.load = [this] { return expected<crypto::credential>{mine}; };
    what.save = [this](const crypto::credential& x) -> expected<void> {
      mine = x;
      ++saved;
      return caf::unit;
    };
    what.authority = ca.certificate;
    actor = caf::actor_cast<caf::actor>(
        world.system().spawn(renewal, world.at("renewal"), what));
    world.run();
  }

  ~renewal_fixture() override { world.end(actor); }

  size_t asked() {
    return api.of(call::CREATE, "CertificateSigningRequest").size();
  }

  CertificateSigningRequest last_request() {
    return api.of(call::CREATE, "CertificateSigningRequest")
        .back()
        .body.copy<CertificateSigningRequest>();
  }

  void sign(const crypto::identity& whom, time_point now) {
    auto request = last_request();
    rules::approve(request, now);
    request.mutable_status()->set_certificate(
        *crypto::sign_request(ca, request.spec().request(), whom, {}, now, 2h));
    api.put(request);
    world.run();
  }
};

} // namespace

using Renewal = renewal_fixture;

TEST_F(Renewal, AsksInTheLastThirdOfTheCertificatesLife) {
  start();
  // It is backdated by an hour: two thirds of three hours are over in one.
  world.advance(59min);
  EXPECT_EQ(asked(), 0u);
  world.advance(2min);
  ASSERT_EQ(asked(), 1u);
  auto request = last_request();
  EXPECT_EQ(request.spec().signer_name(), rules::kubelet_signer);
  auto wanted = crypto::inspect_request(request.spec().request());
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->who, who);
}

TEST_F(Renewal, ReplacesTheCertificateByWhatWasSigned) {
  start();
  auto before = mine;
  world.advance(61min);
  sign(who, begin + 61min);
  EXPECT_EQ(saved, 1);
  EXPECT_NE(mine.key, before.key);
  EXPECT_TRUE(crypto::parse_credential(mine.pem()));
  EXPECT_TRUE(
      crypto::check_certificate(ca.certificate, mine.certificate, begin + 3h));
  // And so again, in time.
  world.advance(61min);
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Renewal, TakesNothingThatIsForSomebodyElse) {
  start();
  world.advance(61min);
  sign({"system:node:n2", {"system:nodes"}}, begin + 61min);
  EXPECT_EQ(saved, 0);
  world.advance(2min);
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Renewal, TriesAgainAndMoreAndMoreSeldom) {
  start();
  api.refuse = [](const test::fake_api::asked&) {
    return std::optional{make_error(ec::forbidden, "not now")};
  };
  world.advance(61min);
  auto first = asked();
  EXPECT_GE(first, 1u);
  world.advance(4h);
  auto later = asked();
  EXPECT_LE(later - first, 10u);
  world.advance(3h);
  EXPECT_GE(asked() - later, 2u);
  EXPECT_LE(asked() - later, 4u);
}

TEST_F(Renewal, AsksAnewWhereNobodySigns) {
  start();
  world.advance(61min);
  EXPECT_EQ(asked(), 1u);
  world.advance(17min);
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Renewal, LeavesACertificateAloneThatWasReplacedMeanwhile) {
  start();
  world.advance(50min);
  mine = fresh(begin + 50min);
  world.advance(50min);
  EXPECT_EQ(asked(), 0u);
  world.advance(12min);
  EXPECT_EQ(asked(), 1u);
}

} // namespace troupe
