#include "actors/proxy/dns.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/system.pb.h"
#include "runtime/dns/message.hpp"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/first_objects.hpp"
#include "tests/support/fake_api.hpp"
#include "tests/support/service_objects.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using test::add_endpoint;
using test::proxied_service;
using test::slice_of;

/// Refuses to open a place until it is told otherwise.
struct stubborn_dns : net::simulated_dns {
  void replace(net::dns_settings settings, net::dns_change all,
               report to) override {
    tell = to;
    simulated_dns::replace(std::move(settings), std::move(all), std::move(to));
  }

  void listen(std::vector<net::listener_key> places) override {
    ++listened;
    if (!problem.empty())
      for (auto& each : places)
        tell(each, problem);
    simulated_dns::listen(std::move(places));
  }

  report tell;
  std::string problem;
  int listened = 0;
};

struct Dns : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  std::shared_ptr<stubborn_dns> edge = std::make_shared<stubborn_dns>();
  dns_actor actor;

  Dns() {
    world.outside().names = edge;
    for (auto& each : rules::first_objects({"10.96.0.0/16", {}, 0, {}}))
      if (each.name() == rules::dns_service_name || each.name() == "default")
        api.put(each);
  }

  ~Dns() override { stop(); }

  void start() {
    actor = world.system().spawn(cluster_dns, world.at("proxy/dns"));
    world.run();
  }

  void stop() {
    if (actor)
      world.end(caf::actor_cast<caf::actor>(actor));
    actor = nullptr;
  }

  template <class T>
  void put(const T& msg) {
    api.put(msg);
    world.run();
  }

  /// How many addresses a name has, or minus its code.
  int ask(const char* text) {
    dns::message question;
    question.questions = {
        {*dns::name::parse(text), dns::type::a, dns::class_in}};
    auto said = dns::parse(edge->ask(dns::encode(question)));
    if (!said)
      return -100;
    return said->code == 0 ? static_cast<int>(said->answers.size())
                           : -static_cast<int>(said->code);
  }

  std::string places() const {
    std::string out;
    for (auto& each : edge->places())
      out += to_string(each) + " ";
    return out;
  }

  std::vector<std::string> why(const std::string& key) {
    caf::scoped_actor self{world.system()};
    system::Explain msg;
    msg.set_key(key);
    auto asked = self->request(actor, caf::infinite,
                               pb<system::Explain>{std::move(msg)});
    world.run();
    std::vector<std::string> out;
    asked.receive(
        [&](const pb<system::Explanation>& x) {
          out.assign(x->decisions().begin(), x->decisions().end());
        },
        [](const caf::error&) {});
    return out;
  }

  std::vector<std::string> facts() {
    caf::scoped_actor self{world.system()};
    auto asked = self->request(actor, caf::infinite, pb<system::Describe>{});
    world.run();
    std::vector<std::string> out;
    asked.receive(
        [&](const pb<system::Description>& x) {
          out.assign(x->facts().begin(), x->facts().end());
        },
        [](const caf::error&) {});
    return out;
  }
};

constexpr auto web = "web.default.svc.cluster.local";
constexpr auto both = "10.96.0.10:53/TCP 10.96.0.10:53/UDP ";

} // namespace

TEST_F(Dns, KnowsWhatIsThereWhenItStarts) {
  api.put(proxied_service("web", "10.0.0.5"));
  start();
  EXPECT_EQ(ask(web), 1);
  EXPECT_EQ(ask("kube-dns.kube-system.svc.cluster.local"), -3)
      << "there is no such namespace here";
  EXPECT_EQ(places(), both);
}

TEST_F(Dns, FollowsServices) {
  start();
  EXPECT_EQ(ask(web), -3);
  put(proxied_service("web", "10.0.0.5"));
  EXPECT_EQ(ask(web), 1);
  api.remove("Service", "default/web");
  world.run();
  EXPECT_EQ(ask(web), -3);
}

