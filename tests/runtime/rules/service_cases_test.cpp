#include "messages/api/core_service.pb.h"
#include "rule_cases.hpp"
#include "runtime/rules/allocators.hpp"

namespace troupe::rules {

using core::v1::Service;

namespace {

constexpr const char* good_service = R"(
  metadata { name: "web" namespace: "default" }
  spec { selector { key: "app" value: "web" } ports { port: 80 } })";

constexpr const char* balancer = R"(
  metadata { name: "web" namespace: "default" }
  spec { type: "LoadBalancer" ports { port: 80 } })";

using cases = kind_cases<Service>;

std::function<void(Service&)> spec(const char* text) {
  return [text](Service& obj) {
    EXPECT_TRUE(
        google::protobuf::TextFormat::MergeFromString(text, obj.mutable_spec()))
        << text;
  };
}

std::function<void(Service&)> port(const char* text) {
  return [text](Service& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
        text, obj.mutable_spec()->mutable_ports(0)))
        << text;
  };
}

// Becomes a name elsewhere, without anything of a cluster address.
void external(Service& obj) {
  auto* spec = obj.mutable_spec();
  spec->Clear();
  spec->set_type("ExternalName");
  spec->set_session_affinity("None");
  spec->set_external_name("a.b");
}

std::function<std::vector<field_error>()> allocated(const char* text) {
  return [text] {
    service_ranges ranges{{ip_allocator{*ip_range::parse("10.96.0.0/24")}}, {}};
    ranges.addresses[0].take(*ip_address::parse("10.96.0.9"));
    ranges.node_ports.take(30009);
    auto obj = from_text<Service>(text);
    auto err = allocate(obj, nullptr, ranges,
                        [n = 0u]() mutable { return uint64_t{n++}; });
    return as_findings(err);
  };
}

void add_ports(cases& services) {
  services.create(
      "name", "metadata.name",
      [](Service& obj) { obj.mutable_metadata()->set_name("1a"); },
      [](Service& obj) { obj.mutable_metadata()->set_name("a1"); });
  services.create("type", "spec.type", spec(R"(type: "Public")"));
  services.create(
      "ports", "spec.ports",
      [](Service& obj) { obj.mutable_spec()->clear_ports(); },
      [](Service& obj) {
        obj.mutable_spec()->clear_ports();
        obj.mutable_spec()->set_cluster_ip("None");
      });
  auto two = [](const char* second) {
    return [second](Service& obj) {
      port(R"(name: "a")")(obj);
      auto text = std::string{"ports { protocol: \"TCP\" "
                              "target_port { int_val: 1 } "}
                  + second + " }";
      spec(text.c_str())(obj);
    };
  };
  services.create("ports", "spec.ports[1]", two(R"(name: "b" port: 80)"),
                  two(R"(name: "b" port: 81)"));
  services.create("port-name", "spec.ports[1].name", two("port: 81"));
  services.create("port-name", "spec.ports[1].name",
                  two(R"(name: "a" port: 81)"));
  services.create("port-name", "spec.ports[0].name", port(R"(name: "A")"),
                  port(R"(name: "a-1")"));
  services.create("port-number", "spec.ports[0].port", port("port: 0"),
                  port("port: 65535"));
  services.create("port-number", "spec.ports[0].port", port("port: 65536"));
  services.create("port-protocol", "spec.ports[0].protocol",
                  port(R"(protocol: "ICMP")"), port(R"(protocol: "SCTP")"));
  services.create("target-port", "spec.ports[0].targetPort",
                  port("target_port { int_val: 70000 }"));
  services.create("target-port", "spec.ports[0].targetPort",
                  port(R"(target_port { type: 1 str_val: "A" })"),
                  port(R"(target_port { type: 1 str_val: "http" })"));
  services.create("node-port", "spec.ports[0].nodePort",
                  port("node_port: 30001"), [](Service& obj) {
                    spec(R"(type: "NodePort"
                            external_traffic_policy: "Cluster")")(obj);
                    port("node_port: 30001")(obj);
                  });
  services.call("node-port", "", allocated(R"(spec { type: "NodePort"
                                    ports { port: 80 node_port: 30009 } })"),
                allocated(R"(spec { type: "NodePort"
                                    ports { port: 80 node_port: 30008 } })"));
  services.call("node-port", "", allocated(R"(spec { type: "NodePort"
                                    ports { port: 80 node_port: 80 } })"),
                allocated(R"(spec { type: "NodePort" ports { port: 80 } })"));
  services.create("app-protocol", "spec.ports[0].appProtocol",
                  port(R"(app_protocol: "a b")"),
                  port(R"(app_protocol: "kubernetes.io/h2c")"));
}

