#include "messages/api/apps.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/scheduling.pb.h"
#include "runtime/text/int_or_string.hpp"
#include "tests/support/cluster_objects.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::test {

namespace {

using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using scheduling::v1::PriorityClass;

auto& pods = kind_of<Pod>();
auto& accounts = kind_of<core::v1::ServiceAccount>();

Pod new_pod(const std::string& name, const std::string& ns = "default") {
  Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_(ns);
  auto* container = pod.mutable_spec()->add_containers();
  container->set_name("main");
  container->set_image("main:1");
  return pod;
}

struct Admission : ::testing::Test {
  simulated_cluster cluster{1, 2};

  Admission() {
    EXPECT_TRUE(cluster.run_until(
        [&] { return bool{cluster.get(accounts, "default", "default")}; }));
  }

  std::string refusal(const google::protobuf::Message& what) {
    auto made = cluster.create(object::of(what));
    return made ? std::string{} : message_of(made.error());
  }

  void put_class(const std::string& name, int32_t value, bool everybodys) {
    PriorityClass one;
    one.mutable_metadata()->set_name(name);
    one.set_value(value);
    one.set_global_default(everybodys);
    auto made = cluster.create(object::of(one));
    EXPECT_TRUE(made) << message_of(made.error());
  }

  size_t ready_pods(const std::string& labels = {}) {
    size_t count = 0;
    for (auto& pod : cluster.list(pods, "default", labels))
      for (auto& c : pod.as<Pod>().status().conditions())
        count += c.type() == "Ready" && c.status() == "True"
                 && !pod.meta().has_deletion_timestamp();
    return count;
  }

  expected<answer> evict(const object& pod) {
    policy::v1::Eviction body;
    body.mutable_metadata()->set_name(pod.name());
    body.mutable_metadata()->set_namespace_(pod.ns());
    call::Request msg;
    msg.set_verb(call::CREATE);
    msg.set_api_version("v1");
    msg.set_kind("Pod");
    msg.set_namespace_(pod.ns());
    msg.set_name(pod.name());
    msg.set_subresource("eviction");
    return cluster.ask(msg, object::of(body));
  }
};

} // namespace

TEST_F(Admission, APodNeedsItsServiceAccount) {
  auto pod = new_pod("a");
  pod.mutable_spec()->set_service_account_name("robot");
  EXPECT_EQ(refusal(pod),
            "pods \"a\" is forbidden: error looking up service account "
            "default/robot: serviceaccount \"robot\" not found");
  core::v1::ServiceAccount robot;
  robot.mutable_metadata()->set_name("robot");
  robot.mutable_metadata()->set_namespace_("default");
  robot.add_image_pull_secrets()->set_name("key");
  ASSERT_TRUE(cluster.create(object::of(robot)));
  EXPECT_EQ(refusal(pod), "");
  auto made = cluster.get(pods, "default", "a");
  ASSERT_TRUE(made);
  auto& spec = made->as<Pod>().spec();
  EXPECT_EQ(spec.image_pull_secrets(0).name(), "key");
  ASSERT_EQ(spec.volumes_size(), 1);
  EXPECT_EQ(spec.containers(0).volume_mounts(0).mount_path(),
            "/var/run/secrets/kubernetes.io/serviceaccount");
  EXPECT_TRUE(cluster.run_until([&] { return ready_pods() == 1; }));
}

TEST_F(Admission, APodInANewNamespaceWaitsForTheAccountThatComes) {
  core::v1::Namespace space;
  space.mutable_metadata()->set_name("young");
  ASSERT_TRUE(cluster.create(object::of(space)));
  EXPECT_EQ(refusal(new_pod("a", "young")), "");
  cluster.kill("controllers/service_account");
  cluster.remove(accounts, "young", "default");
  EXPECT_EQ(refusal(new_pod("b", "young")), "");
}

TEST_F(Admission, ASetInANewNamespaceHasItsPodsOnceThereIsAnAccount) {
  core::v1::Namespace space;
  space.mutable_metadata()->set_name("young");
  ASSERT_TRUE(cluster.create(object::of(space)));
  auto set = replica_set(3);
  set.mutable_metadata()->clear_uid();
  set.mutable_metadata()->clear_resource_version();
  set.mutable_metadata()->set_namespace_("young");
  auto made = cluster.create(object::of(set));
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_TRUE(cluster.run_until(
      [&] { return cluster.list(pods, "young").size() == 3; }));
}

