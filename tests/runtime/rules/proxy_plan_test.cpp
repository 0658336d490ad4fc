#include "runtime/rules/proxy_plan.hpp"
#include "runtime/rules/service_ports.hpp"
#include "tests/support/service_objects.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using namespace troupe::test;
using discovery::v1::EndpointSlice;

namespace {

const std::vector<proxy_node> nodes{{"node-1", *net::parse_ipv4("10.9.0.1")},
                                    {"node-2", *net::parse_ipv4("10.9.0.2")}};

std::string text(const std::vector<net::listener>& listeners) {
  std::string out;
  for (auto& x : listeners) {
    out += to_string(x.key) + " ->";
    for (auto& target : x.targets)
      out += " " + to_string(target);
    if (x.affinity.count() > 0)
      out += " for " + std::to_string(x.affinity.count()) + " s";
    out += "\n";
  }
  return out;
}

std::string plan(const core::v1::Service& service,
                 const std::vector<EndpointSlice>& slices) {
  std::vector<object> objects;
  for (auto& x : slices)
    objects.push_back(object::of(x));
  return text(
      plan_service_proxy(object::of(service), objects, nodes).listeners);
}

EndpointSlice two_pods() {
  auto x = slice_of("web", 8080);
  add_endpoint(x, "10.1.0.2", true, "node-2");
  add_endpoint(x, "10.1.0.1", true, "node-1");
  return x;
}

net::listener_key key_at(const char* at) {
  return {net::protocol::tcp, *net::parse_endpoint(at)};
}

net::listener listener_at(const char* at, const char* target) {
  return {key_at(at), {*net::parse_endpoint(target)}};
}

} // namespace

TEST(ProxyPlan, LeadsTheClusterAddressToReadyEndpoints) {
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {two_pods()}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n");
}

TEST(ProxyPlan, OpensTheNodePortOnEveryNode) {
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5", 30001), {two_pods()}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n"
            "10.9.0.1:30001/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n"
            "10.9.0.2:30001/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n");
}

TEST(ProxyPlan, LeavesOutEndpointsThatAreNotReady) {
  auto slice = two_pods();
  add_endpoint(slice, "10.1.0.3", false);
  slice.mutable_endpoints(1)->mutable_conditions()->set_ready(false);
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.2:8080\n");
}

TEST(ProxyPlan, TakesUnknownForReady) {
  auto slice = slice_of("web", 8080);
  slice.add_endpoints()->add_addresses("10.1.0.1");
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080\n");
}

TEST(ProxyPlan, FallsBackToEndpointsThatEnd) {
  auto slice = slice_of("web", 8080);
  auto* ending = add_endpoint(slice, "10.1.0.1", false);
  ending->mutable_conditions()->set_serving(true);
  ending->mutable_conditions()->set_terminating(true);
  auto* gone = add_endpoint(slice, "10.1.0.2", false);
  gone->mutable_conditions()->set_serving(false);
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080\n");
  add_endpoint(slice, "10.1.0.3");
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.3:8080\n");
}

TEST(ProxyPlan, KeepsAPlaceWithoutEndpointsSoThatItRefuses) {
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {}),
            "10.0.0.5:80/TCP ->\n");
}

TEST(ProxyPlan, HasNothingForHeadlessAndExternalServices) {
  EXPECT_EQ(plan(proxied_service("web", "None"), {two_pods()}), "");
  EXPECT_EQ(plan(proxied_service("web", ""), {two_pods()}), "");
  auto named = proxied_service("web", "");
  named.mutable_spec()->set_type("ExternalName");
  named.mutable_spec()->set_external_name("example.org");
  EXPECT_EQ(plan(named, {two_pods()}), "");
}