TEST_F(Dns, FollowsEndpoints) {
  start();
  put(proxied_service("db", "None"));
  EXPECT_EQ(ask("db.default.svc.cluster.local"), -3);
  auto slice = slice_of("db", 5432);
  add_endpoint(slice, "10.1.0.1")->set_hostname("db-0");
  put(slice);
  EXPECT_EQ(ask("db.default.svc.cluster.local"), 1);
  EXPECT_EQ(ask("db-0.db.default.svc.cluster.local"), 1);
  auto second = slice_of("db", 5432, "2");
  add_endpoint(second, "10.1.0.2");
  put(second);
  EXPECT_EQ(ask("db.default.svc.cluster.local"), 2);
  slice.mutable_endpoints(0)->mutable_conditions()->set_ready(false);
  put(slice);
  EXPECT_EQ(ask("db.default.svc.cluster.local"), 1);
  EXPECT_EQ(ask("db-0.db.default.svc.cluster.local"), -3);
  api.remove("EndpointSlice", "default/db-2");
  world.run();
  EXPECT_EQ(ask("db.default.svc.cluster.local"), -3);
}

TEST_F(Dns, FollowsNamespaces) {
  start();
  core::v1::Namespace space;
  space.mutable_metadata()->set_name("shop");
  EXPECT_EQ(ask("shop.svc.cluster.local"), -3);
  put(space);
  EXPECT_EQ(ask("shop.svc.cluster.local"), 0);
  api.remove("Namespace", "shop");
  world.run();
  EXPECT_EQ(ask("shop.svc.cluster.local"), -3);
}

TEST_F(Dns, LeavesItsPlacesToPods) {
  start();
  EXPECT_EQ(places(), both);
  auto own =
      api.find("Service", "kube-system/kube-dns").copy<core::v1::Service>();
  (*own.mutable_spec()->mutable_selector())["k8s-app"] = "kube-dns";
  put(own);
  EXPECT_EQ(places(), "");
  own.mutable_spec()->clear_selector();
  put(own);
  EXPECT_EQ(places(), both);
}

TEST_F(Dns, TheEdgeGoesOnWhileItIsAway) {
  api.put(proxied_service("web", "10.0.0.5"));
  start();
  stop();
  EXPECT_EQ(ask(web), 1);
  api.remove("Service", "default/web");
  api.put(proxied_service("other", "10.0.0.6"));
  EXPECT_EQ(ask(web), 1) << "as it was told last";
  start();
  EXPECT_EQ(ask(web), -3);
  EXPECT_EQ(ask("other.default.svc.cluster.local"), 1);
  EXPECT_EQ(places(), both);
}

TEST_F(Dns, TriesAPlaceAgainThatWasTaken) {
  edge->problem = "Address already in use";
  start();
  world.run();
  EXPECT_EQ(facts().back(), "problems=2");
  auto said = why("kube-system/kube-dns");
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[1], "does not answer at 10.96.0.10:53/TCP: Address already in "
                     "use");
  edge->problem.clear();
  auto before = edge->listened;
  world.advance(2s);
  EXPECT_EQ(edge->listened, before + 1);
  for (auto& each : edge->places())
    edge->tell(each, "");
  world.run();
  EXPECT_EQ(facts().back(), "problems=0");
  world.advance(60s);
  EXPECT_EQ(edge->listened, before + 1) << "all is well";
}

TEST_F(Dns, TellsWhyAServiceHasANameOrNone) {
  api.put(proxied_service("web", "10.0.0.5"));
  api.put(proxied_service("db", "None"));
  start();
  EXPECT_EQ(why("default/web"),
            std::vector<std::string>{
                "web.default.svc.cluster.local leads to 10.0.0.5"});
  EXPECT_EQ(why("default/db"),
            std::vector<std::string>{"db.default.svc.cluster.local is no name "
                                     "while no endpoint is ready"});
  EXPECT_TRUE(why("default/none").empty());
  EXPECT_EQ(facts().at(0), "services=3");
}

} // namespace troupe