TEST_F(Admission, PrioritiesComeFromClassesThatExist) {
  auto pod = new_pod("a");
  pod.mutable_spec()->set_priority_class_name("high");
  EXPECT_EQ(refusal(pod), "pods \"a\" is forbidden: no PriorityClass with name "
                          "high was found");
  put_class("high", 1000, false);
  EXPECT_EQ(refusal(pod), "");
  EXPECT_EQ(cluster.get(pods, "default", "a")->as<Pod>().spec().priority(),
            1000);
  put_class("usual", 7, true);
  PriorityClass second;
  second.mutable_metadata()->set_name("second");
  second.set_global_default(true);
  EXPECT_THAT(refusal(second),
              ::testing::HasSubstr("usual is already marked as default"));
  EXPECT_EQ(refusal(new_pod("b")), "");
  auto usual = cluster.get(pods, "default", "b");
  EXPECT_EQ(usual->as<Pod>().spec().priority(), 7);
  EXPECT_EQ(usual->as<Pod>().spec().priority_class_name(), "usual");
}

TEST_F(Admission, PodsStayFiveMinutesWhereNothingElseIsSaid) {
  EXPECT_EQ(refusal(new_pod("a")), "");
  auto& list =
      cluster.get(pods, "default", "a")->as<Pod>().spec().tolerations();
  ASSERT_EQ(list.size(), 2);
  EXPECT_EQ(list[0].toleration_seconds(), 300);
}

TEST_F(Admission, ANamespaceThatEndsTakesNothing) {
  core::v1::Namespace space;
  space.mutable_metadata()->set_name("old");
  ASSERT_TRUE(cluster.create(object::of(space)));
  core::v1::ConfigMap holder;
  holder.mutable_metadata()->set_name("holder");
  holder.mutable_metadata()->set_namespace_("old");
  holder.mutable_metadata()->add_finalizers("example.org/wait");
  ASSERT_TRUE(cluster.create(object::of(holder)));
  ASSERT_TRUE(cluster.remove(kind_of<core::v1::Namespace>(), {}, "old"));
  core::v1::ConfigMap late;
  late.mutable_metadata()->set_name("late");
  late.mutable_metadata()->set_namespace_("old");
  EXPECT_EQ(refusal(late), "configmaps \"late\" is forbidden: unable to create "
                           "new content in namespace old because it is being "
                           "terminated");
  for (auto name : {"default", "kube-system", "kube-public"}) {
    auto removed = cluster.remove(kind_of<core::v1::Namespace>(), {}, name);
    ASSERT_FALSE(removed) << name;
    EXPECT_TRUE(is(removed.error(), ec::forbidden));
  }
}

TEST_F(Admission, AnEvictionWaitsForItsBudget) {
  auto set = replica_set(2);
  set.mutable_metadata()->clear_uid();
  set.mutable_metadata()->clear_resource_version();
  ASSERT_TRUE(cluster.create(object::of(set)));
  ASSERT_TRUE(cluster.run_until([&] { return ready_pods("app=web") == 2; }));
  PodDisruptionBudget budget;
  budget.mutable_metadata()->set_name("guard");
  budget.mutable_metadata()->set_namespace_("default");
  (*budget.mutable_spec()->mutable_selector()->mutable_match_labels())["app"] =
      "web";
  *budget.mutable_spec()->mutable_min_available() = text::int_or_string(2);
  ASSERT_TRUE(cluster.create(object::of(budget)));
  auto status_of_budget = [&] {
    return cluster.get(kind_of<PodDisruptionBudget>(), "default", "guard")
        ->as<PodDisruptionBudget>()
        .status();
  };
  ASSERT_TRUE(cluster.run_until(
      [&] { return status_of_budget().current_healthy() == 2; }));
  auto pod = cluster.list(pods, "default", "app=web").front();
  auto refused = evict(pod);
  ASSERT_FALSE(refused);
  auto status = to_status(refused.error());
  EXPECT_EQ(status.code(), 429);
  EXPECT_EQ(status.message(), "Cannot evict pod as it would violate the pod's "
                              "disruption budget.");
  EXPECT_EQ(status.details().causes(0).message(),
            "The disruption budget guard needs 2 healthy pods and has 2 "
            "currently");
  EXPECT_TRUE(cluster.get(pods, "default", pod.name()));
  // One more, and then one may go.
  auto larger = cluster.get(kind_of<apps::v1::ReplicaSet>(), "default", "web")
                    ->copy<apps::v1::ReplicaSet>();
  larger.mutable_spec()->set_replicas(3);
  ASSERT_TRUE(cluster.update(object::of(larger)));
  ASSERT_TRUE(cluster.run_until(
      [&] { return status_of_budget().disruptions_allowed() == 1; }));
  auto evicted = evict(pod);
  ASSERT_TRUE(evicted) << message_of(evicted.error());
  EXPECT_TRUE(cluster.run_until([&] {
    return !cluster.get(pods, "default", pod.name())
           && ready_pods("app=web") == 3;
  }));
}

