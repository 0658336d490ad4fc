#include "actors/apiserver/joining.hpp"
#include "actors/apiserver/revocation.hpp"
#include "actors/apiserver/signer.hpp"
#include "actors/system/join_gate.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/join.pb.h"
#include "messages/store.pb.h"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/rules/signing.hpp"
#include "runtime/system/signing_authority.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using core::v1::ConfigMap;
using core::v1::Secret;
using namespace std::chrono_literals;

/// The desk of a cluster under virtual time.
struct join_fixture : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  time_point begin = time_point{} + std::chrono::hours(24 * 365 * 56);
  crypto::credential ca = *crypto::make_authority("test", begin);
  std::shared_ptr<signing_authority> edge;
  std::set<std::string> revoked;
  caf::actor desk;

  join_fixture() {
    edge = std::make_shared<signing_authority>();
    edge->authority = ca;
    edge->facts = [] {
      join::ClusterFacts facts;
      facts.set_cluster_name("tested");
      return facts;
    };
    edge->revoke = [this](const std::set<std::string>& all) { revoked = all; };
    world.outside().authority = edge;
    put_token({});
    desk = caf::actor_cast<caf::actor>(
        world.system().spawn(join_desk, world.at("apiserver/joining")));
    world.run();
  }

  ~join_fixture() override { world.end(desk); }

  void put_token(const std::function<void(rules::bootstrap_token&)>& change) {
    rules::bootstrap_token token;
    token.id = "abcdef";
    token.secret = "0123456789abcdef";
    if (change)
      change(token);
    api.put(rules::to_secret(token));
  }

  join::JoinRequest request(const std::string& name = "n1") {
    join::JoinRequest result;
    result.set_protocol(1);
    result.set_token_id("abcdef");
    result.set_token_secret("0123456789abcdef");
    result.set_role("node");
    result.set_name(name);
    result.set_peer("10.0.0.9");
    asked = *crypto::request_certificate({"whatever", {}});
    result.set_signing_request(asked.request);
    return result;
  }

  join::JoinAnswer join(const join::JoinRequest& msg) {
    caf::scoped_actor self{world.system()};
    auto sent = self->request(caf::actor_cast<joining_actor>(desk),
                              caf::infinite, pb<join::JoinRequest>{msg});
    world.run();
    // Who is beside it may say nothing.
    world.advance(3s);
    join::JoinAnswer result;
    sent.receive([&](const pb<join::JoinAnswer>& x) { result = *x; },
                 [](const caf::error& err) { FAIL() << message_of(err); });
    return result;
  }

  join::Refusal refusal(const join::JoinRequest& msg) {
    auto answer = join(msg);
    EXPECT_EQ(answer.reason().empty(), answer.refusal() == join::NONE);
    EXPECT_EQ(answer.has_certificate(), answer.refusal() == join::NONE)
        << answer.reason();
    return answer.refusal();
  }

  uint32_t uses_left() {
    auto secret = api.find("Secret", "kube-system/bootstrap-token-abcdef");
    return *rules::read_bootstrap_token(secret.as<Secret>())->uses_left;
  }

  crypto::signing_request asked;
};

using JoinDesk = join_fixture;
using Signer = join_fixture;
using Revocation = join_fixture;
using JoinGate = join_fixture;

TEST_F(JoinDesk, GivesACertificateToWhoHasAToken) {
  auto answer = join(request());
  ASSERT_EQ(answer.refusal(), join::NONE) << answer.reason();
  auto who =
      crypto::check_certificate(ca.certificate, answer.certificate(), begin);
  ASSERT_TRUE(who) << message_of(who.error());
  EXPECT_EQ(who->user, "system:node:n1");
  EXPECT_EQ(who->groups, std::vector<std::string>{"system:nodes"});
  EXPECT_TRUE(crypto::is_of_same_key(answer.certificate(), asked.request));
  EXPECT_EQ(answer.authority(), ca.certificate);
  EXPECT_EQ(answer.facts().cluster_name(), "tested");
  EXPECT_FALSE(answer.has_server());
}