void add_addresses(cases& services) {
  services.create("cluster-ip", "spec.clusterIP",
                  spec(R"(cluster_ip: "10.0.0")"),
                  spec(R"(cluster_ip: "10.0.0.1")"));
  services.update(
      "cluster-ip", "spec.clusterIP",
      [](Service& obj) { obj.mutable_spec()->set_cluster_ip("10.0.0.2"); },
      [](Service& obj) { obj.mutable_spec()->clear_cluster_ip(); },
      spec(R"(cluster_ip: "10.0.0.1" cluster_ips: "10.0.0.1")"));
  services.update(
      "cluster-ip", "spec.clusterIP",
      [](Service& obj) { obj.mutable_spec()->set_cluster_ip("None"); },
      external, spec(R"(cluster_ip: "10.0.0.1" cluster_ips: "10.0.0.1")"));
  auto wants = [](const char* address) { return allocated(address); };
  services.call("cluster-ip", "",
                wants(R"(spec { type: "ClusterIP" cluster_ip: "10.96.0.9" })"),
                wants(R"(spec { type: "ClusterIP" cluster_ip: "10.96.0.8" })"));
  services.call("cluster-ip", "",
                wants(R"(spec { type: "ClusterIP" cluster_ip: "1.2.3.4" })"),
                wants(R"(spec { type: "ClusterIP" cluster_ip: "None" })"));
  auto at = "spec.clusterIPs";
  services.create("cluster-ips", at,
                  spec(R"(cluster_ip: "10.0.0.1" cluster_ips: "10.0.0.2")"),
                  spec(R"(cluster_ip: "10.0.0.1" cluster_ips: "10.0.0.1"
                          cluster_ips: "fd00::1"
                          ip_family_policy: "PreferDualStack")"));
  services.create("cluster-ips", at,
                  spec(R"(cluster_ip: "10.0.0.1" cluster_ips: "10.0.0.1"
                          cluster_ips: "10.0.0.2")"));
  services.create("cluster-ips", "spec.clusterIPs[1]",
                  spec(R"(cluster_ip: "10.0.0.1" cluster_ips: "10.0.0.1"
                          cluster_ips: "None")"));
  services.create("cluster-ips", at, [](Service& obj) {
    external(obj);
    obj.mutable_spec()->add_cluster_ips("10.0.0.1");
  });
  services.create("ip-families", "spec.ipFamilies[1]",
                  spec(R"(ip_families: "IPv4" ip_families: "IPv4")"),
                  spec(R"(ip_families: "IPv4")"));
  services.create("ip-families", "spec.ipFamilies[0]",
                  spec(R"(ip_families: "IPv5")"));
  services.create("ip-families", "spec.clusterIPs[0]",
                  spec(R"(ip_families: "IPv6" cluster_ip: "10.0.0.1"
                          cluster_ips: "10.0.0.1")"));
  services.update(
      "ip-families", "spec.ipFamilies[0]",
      [](Service& obj) { obj.mutable_spec()->set_ip_families(0, "IPv6"); },
      [](Service& obj) { obj.mutable_spec()->clear_ip_families(); },
      spec(R"(ip_families: "IPv4")"));
  services.create("ip-family-policy", "spec.ipFamilyPolicy",
                  spec(R"(ip_family_policy: "Both")"),
                  spec(R"(ip_family_policy: "PreferDualStack")"));
  services.create(
      "ip-family-policy", "spec.ipFamilyPolicy",
      [](Service& obj) {
        external(obj);
        obj.mutable_spec()->set_ip_family_policy("SingleStack");
      },
      external);
}

void add_reach(cases& services) {
  services.create("selector", "spec.selector",
                  spec(R"(selector { key: "a b" value: "c" })"));
  services.create("session-affinity", "spec.sessionAffinity",
                  spec(R"(session_affinity: "Cookie")"));
  auto timeout = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
  auto client = [](const char* seconds) {
    return [seconds](Service& obj) {
      auto text = std::string{"session_affinity: \"ClientIP\" "
                              "session_affinity_config { client_ip { "}
                  + seconds + " } }";
      spec(text.c_str())(obj);
    };
  };
  services.create("session-timeout", timeout, client("timeout_seconds: 0"),
                  client("timeout_seconds: 86400"));
  services.create("session-timeout", timeout, client("timeout_seconds: 86401"));
  services.create("session-timeout", timeout, client(""));
  services.create("session-timeout", "spec.sessionAffinityConfig",
                  spec("session_affinity_config {}"));
  auto name = [](const char* text) {
    return [text](Service& obj) {
      external(obj);
      obj.mutable_spec()->set_external_name(text);
    };
  };
  for (auto* bad : {"", "A.b", "1.2.3.4"})
    services.create("external-name", "spec.externalName", name(bad),
                    name("a.b."));
  auto outside = [](const char* address) {
    return [address](Service& obj) {
      obj.mutable_spec()->add_external_ips(address);
      obj.mutable_spec()->set_external_traffic_policy("Cluster");
    };
  };
  for (auto* bad : {"a", "0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1",
                    "::1", "fe80::1"})
    services.create("external-ips", "spec.externalIPs[0]", outside(bad),
                    outside("1.2.3.4"));
  services.create("external-traffic-policy", "spec.externalTrafficPolicy",
                  spec(R"(external_traffic_policy: "Local")"));
  services.create("external-traffic-policy", "spec.externalTrafficPolicy",
                  spec(R"(type: "NodePort"
                          external_traffic_policy: "Near")"),
                  spec(R"(type: "NodePort"
                          external_traffic_policy: "Local")"));
  services.create("internal-traffic-policy", "spec.internalTrafficPolicy",
                  spec(R"(internal_traffic_policy: "Near")"),
                  spec(R"(internal_traffic_policy: "Local")"));
}

void add_balancer(cases& internal, cases& balanced) {
  auto health = "spec.healthCheckNodePort";
  auto local = spec(R"(external_traffic_policy: "Local"
                       health_check_node_port: 30100)");
  internal.create("health-check-port", health,
                  spec("health_check_node_port: 30100"));
  balanced.create("health-check-port", health,
                  spec("health_check_node_port: -1"), local);
  balanced.update(
      "health-check-port", health, spec("health_check_node_port: 30101"),
      [](Service&) {}, local);
  internal.create("source-ranges", "spec.loadBalancerSourceRanges",
                  spec(R"(load_balancer_source_ranges: "10.0.0.0/8")"));
  balanced.create("source-ranges", "spec.loadBalancerSourceRanges[0]",
                  spec(R"(load_balancer_source_ranges: "10.0.0.0")"),
                  spec(R"(load_balancer_source_ranges: "10.0.0.0/8")"));
  internal.create("load-balancer-class", "spec.loadBalancerClass",
                  spec(R"(load_balancer_class: "a")"));
  balanced.create("load-balancer-class", "spec.loadBalancerClass",
                  spec(R"(load_balancer_class: "a b")"),
                  spec(R"(load_balancer_class: "a.b/c")"));
  balanced.update(
      "load-balancer-class", "spec.loadBalancerClass",
      spec(R"(load_balancer_class: "a.b/d")"), [](Service&) {},
      spec(R"(load_balancer_class: "a.b/c")"));
  internal.create("allocate-node-ports", "spec.allocateLoadBalancerNodePorts",
                  spec("allocate_load_balancer_node_ports: true"));
  balanced.create("allocate-node-ports", "spec.type", spec(R"(type: "X")"),
                  spec("allocate_load_balancer_node_ports: false"));
  auto ingress = [](const char* text) {
    return [text](Service& obj) {
      auto* list = obj.mutable_status()->mutable_load_balancer();
      EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
          text, list->add_ingress()));
    };
  };
  std::string at = "status.loadBalancer.ingress[0]";
  balanced.status("ingress-status", at + ".ip", ingress(R"(ip: "1.2.3")"),
                  ingress(R"(ip: "1.2.3.4" ip_mode: "Proxy")"));
  balanced.status("ingress-status", at + ".hostname",
                  ingress(R"(hostname: "1.2.3.4")"),
                  ingress(R"(hostname: "a.b")"));
  balanced.status("ingress-status", at + ".ipMode",
                  ingress(R"(ip: "1.2.3.4" ip_mode: "Direct")"));
  balanced.status("ingress-status", at + ".ipMode",
                  ingress(R"(hostname: "a.b" ip_mode: "VIP")"));
}

} // namespace

void add_service_cases(rule_cases& all) {
  cases internal{all, "core/v1", "Service", good_service};
  cases balanced{all, "core/v1", "Service", balancer};
  add_ports(internal);
  add_addresses(internal);
  add_reach(internal);
  add_balancer(internal, balanced);
}

} // namespace troupe::rules
