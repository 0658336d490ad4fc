#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/first_objects.hpp"
#include "tests/support/service_objects.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using core::v1::Service;
using test::add_endpoint;
using test::proxied_service;
using test::slice_of;

std::optional<dns::service_names>
names(const Service& service,
      const std::vector<discovery::v1::EndpointSlice>& slices = {}) {
  std::vector<object> all;
  for (auto& each : slices)
    all.push_back(object::of(each));
  return names_of(object::of(service), all);
}

object dns_service() {
  for (auto& each : first_objects({"10.96.0.0/16", {}, 0, {}}))
    if (&each.kind() == &kind_of<Service>() && each.name() == dns_service_name)
      return each;
  return {};
}

std::string places_of(const object& service, int lowest) {
  std::string out;
  for (auto& each : dns_places(service, lowest))
    out += to_string(each) + " ";
  return out;
}

} // namespace

TEST(DnsService, HasTheTenthAddress) {
  EXPECT_EQ(dns_address("10.96.0.0/16"), "10.96.0.10");
  EXPECT_EQ(dns_address("10.7.16.0/20"), "10.7.16.10");
  EXPECT_EQ(dns_address("fd00::/112"), "fd00::a");
  EXPECT_EQ(dns_address("10.96.0.0/30"), "");
  EXPECT_EQ(dns_address("nothing"), "");
  EXPECT_EQ(dns_address_of_pods("10.96.0.0/16", 0), "10.96.0.10");
  EXPECT_EQ(dns_address_of_pods("10.96.0.0/16", 53), "10.96.0.10");
  EXPECT_EQ(dns_address_of_pods("10.96.0.0/16", 1024), "");
}

TEST(DnsService, IsThereFromTheBeginning) {
  auto service = dns_service();
  ASSERT_TRUE(service);
  EXPECT_EQ(service.key(), "kube-system/kube-dns");
  EXPECT_TRUE(is_answered_here(service));
  EXPECT_EQ(places_of(service, 0), "10.96.0.10:53/UDP 10.96.0.10:53/TCP ");
  EXPECT_EQ(places_of(service, 1024),
            "10.96.0.10:8053/UDP 10.96.0.10:8053/TCP ");
}

TEST(DnsService, IsLeftToPodsOfItsOwn) {
  auto service = dns_service().copy<Service>();
  (*service.mutable_spec()->mutable_selector())["k8s-app"] = "kube-dns";
  EXPECT_FALSE(is_answered_here(object::of(service)));
  EXPECT_EQ(places_of(object::of(service), 0), "");
  EXPECT_FALSE(
      is_answered_here(object::of(proxied_service("kube-dns", "10.96.0.10"))))
      << "in another namespace";
}

TEST(DnsService, TellsAddressesAndPorts) {
  auto service = proxied_service("web", "10.0.0.5");
  service.mutable_spec()->add_cluster_ips("fd00::5");
  service.mutable_spec()->mutable_ports(0)->set_name("http");
  auto out = names(service);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->space, "default");
  EXPECT_EQ(out->service, "web");
  ASSERT_EQ(out->addresses.size(), 2u);
  EXPECT_EQ(out->addresses[1].str(), "fd00::5");
  EXPECT_EQ(out->ports, (std::vector<dns::service_port>{{"http", "tcp", 80}}));
  EXPECT_FALSE(out->headless);
  Service waiting = service;
  waiting.mutable_spec()->clear_cluster_ip();
  waiting.mutable_spec()->clear_cluster_ips();
  EXPECT_FALSE(names(waiting)) << "it has no address yet";
}

TEST(DnsService, TellsReadyEndpoints) {
  auto service = proxied_service("db", "None");
  auto slice = slice_of("db", 5432);
  add_endpoint(slice, "10.1.0.1")->set_hostname("DB-0");
  add_endpoint(slice, "10.1.0.2", false);
  add_endpoint(slice, "10.1.0.3")->mutable_conditions()->clear_ready();
  auto out = names(service, {slice});
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->headless);
  EXPECT_TRUE(out->addresses.empty());
  ASSERT_EQ(out->endpoints.size(), 2u);
  EXPECT_EQ(out->endpoints[0].label, "db-0");
  EXPECT_TRUE(out->endpoints[0].named);
  EXPECT_EQ(out->endpoints[0].ports,
            (std::vector<dns::service_port>{{"", "tcp", 5432}}));
  EXPECT_EQ(out->endpoints[1].label, "10-1-0-3");
  EXPECT_FALSE(out->endpoints[1].named);
}

TEST(DnsService, TellsWhereANameLeads) {
  Service service;
  service.mutable_metadata()->set_name("away");
  service.mutable_metadata()->set_namespace_("default");
  service.mutable_spec()->set_type("ExternalName");
  service.mutable_spec()->set_external_name("db.example.org");
  auto out = names(service);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->elsewhere, "db.example.org");
}

} // namespace troupe::rules
