#include "messages/api/apps.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/rules/strategy.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

using namespace troupe;
using google::protobuf::TextFormat;

namespace {

template <class T>
T read(const char* text) {
  T result;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &result));
  return result;
}

} // namespace

TEST(Strategy, CreateDropsWhatClientsCannotSay) {
  auto obj = read<apps::v1::Deployment>(R"(
    metadata { generation: 7 self_link: "/x" deletion_timestamp { seconds: 1 }
               deletion_grace_period_seconds: 3 }
    status { replicas: 3 })");
  rules::prepare_for_create(obj);
  EXPECT_FALSE(obj.has_status());
  EXPECT_EQ(obj.metadata().generation(), 1);
  EXPECT_FALSE(obj.metadata().has_deletion_timestamp());
  EXPECT_FALSE(obj.metadata().has_deletion_grace_period_seconds());
  EXPECT_FALSE(obj.metadata().has_self_link());
}

TEST(Strategy, NodeRegistersWithItsStatus) {
  auto node = read<core::v1::Node>(
      R"(status { addresses { type: "Hostname" address: "a" } })");
  rules::prepare_for_create(node);
  EXPECT_EQ(node.status().addresses_size(), 1);
  EXPECT_EQ(node.metadata().generation(), 0);
}

TEST(Strategy, PodStartsPendingWithItsClass) {
  auto pod = read<core::v1::Pod>(R"(
    spec { containers { resources {
      limits { key: "cpu" value { string: "1" } }
      limits { key: "memory" value { string: "1Gi" } }
      requests { key: "cpu" value { string: "1000m" } }
      requests { key: "memory" value { string: "1024Mi" } } } } }
    status { phase: "Running" })");
  rules::prepare_for_create(pod);
  EXPECT_EQ(pod.status().phase(), "Pending");
  EXPECT_EQ(pod.status().qos_class(), "Guaranteed");
  auto* container = pod.mutable_spec()->mutable_containers(0);
  container->mutable_resources()->mutable_limits()->erase("cpu");
  rules::prepare_for_create(pod);
  EXPECT_EQ(pod.status().qos_class(), "Burstable");
  container->clear_resources();
  rules::prepare_for_create(pod);
  EXPECT_EQ(pod.status().qos_class(), "BestEffort");
}

TEST(Strategy, GatedPodSaysWhyItWaits) {
  auto pod = read<core::v1::Pod>(R"(spec { scheduling_gates { name: "g" } })");
  rules::prepare_for_create(pod);
  EXPECT_EQ(pod.status().conditions(0).reason(), "SchedulingGated");
}

TEST(Strategy, NamespaceIsActiveAndHeldByItsFinalizer) {
  core::v1::Namespace ns;
  rules::prepare_for_create(ns);
  EXPECT_EQ(ns.status().phase(), "Active");
  EXPECT_EQ(ns.spec().finalizers(0), "kubernetes");
  auto changed = ns;
  changed.mutable_spec()->clear_finalizers();
  rules::prepare_for_update(changed, ns);
  EXPECT_EQ(changed.spec().finalizers_size(), 1);
}

TEST(Strategy, UpdateKeepsStatusAndWhatTheServerKeeps) {
  auto old = read<apps::v1::ReplicaSet>(R"(
    metadata { name: "a" namespace: "n" uid: "u" generation: 3
               creation_timestamp { seconds: 5 } }
    spec { replicas: 1 } status { replicas: 1 })");
  auto obj = read<apps::v1::ReplicaSet>(R"(
    metadata { name: "a" labels { key: "x" value: "y" } }
    spec { replicas: 1 } status { replicas: 9 })");
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.status().replicas(), 1);
  EXPECT_EQ(obj.metadata().uid(), "u");
  EXPECT_EQ(obj.metadata().namespace_(), "n");
  EXPECT_EQ(obj.metadata().creation_timestamp().seconds(), 5);
  EXPECT_EQ(obj.metadata().labels().at("x"), "y");
  EXPECT_EQ(obj.metadata().generation(), 3) << "labels are no wish";
  obj.mutable_spec()->set_replicas(2);
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.metadata().generation(), 4);
}

TEST(Strategy, AnnotationsOfADeploymentCountAsAChange) {
  auto old = read<apps::v1::Deployment>(R"(metadata { generation: 1 })");
  auto obj = old;
  (*obj.mutable_metadata()->mutable_annotations())["a"] = "b";
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.metadata().generation(), 2);
}

TEST(Strategy, SliceWithoutSpecCountsItsEndpoints) {
  auto old =
      read<discovery::v1::EndpointSlice>(R"(metadata { generation: 1 })");
  auto obj = old;
  obj.add_endpoints()->add_addresses("10.0.0.1");
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.metadata().generation(), 2);
}

TEST(Strategy, DeletionCannotBeTakenBack) {
  auto old = read<core::v1::ConfigMap>(R"(
    metadata { deletion_timestamp { seconds: 9 }
               deletion_grace_period_seconds: 0 })");
  core::v1::ConfigMap obj;
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.metadata().deletion_timestamp().seconds(), 9);
  EXPECT_TRUE(obj.metadata().has_deletion_grace_period_seconds());
}

