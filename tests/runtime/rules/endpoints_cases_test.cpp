#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

using core::v1::Endpoints;
using discovery::v1::EndpointSlice;

namespace {

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

void add_endpoints(rule_cases& all) {
  kind_cases<Endpoints> cases{all, "core/v1", "Endpoints",
                              R"(metadata { name: "a" namespace: "b" })"};
  auto add = [](const char* text) { return merge<Endpoints>(text); };
  cases.create("name", "metadata.name", add(R"(metadata { name: "A" })"));
  cases.create("some-address", "subsets[0]", add("subsets {}"),
               add(R"(subsets { not_ready_addresses { ip: "10.0.0.1" } })"));
  for (auto* ip :
       {"", "a", "0.0.0.0", "127.0.0.1", "169.254.0.1", "224.0.0.5", "::1"})
    cases.create(
        "address", "subsets[0].addresses[0].ip",
        [ip](Endpoints& obj) {
          obj.add_subsets()->add_addresses()->set_ip(ip);
        },
        add(R"(subsets { addresses { ip: "10.0.0.1" } })"));
  cases.create("hostname", "subsets[0].addresses[0].hostname",
               add(R"(subsets { addresses { ip: "10.0.0.1"
                                            hostname: "a.b" } })"),
               add(R"(subsets { addresses { ip: "10.0.0.1"
                                            hostname: "a" } })"));
  auto ports = [](const char* text) {
    return [text](Endpoints& obj) {
      auto all_text = std::string{R"(subsets { addresses { ip: "10.0.0.1" } )"}
                      + text + " }";
      merge<Endpoints>(all_text.c_str())(obj);
    };
  };
  cases.create("port-number", "subsets[0].ports[0].port",
               ports(R"(ports { port: 0 protocol: "TCP" })"),
               ports(R"(ports { port: 1 protocol: "TCP" })"));
  cases.create("port-name", "subsets[0].ports[1].name",
               ports(R"(ports { name: "a" port: 1 protocol: "TCP" }
                        ports { port: 2 protocol: "TCP" })"),
               ports(R"(ports { name: "a" port: 1 protocol: "TCP" }
                        ports { name: "b" port: 2 protocol: "TCP" })"));
  cases.create("port-name", "subsets[0].ports[0].name",
               ports(R"(ports { name: "A" port: 1 protocol: "TCP" })"));
  cases.create("port-protocol", "subsets[0].ports[0].protocol",
               ports(R"(ports { port: 1 protocol: "tcp" })"),
               ports(R"(ports { port: 1 protocol: "UDP" })"));
  cases.create("port-protocol", "subsets[0].ports[0].protocol",
               ports("ports { port: 1 }"));
}

void add_slice_endpoints(kind_cases<EndpointSlice>& cases) {
  auto add = [](const char* text) { return merge<EndpointSlice>(text); };
  auto many = [](int count) {
    return [count](EndpointSlice& obj) {
      for (int i = 0; i < count; ++i)
        obj.add_endpoints()->add_addresses("10.0.0.1");
    };
  };
  cases.create("most-endpoints", "endpoints", many(1001), many(1000));
  auto addresses = [](int count) {
    return [count](EndpointSlice& obj) {
      auto* one = obj.add_endpoints();
      for (int i = 0; i < count; ++i)
        one->add_addresses("10.0.0." + std::to_string(i + 1));
    };
  };
  cases.create("addresses", "endpoints[0].addresses", addresses(0),
               addresses(100));
  cases.create("addresses", "endpoints[0].addresses", addresses(101));
  for (auto* address : {"a", "fd00::1", "127.0.0.1"})
    cases.create("addresses", "endpoints[0].addresses[0]",
                 [address](EndpointSlice& obj) {
                   obj.add_endpoints()->add_addresses(address);
                 });
  cases.create("addresses", "endpoints[0].addresses[0]",
               add(R"(address_type: "FQDN" endpoints { addresses: "A" })"),
               add(R"(address_type: "FQDN" endpoints { addresses: "a.b" })"));
  cases.create("hostname", "endpoints[0].hostname",
               add(R"(endpoints { addresses: "10.0.0.1" hostname: "a.b" })"),
               add(R"(endpoints { addresses: "10.0.0.1" hostname: "a" })"));
  cases.create("node-name", "endpoints[0].nodeName",
               add(R"(endpoints { addresses: "10.0.0.1" node_name: "A" })"),
               add(R"(endpoints { addresses: "10.0.0.1" node_name: "a" })"));
  auto topology = [](int count) {
    return [count](EndpointSlice& obj) {
      auto* one = obj.add_endpoints();
      one->add_addresses("10.0.0.1");
      for (int i = 0; i < count; ++i)
        (*one->mutable_deprecated_topology())["k" + std::to_string(i)] = "v";
    };
  };
  cases.create("topology", "endpoints[0].deprecatedTopology", topology(17),
               topology(16));
  auto zones = [](int count) {
    return [count](EndpointSlice& obj) {
      auto* one = obj.add_endpoints();
      one->add_addresses("10.0.0.1");
      for (int i = 0; i < count; ++i)
        one->mutable_hints()->add_for_zones()->set_name("z");
    };
  };
  cases.create("topology", "endpoints[0].hints.forZones", zones(9), zones(8));
}

