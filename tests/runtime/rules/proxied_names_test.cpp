#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "runtime/rules/proxied_names.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

std::string parse(const std::string& text) {
  auto got = parse_proxied_name("pods", text);
  return got ? got->scheme + "|" + got->name + "|" + got->port
             : message_of(got.error());
}

TEST(ProxiedNames, HaveSchemesAndPorts) {
  EXPECT_EQ(parse("a"), "|a|");
  EXPECT_EQ(parse("a:80"), "|a|80");
  EXPECT_EQ(parse("https:a:web"), "https|a|web");
  EXPECT_EQ(parse("http:a:"), "http|a|");
  for (std::string bad : {"", ":80", "ftp:a:1", "a:b:c:d"})
    EXPECT_EQ(parse(bad), "invalid pod request \"" + bad + "\"");
}

TEST(ProxiedNames, FindPortsOfPods) {
  core::v1::Pod pod;
  EXPECT_EQ(message_of(proxied_port(pod, {}).error()), "address not allowed");
  pod.mutable_status()->set_pod_ip("10.0.0.1");
  EXPECT_EQ(*proxied_port(pod, {}), 80u);
  EXPECT_EQ(*proxied_port(pod, {"https", "a", ""}), 443u);
  EXPECT_EQ(*proxied_port(pod, {"", "a", "81"}), 81u);
  EXPECT_TRUE(is(proxied_port(pod, {"", "a", "web"}).error(), ec::bad_request));
  EXPECT_TRUE(is(proxied_port(pod, {"", "a", "0"}).error(), ec::bad_request));
  pod.mutable_spec()->add_containers();
  pod.mutable_spec()->add_containers()->add_ports()->set_container_port(8080);
  EXPECT_EQ(*proxied_port(pod, {}), 8080u);
}

TEST(ProxiedNames, FindPortsOfServices) {
  core::v1::Service service;
  service.mutable_metadata()->set_name("s");
  auto& port = *service.mutable_spec()->add_ports();
  port.set_port(81);
  port.set_name("web");
  EXPECT_EQ(*named_port(service, "81"), "web");
  EXPECT_EQ(message_of(named_port(service, "80").error()),
            "no service port 80 found for service \"s\"");
}

TEST(ProxiedNames, FindReadyPodsBehindAService) {
  core::v1::Endpoints all;
  auto& subset = *all.add_subsets();
  auto& port = *subset.add_ports();
  port.set_name("web");
  port.set_port(8080);
  auto& address = *subset.add_addresses();
  address.set_ip("10.0.0.1");
  address.mutable_target_ref()->set_kind("Pod");
  address.mutable_target_ref()->set_name("p");
  subset.add_addresses()->set_ip("10.0.0.2"); // of no pod
  subset.add_not_ready_addresses()->set_ip("10.0.0.3");
  auto got = proxied_targets(all, "web");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].pod, "p");
  EXPECT_EQ(got[0].port, 8080u);
  EXPECT_TRUE(proxied_targets(all, "").empty());
}

} // namespace

} // namespace troupe::rules
