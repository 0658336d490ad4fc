#include "messages/api/apps.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/certificates.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/storage.pb.h"
#include "tests/runtime/printing/makers.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::printing {

namespace {

/// An object that is 5 minutes old, named x, with the rest in text format.
template <class T>
T read(const std::string& rest) {
  auto result = named<T>("x", kind_of<T>().namespaced ? "default" : "");
  T more;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(rest, &more));
  result.MergeFrom(more);
  return result;
}

#define EXPECT_ROW(T, rest, expected) EXPECT_EQ(row(read<T>(rest)), expected)
#define EXPECT_WIDE(T, rest, expected)                                         \
  EXPECT_EQ(row(read<T>(rest), true), expected)

TEST(Columns, Workloads) {
  const std::string selector =
      R"(selector { match_labels { key: "app" value: "web" } })";
  EXPECT_WIDE(apps::v1::Deployment,
              "spec { replicas: 3 " + selector + R"( template { spec {
                 containers { name: "a" image: "a:1" } } } }
                 status { ready_replicas: 2 updated_replicas: 1
                          available_replicas: 2 })",
              "x | 2/3 | 1 | 2 | 5m | a | a:1 | app=web");
  EXPECT_WIDE(apps::v1::ReplicaSet,
              "spec { replicas: 3 " + selector + R"( template { spec {
                 containers { name: "a" image: "a:1" }
                 containers { name: "b" image: "b:2" } } } }
                 status { replicas: 2 ready_replicas: 1 })",
              "x | 3 | 2 | 1 | 5m | a,b | a:1,b:2 | app=web");
  EXPECT_WIDE(core::v1::ReplicationController,
              R"(spec { replicas: 1 selector { key: "b" value: "2" }
                        selector { key: "a" value: "1" } })",
              "x | 1 | 0 | 0 | 5m |  |  | a=1,b=2");
  EXPECT_ROW(apps::v1::StatefulSet,
             "spec { replicas: 2 } status { ready_replicas: 1 }",
             "x | 1/2 | 5m");
  EXPECT_ROW(apps::v1::DaemonSet,
             R"(spec { template { spec { node_selector { key: "a" value: "b" }
                } } } status { desired_number_scheduled: 5
                current_number_scheduled: 4 number_ready: 3
                updated_number_scheduled: 2 number_available: 1 })",
             "x | 5 | 4 | 3 | 2 | 1 | a=b | 5m");
  EXPECT_ROW(apps::v1::ControllerRevision,
             R"(metadata { owner_references { controller: true name: "web"
                kind: "DaemonSet" api_version: "apps/v1" } } revision: 3)",
             "x | daemonset.apps/web | 3 | 5m");
}

TEST(Columns, Jobs) {
  EXPECT_ROW(batch::v1::Job,
             R"(spec { completions: 3 } status { succeeded: 1
                start_time { seconds: 1767323000 } })",
             "x | Running | 1/3 | 45s | 5m");
  EXPECT_ROW(batch::v1::Job,
             R"(spec { parallelism: 4 } status {
                conditions { type: "Complete" status: "True" } succeeded: 1
                start_time { seconds: 1767323000 }
                completion_time { seconds: 1767323010 } })",
             "x | Complete | 1/1 of 4 | 10s | 5m");
  EXPECT_ROW(batch::v1::Job, "", "x | Running | 0/1 |  | 5m");
  EXPECT_ROW(batch::v1::CronJob,
             R"(spec { schedule: "* * * * *" suspend: false }
                status { active { name: "j" } })",
             "x | * * * * * | <none> | False | 1 | <none> | 5m");
}

TEST(Columns, Autoscalers) {
  EXPECT_ROW(autoscaling::v2::HorizontalPodAutoscaler,
             R"(spec { scale_target_ref { kind: "Deployment" name: "web" }
                  min_replicas: 1 max_replicas: 5
                  metrics { type: "Resource" resource { name: "cpu"
                    target { average_utilization: 80 } } }
                  metrics { type: "Pods" pods {
                    target { average_value { string: "10" } } } }
                  metrics { type: "Object" object {
                    target { value { string: "2k" } } } } }
                status { current_replicas: 2
                  current_metrics { type: "Resource" resource { name: "cpu"
                    current { average_utilization: 12 } } } })",
             "x | Deployment/web | cpu: 12%/80%, <unknown>/10 + 1 more... | 1 "
             "| 5 | 2 | 5m");
}

