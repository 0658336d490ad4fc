#include "actors/controllers/certificate.hpp"
#include "actors/controllers/token_cleaner.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/rules/signing.hpp"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using certificates::v1::CertificateSigningRequest;
using namespace std::chrono_literals;

const time_point begin = time_point{} + std::chrono::hours(24 * 365 * 56);

core::v1::Secret token(const std::string& id,
                       std::optional<time_point> expires) {
  rules::bootstrap_token result;
  result.id = id;
  result.secret = "0123456789abcdef";
  result.expires = expires;
  return rules::to_secret(result);
}

CertificateSigningRequest request(const std::string& name,
                                  const std::string& user) {
  CertificateSigningRequest result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_uid("uid-" + name);
  *result.mutable_metadata()->mutable_creation_timestamp() = to_time(begin);
  auto& spec = *result.mutable_spec();
  spec.set_request(
      crypto::request_certificate({"system:node:n1", {"system:nodes"}})
          ->request);
  spec.set_signer_name(rules::kubelet_signer);
  spec.add_usages("client auth");
  spec.set_username(user);
  spec.add_groups("system:nodes");
  return result;
}

} // namespace

struct TokenCleaner : test::controller_fixture {};

TEST_F(TokenCleaner, DeletesATokenWhenItExpiresAndNotBefore) {
  api.put(token("aaaaaa", begin + 1h));
  api.put(token("bbbbbb", std::nullopt));
  api.put(token("cccccc", begin - 1s));
  auto other = token("dddddd", begin - 1s);
  other.set_type("Opaque");
  api.put(other);
  start(token_cleaner);
  EXPECT_EQ(all("Secret").size(), 3u);
  EXPECT_FALSE(api.find("Secret", "kube-system/bootstrap-token-cccccc"));
  world.advance(59min);
  EXPECT_EQ(all("Secret").size(), 3u);
  world.advance(61s);
  EXPECT_EQ(all("Secret").size(), 2u);
  EXPECT_FALSE(api.find("Secret", "kube-system/bootstrap-token-aaaaaa"));
}

TEST_F(TokenCleaner, FollowsAnExpiryThatIsChanged) {
  api.put(token("aaaaaa", begin + 1h));
  start(token_cleaner);
  api.put(token("aaaaaa", begin + 3h));
  world.advance(61min);
  EXPECT_EQ(all("Secret").size(), 1u);
  EXPECT_FALSE(why("kube-system/bootstrap-token-aaaaaa").empty());
  api.put(token("aaaaaa", begin + 1h));
  world.run();
  EXPECT_TRUE(all("Secret").empty());
}

struct CertificateController : test::controller_fixture {
  bool is_approved(const std::string& name) {
    auto found = api.find("CertificateSigningRequest", name);
    return rules::is_approved(found.as<CertificateSigningRequest>());
  }
};

TEST_F(CertificateController, ApprovesWhoAsksForItselfAndNobodyElse) {
  start(certificate_controller);
  api.put(request("own", "system:node:n1"));
  api.put(request("other", "system:node:n2"));
  world.run();
  EXPECT_TRUE(is_approved("own"));
  EXPECT_FALSE(is_approved("other"));
  EXPECT_EQ(
      api.of(call::UPDATE, "CertificateSigningRequest", "approval").size(), 1u);
  EXPECT_FALSE(why("other").empty());
}

TEST_F(CertificateController, DeletesRequestsThatAreOld) {
  start(certificate_controller);
  api.put(request("own", "system:node:n1"));
  api.put(request("other", "system:node:n2"));
  auto old = request("old", "system:node:n2");
  *old.mutable_metadata()->mutable_creation_timestamp() = to_time(begin - 23h);
  api.put(old);
  world.advance(59min);
  EXPECT_EQ(all("CertificateSigningRequest").size(), 3u);
  world.advance(2min);
  EXPECT_EQ(all("CertificateSigningRequest").size(), 1u);
  EXPECT_TRUE(api.find("CertificateSigningRequest", "other"));
}

TEST_F(CertificateController, ForgetsUsersWhoseCertificatesAreAllOver) {
  rules::issued_certificates record;
  record.user = "system:node:n1";
  record.note("0a", begin + 10min, begin);
  record.note("0b", begin + 20min, begin);
  api.put(rules::to_config_map(record));
  start(certificate_controller);
  world.advance(15min);
  EXPECT_EQ(all("ConfigMap").size(), 1u);
  world.advance(6min);
  EXPECT_TRUE(all("ConfigMap").empty());
}

} // namespace troupe
