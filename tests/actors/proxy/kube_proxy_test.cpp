#include "actors/proxy/kube_proxy.hpp"
#include "messages/system.pb.h"
#include "runtime/net/forwarder.hpp"
#include "tests/runtime/net/plain_sockets.hpp"
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

struct KubeProxy : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  std::shared_ptr<net::recorded_services> edge =
      std::make_shared<net::recorded_services>();
  kube_proxy_actor actor;

  KubeProxy() { world.outside().services = edge; }

  ~KubeProxy() override { stop(); }

  void start() {
    std::vector<rules::proxy_node> nodes{
        {"node-1", *net::parse_ipv4("10.9.0.1")},
        {"node-2", *net::parse_ipv4("10.9.0.2")}};
    actor = world.system().spawn(kube_proxy, world.at("proxy"), nodes);
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

  void remove(const char* kind, const char* key) {
    api.remove(kind, key);
    world.run();
  }

  /// What the edge serves, one line each.
  std::string served() const {
    std::string out;
    for (auto& [key, x] : edge->listeners()) {
      out += to_string(key) + " ->";
      for (auto& target : x.targets)
        out += " " + net::to_string(target);
      out += "\n";
    }
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

  static net::listener_key key_at(const char* at) {
    return {net::protocol::tcp, *net::parse_endpoint(at)};
  }
};

const std::string web_served = "10.0.0.5:80/TCP -> 10.1.0.1:8080\n"
                               "10.9.0.1:30001/TCP -> 10.1.0.1:8080\n"
                               "10.9.0.2:30001/TCP -> 10.1.0.1:8080\n";

} // namespace

TEST_F(KubeProxy, ServesWhatIsThereWhenItStarts) {
  api.put(proxied_service("web", "10.0.0.5", 30001));
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.1.0.1");
  api.put(slice);
  start();
  EXPECT_EQ(served(), web_served);
}

TEST_F(KubeProxy, FollowsWhatChanges) {
  start();
  put(proxied_service("web", "10.0.0.5"));
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n");
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.1.0.1");
  put(slice);
  EXPECT_EQ(served(), "10.0.0.5:80/TCP -> 10.1.0.1:8080\n");
  slice.mutable_endpoints(0)->mutable_conditions()->set_ready(false);
  put(slice);
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n");
  auto moved = proxied_service("web", "10.0.0.5");
  moved.mutable_spec()->mutable_ports(0)->set_port(8000);
  put(moved);
  EXPECT_EQ(served(), "10.0.0.5:8000/TCP ->\n");
  remove("Service", "default/web");
  EXPECT_EQ(served(), "");
}

TEST_F(KubeProxy, ForgetsTheEndpointsOfASliceThatIsGone) {
  start();
  put(proxied_service("web", "10.0.0.5"));
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.1.0.1");
  put(slice);
  remove("EndpointSlice", "default/web-1");
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n");
}

TEST_F(KubeProxy, MovesASliceThatChangesItsService) {
  start();
  put(proxied_service("web", "10.0.0.5"));
  put(proxied_service("api", "10.0.0.6"));
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.1.0.1");
  put(slice);
  (*slice.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] =
      "api";
  put(slice);
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n"
                      "10.0.0.6:80/TCP -> 10.1.0.1:8080\n");
}

TEST_F(KubeProxy, KeepsTheEdgeServingWhileItsSessionIsDown) {
  api.put(proxied_service("web", "10.0.0.5"));
  api.put(proxied_service("old", "10.0.0.6"));
  start();
  api.remove("Service", "default/old");
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n10.0.0.6:80/TCP ->\n");
  world.break_sessions();
  world.advance(10s);
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n");
}

TEST_F(KubeProxy, TakesUpItsWorkAfterItsDeath) {
  api.put(proxied_service("web", "10.0.0.5"));
  start();
  stop();
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n") << "the edge goes on";
  put(proxied_service("api", "10.0.0.6"));
  start();
  EXPECT_EQ(served(), "10.0.0.5:80/TCP ->\n10.0.0.6:80/TCP ->\n");
}

