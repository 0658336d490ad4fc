#include "runtime/net/service_edge.hpp"

#include <gtest/gtest.h>

using namespace troupe::net;

TEST(RecordedServices, RememberWhatTheyWereTold) {
  recorded_services x;
  listener_key web{protocol::tcp, {{1}, 80}};
  listener_key dns{protocol::udp, {{1}, 53}};
  endpoint pod{{9}, 8080};
  x.replace({{web, {pod}}, {dns, {}}}, {});
  EXPECT_EQ(x.listeners().size(), 2u);
  EXPECT_EQ(x.stats().listening, 1u);
  x.update({{dns, {pod}}}, {web});
  ASSERT_EQ(x.listeners().size(), 1u);
  EXPECT_EQ(x.listeners().at(dns).targets, std::vector{pod});
  x.replace({{web, {pod}}}, {});
  EXPECT_EQ(x.listeners().count(dns), 0u);
}

TEST(RecordedServices, TellAProblemLikeARealEdge) {
  recorded_services x;
  std::string told;
  x.replace({}, [&](const listener_key& key, const std::string& problem) {
    told = to_string(key) + " " + problem;
  });
  x.report_problem({protocol::tcp, {{0x0a600001}, 80}}, "in use");
  EXPECT_EQ(told, "10.96.0.1:80/TCP in use");
}
