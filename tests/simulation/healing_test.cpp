#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

auto& pods = kind_of<core::v1::Pod>();
auto& maps = kind_of<core::v1::ConfigMap>();
auto& deployments = kind_of<apps::v1::Deployment>();

object web(int replicas, const std::string& image = "web:1") {
  apps::v1::Deployment result;
  result.mutable_metadata()->set_name("web");
  result.mutable_metadata()->set_namespace_("default");
  auto* spec = result.mutable_spec();
  spec->set_replicas(replicas);
  (*spec->mutable_selector()->mutable_match_labels())["app"] = "web";
  auto* from = spec->mutable_template_();
  (*from->mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = from->mutable_spec()->add_containers();
  container->set_name("web");
  container->set_image(image);
  return object::of(result);
}

bool leaving(const object& pod) {
  return pod.meta().has_deletion_timestamp();
}

bool ready(const object& pod) {
  auto& status = pod.as<core::v1::Pod>().status();
  if (leaving(pod) || status.phase() != "Running")
    return false;
  for (auto& condition : status.conditions())
    if (condition.type() == "Ready")
      return condition.status() == "True";
  return false;
}

std::string shown(const std::vector<object>& all) {
  std::string out;
  for (auto& pod : all) {
    auto& x = pod.as<core::v1::Pod>();
    out += "\n  " + pod.name() + " " + x.status().phase() + " on "
           + x.spec().node_name() + (ready(pod) ? " ready" : "")
           + (leaving(pod) ? " leaving" : "");
    for (auto& c : x.status().container_statuses())
      out += " restarts=" + std::to_string(c.restart_count());
  }
  return out;
}

class Healing : public ::testing::Test {
protected:
  std::vector<object> all() { return cluster_->list(pods, "default"); }

  /// Whether exactly so many pods are there, all Ready, all of the image.
  bool settled(size_t count, const std::string& image = "web:1") {
    auto found = all();
    return found.size() == count
           && std::all_of(found.begin(), found.end(), [&](auto& pod) {
                return ready(pod)
                       && pod.template as<core::v1::Pod>()
                                  .spec()
                                  .containers(0)
                                  .image()
                              == image;
              });
  }

  ::testing::AssertionResult settles(size_t count,
                                     const std::string& image = "web:1",
                                     std::chrono::seconds most = 120s) {
    if (cluster_->run_until([&] { return settled(count, image); }, most))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "pods:" << shown(all());
  }

  void begin(uint64_t seed, int replicas = 3) {
    cluster_ = std::make_unique<simulated_cluster>(seed, 3);
    auto made = cluster_->create(web(replicas));
    ASSERT_TRUE(made) << message_of(made.error());
    ASSERT_TRUE(settles(replicas));
  }

  /// Changes the Deployment, again when another was faster.
  template <class Change>
  void change(Change what) {
    for (int tries = 0; tries < 10; ++tries) {
      auto now = cluster_->get(deployments, "default", "web");
      ASSERT_TRUE(now) << message_of(now.error());
      auto copy = now->template copy<apps::v1::Deployment>();
      what(*copy.mutable_spec());
      auto done = cluster_->update(object::of(copy));
      if (done)
        return;
      ASSERT_TRUE(is(done.error(), ec::conflict)) << message_of(done.error());
    }
    FAIL() << "always a conflict";
  }

  /// Writes another ConfigMap; once it is acknowledged it must stay.
  void note() {
    core::v1::ConfigMap map;
    auto name = "note-" + std::to_string(++notes_);
    map.mutable_metadata()->set_name(name);
    map.mutable_metadata()->set_namespace_("default");
    auto made = cluster_->create(object::of(map));
    if (made)
      noted_[name] = made->revision();
    else
      ++refused_;
  }

  void expect_notes() {
    std::map<std::string, uint64_t> found;
    for (auto& map : cluster_->list(maps, "default"))
      found[map.name()] = map.revision();
    for (auto& [name, revision] : noted_)
      EXPECT_EQ(found[name], revision) << name << " is lost";
  }