TEST(ProxyPlan, MatchesNamedPorts) {
  auto service = proxied_service("web", "10.0.0.5");
  service.mutable_spec()->mutable_ports(0)->set_name("http");
  auto* metrics = service.mutable_spec()->add_ports();
  metrics->set_name("metrics");
  metrics->set_port(9090);
  // Two pods of one service may mean different numbers by one name.
  auto first = slice_of("web", 8080, "a");
  first.mutable_ports(0)->set_name("http");
  auto* p = first.add_ports();
  p->set_name("metrics");
  p->set_port(9100);
  add_endpoint(first, "10.1.0.1");
  auto second = slice_of("web", 8081, "b");
  second.mutable_ports(0)->set_name("http");
  add_endpoint(second, "10.1.0.2");
  EXPECT_EQ(plan(service, {first, second}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 10.1.0.2:8081\n"
            "10.0.0.5:9090/TCP -> 10.1.0.1:9100\n");
}

TEST(ProxyPlan, TellsProtocolsApart) {
  auto service = proxied_service("dns", "10.0.0.10");
  service.mutable_spec()->mutable_ports(0)->set_port(53);
  service.mutable_spec()->mutable_ports(0)->set_protocol("UDP");
  auto slice = slice_of("dns", 5353);
  add_endpoint(slice, "10.1.0.1");
  EXPECT_EQ(plan(service, {slice}), "10.0.0.10:53/UDP ->\n");
  slice.mutable_ports(0)->set_protocol("UDP");
  EXPECT_EQ(plan(service, {slice}), "10.0.0.10:53/UDP -> 10.1.0.1:5353\n");
  service.mutable_spec()->mutable_ports(0)->set_protocol("SCTP");
  EXPECT_EQ(plan(service, {slice}), "");
}

TEST(ProxyPlan, KeepsClientsWhereTheServiceSaysSo) {
  auto service = proxied_service("web", "10.0.0.5");
  service.mutable_spec()->set_session_affinity("ClientIP");
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.1.0.1");
  EXPECT_EQ(plan(service, {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 for 10800 s\n");
  service.mutable_spec()
      ->mutable_session_affinity_config()
      ->mutable_client_ip()
      ->set_timeout_seconds(60);
  EXPECT_EQ(plan(service, {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 for 60 s\n");
}

TEST(ProxyPlan, AnswersAtExternalAndLoadBalancerAddresses) {
  auto service = proxied_service("web", "10.0.0.5");
  service.mutable_spec()->add_external_ips("10.9.0.1");
  auto* ingress = service.mutable_status()->mutable_load_balancer();
  ingress->add_ingress()->set_ip("10.9.0.77");
  auto* proxied = ingress->add_ingress();
  proxied->set_ip("10.9.0.78");
  proxied->set_ip_mode("Proxy");
  ingress->add_ingress()->set_hostname("lb.example.org");
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.1.0.1");
  EXPECT_EQ(plan(service, {slice}), "10.0.0.5:80/TCP -> 10.1.0.1:8080\n"
                                    "10.9.0.1:80/TCP -> 10.1.0.1:8080\n"
                                    "10.9.0.77:80/TCP -> 10.1.0.1:8080\n");
}

TEST(ProxyPlan, KeepsTrafficOnItsNodeWhereThePolicySaysSo) {
  auto service = proxied_service("web", "10.0.0.5", 30001);
  service.mutable_spec()->set_external_traffic_policy("Local");
  auto slice = two_pods();
  add_endpoint(slice, "10.1.0.9", true, "node-far-away");
  EXPECT_EQ(plan(service, {slice}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 10.1.0.2:8080 10.1.0.9:8080\n"
            "10.9.0.1:30001/TCP -> 10.1.0.1:8080\n"
            "10.9.0.2:30001/TCP -> 10.1.0.2:8080\n");
  service.mutable_spec()->set_internal_traffic_policy("Local");
  EXPECT_EQ(plan(service, {slice}).substr(0, 46),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080 10.1.0.2:8080");
}

TEST(ProxyPlan, OpensTheNodePortWhereTheMachineIsFound) {
  auto service = proxied_service("web", "10.0.0.5", 30001);
  service.mutable_spec()->set_external_traffic_policy("Local");
  auto slice = two_pods();
  add_endpoint(slice, "10.1.0.9", true, "node-far-away");
  std::vector<object> slices{object::of(slice)};
  auto with_machine = nodes;
  with_machine.push_back({{}, *net::parse_ipv4("192.0.2.1")});
  auto found = text(
      plan_service_proxy(object::of(service), slices, with_machine).listeners);
  EXPECT_NE(found.find("192.0.2.1:30001/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n"),
            std::string::npos)
      << found;
}

TEST(ProxyPlan, IgnoresAddressesOfOtherFamilies) {
  auto service = proxied_service("web", "10.0.0.5");
  service.mutable_spec()->add_cluster_ips("fd00::5");
  auto slice = slice_of("web", 8080);
  slice.set_address_type("IPv6");
  add_endpoint(slice, "fd00::1");
  EXPECT_EQ(plan(service, {slice}), "10.0.0.5:80/TCP ->\n");
}

TEST(ProxyPlan, CountsAnEndpointOnce) {
  auto a = slice_of("web", 8080, "a");
  auto b = slice_of("web", 8080, "b");
  add_endpoint(a, "10.1.0.1");
  add_endpoint(b, "10.1.0.1");
  EXPECT_EQ(plan(proxied_service("web", "10.0.0.5"), {a, b}),
            "10.0.0.5:80/TCP -> 10.1.0.1:8080\n");
}

TEST(ProxyPlan, SaysWhatItDecided) {
  auto notes = [](const core::v1::Service& x) {
    return plan_service_proxy(object::of(x), {}, nodes).notes.at(0);
  };
  EXPECT_EQ(notes(proxied_service("web", "10.0.0.5")),
            "port 80: no endpoint is ready, connections are refused");
  EXPECT_EQ(notes(proxied_service("web", "None")),
            "is headless: clients find its pods by name");
}

TEST(ProxyPlan, MovesLowPortsWhereTheyMayNotBeOpened) {
  auto service = proxied_service("web", "10.0.0.5", 30001);
  auto slice = object::of(two_pods());
  auto planned =
      plan_service_proxy(object::of(service), {&slice, 1}, nodes, 1024);
  EXPECT_EQ(text(planned.listeners),
            "10.0.0.5:8080/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n"
            "10.9.0.1:30001/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n"
            "10.9.0.2:30001/TCP -> 10.1.0.1:8080 10.1.0.2:8080\n");
  EXPECT_EQ(planned.notes.at(0), "port 80 answers at 8080: the proxy may not "
                                 "open ports below 1024");
  ASSERT_EQ(planned.events.size(), 1u);
  EXPECT_EQ(planned.events[0].reason, "PortMoved");
  EXPECT_FALSE(planned.events[0].warning);
  EXPECT_EQ(planned.events[0].message, planned.notes.at(0));
  // Without anybody to serve it, nobody needs to hear of it.
  auto idle = plan_service_proxy(object::of(service), {}, nodes, 1024);
  EXPECT_TRUE(idle.events.empty());
  // Where they may be opened nothing is different.
  EXPECT_EQ(text(plan_service_proxy(object::of(service), {&slice, 1}, nodes, 80)
                     .listeners),
            plan(service, {two_pods()}));
}

TEST(ProxyPlan, ClosesALowPortWhosePlaceAnotherHas) {
  auto service = proxied_service("web", "10.0.0.5");
  auto* other = service.mutable_spec()->add_ports();
  other->set_name("other");
  other->set_port(8080);
  other->set_protocol("TCP");
  auto slice = two_pods();
  auto* port = slice.add_ports();
  port->set_name("other");
  port->set_port(9090);
  auto what = object::of(slice);
  auto planned =
      plan_service_proxy(object::of(service), {&what, 1}, nodes, 1024);
  EXPECT_EQ(text(planned.listeners),
            "10.0.0.5:8080/TCP -> 10.1.0.1:9090 10.1.0.2:9090\n");
  ASSERT_EQ(planned.events.size(), 1u);
  EXPECT_TRUE(planned.events[0].warning);
  EXPECT_EQ(planned.events[0].reason, "PortClosed");
  EXPECT_EQ(planned.events[0].message,
            "port 80 does not answer: the proxy may not open ports below 1024, "
            "and 8080 is another port of this service");
}

TEST(AnsweringPorts, AreMovedOnlyWhereTheyMust) {
  struct row {
    std::vector<std::pair<int, const char*>> ports;
    int lowest;
    std::vector<int> answers;
  };
  for (auto& r :
       std::vector<row>{{{{80, "TCP"}}, 0, {80}},
                        {{{80, "TCP"}}, 1024, {8080}},
                        {{{80, ""}, {443, "TCP"}}, 1024, {8080, 8443}},
                        {{{1023, "TCP"}, {1024, "TCP"}}, 1024, {9023, 1024}},
                        {{{80, "TCP"}, {8080, "TCP"}}, 1024, {0, 8080}},
                        {{{80, ""}, {8080, "TCP"}}, 1024, {0, 8080}},
                        // Another protocol is another place.
                        {{{53, "UDP"}, {8053, "TCP"}}, 1024, {8053, 8053}},
                        {{{53, "UDP"}, {53, "TCP"}}, 1024, {8053, 8053}},
                        {{{80, "TCP"}, {8080, "TCP"}}, 80, {80, 8080}}}) {
    core::v1::Service service;
    for (auto& [number, protocol] : r.ports) {
      auto* port = service.mutable_spec()->add_ports();
      port->set_port(number);
      port->set_protocol(protocol);
    }
    std::vector<int> answers;
    for (auto& x : answering_ports(service, r.lowest)) {
      answers.push_back(x.answers);
      EXPECT_EQ(x.why.empty(), x.answers == x.port);
    }
    EXPECT_EQ(answers, r.answers);
  }
}

TEST(ProxyTable, TellsOnlyWhatChanged) {
  proxy_table x;
  auto first = x.set("a", {listener_at("10.0.0.1:80", "10.1.0.1:8080"),
                           listener_at("10.0.0.1:81", "10.1.0.1:8080")});
  EXPECT_EQ(first.changed.size(), 2u);
  EXPECT_TRUE(x.set("a", x.all()).empty());
  auto second = x.set("a", {listener_at("10.0.0.1:80", "10.1.0.2:8080")});
  EXPECT_EQ(text(second.changed), "10.0.0.1:80/TCP -> 10.1.0.2:8080\n");
  EXPECT_EQ(second.removed, std::vector{key_at("10.0.0.1:81")});
  auto last = x.set("a", {});
  EXPECT_EQ(last.removed, std::vector{key_at("10.0.0.1:80")});
  EXPECT_EQ(x.size(), 0u);
}

TEST(ProxyTable, GivesAPlaceToWhoAskedFirst) {
  proxy_table x;
  x.set("a", {listener_at("10.9.0.1:80", "10.1.0.1:1")});
  EXPECT_TRUE(x.set("b", {listener_at("10.9.0.1:80", "10.1.0.2:2")}).empty());
  EXPECT_EQ(x.owner(key_at("10.9.0.1:80")), "a");
  EXPECT_TRUE(x.denied("a").empty());
  EXPECT_EQ(x.denied("b"), std::vector{key_at("10.9.0.1:80")});
  // A change of who waits changes nothing that is served.
  EXPECT_TRUE(x.set("b", {listener_at("10.9.0.1:80", "10.1.0.3:3")}).empty());
  auto next = x.set("a", {});
  EXPECT_EQ(text(next.changed), "10.9.0.1:80/TCP -> 10.1.0.3:3\n");
  EXPECT_TRUE(next.removed.empty());
  EXPECT_EQ(x.owner(key_at("10.9.0.1:80")), "b");
  EXPECT_TRUE(x.denied("b").empty());
}
