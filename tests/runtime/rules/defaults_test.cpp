#include "messages/api/apps.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "runtime/rules/images.hpp"
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

std::string shown(const google::protobuf::Message& obj) {
  std::string result;
  TextFormat::PrintToString(obj, &result);
  return result;
}

// Expects that defaults turn `given` into `wished`, and change nothing more
// when they are applied again.
template <class T>
void expect_defaults(const char* given, const char* wished) {
  auto obj = read<T>(given);
  rules::apply_defaults(obj);
  auto expected = read<T>(wished);
  EXPECT_EQ(shown(obj), shown(expected));
  auto once = canonical_bytes(obj);
  rules::apply_defaults(obj);
  EXPECT_EQ(canonical_bytes(obj), once);
}

} // namespace

TEST(Defaults, PodGetsWhatKubernetesWrites) {
  expect_defaults<core::v1::Pod>(R"(
    spec {
      containers {
        name: "a" image: "nginx"
        ports { container_port: 80 }
        resources { limits { key: "cpu" value { string: "1" } } }
        liveness_probe { handler { http_get { port { int_val: 80 } } } }
      }
      volumes { name: "v" }
    })",
                                 R"(
    spec {
      volumes { name: "v" volume_source { empty_dir {} } }
      containers {
        name: "a" image: "nginx"
        ports { container_port: 80 protocol: "TCP" }
        resources {
          limits { key: "cpu" value { string: "1" } }
          requests { key: "cpu" value { string: "1" } }
        }
        liveness_probe {
          handler { http_get { path: "/" port { int_val: 80 } scheme: "HTTP" } }
          timeout_seconds: 1 period_seconds: 10 success_threshold: 1
          failure_threshold: 3
        }
        termination_message_path: "/dev/termination-log"
        image_pull_policy: "Always"
        termination_message_policy: "File"
      }
      restart_policy: "Always"
      termination_grace_period_seconds: 30
      dns_policy: "ClusterFirst"
      security_context {}
      scheduler_name: "default-scheduler"
      enable_service_links: true
    })");
}

TEST(Defaults, AmountsAreInThousandths) {
  core::v1::Pod pod;
  auto& container = *pod.mutable_spec()->add_containers();
  auto& limits = *container.mutable_resources()->mutable_limits();
  limits["cpu"].set_string("1n");
  limits["memory"].set_string("1.500");
  (*pod.mutable_spec()->mutable_overhead())["cpu"].set_string("100.0005m");
  rules::apply_defaults(pod);
  EXPECT_EQ(limits["cpu"].string(), "1m");
  EXPECT_EQ(limits["memory"].string(), "1.500");
  EXPECT_EQ(pod.spec().overhead().at("cpu").string(), "101m");

  core::v1::ResourceQuota quota;
  (*quota.mutable_spec()->mutable_hard())["cpu"].set_string("1e-10");
  rules::apply_defaults(quota);
  EXPECT_EQ(quota.spec().hard().at("cpu").string(), "1e-3");
}

TEST(Defaults, PodOnTheHostNetworkTakesTheSamePortThere) {
  auto pod = read<core::v1::Pod>(R"(
    spec {
      host_network: true
      init_containers { name: "i" image: "x:1" ports { container_port: 1 } }
      containers { name: "a" image: "x:1" ports { container_port: 80 } }
    })");
  rules::apply_defaults(pod);
  EXPECT_EQ(pod.spec().containers(0).ports(0).host_port(), 80);
  EXPECT_EQ(pod.spec().init_containers(0).ports(0).host_port(), 1);
}

TEST(Defaults, PodLevelLimitsGiveRequestsOfTheContainersTogether) {
  auto pod = read<core::v1::Pod>(R"(
    spec {
      resources {
        limits { key: "cpu" value { string: "4" } }
        limits { key: "memory" value { string: "1Gi" } }
      }
      containers {
        name: "a"
        resources { requests { key: "cpu" value { string: "500m" } } }
      }
      containers {
        name: "b"
        resources { requests { key: "cpu" value { string: "1" } } }
      }
    })");
  rules::apply_defaults(pod);
  auto& requests = pod.spec().resources().requests();
  EXPECT_EQ(requests.at("cpu").string(), "1500m");
  EXPECT_EQ(requests.at("memory").string(), "1Gi");
}

TEST(Defaults, ImageDecidesThePullPolicy) {
  using rules::default_image_pull_policy;
  for (auto* image :
       {"nginx", "nginx:latest", "host:5000/nginx", "host:5000/a/nginx:latest"})
    EXPECT_EQ(default_image_pull_policy(image), "Always") << image;
  for (auto* image : {"nginx:1", "host:5000/nginx:1", "nginx@sha256:abc",
                      "nginx:1@sha256:abc", ""})
    EXPECT_EQ(default_image_pull_policy(image), "IfNotPresent") << image;
}