  /// No two pods have one name, one identity or one address.
  void expect_no_pod_twice() {
    std::set<std::string> names, uids, addresses;
    for (auto& pod : all()) {
      EXPECT_TRUE(names.insert(pod.name()).second) << pod.name();
      EXPECT_TRUE(uids.insert(pod.uid()).second) << pod.name();
      auto& ip = pod.as<core::v1::Pod>().status().pod_ip();
      if (!ip.empty() && !leaving(pod)) {
        EXPECT_TRUE(addresses.insert(ip).second) << pod.name() << " " << ip;
      }
    }
  }

  std::vector<std::string> names() {
    std::vector<std::string> result;
    for (auto& pod : all())
      result.push_back(pod.name());
    return result;
  }

  std::unique_ptr<simulated_cluster> cluster_;
  std::map<std::string, uint64_t> noted_;
  int notes_ = 0;
  int refused_ = 0;
};

} // namespace

TEST_F(Healing, ADeploymentBecomesPodsOnAllNodes) {
  begin(1);
  std::set<std::string> nodes;
  for (auto& pod : all())
    nodes.insert(pod.as<core::v1::Pod>().spec().node_name());
  EXPECT_EQ(nodes.size(), 3u);
  expect_no_pod_twice();
}

TEST_F(Healing, ADeletedPodIsReplaced) {
  begin(2);
  auto victim = all().front();
  ASSERT_TRUE(cluster_->remove(pods, "default", victim.name()));
  ASSERT_TRUE(cluster_->run_until([&] {
    for (auto& pod : all())
      if (pod.uid() == victim.uid())
        return false;
    return settled(3);
  })) << shown(all());
}

TEST_F(Healing, ADeploymentGrowsAndShrinks) {
  begin(3);
  change([](auto& spec) { spec.set_replicas(7); });
  ASSERT_TRUE(settles(7));
  expect_no_pod_twice();
  change([](auto& spec) { spec.set_replicas(2); });
  ASSERT_TRUE(settles(2));
}

TEST_F(Healing, ANewImageReplacesAllPods) {
  begin(4);
  change([](auto& spec) {
    spec.mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(
        "web:2");
  });
  ASSERT_TRUE(settles(3, "web:2"));
}

TEST_F(Healing, EveryActorMayDie) {
  begin(5);
  auto victims = cluster_->paths();
  ASSERT_GT(victims.size(), 20u);
  victims.push_back("root");
  for (auto& victim : victims) {
    SCOPED_TRACE(victim);
    note();
    cluster_->kill(victim);
    note();
    cluster_->advance(100ms);
    ASSERT_TRUE(settles(3));
    expect_no_pod_twice();
    expect_notes();
    // What died does its work again.
    auto gone = all().front();
    ASSERT_TRUE(cluster_->remove(pods, "default", gone.name()));
    ASSERT_TRUE(cluster_->run_until([&] {
      for (auto& pod : all())
        if (pod.uid() == gone.uid())
          return false;
      return settled(3);
    })) << shown(all());
  }
  EXPECT_EQ(refused_, 0);
}

TEST_F(Healing, NothingIsLostAmongManyKills) {
  constexpr int kills = 300;
  begin(6);
  std::mt19937_64 dice{6};
  for (int i = 0; i < kills; ++i) {
    auto victims = cluster_->paths();
    if (dice() % 50 == 0)
      victims = {"root"};
    ASSERT_FALSE(victims.empty());
    cluster_->kill(victims[dice() % victims.size()]);
    note();
    if (i % 30 == 7)
      if (auto found = all(); !found.empty())
        cluster_->remove(pods, "default", found[dice() % found.size()].name());
    cluster_->advance(std::chrono::milliseconds(dice() % 500));
    expect_no_pod_twice();
  }
  ASSERT_TRUE(settles(3));
  expect_notes();
  EXPECT_GT(noted_.size(), kills * 9u / 10);
}

TEST_F(Healing, OneSeedGivesOneStory) {
  auto story = [&] {
    begin(7);
    std::mt19937_64 dice{7};
    for (int i = 0; i < 20; ++i) {
      auto victims = cluster_->paths();
      cluster_->kill(victims[dice() % victims.size()]);
      cluster_->advance(200ms);
      if (auto found = all(); i % 5 == 0 && !found.empty())
        cluster_->remove(pods, "default", found.front().name());
    }
    EXPECT_TRUE(settles(3));
    auto result = shown(all());
    cluster_.reset();
    return result;
  };
  EXPECT_EQ(story(), story());
}

} // namespace troupe::test