TEST(Columns, Services) {
  EXPECT_WIDE(core::v1::Service,
              R"(spec { type: "NodePort" cluster_ips: "10.96.0.1"
                   ports { port: 80 node_port: 30001 protocol: "TCP" }
                   ports { port: 53 protocol: "UDP" }
                   selector { key: "app" value: "web" } })",
              "x | NodePort | 10.96.0.1 | <none> | 80:30001/TCP,53/UDP | 5m | "
              "app=web");
  EXPECT_ROW(core::v1::Service,
             R"(spec { type: "LoadBalancer" external_ips: "1.2.3.4" }
                status { load_balancer { ingress { hostname: "b" }
                  ingress { ip: "9.9.9.9" } } })",
             "x | LoadBalancer | <none> | 9.9.9.9,b,1.2.3.4 | <none> | 5m");
  EXPECT_ROW(core::v1::Service, R"(spec { type: "LoadBalancer" })",
             "x | LoadBalancer | <none> | <pending> | <none> | 5m");
  EXPECT_ROW(core::v1::Service,
             R"(spec { type: "ExternalName" external_name: "e.com" })",
             "x | ExternalName | <none> | e.com | <none> | 5m");
}

TEST(Columns, Endpoints) {
  EXPECT_ROW(core::v1::Endpoints, "", "x | <none> | 5m");
  EXPECT_ROW(core::v1::Endpoints,
             R"(subsets { addresses { ip: "10.0.0.1" }
                  addresses { ip: "10.0.0.2" } addresses { ip: "fd00::1" }
                  addresses { ip: "10.0.0.4" } ports { port: 80 } })",
             "x | 10.0.0.1:80,10.0.0.2:80,[fd00::1]:80 + 1 more... | 5m");
  EXPECT_ROW(core::v1::Endpoints, R"(subsets { addresses { ip: "10.0.0.1" } })",
             "x | 10.0.0.1 | 5m");
  EXPECT_ROW(discovery::v1::EndpointSlice,
             R"(address_type: "IPv4" ports { port: 80 } ports { name: "all" }
                endpoints { addresses: "10.0.0.1" }
                endpoints { addresses: "10.0.0.2" })",
             "x | IPv4 | 80,all | 10.0.0.1,10.0.0.2 | 5m");
  EXPECT_ROW(discovery::v1::EndpointSlice, "", "x |  | <unset> | <unset> | 5m");
}

TEST(Columns, Ingresses) {
  EXPECT_ROW(networking::v1::Ingress, "", "x | <none> | * |  | 80 | 5m");
  EXPECT_ROW(networking::v1::Ingress,
             R"(spec { ingress_class_name: "nginx" tls {} rules { host: "a" }
                rules { host: "b" } rules { host: "c" } rules { host: "d" } }
                status { load_balancer { ingress { ip: "1.1.1.1" } } })",
             "x | nginx | a,b,c + 1 more... | 1.1.1.1 | 80, 443 | 5m");
  EXPECT_ROW(networking::v1::NetworkPolicy, "", "x | <none> | 5m");
  EXPECT_ROW(networking::v1::IPAddress,
             R"(spec { parent_ref { resource: "services" namespace: "default"
                name: "web" } })",
             "x | services/default/web");
}

TEST(Columns, Nodes) {
  EXPECT_ROW(core::v1::Node, "", "x | Unknown | <none> | 5m | ");
  EXPECT_WIDE(core::v1::Node,
              R"(metadata {
                   labels { key: "node-role.kubernetes.io/worker" value: "" }
                   labels { key: "node-role.kubernetes.io/edge" value: "" } }
                 spec { unschedulable: true }
                 status { conditions { type: "Ready" status: "True" }
                   addresses { type: "InternalIP" address: "10.1.1.1" }
                   node_info { kubelet_version: "v1" os_image: "Debian" } })",
              "x | Ready,SchedulingDisabled | edge,worker | 5m | v1 | 10.1.1.1 "
              "| <none> | Debian | <unknown> | <unknown>");
  EXPECT_ROW(core::v1::Node,
             R"(status { conditions { type: "Ready" status: "Unknown" } })",
             "x | NotReady | <none> | 5m | ");
}