TEST_F(JoinDesk, NotesWhatItGivesAway) {
  auto answer = join(request());
  auto map = api.find("ConfigMap",
                      "kube-system/" + rules::issued_name("system:node:n1"));
  ASSERT_TRUE(map);
  auto record = rules::read_issued_certificates(map.as<ConfigMap>());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->until.count(*crypto::serial_of(answer.certificate())), 1u);
}

TEST_F(JoinDesk, SaysWhatIsWrongWithAToken) {
  auto msg = request();
  msg.set_token_secret("0123456789abcdeX");
  EXPECT_EQ(refusal(msg), join::WRONG_TOKEN);
  msg = request();
  msg.set_token_id("ghijkl");
  EXPECT_EQ(refusal(msg), join::WRONG_TOKEN);
  msg = request();
  msg.set_role("component");
  msg.set_name("kube-proxy");
  EXPECT_EQ(refusal(msg), join::WRONG_ROLE);
  put_token([&](auto& x) { x.expires = begin; });
  EXPECT_EQ(refusal(request()), join::EXPIRED_TOKEN);
  put_token([](auto& x) { x.uses_left = 0; });
  EXPECT_EQ(refusal(request()), join::USED_UP_TOKEN);
  EXPECT_TRUE(api.of(call::CREATE, "ConfigMap").empty()) << "nothing is signed";
}

TEST_F(JoinDesk, RefusesWhatIsNoRequest) {
  auto msg = request();
  msg.set_protocol(2);
  EXPECT_EQ(refusal(msg), join::MALFORMED);
  msg = request();
  msg.set_signing_request("nothing");
  EXPECT_EQ(refusal(msg), join::MALFORMED);
  msg = request();
  msg.set_token_id("../../x");
  EXPECT_EQ(refusal(msg), join::MALFORMED);
  msg = request();
  msg.set_role("king");
  EXPECT_EQ(refusal(msg), join::WRONG_ROLE);
  EXPECT_EQ(refusal(request("Not A Name")), join::BAD_NAME);
  EXPECT_TRUE(api.requests.empty());
}

TEST_F(JoinDesk, CountsUsesAndTakesNoneForARefusal) {
  put_token([](auto& x) { x.uses_left = 2; });
  EXPECT_EQ(refusal(request("n1")), join::NONE);
  EXPECT_EQ(uses_left(), 1u);
  core::v1::Node node;
  node.mutable_metadata()->set_name("n2");
  api.put(node);
  EXPECT_EQ(refusal(request("n2")), join::NAME_TAKEN);
  EXPECT_EQ(uses_left(), 1u);
  EXPECT_EQ(refusal(request("n3")), join::NONE);
  EXPECT_EQ(refusal(request("n4")), join::USED_UP_TOKEN);
}

/// In place of the store's member beside the desk.
caf::behavior lone_store(caf::event_based_actor*) {
  return {[](const pb<store_api::StatusRequest>&) {
    store_api::StatusResponse result;
    auto& member = *result.add_members();
    member.set_id(1);
    member.set_address("server-1/store");
    return pb<store_api::StatusResponse>{std::move(result)};
  }};
}

TEST_F(JoinDesk, TakesNoUseForAServerThatIsRefused) {
  put_token([](auto& x) {
    x.uses_left = 1;
    x.roles = {rules::join_role::server};
  });
  bool taken = true;
  edge->admit =
      [&](const std::string&,
          const std::vector<member_address>&) -> expected<join::ServerFacts> {
    if (taken)
      return make_error(ec::conflict, "taken");
    join::ServerFacts result;
    result.set_settings("of server-2");
    return result;
  };
  auto msg = request("server-2");
  msg.set_role("server");
  EXPECT_EQ(refusal(msg), join::UNAVAILABLE) << "the store says nothing";
  EXPECT_EQ(uses_left(), 1u);
  auto store = world.system().spawn(lone_store);
  world.enter("store/replica", store);
  EXPECT_EQ(refusal(msg), join::NAME_TAKEN);
  EXPECT_EQ(uses_left(), 1u);
  taken = false;
  auto answer = join(msg);
  EXPECT_EQ(answer.refusal(), join::NONE) << answer.reason();
  EXPECT_EQ(answer.server().settings(), "of server-2");
  EXPECT_EQ(uses_left(), 0u);
  world.end(store);
}