void add_slices(rule_cases& all) {
  kind_cases<EndpointSlice> cases{all, "discovery/v1", "EndpointSlice", R"(
    metadata { name: "a" namespace: "b" } address_type: "IPv4")"};
  auto add = [](const char* text) { return merge<EndpointSlice>(text); };
  cases.create("address-type", "addressType",
               [](EndpointSlice& obj) { obj.clear_address_type(); });
  cases.create("address-type", "addressType", add(R"(address_type: "IPX")"),
               add(R"(address_type: "IPv6")"));
  cases.update("address-type", "addressType", add(R"(address_type: "IPv6")"),
               add(R"(endpoints { addresses: "10.0.0.1" })"));
  add_slice_endpoints(cases);
  auto ports = [](int count) {
    return [count](EndpointSlice& obj) {
      for (int i = 0; i < count; ++i) {
        obj.add_ports()->set_name("p" + std::to_string(i));
        obj.mutable_ports(i)->set_protocol("TCP");
      }
    };
  };
  cases.create("ports", "ports", ports(20001), ports(100));
  cases.create("ports", "ports[1].name",
               add(R"(ports { name: "a" protocol: "TCP" }
                      ports { name: "a" protocol: "TCP" })"),
               add(R"(ports { name: "" protocol: "TCP" }
                      ports { name: "a" protocol: "TCP" })"));
  cases.create("ports", "ports[0].name",
               add(R"(ports { name: "A" protocol: "TCP" })"));
  cases.create("port-protocol", "ports[0].protocol", add("ports {}"),
               add(R"(ports { protocol: "SCTP" })"));
  cases.create("port-protocol", "ports[0].protocol",
               add(R"(ports { protocol: "X" })"));
  cases.create("app-protocol", "ports[0].appProtocol",
               add(R"(ports { protocol: "TCP" app_protocol: "a b" })"),
               add(R"(ports { protocol: "TCP" app_protocol: "http" })"));
}

} // namespace

void add_endpoints_cases(rule_cases& all) {
  add_endpoints(all);
  add_slices(all);
}

} // namespace troupe::rules

TEST(Endpoints, MayHoldTheClustersOwnLoopbackNetwork) {
  using namespace troupe;
  auto obj = rules::from_text<core::v1::Endpoints>(R"(
    metadata { name: "a" namespace: "b" }
    subsets { addresses { ip: "127.77.0.5" } })");
  auto own = rules::context_of("127.77.16.0/20");
  EXPECT_FALSE(rules::context_of("10.96.0.0/16").loopback_network);
  EXPECT_TRUE(rules::validate_create(obj, own).empty());
  EXPECT_FALSE(rules::validate_create(obj).empty());
  obj.mutable_subsets(0)->mutable_addresses(0)->set_ip("127.0.0.1");
  EXPECT_FALSE(rules::validate_create(obj, own).empty());
}