TEST(Defaults, DeploymentRollsAQuarterAtATime) {
  expect_defaults<apps::v1::Deployment>(
      R"(spec { template { spec { restart_policy: "Never" } } })", R"(
    spec {
      replicas: 1
      template {
        spec {
          restart_policy: "Never"
          termination_grace_period_seconds: 30
          dns_policy: "ClusterFirst"
          security_context {}
          scheduler_name: "default-scheduler"
        }
      }
      strategy {
        type: "RollingUpdate"
        rolling_update {
          max_unavailable { type: 1 str_val: "25%" }
          max_surge { type: 1 str_val: "25%" }
        }
      }
      revision_history_limit: 10
      progress_deadline_seconds: 600
    })");
}

TEST(Defaults, RecreateGetsNoRollingUpdate) {
  auto deployment = read<apps::v1::Deployment>(
      R"(spec { replicas: 0 strategy { type: "Recreate" } })");
  rules::apply_defaults(deployment);
  EXPECT_FALSE(deployment.spec().strategy().has_rolling_update());
  EXPECT_EQ(deployment.spec().replicas(), 0) << "zero is a wish";
}

TEST(Defaults, EmptyReplicaSetHasOneReplica) {
  apps::v1::ReplicaSet set;
  rules::apply_defaults(set);
  EXPECT_EQ(set.spec().replicas(), 1);
}

TEST(Defaults, ReplicationControllerTakesTheLabelsOfItsTemplate) {
  auto rc = read<core::v1::ReplicationController>(
      R"(spec { template { metadata {
         labels { key: "a" value: "b" } } } })");
  rules::apply_defaults(rc);
  EXPECT_EQ(rc.spec().replicas(), 1);
  EXPECT_EQ(rc.spec().selector().at("a"), "b");
  EXPECT_EQ(rc.metadata().labels().at("a"), "b");
}

TEST(Defaults, StatefulSetUpdatesInOrder) {
  apps::v1::StatefulSet set;
  rules::apply_defaults(set);
  EXPECT_EQ(set.spec().pod_management_policy(), "OrderedReady");
  EXPECT_EQ(set.spec().update_strategy().type(), "RollingUpdate");
  EXPECT_TRUE(set.spec().update_strategy().rolling_update().has_partition());
  auto& retention = set.spec().persistent_volume_claim_retention_policy();
  EXPECT_EQ(retention.when_deleted(), "Retain");
  EXPECT_EQ(retention.when_scaled(), "Retain");
}

TEST(Defaults, DaemonSetLeavesOneNodeAtATime) {
  apps::v1::DaemonSet set;
  rules::apply_defaults(set);
  auto& update = set.spec().update_strategy().rolling_update();
  EXPECT_EQ(update.max_unavailable().int_val(), 1);
  EXPECT_TRUE(update.has_max_surge());
}

TEST(Defaults, JobWithoutNumbersRunsOnce) {
  batch::v1::Job job;
  rules::apply_defaults(job);
  EXPECT_EQ(job.spec().completions(), 1);
  EXPECT_EQ(job.spec().parallelism(), 1);
  EXPECT_EQ(job.spec().backoff_limit(), 6);
  EXPECT_EQ(job.spec().completion_mode(), "NonIndexed");
  EXPECT_EQ(job.spec().pod_replacement_policy(), "TerminatingOrFailed");
  auto queue = read<batch::v1::Job>("spec { parallelism: 3 }");
  rules::apply_defaults(queue);
  EXPECT_FALSE(queue.spec().has_completions());
}

TEST(Defaults, CronJobKeepsThreeAndOne) {
  batch::v1::CronJob cron;
  rules::apply_defaults(cron);
  EXPECT_EQ(cron.spec().concurrency_policy(), "Allow");
  EXPECT_EQ(cron.spec().successful_jobs_history_limit(), 3);
  EXPECT_EQ(cron.spec().failed_jobs_history_limit(), 1);
  EXPECT_FALSE(cron.spec().job_template().spec().has_backoff_limit());
  EXPECT_EQ(
      cron.spec().job_template().spec().template_().spec().restart_policy(),
      "Always");
}

TEST(Defaults, AutoscalerWatchesTheProcessor) {
  auto hpa =
      read<autoscaling::v2::HorizontalPodAutoscaler>("spec { behavior {} }");
  rules::apply_defaults(hpa);
  EXPECT_EQ(hpa.spec().min_replicas(), 1);
  EXPECT_EQ(hpa.spec().metrics(0).resource().name(), "cpu");
  auto& target = hpa.spec().metrics(0).resource().target();
  EXPECT_EQ(target.average_utilization(), 80);
  EXPECT_EQ(hpa.spec().behavior().scale_up().policies_size(), 2);
  EXPECT_EQ(hpa.spec().behavior().scale_down().policies(0).value(), 100);
}

TEST(Defaults, ServiceIsInternal) {
  expect_defaults<core::v1::Service>(R"(spec { ports { port: 80 } })", R"(
    spec {
      ports { protocol: "TCP" port: 80 target_port { int_val: 80 } }
      type: "ClusterIP"
      session_affinity: "None"
      internal_traffic_policy: "Cluster"
    })");
}