TEST_F(JoinDesk, GivesTheSameRequestAnotherAnswerForTheSameUse) {
  put_token([](auto& x) { x.uses_left = 1; });
  auto msg = request();
  EXPECT_EQ(refusal(msg), join::NONE);
  auto again = join(msg);
  EXPECT_EQ(again.refusal(), join::NONE) << again.reason();
  EXPECT_TRUE(crypto::is_of_same_key(again.certificate(), asked.request));
  EXPECT_EQ(uses_left(), 0u);
  EXPECT_EQ(refusal(request("n2")), join::USED_UP_TOKEN);
  auto elsewhere = msg;
  elsewhere.set_name("n2");
  EXPECT_EQ(refusal(elsewhere), join::USED_UP_TOKEN);
  world.advance(3min);
  EXPECT_EQ(refusal(msg), join::USED_UP_TOKEN) << "that is no lost answer";
}

TEST_F(JoinDesk, KeepsANameForTheSameKeyAlone) {
  auto msg = request();
  EXPECT_EQ(refusal(msg), join::NONE);
  EXPECT_EQ(refusal(request()), join::NAME_TAKEN) << "it has another key";
  EXPECT_EQ(refusal(msg), join::NONE);
}

TEST_F(JoinDesk, TakesAUseOnceThoughTheRecordCannotBeWrittenAtFirst) {
  put_token([](auto& x) { x.uses_left = 1; });
  api.refuse = [](const test::fake_api::asked& what) {
    return what.msg.verb() == call::CREATE && what.msg.kind() == "ConfigMap"
               ? std::optional{make_error(ec::service_unavailable, "slow")}
               : std::nullopt;
  };
  auto msg = request();
  EXPECT_EQ(refusal(msg), join::UNAVAILABLE);
  api.refuse = nullptr;
  EXPECT_EQ(refusal(msg), join::NONE);
  EXPECT_EQ(uses_left(), 0u);
}

TEST_F(JoinDesk, TakesAUseThatIsLeftWhereAnotherServerTookOne) {
  put_token([](auto& x) { x.uses_left = 5; });
  bool once = true;
  api.refuse = [&](const test::fake_api::asked& what) {
    auto late = what.msg.verb() == call::UPDATE && what.msg.kind() == "Secret"
                && std::exchange(once, false);
    if (late)
      put_token([](auto& x) { x.uses_left = 4; });
    return std::optional<caf::error>{};
  };
  EXPECT_EQ(refusal(request()), join::NONE);
  EXPECT_EQ(uses_left(), 3u);
}

TEST_F(JoinDesk, KeepsTheNameOfANodeForWhoHasIt) {
  auto first = join(request());
  ASSERT_EQ(first.refusal(), join::NONE);
  crypto::credential mine{asked.key, first.certificate()};
  EXPECT_EQ(refusal(request()), join::NAME_TAKEN) << "it is about to register";
  world.advance(3min);
  EXPECT_EQ(refusal(request()), join::NONE) << "it never did";
  core::v1::Node node;
  node.mutable_metadata()->set_name("n1");
  api.put(node);
  world.advance(3min);
  EXPECT_EQ(refusal(request()), join::NAME_TAKEN);
  auto back = request();
  auto proof = *crypto::prove_return(mine, asked.request);
  back.set_earlier_certificate(proof.certificate);
  back.set_earlier_signature(proof.signature);
  EXPECT_EQ(refusal(back), join::NONE);
  // As somebody else it is a stranger.
  core::v1::Node other;
  other.mutable_metadata()->set_name("n2");
  api.put(other);
  back.set_name("n2");
  EXPECT_EQ(refusal(back), join::NAME_TAKEN);
}