TEST(Columns, Events) {
  EXPECT_ROW(core::v1::Event,
             R"(type: "Normal" reason: "Pulled"
                involved_object { kind: "Pod" name: "web" }
                message: " pulled  " first_timestamp { seconds: 1767322000 }
                last_timestamp { seconds: 1767323000 } count: 3)",
             "45s | Normal | Pulled | pod/web | pulled");
  EXPECT_WIDE(core::v1::Event,
              R"(event_time { seconds: 1767322985 } reporting_component: "c"
                 reporting_instance: "i" series { count: 4
                 last_observed_time { seconds: 1767323040 } }
                 involved_object { kind: "Node" })",
              "5s |  |  | node |  | c, i |  | 60s | 5 | x");
  EXPECT_ROW(core::v1::Event, "", "<unknown> |  |  |  | ");
}

TEST(Columns, ConfigurationAndAccess) {
  EXPECT_ROW(core::v1::Namespace, R"(status { phase: "Active" })",
             "x | Active | 5m");
  EXPECT_ROW(core::v1::Secret, R"(type: "Opaque" data { key: "a" value: "b" })",
             "x | Opaque | 1 | 5m");
  EXPECT_ROW(core::v1::ServiceAccount, "", "x | 0 | 5m");
  EXPECT_ROW(core::v1::LimitRange, "", "x | 2026-01-02T02:59:05Z");
  EXPECT_ROW(core::v1::ResourceQuota,
             R"(status { hard { key: "pods" value { string: "4" } }
                hard { key: "limits.cpu" value { string: "2" } }
                used { key: "pods" value { string: "1" } } })",
             "x | 5m | pods: 1/4 | limits.cpu: 0/2");
  EXPECT_ROW(scheduling::v1::PriorityClass, "value: 7 global_default: true",
             "x | 7 | true | 5m | ");
  EXPECT_ROW(coordination::v1::Lease, R"(spec { holder_identity: "me" })",
             "x | me | 5m");
  EXPECT_ROW(rbac::v1::ClusterRole, "", "x | 2026-01-02T02:59:05Z");
  EXPECT_WIDE(rbac::v1::RoleBinding,
              R"(role_ref { kind: "Role" name: "r" }
                 subjects { kind: "User" name: "u" }
                 subjects { kind: "User" name: "v" }
                 subjects { kind: "ServiceAccount" name: "s" namespace: "n" })",
              "x | Role/r | 5m | u, v |  | n/s");
  EXPECT_ROW(policy::v1::PodDisruptionBudget,
             R"(spec { max_unavailable { type: 1 str_val: "25%" } }
                status { disruptions_allowed: 1 })",
             "x | N/A | 25% | 1 | 5m");
  EXPECT_ROW(certificates::v1::CertificateSigningRequest,
             R"(spec { signer_name: "s" username: "u" expiration_seconds: 3600 }
                status { conditions { type: "Approved" } certificate: "c" })",
             "x | 5m | s | u | 60m | Approved,Issued");
}

TEST(Columns, Storage) {
  EXPECT_ROW(core::v1::PersistentVolume,
             R"(spec { capacity { key: "storage" value { string: "1Gi" } }
                access_modes: "ReadWriteMany" access_modes: "ReadWriteOnce"
                persistent_volume_reclaim_policy: "Retain"
                storage_class_name: "fast"
                claim_ref { namespace: "n" name: "c" } }
                status { phase: "Bound" })",
             "x | 1Gi | RWO,RWX | Retain | Bound | n/c | fast | <unset> |  | "
             "5m");
  EXPECT_ROW(core::v1::PersistentVolumeClaim,
             R"(metadata { deletion_timestamp { seconds: 1 } }
                status { phase: "Pending" })",
             "x | Terminating |  |  |  |  | <unset> | 5m");
  EXPECT_ROW(storage::v1::StorageClass,
             R"(metadata { annotations {
                key: "storageclass.kubernetes.io/is-default-class"
                value: "true" } } provisioner: "p")",
             "x (default) | p | Delete | Immediate | false | 5m");
  EXPECT_ROW(storage::v1::CSIDriver, "",
             "x | true | false | false | <unset> | false | <none> | 5m");
}

} // namespace

} // namespace troupe::printing
