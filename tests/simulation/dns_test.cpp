#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/dns/message.hpp"
#include "runtime/rules/dns_service.hpp"
#include "tests/support/service_objects.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

namespace {

using core::v1::Service;

/// The addresses of a name: "10.96.0.77 ", or what became of the question.
std::string ask(simulated_cluster& cluster, const std::string& text) {
  dns::message question;
  question.questions = {{*dns::name::parse(text), dns::type::a, dns::class_in}};
  auto said = dns::parse(cluster.names().ask(dns::encode(question)));
  if (!said)
    return "silence";
  if (said->code != 0)
    return "code " + std::to_string(said->code);
  std::string out;
  for (auto& each : said->answers) {
    rules::ip_address address;
    std::copy_n(each.data.begin(), 4, address.bytes.begin());
    out += address.str() + " ";
  }
  return out;
}

bool becomes(simulated_cluster& cluster, const std::string& text,
             const std::string& wanted) {
  return cluster.run_until([&] { return ask(cluster, text) == wanted; });
}

constexpr auto own = "kube-dns.kube-system.svc.cluster.local";
constexpr auto web = "web.default.svc.cluster.local";

} // namespace

TEST(ClusterDns, AnswersNamesOfServices) {
  simulated_cluster cluster;
  EXPECT_TRUE(
      becomes(cluster, "kubernetes.default.svc.cluster.local", "10.96.0.1 "));
  EXPECT_TRUE(becomes(cluster, own, "10.96.0.10 "));
  EXPECT_EQ(cluster.names().places().size(), 2u);
  ASSERT_TRUE(cluster.create(object::of(proxied_service("web", "10.96.0.77"))));
  EXPECT_TRUE(becomes(cluster, web, "10.96.0.77 "));
  for (auto& [key, x] : cluster.services().listeners())
    EXPECT_NE(key.at.port, 53) << "DNS is nothing to forward";
}

TEST(ClusterDns, GoesOnWithANewActor) {
  simulated_cluster cluster;
  ASSERT_TRUE(becomes(cluster, own, "10.96.0.10 "));
  cluster.kill("proxy/dns");
  EXPECT_EQ(ask(cluster, own), "10.96.0.10 ") << "what is known stays";
  ASSERT_TRUE(cluster.create(object::of(proxied_service("web", "10.96.0.77"))));
  EXPECT_TRUE(becomes(cluster, web, "10.96.0.77 "));
}

TEST(ClusterDns, IsThereAgainWhenItsServiceIsTakenAway) {
  simulated_cluster cluster;
  ASSERT_TRUE(becomes(cluster, own, "10.96.0.10 "));
  auto& kind = kind_of<Service>();
  auto before = cluster.get(kind, "kube-system", "kube-dns");
  ASSERT_TRUE(before);
  ASSERT_TRUE(cluster.remove(kind, "kube-system", "kube-dns"));
  EXPECT_TRUE(cluster.run_until([&] {
    auto now = cluster.get(kind, "kube-system", "kube-dns");
    return now && now->uid() != before->uid();
  }));
  EXPECT_TRUE(becomes(cluster, own, "10.96.0.10 "));
}

TEST(ClusterDns, IsLeftToPodsWhereTheServiceSelectsSome) {
  simulated_cluster cluster;
  ASSERT_TRUE(becomes(cluster, own, "10.96.0.10 "));
  auto& kind = kind_of<Service>();
  auto service = cluster.get(kind, "kube-system", "kube-dns");
  ASSERT_TRUE(service);
  auto changed = service->copy<Service>();
  (*changed.mutable_spec()->mutable_selector())["k8s-app"] = "kube-dns";
  ASSERT_TRUE(cluster.update(object::of(changed)));
  EXPECT_TRUE(cluster.run_until([&] {
    auto endpoints =
        cluster.get(kind_of<core::v1::Endpoints>(), "kube-system", "kube-dns");
    auto slice = cluster.get(kind_of<discovery::v1::EndpointSlice>(),
                             "kube-system", "kube-dns");
    return cluster.names().places().empty() && !slice && endpoints
           && endpoints->as<core::v1::Endpoints>().subsets().empty();
  }));
}

} // namespace troupe::test
