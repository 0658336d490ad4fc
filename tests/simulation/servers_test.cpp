// Several servers, each with a store and an API server: whichever is asked
// answers, and none answers what is no longer so.

#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/node_plan.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using core::v1::ConfigMap;
using core::v1::Node;

auto& maps = kind_of<ConfigMap>();

object a_map(const std::string& name, const std::string& value) {
  ConfigMap result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  (*result.mutable_data())["v"] = value;
  return object::of(result);
}

struct Servers : ::testing::Test {
  simulated_cluster cluster{{7, 1, true, 3}};

  void put(size_t server, const std::string& name, const std::string& value) {
    cluster.turn_to(server);
    auto made = cluster.create(a_map(name, value));
    if (!made)
      made = cluster.update(a_map(name, value));
    ASSERT_TRUE(made) << message_of(made.error());
  }

  /// Its value, or why there is none.
  std::string value(size_t server, const std::string& name) {
    cluster.turn_to(server);
    auto found = cluster.get(maps, "default", name);
    return found ? found->as<ConfigMap>().data().at("v")
                 : message_of(found.error());
  }

  /// Whom the members think to be their leader; 0 for nobody.
  size_t leader() {
    size_t result = 0;
    for (auto& actor : cluster.actors())
      for (auto& fact : actor.facts())
        if (fact.rfind("leader=", 0) == 0)
          result = std::stoul(fact.substr(7));
    return result;
  }

  void SetUp() override {
    ASSERT_TRUE(cluster.run_until([&] { return leader() != 0; }));
  }
};

} // namespace

TEST_F(Servers, AnswerAlikeWhicheverIsAsked) {
  for (size_t i = 0; i < 3; ++i)
    put(i, "a", std::to_string(i));
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(value(i, "a"), "2");
}

TEST_F(Servers, GoOnWhenTheLeaderLosesItsPower) {
  put(0, "a", "1");
  auto old = leader();
  ASSERT_NE(old, 0u);
  cluster.fail_power_of(old - 1);
  put(old % 3, "a", "2");
  EXPECT_EQ(value((old + 1) % 3, "a"), "2");
  cluster.advance(5s);
  EXPECT_EQ(value(old - 1, "a"), "2");
}

TEST_F(Servers, NeverAnswerWhatIsOldWhenCutOff) {
  put(0, "a", "old");
  for (size_t i = 0; i < 3; ++i)
    ASSERT_EQ(value(i, "a"), "old");
  cluster.wires().cut("server-2/store", "server-1");
  cluster.wires().cut("server-2/store", "server-3");
  put(0, "a", "new");
  EXPECT_NE(value(1, "a"), "old");
  cluster.wires().heal();
  // Once its connections are there again it answers, and what is new.
  std::string answer;
  EXPECT_TRUE(cluster.run_until([&] {
    answer = value(1, "a");
    EXPECT_NE(answer, "old");
    return answer == "new";
  })) << answer;
}

TEST_F(Servers, LetTheirComponentsMoveToAnother) {
  cluster.advance(5s);
  for (size_t gone = 0; gone < 3; ++gone) {
    cluster.wires().cut("server-" + std::to_string(gone + 1), "");
    cluster.turn_to((gone + 1) % 3);
    // Kubernetes: 40 s without a lease.
    cluster.advance(60s);
    auto node = cluster.get(kind_of<Node>(), "", "node-1");
    ASSERT_TRUE(node) << message_of(node.error());
    EXPECT_TRUE(rules::is_node_ready(node->as<Node>())) << gone;
    cluster.wires().heal();
  }
}

} // namespace troupe::test