TEST(Strategy, StatusUpdateChangesStatusAndWhatIsSaidOfTheObject) {
  auto old = read<core::v1::Pod>(R"(
    metadata { name: "a" uid: "u" labels { key: "x" value: "1" } }
    spec { node_name: "n" } status { phase: "Pending" })");
  auto obj = read<core::v1::Pod>(R"(
    metadata { name: "a" uid: "u" resource_version: "4"
               labels { key: "x" value: "2" } }
    spec { node_name: "other" } status { phase: "Running" })");
  rules::prepare_for_status_update(obj, old);
  EXPECT_EQ(obj.status().phase(), "Running");
  EXPECT_EQ(obj.spec().node_name(), "n");
  EXPECT_EQ(obj.metadata().labels().at("x"), "2");
  EXPECT_EQ(obj.metadata().resource_version(), "4");
}

TEST(Strategy, ServiceKeepsWhatWasAllocated) {
  auto old = read<core::v1::Service>(R"(
    spec { type: "NodePort" cluster_ip: "10.0.0.7" cluster_ips: "10.0.0.7"
           ip_families: "IPv4" ip_family_policy: "SingleStack"
           ports { name: "a" port: 80 node_port: 30001 }
           ports { name: "b" port: 81 node_port: 30002 } })");
  auto obj = read<core::v1::Service>(R"(
    spec { type: "NodePort"
           ports { name: "b" port: 81 }
           ports { name: "c" port: 82 node_port: 30001 }
           ports { name: "a" port: 80 } })");
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.spec().cluster_ip(), "10.0.0.7");
  EXPECT_EQ(obj.spec().cluster_ips(0), "10.0.0.7");
  EXPECT_EQ(obj.spec().ip_family_policy(), "SingleStack");
  EXPECT_EQ(obj.spec().ports(0).node_port(), 30002);
  EXPECT_EQ(obj.spec().ports(1).node_port(), 30001);
  EXPECT_EQ(obj.spec().ports(2).node_port(), 0) << "given to another port";
}

TEST(Strategy, ServiceDropsWhatItsNewTypeDoesNotKnow) {
  auto old = read<core::v1::Service>(R"(
    spec { type: "LoadBalancer" cluster_ip: "10.0.0.7" cluster_ips: "10.0.0.7"
           external_traffic_policy: "Cluster" internal_traffic_policy: "Cluster"
           allocate_load_balancer_node_ports: true
           ports { port: 80 node_port: 30001 } })");
  auto obj = old;
  obj.mutable_spec()->set_type("ClusterIP");
  rules::prepare_for_update(obj, old);
  EXPECT_EQ(obj.spec().ports(0).node_port(), 0);
  EXPECT_FALSE(obj.spec().has_external_traffic_policy());
  EXPECT_FALSE(obj.spec().has_allocate_load_balancer_node_ports());
  EXPECT_EQ(obj.spec().cluster_ip(), "10.0.0.7");
  obj = old;
  obj.mutable_spec()->set_type("ExternalName");
  rules::prepare_for_update(obj, old);
  EXPECT_FALSE(obj.spec().has_cluster_ip());
  EXPECT_FALSE(obj.spec().has_internal_traffic_policy());
}

TEST(Strategy, DaemonSetCountsChangesOfItsTemplateInAnAnnotation) {
  constexpr auto note = "deprecated.daemonset.template.generation";
  auto old = read<apps::v1::DaemonSet>("spec { min_ready_seconds: 1 }");
  rules::prepare_for_create(old);
  EXPECT_EQ(old.metadata().annotations().at(note), "1");
  auto now = old;
  now.mutable_metadata()->clear_annotations();
  now.mutable_spec()->set_min_ready_seconds(2);
  rules::prepare_for_update(now, old);
  EXPECT_EQ(now.metadata().annotations().at(note), "1");
  now.mutable_spec()->mutable_template_()->mutable_spec()->set_node_name("n");
  rules::prepare_for_update(now, old);
  EXPECT_EQ(now.metadata().annotations().at(note), "2");
}

TEST(Strategy, JobThatTakesItsLabelsFromItsPodsIsLabelledAsTheyAre) {
  auto job = read<batch::v1::Job>(R"(
    metadata { name: "j" uid: "u" labels { key: "a" value: "b" } }
    spec { template { metadata { labels { key: "a" value: "b" } } } })");
  rules::prepare_for_create(job);
  EXPECT_EQ(job.metadata().labels().at("job-name"), "j");
  auto bare = read<batch::v1::Job>(R"(metadata { name: "j" uid: "u" })");
  rules::prepare_for_create(bare);
  EXPECT_EQ(bare.metadata().labels().at("controller-uid"), "u");
  auto other = read<batch::v1::Job>(R"(
    metadata { name: "j" uid: "u" labels { key: "own" value: "b" } }
    spec { template { metadata { labels { key: "a" value: "b" } } } })");
  rules::prepare_for_create(other);
  EXPECT_FALSE(other.metadata().labels().contains("job-name"));
}

TEST(Strategy, AnotherUidOrVersionIsAConflict) {
  auto old = read<core::v1::ConfigMap>(R"(metadata { name: "a" uid: "u" })");
  auto check = [&](const char* text) {
    auto obj = read<core::v1::ConfigMap>(text);
    return rules::check_preconditions(obj, old, "7");
  };
  EXPECT_FALSE(check(R"(metadata { name: "a" })"));
  EXPECT_FALSE(check(R"(metadata { uid: "u" resource_version: "7" })"));
  EXPECT_TRUE(is(check(R"(metadata { uid: "v" })"), ec::conflict));
  auto err = check(R"(metadata { resource_version: "6" })");
  EXPECT_TRUE(is(err, ec::conflict));
  EXPECT_EQ(message_of(err),
            "Operation cannot be fulfilled on configmaps \"a\": the object has "
            "been modified; please apply your changes to the latest version "
            "and try again");
}