TEST_F(KubeProxy, TellsAndExplainsAPlaceThatIsTaken) {
  start();
  put(proxied_service("web", "10.0.0.5", 30001));
  edge->report_problem(key_at("10.9.0.1:30001"), "Address already in use");
  world.run();
  auto expected_note =
      "cannot listen at 10.9.0.1:30001/TCP: Address already in use";
  EXPECT_EQ(api.events("FailedToListen"),
            std::vector<std::string>{expected_note});
  EXPECT_EQ(why("default/web").at(0),
            "does not answer at 10.9.0.1:30001/TCP: Address already in use");
  EXPECT_EQ(facts().back(), "problems=1");
  edge->report_problem(key_at("10.9.0.1:30001"), "");
  world.run();
  EXPECT_EQ(why("default/web").at(0),
            "port 80: no endpoint is ready, connections are refused");
  EXPECT_EQ(facts().back(), "problems=0");
}

TEST_F(KubeProxy, GivesAnAddressThatTwoServicesWantToTheFirst) {
  start();
  auto first = proxied_service("a", "10.0.0.5");
  first.mutable_spec()->add_external_ips("10.9.0.1");
  put(first);
  auto second = proxied_service("b", "10.0.0.6");
  second.mutable_spec()->add_external_ips("10.9.0.1");
  put(second);
  EXPECT_EQ(
      api.events("AddressInUse"),
      std::vector<std::string>{"10.9.0.1:80/TCP is served for default/a"});
  EXPECT_EQ(why("default/b").at(0), "does not answer at 10.9.0.1:80/TCP, "
                                    "which is served for default/a");
  auto slice = slice_of("b", 8080);
  add_endpoint(slice, "10.1.0.2");
  put(slice);
  remove("Service", "default/a");
  EXPECT_EQ(served(), "10.0.0.6:80/TCP -> 10.1.0.2:8080\n"
                      "10.9.0.1:80/TCP -> 10.1.0.2:8080\n");
}

TEST_F(KubeProxy, SaysNothingOfWhatItDoesNotKnow) {
  start();
  EXPECT_TRUE(why("default/none").empty());
  put(proxied_service("web", "10.0.0.5"));
  EXPECT_EQ(facts().at(0), "services=1");
  EXPECT_EQ(facts().at(1), "places=1");
}

TEST_F(KubeProxy, MakesAServiceAnswerForReal) {
  using namespace net;
  loop wire;
  auto server = plain_listener();
  auto target = local_endpoint(server.get());
  auto place = free_place();
  world.outside().services = std::make_shared<forwarder>(wire);
  auto service = proxied_service("web", to_string(place.address));
  service.mutable_spec()->mutable_ports(0)->set_port(place.port);
  api.put(service);
  auto slice = slice_of("web", target.port);
  add_endpoint(slice, to_string(target.address));
  api.put(slice);
  start();
  wire.run([] {});
  auto client = connected(place);
  auto peer = accepted(server);
  EXPECT_TRUE(send_text(client, "hello"));
  EXPECT_EQ(receive_text(peer, 5), "hello");
  world.outside().services.reset();
  stop();
}

TEST_F(KubeProxy, TriesAPlaceAgainThatWasTaken) {
  using namespace net;
  loop wire;
  auto squatter = plain_listener();
  auto place = local_endpoint(squatter.get());
  auto server = plain_listener();
  world.outside().services = std::make_shared<forwarder>(wire);
  auto service = proxied_service("web", to_string(place.address));
  service.mutable_spec()->mutable_ports(0)->set_port(place.port);
  api.put(service);
  auto slice = slice_of("web", local_endpoint(server.get()).port);
  add_endpoint(slice, "127.0.0.1");
  api.put(slice);
  start();
  wire.run([] {});
  world.run();
  EXPECT_EQ(facts().back(), "problems=1");
  squatter.reset();
  world.advance(2s);
  wire.run([] {});
  world.run();
  EXPECT_EQ(facts().back(), "problems=0");
  EXPECT_EQ(connect_to(plain_socket(), place), 0);
  world.outside().services.reset();
  stop();
}

} // namespace troupe
