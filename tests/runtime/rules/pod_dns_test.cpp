#include "messages/api/core_container.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/pod_dns.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

core::v1::Pod pod_of(const std::string& spec) {
  core::v1::Pod pod;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "metadata { name: 'web-0' namespace: 'shop' } spec { " + spec + " }",
      &pod));
  return pod;
}

const name_facts facts{
    "10.96.0.10",
    {{"192.168.0.1"}, {"example.org", "svc.cluster.local"}, {"edns0"}}};

std::string shown(const std::optional<dns::resolv_conf>& x) {
  if (!x)
    return "the machine's";
  std::string out;
  for (auto list : {&x->servers, &x->searches, &x->options}) {
    for (auto& each : *list)
      out += each + " ";
    out += "| ";
  }
  return out;
}

const std::string cluster = "10.96.0.10 | shop.svc.cluster.local "
                            "svc.cluster.local cluster.local example.org | "
                            "ndots:5 | ";

} // namespace

TEST(PodDns, IsThatOfThePolicy) {
  struct {
    const char* spec;
    std::string wanted;
  } cases[] = {
      {"", cluster},
      {"dns_policy: 'ClusterFirst'", cluster},
      {"dns_policy: 'ClusterFirst' host_network: true", "the machine's"},
      {"dns_policy: 'ClusterFirstWithHostNet' host_network: true", cluster},
      {"dns_policy: 'Default'", "the machine's"},
      {"dns_policy: 'Default' dns_config { nameservers: '1.1.1.1' }",
       "192.168.0.1 1.1.1.1 | example.org svc.cluster.local | edns0 | "},
      {"dns_policy: 'None' dns_config { nameservers: '1.1.1.1' "
       "searches: 'a.b' options { name: 'ndots' value: '2' } "
       "options { name: 'rotate' } }",
       "1.1.1.1 | a.b | ndots:2 rotate | "},
      {"dns_config { nameservers: '10.96.0.10' nameservers: '1.1.1.1' "
       "searches: 'a.b' options { name: 'ndots' value: '2' } "
       "options { name: 'rotate' } }",
       "10.96.0.10 1.1.1.1 | shop.svc.cluster.local svc.cluster.local "
       "cluster.local example.org a.b | ndots:2 rotate | "},
      {"dns_config { nameservers: '1.1.1.1' nameservers: '1.1.1.2' "
       "nameservers: '1.1.1.3' }",
       "10.96.0.10 1.1.1.1 1.1.1.2 | shop.svc.cluster.local svc.cluster.local "
       "cluster.local example.org | ndots:5 | "},
  };
  for (auto& each : cases)
    EXPECT_EQ(shown(pod_resolv_conf(pod_of(each.spec), facts)), each.wanted)
        << each.spec;
}

TEST(PodDns, IsThatOfTheMachineWhereThatOfTheClusterCannotBeAsked) {
  name_facts moved{"", facts.machine};
  EXPECT_EQ(shown(pod_resolv_conf(pod_of(""), moved)), "the machine's");
  EXPECT_EQ(
      shown(pod_resolv_conf(pod_of("dns_config { searches: 'a.b' }"), moved)),
      "192.168.0.1 | example.org svc.cluster.local a.b | edns0 | ");
}

TEST(PodDns, IsCutWhereItIsTooLong) {
  std::string spec = "dns_config { ";
  for (int i = 0; i < 40; ++i)
    spec += "searches: 's" + std::to_string(i) + "' ";
  auto out = pod_resolv_conf(pod_of(spec + "}"), facts);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->searches.size(), 32u);
  spec = "dns_config { ";
  for (int i = 0; i < 20; ++i)
    spec += "searches: '" + std::string(200, static_cast<char>('a' + i)) + "' ";
  out = pod_resolv_conf(pod_of(spec + "}"), facts);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->searches.size(), 13u);
}

TEST(PodHosts, NameThePod) {
  auto pod = pod_of("");
  pod.mutable_status()->add_pod_ips()->set_ip("10.1.0.4");
  auto out = pod_hosts(pod, "unused");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->rfind("# Kubernetes-managed hosts file.\n", 0), 0u);
  EXPECT_NE(out->find("127.0.0.1\tlocalhost\n"), out->npos);
  EXPECT_NE(out->find("\n10.1.0.4\tweb-0\n"), out->npos);
  pod.mutable_spec()->set_subdomain("db");
  pod.mutable_spec()->set_hostname("first");
  EXPECT_EQ(pod_domain(pod), "db.shop.svc.cluster.local");
  EXPECT_NE(pod_hosts(pod, "")->find(
                "\n10.1.0.4\tfirst.db.shop.svc.cluster.local\tfirst\n"),
            out->npos);
}

TEST(PodHosts, HaveAliases) {
  auto pod = pod_of("host_aliases { ip: '1.2.3.4' hostnames: 'a' "
                    "hostnames: 'b' } host_aliases { ip: '::1' "
                    "hostnames: 'c' }");
  auto out = pod_hosts(pod, "");
  ASSERT_TRUE(out);
  EXPECT_NE(out->find("\n# Entries added by HostAliases.\n"
                      "1.2.3.4\ta\tb\n::1\tc\n"),
            out->npos);
}

TEST(PodHosts, OfTheMachineAreThePodsToo) {
  EXPECT_FALSE(pod_hosts(pod_of("host_network: true"), "127.0.0.1 x\n"));
  auto out = pod_hosts(pod_of("host_network: true host_aliases { "
                              "ip: '1.2.3.4' hostnames: 'a' }"),
                       "127.0.0.1 x\n");
  EXPECT_EQ(out, "# Kubernetes-managed hosts file (host network).\n"
                 "127.0.0.1 x\n"
                 "\n# Entries added by HostAliases.\n"
                 "1.2.3.4\ta\n");
}

TEST(PodHosts, AreLeftToAContainerThatMountsItsOwn) {
  auto pod = pod_of("containers { volume_mounts { mount_path: '/etc/hosts/' } }"
                    "containers { volume_mounts { mount_path: '/etc' } }");
  EXPECT_TRUE(mounts_itself(pod, 0, "/etc/hosts"));
  EXPECT_FALSE(mounts_itself(pod, 1, "/etc/hosts"));
}

} // namespace troupe::rules