TEST_F(Admission, TheServiceKubernetesIsAlwaysThere) {
  auto& services = kind_of<core::v1::Service>();
  auto& endpoints = kind_of<core::v1::Endpoints>();
  EXPECT_TRUE(cluster.get(endpoints, "default", "kubernetes"));
  ASSERT_TRUE(cluster.remove(endpoints, "default", "kubernetes"));
  ASSERT_TRUE(cluster.remove(services, "default", "kubernetes"));
  EXPECT_TRUE(cluster.run_until([&] {
    return cluster.get(services, "default", "kubernetes")
           && cluster.get(endpoints, "default", "kubernetes");
  }));
  EXPECT_EQ(cluster.get(services, "default", "kubernetes")
                ->as<core::v1::Service>()
                .spec()
                .cluster_ip(),
            "10.96.0.1");
}

TEST_F(Admission, ABadSelectorIsRefusedAtOnce) {
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_api_version("v1");
  msg.set_kind("Pod");
  msg.set_field_selector("spec.foo=x");
  auto listed = cluster.ask(msg);
  ASSERT_FALSE(listed);
  EXPECT_EQ(message_of(listed.error()), "field label not supported: spec.foo");
}

TEST_F(Admission, ScalingAnswersWithTheScale) {
  auto set = replica_set(1);
  set.mutable_metadata()->clear_uid();
  set.mutable_metadata()->clear_resource_version();
  ASSERT_TRUE(cluster.create(object::of(set)));
  call::Request msg;
  msg.set_verb(call::PATCH);
  msg.set_api_version("apps/v1");
  msg.set_kind("ReplicaSet");
  msg.set_namespace_("default");
  msg.set_name("web");
  msg.set_subresource("scale");
  msg.set_patch_type(call::MERGE);
  msg.set_patch("{\"spec\":{\"replicas\":4}}");
  auto scaled = cluster.ask(msg);
  ASSERT_TRUE(scaled) << message_of(scaled.error());
  EXPECT_EQ(scaled->one().kind().kind, "Scale");
  EXPECT_EQ(cluster.get(kind_of<apps::v1::ReplicaSet>(), "default", "web")
                ->as<apps::v1::ReplicaSet>()
                .spec()
                .replicas(),
            4);
  msg.set_verb(call::DELETE);
  auto wrong = cluster.ask(msg);
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(is(wrong.error(), ec::method_not_allowed));
}

TEST_F(Admission, AScaleInsistsOnWhatItWasMadeOf) {
  auto set = replica_set(0);
  set.mutable_metadata()->clear_uid();
  set.mutable_metadata()->clear_resource_version();
  ASSERT_TRUE(cluster.create(object::of(set)));
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_api_version("apps/v1");
  msg.set_kind("ReplicaSet");
  msg.set_namespace_("default");
  msg.set_name("web");
  msg.set_subresource("scale");
  auto shown = cluster.ask(msg);
  ASSERT_TRUE(shown) << message_of(shown.error());
  auto wish = shown->one().copy<autoscaling::v1::Scale>();
  wish.mutable_spec()->set_replicas(2);
  msg.set_verb(call::UPDATE);
  ASSERT_TRUE(cluster.ask(msg, object::of(wish)));
  auto late = cluster.ask(msg, object::of(wish));
  ASSERT_FALSE(late);
  EXPECT_TRUE(is(late.error(), ec::conflict)) << message_of(late.error());
  wish.mutable_metadata()->clear_resource_version();
  wish.mutable_metadata()->set_uid("another");
  EXPECT_FALSE(cluster.ask(msg, object::of(wish)));
  msg.set_verb(call::PATCH);
  msg.set_patch_type(call::MERGE);
  msg.set_patch(
      R"({"metadata":{"resourceVersion":"1"},"spec":{"replicas":3}})");
  auto patched = cluster.ask(msg);
  ASSERT_FALSE(patched);
  EXPECT_TRUE(is(patched.error(), ec::conflict));
}

} // namespace troupe::test
