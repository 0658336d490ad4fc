#include "actors/apiserver/bootstrap.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/first_objects.hpp"
#include "runtime/system/config.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using names = std::vector<std::string>;

/// In place of what knows the processes.
caf::behavior known_processes(caf::event_based_actor*, names* present) {
  return {[present](const pb<system::ListDeciders>&) {
    system::Deciders result;
    *result.mutable_processes() = {present->begin(), present->end()};
    return pb<system::Deciders>{std::move(result)};
  }};
}

/// The second server of a cluster whose controllers are apart.
struct bootstrap_fixture : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  names present{"server-2", "controllers-x", "server-1"};
  caf::actor processes = world.system().spawn(known_processes, &present);
  caf::actor actor;

  bootstrap_fixture() {
    cluster_config config;
    config.process = "server-2";
    config.service_cidr = "10.96.0.0/16";
    config.api_address = "10.0.0.2";
    config.api_port = 6443;
    for (auto& each :
         rules::first_objects({config.service_cidr, "10.0.0.1", 6443, {}}))
      api.put(each);
    renew();
    world.enter("apiserver/processes", processes);
    actor = caf::actor_cast<caf::actor>(world.system().spawn(
        bootstrap, world.at("apiserver/bootstrap", config)));
    world.run();
  }

  ~bootstrap_fixture() override {
    world.end(actor);
    world.end(processes);
  }

  void renew() {
    coordination::v1::Lease lease;
    lease.mutable_metadata()->set_name("kube-controller-manager");
    lease.mutable_metadata()->set_namespace_("kube-system");
    lease.mutable_spec()->set_holder_identity("controllers-x_a1");
    api.put(object::of(lease));
    world.run();
  }

  std::string api_address() {
    auto found = api.find("Endpoints", "default/kubernetes");
    return found.as<core::v1::Endpoints>().subsets(0).addresses(0).ip();
  }
};

using Bootstrap = bootstrap_fixture;

TEST_F(Bootstrap,
       LeadsToTheNextServerWhenTheFirstIsGoneAndControllersAreApart) {
  EXPECT_EQ(api_address(), "10.0.0.1") << "that one is there";
  present = {"server-2", "server-3", "controllers-x"};
  renew();
  EXPECT_EQ(api_address(), "10.0.0.2");
}

TEST_F(Bootstrap, SuggestsFlowControlOnlyToAClusterThatHasNone) {
  EXPECT_TRUE(api.find("PriorityLevelConfiguration", "exempt"));
  EXPECT_FALSE(api.find("FlowSchema", "service-accounts"))
      << "the mark was there from the beginning";
}

TEST_F(Bootstrap, BringsMandatoryFlowControlBack) {
  api.remove("FlowSchema", "catch-all");
  world.run();
  EXPECT_TRUE(api.find("FlowSchema", "catch-all"));
}

struct empty_fixture : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  caf::actor actor;

  empty_fixture() {
    cluster_config config;
    config.process = "server-1";
    config.service_cidr = "10.96.0.0/16";
    actor = caf::actor_cast<caf::actor>(world.system().spawn(
        bootstrap, world.at("apiserver/bootstrap", config)));
    world.run();
  }

  ~empty_fixture() override { world.end(actor); }
};

using BootstrapOfNothing = empty_fixture;

TEST_F(BootstrapOfNothing, SuggestsFlowControlAndLeavesItToUsers) {
  EXPECT_TRUE(api.find("FlowSchema", "service-accounts"));
  auto made = api.of(call::CREATE, "PriorityLevelConfiguration");
  ASSERT_EQ(made.size(), 7u);
  EXPECT_EQ(made.back().body.name(), "exempt")
      << "whoever sees it does not suggest again";
  api.remove("FlowSchema", "service-accounts");
  world.run();
  EXPECT_FALSE(api.find("FlowSchema", "service-accounts"));
}

} // namespace

} // namespace troupe
