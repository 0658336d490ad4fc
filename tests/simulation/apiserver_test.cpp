#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::test {

namespace {

object a_map(const std::string& name, const std::string& value) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name(name);
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["key"] = value;
  return object::of(map);
}

auto& maps = kind_of<core::v1::ConfigMap>();

} // namespace

TEST(ApiServer, BeginsWithWhatEveryClusterHas) {
  simulated_cluster cluster;
  for (auto name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    EXPECT_TRUE(cluster.get(kind_of<core::v1::Namespace>(), {}, name)) << name;
  auto service =
      cluster.get(kind_of<core::v1::Service>(), "default", "kubernetes");
  ASSERT_TRUE(service) << message_of(service.error());
  EXPECT_EQ(service->as<core::v1::Service>().spec().cluster_ip(), "10.96.0.1");
}

TEST(ApiServer, KeepsWhatWasCreated) {
  simulated_cluster cluster;
  auto made = cluster.create(a_map("one", "1"));
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_FALSE(made->uid().empty());
  EXPECT_GT(made->revision(), 0u);
  auto found = cluster.get(maps, "default", "one");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->same_content(*made));
  EXPECT_EQ(found->revision(), made->revision());
}

TEST(ApiServer, RefusesASecondObjectOfOneName) {
  simulated_cluster cluster;
  ASSERT_TRUE(cluster.create(a_map("one", "1")));
  auto second = cluster.create(a_map("one", "2"));
  ASSERT_FALSE(second);
  EXPECT_TRUE(is(second.error(), ec::already_exists));
  EXPECT_EQ(message_of(second.error()), "configmaps \"one\" already exists");
}

TEST(ApiServer, RefusesAnUpdateOfAnOldRevision) {
  simulated_cluster cluster;
  auto first = *cluster.create(a_map("one", "1"));
  auto change = [&](const std::string& value) {
    auto map = first.copy<core::v1::ConfigMap>();
    (*map.mutable_data())["key"] = value;
    return cluster.update(object::of(map));
  };
  ASSERT_TRUE(change("2"));
  auto late = change("3");
  ASSERT_FALSE(late);
  EXPECT_TRUE(is(late.error(), ec::conflict));
}

TEST(ApiServer, TellsOfAMissingNamespace) {
  simulated_cluster cluster;
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("one");
  map.mutable_metadata()->set_namespace_("nowhere");
  auto made = cluster.create(object::of(map));
  ASSERT_FALSE(made);
  EXPECT_EQ(message_of(made.error()), "namespaces \"nowhere\" not found");
}

TEST(ApiServer, GivesNoAddressTwice) {
  simulated_cluster cluster;
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    core::v1::Service service;
    service.mutable_metadata()->set_name("s" + std::to_string(i));
    service.mutable_metadata()->set_namespace_("default");
    service.mutable_spec()->set_type("NodePort");
    service.mutable_spec()->add_ports()->set_port(80);
    auto made = cluster.create(object::of(service));
    ASSERT_TRUE(made) << message_of(made.error());
    auto& spec = made->as<core::v1::Service>().spec();
    EXPECT_TRUE(seen.insert(spec.cluster_ip()).second);
    EXPECT_TRUE(seen.insert(std::to_string(spec.ports(0).node_port())).second);
    if (i % 10 == 5)
      cluster.kill("apiserver/allocators");
  }
}

TEST(ApiServer, KeepsAnEventForAnHour) {
  using namespace std::chrono_literals;
  simulated_cluster cluster;
  auto& events = kind_of<core::v1::Event>();
  auto tell = [&](const std::string& name) {
    core::v1::Event event;
    event.mutable_metadata()->set_name(name);
    event.mutable_metadata()->set_namespace_("default");
    event.mutable_involved_object()->set_namespace_("default");
    auto made = cluster.create(object::of(event));
    ASSERT_TRUE(made) << message_of(made.error());
  };
  tell("first");
  tell("told-again");
  cluster.advance(40min);
  call::Request again;
  again.set_verb(call::PATCH);
  again.set_api_version("v1");
  again.set_kind("Event");
  again.set_namespace_("default");
  again.set_name("told-again");
  again.set_patch_type(call::MERGE);
  again.set_patch("{\"count\": 2}");
  ASSERT_TRUE(cluster.ask(again));
  cluster.kill("apiserver/registry/events");
  tell("late");
  EXPECT_TRUE(cluster.get(events, "default", "first"));
  cluster.advance(30min);
  EXPECT_FALSE(cluster.get(events, "default", "first"));
  EXPECT_TRUE(cluster.get(events, "default", "told-again"));
  EXPECT_TRUE(cluster.get(events, "default", "late"));
  cluster.advance(40min);
  EXPECT_TRUE(cluster.list(events).empty());
}

TEST(ApiServer, LetsAThousandEventsEndTogetherAtMost) {
  simulated_cluster cluster;
  for (int i = 0; i <= 1'000; ++i) {
    core::v1::Event event;
    event.mutable_metadata()->set_name("e" + std::to_string(i));
    event.mutable_metadata()->set_namespace_("default");
    event.mutable_involved_object()->set_namespace_("default");
    ASSERT_TRUE(cluster.create(object::of(event)));
  }
  for (auto& actor : cluster.actors())
    if (actor.path() == "store/leases") {
      EXPECT_EQ(actor.facts(0), "leases=2");
    }
}

TEST(Topology, ShowsTheRootToo) {
  simulated_cluster cluster;
  auto paths = cluster.paths();
  EXPECT_EQ(std::count(paths.begin(), paths.end(), "root"), 1);
}

TEST(ApiServer, LosesNothingWhenAnyOfItsActorsIsKilled) {
  simulated_cluster cluster;
  auto before = cluster.create(a_map("one", "1"));
  ASSERT_TRUE(before);
  for (auto& path : cluster.paths()) {
    cluster.kill(path);
    auto found = cluster.get(maps, "default", "one");
    ASSERT_TRUE(found) << path << ": " << message_of(found.error());
    EXPECT_EQ(found->revision(), before->revision()) << path;
  }
}

} // namespace troupe::test