TEST_F(JoinDesk, GivesTheNameOfADeletedNodeToTheNext) {
  EXPECT_EQ(refusal(request()), join::NONE);
  core::v1::Node node;
  node.mutable_metadata()->set_name("n1");
  api.put(node);
  world.run();
  api.remove("Node", "n1");
  EXPECT_EQ(refusal(request()), join::NONE) << "it registered, and is gone";
  world.advance(1s);
  EXPECT_EQ(refusal(request()), join::NAME_TAKEN) << "it is about to register";
}

TEST_F(JoinDesk, KeepsANameThatWasGivenBeforeTheDeletionWasSeen) {
  core::v1::Node node;
  node.mutable_metadata()->set_name("n1");
  api.put(node);
  world.run();
  auto at = api.objects.find({"Node", "n1"});
  auto gone = at->second.with_revision(++api.revision);
  api.objects.erase(at);
  EXPECT_EQ(refusal(request()), join::NONE);
  api.tell_all(change_type::deleted, gone);
  world.run();
  EXPECT_EQ(refusal(request()), join::NAME_TAKEN) << "it is about to register";
}

TEST_F(JoinDesk, LetsNobodyComeBackByARevokedCertificate) {
  auto first = join(request());
  crypto::credential mine{asked.key, first.certificate()};
  core::v1::Node node;
  node.mutable_metadata()->set_name("n1");
  api.put(node);
  api.put(rules::to_config_map(
      {{*crypto::serial_of(mine.certificate), {"system:node:n1", begin + 1h}}},
      begin));
  auto back = request();
  auto proof = *crypto::prove_return(mine, asked.request);
  back.set_earlier_certificate(proof.certificate);
  back.set_earlier_signature(proof.signature);
  EXPECT_EQ(refusal(back), join::NAME_TAKEN);
}

TEST_F(JoinDesk, HearsNobodyForAWhileWhoGuesses) {
  auto bad = request();
  bad.set_token_secret("0000000000000000");
  for (uint32_t i = 0; i < rules::wrong_tokens::most; ++i)
    EXPECT_EQ(refusal(bad), join::WRONG_TOKEN);
  EXPECT_EQ(refusal(request()), join::TOO_MANY);
  auto elsewhere = request();
  elsewhere.set_peer("10.0.0.8");
  EXPECT_EQ(refusal(elsewhere), join::NONE);
  world.advance(61s);
  EXPECT_EQ(refusal(request("n5")), join::NONE);
}

TEST_F(JoinDesk, SaysSoWhenTheStateCannotBeReached) {
  api.refuse = [](const test::fake_api::asked&) {
    return std::optional{make_error(ec::service_unavailable, "no leader")};
  };
  EXPECT_EQ(refusal(request()), join::UNAVAILABLE);
}

