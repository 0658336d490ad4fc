#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/join.pb.h"
#include "messages/join_interface.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/rules/signing.hpp"
#include "runtime/system/signing_authority.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <caf/actor_cast.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::test {

namespace {

using core::v1::Secret;
using namespace std::chrono_literals;

auto& secrets = kind_of<Secret>();

std::shared_ptr<const signing_authority> an_authority(time_point now) {
  auto result = std::make_shared<signing_authority>();
  result->authority = *crypto::make_authority("simulated", now);
  result->facts = [] { return join::ClusterFacts{}; };
  return result;
}

simulation_options with_authority(uint32_t servers) {
  simulation_options result;
  result.servers = servers;
  // The time at which simulations begin is no matter: it is good for long.
  result.authority = an_authority(simulated_cluster{}.now());
  return result;
}

rules::bootstrap_token a_token() {
  rules::bootstrap_token result;
  result.id = "abcdef";
  result.secret = "0123456789abcdef";
  return result;
}

join::JoinRequest request(const std::string& name) {
  join::JoinRequest result;
  result.set_protocol(1);
  result.set_token_id("abcdef");
  result.set_token_secret("0123456789abcdef");
  result.set_role("node");
  result.set_name(name);
  result.set_signing_request(crypto::request_certificate({name, {}})->request);
  return result;
}

/// Sends requests to the desks of different servers, all at once.
std::vector<join::Refusal> join_all(simulated_cluster& cluster,
                                    const std::vector<join::JoinRequest>& all,
                                    size_t servers) {
  caf::scoped_actor self{cluster.system()};
  std::vector<joining_actor> desks;
  for (size_t i = 0; i < servers; ++i)
    desks.push_back(caf::actor_cast<joining_actor>(
        cluster.find(cluster.path_at(i, "apiserver/joining"))));
  using asked =
      decltype(self->request(desks[0], caf::infinite, pb<join::JoinRequest>{}));
  std::vector<asked> open;
  for (size_t i = 0; i < all.size(); ++i)
    open.push_back(self->request(desks[i % servers], caf::infinite,
                                 pb<join::JoinRequest>{all[i]}));
  cluster.advance(5s);
  std::vector<join::Refusal> result;
  for (auto& each : open)
    each.receive(
        [&](const pb<join::JoinAnswer>& x) { result.push_back(x->refusal()); },
        [&](const caf::error&) { result.push_back(join::UNAVAILABLE); });
  return result;
}

} // namespace

TEST(Joining, GivesTheLastUseOfATokenToOneOfSeveralServers) {
  simulated_cluster cluster{with_authority(3)};
  auto token = a_token();
  token.uses_left = 2;
  ASSERT_TRUE(cluster.create(object::of(rules::to_secret(token))));
  auto answers = join_all(cluster,
                          {request("n1"), request("n2"), request("n3"),
                           request("n4"), request("n5"), request("n6")},
                          3);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), join::NONE), 2);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), join::USED_UP_TOKEN), 4);
}

TEST(Joining, EndsWhenTheTokenExpiresAndTheTokenGoes) {
  simulated_cluster cluster{with_authority(1)};
  auto token = a_token();
  token.expires = cluster.now() + 1h;
  ASSERT_TRUE(cluster.create(object::of(rules::to_secret(token))));
  EXPECT_EQ(join_all(cluster, {request("n1")}, 1),
            std::vector<join::Refusal>{join::NONE});
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.list(secrets, "kube-system").empty(); }, 3'700s));
  EXPECT_EQ(join_all(cluster, {request("n2")}, 1),
            std::vector<join::Refusal>{join::WRONG_TOKEN});
}

namespace {

/// What a request of somebody else than the administrator gives.
caf::error create_as(simulated_cluster& cluster, const crypto::identity& who,
                     const object& what) {
  auto door = caf::actor_cast<front_door_actor>(
      cluster.find(cluster.path_at(0, "apiserver/front_door")));
  call::OpenSession open;
  open.set_user(who.user);
  for (auto& group : who.groups)
    open.add_groups(group);
  caf::scoped_actor self{cluster.system()};
  session_actor session;
  auto opened = self->request(door, caf::infinite, pb<call::OpenSession>{open});
  cluster.run();
  opened.receive([&](const pb<call::SessionOpened>&,
                     const session_actor& x) { session = x; },
                 [](const caf::error&) {});
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_api_version(what.kind().api_version());
  msg.set_kind(std::string{what.kind().kind});
  msg.set_name(what.name());
  caf::error result;
  auto asked =
      self->request(session, caf::infinite, pb<call::Request>{msg}, what);
  cluster.advance(5s);
  asked.receive([](const pb<call::Response>&, const std::vector<object>&) {},
                [&](const caf::error& err) { result = err; });
  return result;
}

using certificates::v1::CertificateSigningRequest;

CertificateSigningRequest renewal_of(const crypto::identity& who,
                                     const std::string& name) {
  CertificateSigningRequest result;
  result.mutable_metadata()->set_name(name);
  auto& spec = *result.mutable_spec();
  spec.set_request(crypto::request_certificate(who)->request);
  spec.set_signer_name(rules::kubelet_signer);
  spec.add_usages("client auth");
  // Whatever it says here: who asks, the API server knows.
  spec.set_username(who.user);
  return result;
}

} // namespace

TEST(Joining, RenewsItsCertificateOverItsSession) {
  auto options = with_authority(1);
  simulated_cluster cluster{options};
  crypto::identity who{"system:node:n1", {"system:nodes"}};
  auto err = create_as(cluster, who, object::of(renewal_of(who, "csr-1")));
  ASSERT_FALSE(err) << message_of(err);
  // Another node asks for the first one's.
  err = create_as(cluster, {"system:node:n2", {"system:nodes"}},
                  object::of(renewal_of(who, "csr-2")));
  ASSERT_FALSE(err) << message_of(err);
  cluster.advance(5s);
  auto& kind = kind_of<CertificateSigningRequest>();
  auto own = cluster.get(kind, {}, "csr-1");
  auto other = cluster.get(kind, {}, "csr-2");
  ASSERT_TRUE(own && other);
  auto checked = crypto::check_certificate(
      options.authority->authority.certificate,
      own->as<CertificateSigningRequest>().status().certificate(),
      cluster.now());
  ASSERT_TRUE(checked) << message_of(checked.error());
  EXPECT_EQ(*checked, who);
  EXPECT_EQ(other->as<CertificateSigningRequest>().spec().username(),
            "system:node:n2");
  EXPECT_FALSE(
      other->as<CertificateSigningRequest>().status().has_certificate());
}

} // namespace troupe::test
