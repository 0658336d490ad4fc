#include "actors/controllers/disruption.hpp"
#include "messages/api/policy.pb.h"
#include "runtime/text/int_or_string.hpp"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
using policy::v1::PodDisruptionBudget;

struct DisruptionController : test::controller_fixture {
  object set;

  void put_pods(int count) {
    set = api.put(test::replica_set(count));
    for (int i = 0; i < count; ++i) {
      auto pod = test::pod("web-" + std::to_string(i));
      test::own(*pod.mutable_metadata(), set);
      api.put(pod);
    }
  }

  void put_budget(const std::string& most) {
    PodDisruptionBudget budget;
    budget.mutable_metadata()->set_name("guard");
    budget.mutable_metadata()->set_namespace_("default");
    budget.mutable_metadata()->set_generation(1);
    auto& spec = *budget.mutable_spec();
    (*spec.mutable_selector()->mutable_match_labels())["app"] = "web";
    *spec.mutable_max_unavailable() = text::parse_int_or_string(most);
    api.put(budget);
  }

  int32_t allowed() {
    return api.find("PodDisruptionBudget", "default/guard")
        .as<PodDisruptionBudget>()
        .status()
        .disruptions_allowed();
  }
};

} // namespace

TEST_F(DisruptionController, TellsHowManyPodsMayGo) {
  put_pods(4);
  start(disruption);
  put_budget("50%");
  world.run();
  EXPECT_EQ(allowed(), 2);
  auto pod = test::pod("web-0");
  test::own(*pod.mutable_metadata(), set);
  test::set_ready(pod, false, test::new_year());
  api.put(pod);
  world.run();
  EXPECT_EQ(allowed(), 1);
  EXPECT_EQ(why("default/guard").front(),
            "allows 1 disruptions: 3 of 4 expected pods are healthy, 2 must "
            "be");
}

TEST_F(DisruptionController, CountsAnewWhenMoreAreAskedFor) {
  put_pods(4);
  put_budget("50%");
  start(disruption);
  EXPECT_EQ(allowed(), 2);
  auto larger = set.copy<apps::v1::ReplicaSet>();
  larger.mutable_spec()->set_replicas(8);
  larger.mutable_metadata()->set_generation(2);
  api.put(larger);
  world.run();
  EXPECT_EQ(allowed(), 0);
}

TEST_F(DisruptionController, FollowsNoPodsWhereThereIsNoBudget) {
  put_pods(2);
  start(disruption);
  EXPECT_EQ(api.watches.size(), 1u);
  put_budget("1");
  world.run();
  EXPECT_EQ(api.watches.size(), 6u);
  EXPECT_EQ(allowed(), 1);
}

TEST_F(DisruptionController, GivesUpAnEvictionThatDidNotHappen) {
  put_pods(3);
  put_budget("1");
  start(disruption);
  EXPECT_EQ(allowed(), 1);
  auto budget = api.find("PodDisruptionBudget", "default/guard")
                    .copy<PodDisruptionBudget>();
  (*budget.mutable_status()->mutable_disrupted_pods())["web-0"] =
      to_time(world.at("x").now());
  budget.mutable_status()->set_disruptions_allowed(0);
  api.put(budget);
  world.run();
  EXPECT_EQ(allowed(), 0);
  world.advance(3min);
  EXPECT_EQ(allowed(), 1);
}

} // namespace troupe
