#include "actors/controllers/deployment.hpp"
#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/conditions.hpp"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
using apps::v1::Deployment;
using apps::v1::ReplicaSet;

struct DeploymentController : test::controller_fixture {
  Deployment web() {
    return api.find("Deployment", "default/web").copy<Deployment>();
  }

  void image(const std::string& value) {
    auto d = web();
    d.mutable_spec()
        ->mutable_template_()
        ->mutable_spec()
        ->mutable_containers(0)
        ->set_image(value);
    d.mutable_metadata()->set_generation(d.metadata().generation() + 1);
    api.put(d);
    world.run();
  }

  /// What the replica set controller and kubelets would do.
  void serve(const std::string& except = "") {
    for (int i = 0; i < 30; ++i) {
      bool changed = false;
      for (auto& [key, each] : all("ReplicaSet")) {
        auto set = each.copy<ReplicaSet>();
        auto size = set.spec().replicas();
        auto bad =
            set.spec().template_().spec().containers(0).image() == except;
        auto* status = set.mutable_status();
        status->set_replicas(size);
        status->set_ready_replicas(bad ? 0 : size);
        status->set_available_replicas(bad ? 0 : size);
        status->set_observed_generation(set.metadata().generation());
        auto made = object::of(set);
        if (!made.same_content(each)) {
          api.put(made);
          changed = true;
        }
      }
      world.run();
      if (!changed)
        return;
    }
    ADD_FAILURE() << "never settles";
  }

  std::string condition(const std::string& type) {
    auto d = web();
    auto* found = rules::find_condition(d.status().conditions(), type);
    return found ? found->status() + " " + found->reason() : "";
  }

  std::map<std::string, int> sizes() {
    std::map<std::string, int> result;
    for (auto& [key, each] : all("ReplicaSet")) {
      const auto& set = each.as<ReplicaSet>();
      result[set.spec().template_().spec().containers(0).image()] =
          set.spec().replicas();
    }
    return result;
  }
};

using sizes_map = std::map<std::string, int>;

TEST_F(DeploymentController, MakesASetAndTellsWhenItServes) {
  start(deployment);
  api.put(test::deployment(3));
  world.run();
  EXPECT_EQ(sizes(), (sizes_map{{"web:1", 3}}));
  EXPECT_EQ(condition("Available"), "False MinimumReplicasUnavailable");
  serve();
  EXPECT_EQ(condition("Available"), "True MinimumReplicasAvailable");
  EXPECT_EQ(condition("Progressing"), "True NewReplicaSetAvailable");
  EXPECT_EQ(
      web().metadata().annotations().at("deployment.kubernetes.io/revision"),
      "1");
  EXPECT_EQ(api.events("ScalingReplicaSet").size(), 1u);
  EXPECT_EQ(why("default/web").front(),
            "wants 3 pods of the current template and has them");
}

TEST_F(DeploymentController, RollsToANewTemplateAndBack) {
  api.put(test::deployment(3));
  start(deployment);
  serve();
  image("web:2");
  serve();
  EXPECT_EQ(sizes(), (sizes_map{{"web:1", 0}, {"web:2", 3}}));
  image("web:1");
  serve();
  EXPECT_EQ(sizes(), (sizes_map{{"web:1", 3}, {"web:2", 0}}));
  EXPECT_EQ(
      web().metadata().annotations().at("deployment.kubernetes.io/revision"),
      "3");
}

TEST_F(DeploymentController, ABadImageEndsInItsDeadline) {
  auto d = test::deployment(2);
  d.mutable_spec()->set_progress_deadline_seconds(20);
  api.put(d);
  start(deployment);
  serve();
  image("bad");
  serve("bad");
  EXPECT_EQ(condition("Progressing"), "True ReplicaSetUpdated");
  world.advance(25s);
  EXPECT_EQ(condition("Progressing"), "False ProgressDeadlineExceeded");
  auto before = api.requests.size();
  world.advance(60s);
  EXPECT_EQ(api.requests.size(), before) << "nothing polls";
}

TEST_F(DeploymentController, RecreateWaitsForTheLastOldPod) {
  auto d = test::deployment(1);
  d.mutable_spec()->mutable_strategy()->set_type("Recreate");
  api.put(d);
  start(deployment);
  serve();
  auto pod = test::pod("old");
  test::own(*pod.mutable_metadata(), all("ReplicaSet").begin()->second);
  api.put(pod);
  image("web:2");
  serve();
  EXPECT_EQ(sizes(), (sizes_map{{"web:1", 0}}));
  api.remove("Pod", "default/old");
  world.run();
  EXPECT_EQ(sizes(), (sizes_map{{"web:1", 0}, {"web:2", 1}}));
}

TEST_F(DeploymentController, ANameThatIsTakenChangesTheHash) {
  auto d = test::deployment(1);
  api.put(d);
  std::string taken;
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::CREATE && what.msg.kind() == "ReplicaSet"
        && taken.empty()) {
      taken = what.msg.name();
      auto foreign = test::replica_set(1);
      foreign.mutable_metadata()->set_name(taken);
      auto other = test::deployment(1);
      other.mutable_metadata()->set_uid("other");
      test::own(*foreign.mutable_metadata(), object::of(other));
      api.put(foreign);
    }
    return std::nullopt;
  };
  start(deployment);
  world.advance(1s);
  EXPECT_EQ(web().status().collision_count(), 1);
  EXPECT_EQ(all("ReplicaSet").size(), 2u);
}

TEST_F(DeploymentController, ALostAnswerMakesNoSecondSet) {
  api.put(test::deployment(3));
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() != call::CREATE || what.msg.kind() != "ReplicaSet")
      return std::nullopt;
    api.put(what.body);
    return make_error(ec::service_unavailable, "it went down");
  };
  start(deployment);
  api.refuse = nullptr;
  world.advance(1s);
  EXPECT_EQ(all("ReplicaSet").size(), 1u);
  EXPECT_EQ(web().status().collision_count(), 0);
}

TEST_F(DeploymentController, TellsWhyItsSetIsRefused) {
  api.put(test::deployment(3));
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::CREATE && what.msg.kind() == "ReplicaSet")
      return make_error(ec::forbidden, "exceeded quota");
    return std::nullopt;
  };
  start(deployment);
  EXPECT_EQ(condition("Progressing"), "False ReplicaSetCreateError");
  EXPECT_FALSE(api.events("ReplicaSetCreateError").empty());
}

} // namespace

} // namespace troupe