TEST_F(Signer, SignsWhatIsApprovedAndNothingElse) {
  auto actor = world.system().spawn(signer, world.at("apiserver/signer"));
  world.run();
  crypto::identity who{"system:node:n1", {"system:nodes"}};
  certificates::v1::CertificateSigningRequest csr;
  csr.mutable_metadata()->set_name("csr-1");
  auto& spec = *csr.mutable_spec();
  spec.set_request(crypto::request_certificate(who)->request);
  spec.set_signer_name(rules::kubelet_signer);
  spec.add_usages("client auth");
  spec.set_username(who.user);
  spec.add_groups("system:nodes");
  api.put(csr);
  world.run();
  auto found = [&](const char* name) {
    return api.find("CertificateSigningRequest", name)
        .copy<certificates::v1::CertificateSigningRequest>();
  };
  EXPECT_FALSE(found("csr-1").status().has_certificate());
  rules::approve(csr, begin);
  api.put(csr);
  world.run();
  auto certificate = found("csr-1").status().certificate();
  auto checked = crypto::check_certificate(ca.certificate, certificate, begin);
  ASSERT_TRUE(checked) << message_of(checked.error());
  EXPECT_EQ(*checked, who);
  EXPECT_TRUE(
      api.find("ConfigMap", "kube-system/" + rules::issued_name(who.user)));
  // Somebody approved what no signer of ours gives.
  csr.mutable_metadata()->set_name("csr-2");
  csr.mutable_spec()->set_username("system:node:n2");
  api.put(csr);
  world.run();
  EXPECT_FALSE(found("csr-2").status().has_certificate());
  EXPECT_TRUE(rules::is_refused(found("csr-2")));
  world.end(caf::actor_cast<caf::actor>(actor));
}

/// In place of the front door: hears what it is told.
caf::behavior told_door(caf::event_based_actor*, std::set<std::string>* told) {
  return {[told](const pb<join::Revoked>& msg) {
    *told = {msg->serials().begin(), msg->serials().end()};
  }};
}

TEST_F(Revocation, IsToldToTheWaysInAsItChanges) {
  std::set<std::string> told;
  auto door = world.system().spawn(told_door, &told);
  world.enter("apiserver/front_door", door);
  auto actor =
      world.system().spawn(revocation, world.at("apiserver/revocation"));
  world.run();
  EXPECT_TRUE(revoked.empty());
  rules::revoked_certificates all{{"0a", {"system:node:n1", begin + 1h}}};
  api.put(rules::to_config_map(all, begin));
  world.run();
  EXPECT_EQ(revoked, std::set<std::string>{"0a"});
  EXPECT_EQ(told, revoked);
  world.break_sessions();
  EXPECT_EQ(revoked, std::set<std::string>{"0a"});
  // A new front door knows nothing yet.
  world.end(door);
  std::set<std::string> told_anew;
  door = world.system().spawn(told_door, &told_anew);
  world.enter("apiserver/front_door", door);
  EXPECT_EQ(told_anew, revoked);
  all["0b"] = {"system:node:n2", begin + 1h};
  api.put(rules::to_config_map(all, begin));
  world.run();
  EXPECT_EQ(revoked, (std::set<std::string>{"0a", "0b"}));
  EXPECT_EQ(told_anew, revoked);
  api.remove("ConfigMap", "kube-system/" + std::string{rules::revoked_name});
  world.run();
  EXPECT_TRUE(revoked.empty());
  EXPECT_TRUE(told_anew.empty());
  world.end(caf::actor_cast<caf::actor>(actor));
  world.end(door);
}

TEST_F(JoinGate, PassesBytesToADeskAndItsAnswerBack) {
  auto gate = world.system().spawn(
      join_gate, std::vector<std::string>{"apiserver/joining"});
  auto serve = join_service_of(world.system(), gate);
  join::JoinAnswer answer;
  auto ask = [&](const std::string& bytes) {
    answer.Clear();
    serve(bytes, "10.0.0.7:4711",
          [&](const std::string& got) { answer.ParseFromString(got); });
    world.run();
    return answer.refusal();
  };
  auto bytes = request().SerializeAsString();
  EXPECT_EQ(ask(bytes), join::UNAVAILABLE) << "there is no tree yet";
  world.enter("apiserver/joining", desk);
  caf::anon_send(gate, world.at("x").directory());
  world.run();
  EXPECT_EQ(ask("\xff\xff"), join::MALFORMED);
  EXPECT_EQ(ask(bytes), join::NONE) << answer.reason();
  EXPECT_TRUE(answer.has_certificate());
  world.end(caf::actor_cast<caf::actor>(gate));
}

} // namespace

} // namespace troupe