TEST(Defaults, LoadBalancerTakesNodePortsAndClientsStay) {
  auto service = read<core::v1::Service>(R"(
    spec {
      type: "LoadBalancer" session_affinity: "ClientIP"
      ports { port: 80 target_port { type: 1 str_val: "web" } }
    }
    status { load_balancer { ingress { ip: "1.2.3.4" } } })");
  rules::apply_defaults(service);
  auto& spec = service.spec();
  EXPECT_TRUE(spec.allocate_load_balancer_node_ports());
  EXPECT_EQ(spec.external_traffic_policy(), "Cluster");
  EXPECT_EQ(spec.session_affinity_config().client_ip().timeout_seconds(),
            10800);
  EXPECT_EQ(spec.ports(0).target_port().str_val(), "web");
  EXPECT_EQ(service.status().load_balancer().ingress(0).ip_mode(), "VIP");
}

TEST(Defaults, SecretTextBecomesData) {
  expect_defaults<core::v1::Secret>(
      R"(data { key: "a" value: "1" } string_data { key: "a" value: "2" }
       string_data { key: "b" value: "3" })",
      R"(data { key: "a" value: "2" } data { key: "b" value: "3" }
       type: "Opaque")");
}

TEST(Defaults, NamespaceCarriesItsNameAsALabel) {
  expect_defaults<core::v1::Namespace>(R"(metadata { name: "web" })",
                                       R"(metadata { name: "web" labels {
         key: "kubernetes.io/metadata.name" value: "web" } }
       status { phase: "Active" })");
}

TEST(Defaults, NodeOffersAllItHas) {
  auto node = read<core::v1::Node>(
      R"(status { capacity { key: "cpu" value { string: "2" } } })");
  rules::apply_defaults(node);
  EXPECT_EQ(node.status().allocatable().at("cpu").string(), "2");
}

TEST(Defaults, LimitRangeFillsFromMaxToRequest) {
  auto range = read<core::v1::LimitRange>(R"(
    spec {
      limits {
        type: "Container"
        max { key: "cpu" value { string: "2" } }
        min { key: "memory" value { string: "1Mi" } }
      }
      limits { type: "Pod" max { key: "cpu" value { string: "2" } } }
    })");
  rules::apply_defaults(range);
  auto& one = range.spec().limits(0);
  EXPECT_EQ(one.default_().at("cpu").string(), "2");
  EXPECT_EQ(one.default_request().at("cpu").string(), "2");
  EXPECT_EQ(one.default_request().at("memory").string(), "1Mi");
  EXPECT_TRUE(range.spec().limits(1).default_().empty());
}

TEST(Defaults, VolumesGetTheirModes) {
  auto pod = read<core::v1::Pod>(R"(
    spec {
      volumes { volume_source { config_map {} } }
      volumes { volume_source { secret { default_mode: 0 } } }
      volumes { volume_source { host_path { path: "/x" } } }
      volumes { volume_source { projected { sources {
        service_account_token { path: "t" } } } } }
    })");
  rules::apply_defaults(pod);
  auto source = [&](int i) { return pod.spec().volumes(i).volume_source(); };
  EXPECT_EQ(source(0).config_map().default_mode(), 0644);
  EXPECT_EQ(source(1).secret().default_mode(), 0) << "zero is a wish";
  EXPECT_TRUE(source(2).host_path().has_type());
  auto projected = source(3).projected();
  EXPECT_EQ(projected.sources(0).service_account_token().expiration_seconds(),
            3600);
}

TEST(Defaults, SmallKindsGetTheirs) {
  rbac::v1::RoleBinding binding;
  binding.add_subjects()->set_kind("User");
  rules::apply_defaults(binding);
  EXPECT_EQ(binding.role_ref().api_group(), "rbac.authorization.k8s.io");
  EXPECT_EQ(binding.subjects(0).api_group(), "rbac.authorization.k8s.io");

  networking::v1::NetworkPolicy policy;
  policy.mutable_spec()->add_egress();
  rules::apply_defaults(policy);
  EXPECT_EQ(policy.spec().policy_types_size(), 2);

  storage::v1::StorageClass storage_class;
  rules::apply_defaults(storage_class);
  EXPECT_EQ(storage_class.reclaim_policy(), "Delete");

  discovery::v1::EndpointSlice slice;
  slice.add_ports();
  rules::apply_defaults(slice);
  EXPECT_TRUE(slice.ports(0).has_name());
  EXPECT_EQ(slice.ports(0).protocol(), "TCP");
}

TEST(Defaults, AreTheSameWhenAppliedTwiceForEveryKind) {
  for (auto& kind : all_kinds()) {
    auto obj = kind.make();
    rules::apply_defaults(*obj);
    auto once = canonical_bytes(*obj);
    rules::apply_defaults(*obj);
    EXPECT_EQ(canonical_bytes(*obj), once) << kind.kind;
  }
}
