#include "messages/api/apps.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/scheduling.pb.h"
#include "runtime/printing/describe.hpp"
#include "tests/runtime/printing/makers.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::printing {

namespace {

template <class T>
object read(const std::string& text) {
  T x;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &x)) << text;
  return object::of(x);
}

std::string of(const object& x, const std::vector<object>& related = {}) {
  return describe(x, related, now());
}

const char* const scheduled_event = R"(
  metadata { name: "web.1" namespace: "default" }
  involved_object { kind: "Pod" name: "web" namespace: "default" uid: "u1" }
  type: "Normal" reason: "Scheduled" message: "Successfully assigned it "
  source { component: "default-scheduler" } count: 1
  first_timestamp { seconds: 1767323000 } last_timestamp { seconds: 1767323000 })";

const char* const pulled_event = R"(
  metadata { name: "web.2" namespace: "default" }
  involved_object { kind: "Pod" name: "web" namespace: "default" uid: "u1" }
  type: "Warning" reason: "BackOff" message: "no" count: 3
  reporting_component: "kubelet"
  first_timestamp { seconds: 1767323000 } last_timestamp { seconds: 1767323040 })";

const char* const web_pod = R"(
  metadata { name: "web" namespace: "default" uid: "u1"
    labels { key: "tier" value: "front" } labels { key: "app" value: "web" }
    annotations { key: "note" value: "hello" }
    owner_references { kind: "ReplicaSet" name: "web-1" controller: true } }
  spec { node_name: "node-1" priority: 0 service_account_name: "default"
    init_containers { name: "setup" image: "setup:1" command: "sh"
      command: "-c" command: "a\nb" }
    containers { name: "main" image: "web:1"
      ports { name: "http" container_port: 80 protocol: "TCP" }
      ports { container_port: 53 protocol: "UDP" host_port: 53 }
      args: "--port=80"
      resources { limits { key: "cpu" value { string: "500m" } }
        requests { key: "memory" value { string: "64Mi" } }
        requests { key: "cpu" value { string: "100m" } } }
      env { name: "PLAIN" value: "x" }
      env { name: "IP" value_from { field_ref { api_version: "v1"
        field_path: "status.podIP" } } }
      env { name: "APP" value_from { field_ref {
        field_path: "metadata.labels['app']" } } }
      env { name: "CPU" value_from { resource_field_ref {
        resource: "limits.cpu" } } }
      env { name: "KEY" value_from { secret_key_ref { key: "k"
        local_object_reference { name: "s" } optional: true } } }
      env_from { config_map_ref { local_object_reference { name: "c" } } }
      readiness_probe { handler { http_get { path: "/ready" scheme: "HTTP"
        port { int_val: 80 } } } timeout_seconds: 1 period_seconds: 10
        success_threshold: 1 failure_threshold: 3 }
      volume_mounts { name: "tmp" mount_path: "/tmp" }
      volume_mounts { name: "conf" mount_path: "/etc/c" read_only: true
        sub_path: "c" } }
    volumes { name: "tmp" volume_source { empty_dir {} } }
    volumes { name: "conf" volume_source { config_map {
      local_object_reference { name: "c" } } } }
    tolerations { key: "node.kubernetes.io/not-ready" operator: "Exists"
      effect: "NoExecute" toleration_seconds: 300 } }
  status { phase: "Running" host_ip: "10.1.0.1" pod_ip: "10.2.0.5"
    pod_ips { ip: "10.2.0.5" } qos_class: "Burstable"
    start_time { seconds: 1767323045 }
    conditions { type: "Ready" status: "True" }
    init_container_statuses { name: "setup" container_id: "x://0"
      state { terminated { reason: "Completed"
        started_at { seconds: 1767323045 }
        finished_at { seconds: 1767323046 } } } }
    container_statuses { name: "main" container_id: "x://1" image_id: "i"
      ready: true restart_count: 2
      state { running { started_at { seconds: 1767323045 } } }
      last_state { terminated { exit_code: 137 signal: 9
        started_at { seconds: 1767323045 }
        finished_at { seconds: 1767323046 } } } } })";

const char* const web_pod_text =
    R"(Name:             web
Namespace:        default
Priority:         0
Service Account:  default
Node:             node-1/10.1.0.1
Start Time:       Fri, 02 Jan 2026 03:04:05 +0000
Labels:           app=web
                  tier=front
Annotations:      note: hello
Status:           Running
IP:               10.2.0.5
IPs:
  IP:           10.2.0.5
Controlled By:  ReplicaSet/web-1
Init Containers:
  setup:
    Container ID:  x://0
    Image:         setup:1
    Image ID:      
    Port:          <none>
    Host Port:     <none>
    Command:
      sh
      -c
      a
      b
    State:          Terminated
      Reason:       Completed
      Exit Code:    0
      Started:      Fri, 02 Jan 2026 03:04:05 +0000
      Finished:     Fri, 02 Jan 2026 03:04:06 +0000
    Ready:          False
    Restart Count:  0
    Environment:    <none>
    Mounts:         <none>
Containers:
  main:
    Container ID:  x://1
    Image:         web:1
    Image ID:      i
    Ports:         80/TCP (http), 53/UDP
    Host Ports:    0/TCP (http), 53/UDP
    Args:
      --port=80
    State:          Running
      Started:      Fri, 02 Jan 2026 03:04:05 +0000
    Last State:     Terminated
      Exit Code:    137
      Signal:       9
      Started:      Fri, 02 Jan 2026 03:04:05 +0000
      Finished:     Fri, 02 Jan 2026 03:04:06 +0000
    Ready:          True
    Restart Count:  2
    Limits:
      cpu:  500m
    Requests:
      cpu:      100m
      memory:   64Mi
    Readiness:  http-get http://:80/ready delay=0s timeout=1s period=10s #success=1 #failure=3
    Environment Variables from:
      c  ConfigMap  Optional: false
    Environment:
      PLAIN:  x
      IP:      (v1:status.podIP)
      APP:    web (v1:metadata.labels['app'])
      CPU:    500m (limits.cpu)
      KEY:    <set to the key 'k' in secret 's'>  Optional: true
    Mounts:
      /etc/c from conf (ro,path="c")
      /tmp from tmp (rw)
Conditions:
  Type    Status
  Ready   True 
Volumes:
  tmp:
    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:     
    SizeLimit:  <unset>
  conf:
    Type:        ConfigMap (a volume populated by a ConfigMap)
    Name:        c
    Optional:    false
QoS Class:       Burstable
Node-Selectors:  <none>
Tolerations:     node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
Events:
  Type     Reason     Age               From               Message
  ----     ------     ----              ----               -------
  Normal   Scheduled  45s               default-scheduler  Successfully assigned it
  Warning  BackOff    5s (x3 over 45s)  kubelet            no
)";

TEST(Describe, APodWithAllThatBelongsToIt) {
  auto other = read<core::v1::Event>(
      R"(metadata { name: "o" } involved_object { kind: "Pod" name: "other" })");
  auto text = of(read<core::v1::Pod>(web_pod),
                 {read<core::v1::Event>(pulled_event),
                  read<core::v1::Event>(scheduled_event), other});
  std::string expected = web_pod_text;
  expected.replace(expected.find("IP:      (v1"), 12, "IP:     10.2.0.5 (v1");
  EXPECT_EQ(text, expected);
}

TEST(Describe, APodThatIsBarelyThere) {
  auto pod = read<core::v1::Pod>(R"(metadata { name: "a" namespace: "b"
      deletion_timestamp { seconds: 1767323040 }
      deletion_grace_period_seconds: 30 } status { phase: "Pending" })");
  EXPECT_EQ(of(pod), R"(Name:                      a
Namespace:                 b
Node:                      <none>
Labels:                    <none>
Annotations:               <none>
Status:                    Terminating (lasts 5s)
Termination Grace Period:  30s
IP:                        
IPs:                       <none>
Containers: <none>
Volumes:         <none>
QoS Class:       
Node-Selectors:  <none>
Tolerations:     <none>
Events:          <none>
)");
}

TEST(Describe, ANodeWithItsPods) {
  auto node = read<core::v1::Node>(R"(
    metadata { name: "n" creation_timestamp { seconds: 1767323045 } }
    spec { pod_cidr: "10.2.0.0/24" pod_cidrs: "10.2.0.0/24"
      taints { key: "k" value: "v" effect: "NoSchedule" } }
    status { conditions { type: "Ready" status: "True" reason: "Up"
        message: "fine" last_heartbeat_time { seconds: 1767323045 }
        last_transition_time { seconds: 1767323045 } }
      addresses { type: "InternalIP" address: "10.1.0.1" }
      capacity { key: "cpu" value { string: "2" } }
      allocatable { key: "cpu" value { string: "2" } }
      allocatable { key: "memory" value { string: "1Gi" } }
      node_info { os_image: "Debian" } })");
  auto pod = read<core::v1::Pod>(R"(
    metadata { name: "p" namespace: "default"
      creation_timestamp { seconds: 1767323000 } }
    spec { node_name: "n" containers { resources {
      requests { key: "cpu" value { string: "500m" } }
      limits { key: "memory" value { string: "512Mi" } } } } }
    status { phase: "Running" })");
  auto done = read<core::v1::Pod>(R"(metadata { name: "q" }
    spec { node_name: "n" } status { phase: "Succeeded" })");
  auto lease = read<coordination::v1::Lease>(R"(
    metadata { name: "n" namespace: "kube-node-lease" }
    spec { holder_identity: "n" renew_time { seconds: 1767323045 } })");
  auto text = of(node, {pod, done, lease});
  EXPECT_NE(text.find("Taints:             k=v:NoSchedule\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  HolderIdentity:  n\n  AcquireTime:     <unset>\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Non-terminated Pods:          (1 in total)\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  default                     p       500m (25%)    0 "
                      "(0%)      0 (0%)           512Mi (50%)    45s\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  cpu                500m (25%)  0 (0%)\n"
                      "  memory             0 (0%)      512Mi (50%)\n"),
            std::string::npos)
      << text;
}

const char* const template_text = R"(template {
  metadata { labels { key: "app" value: "web" } }
  spec { containers { name: "main" image: "web:1" } } })";

TEST(Describe, ADeploymentWithItsReplicaSets) {
  auto deployment = read<apps::v1::Deployment>(std::string{R"(
    metadata { name: "web" namespace: "default" uid: "d"
      creation_timestamp { seconds: 1767323045 } }
    spec { replicas: 3
      selector { match_labels { key: "app" value: "web" } }
      strategy { type: "RollingUpdate" rolling_update {
        max_unavailable { type: 1 str_val: "25%" } max_surge { int_val: 1 } } }
      )"} + template_text + R"(}
    status { replicas: 3 updated_replicas: 3 available_replicas: 2
      unavailable_replicas: 1 conditions { type: "Available" status: "True"
      reason: "MinimumReplicasAvailable" } })");
  auto set = [](const std::string& name, const std::string& image) {
    return read<apps::v1::ReplicaSet>(R"(
      metadata { name: ")" + name + R"(" namespace: "default"
        owner_references { uid: "d" controller: true } }
      spec { replicas: 3 template { metadata {
        labels { key: "app" value: "web" }
        labels { key: "pod-template-hash" value: "h" } }
        spec { containers { name: "main" image: ")"
                                      + image + R"(" } } } }
      status { replicas: 3 })");
  };
  EXPECT_EQ(of(deployment, {set("web-new", "web:1"), set("web-old", "web:0")}),
            R"(Name:                   web
Namespace:              default
CreationTimestamp:      Fri, 02 Jan 2026 03:04:05 +0000
Labels:                 <none>
Annotations:            <none>
Selector:               app=web
Replicas:               3 desired | 3 updated | 3 total | 2 available | 1 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  25% max unavailable, 1 max surge
Pod Template:
  Labels:  app=web
  Containers:
   main:
    Image:         web:1
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      True    MinimumReplicasAvailable
OldReplicaSets:  web-old (3/3 replicas created)
NewReplicaSet:   web-new (3/3 replicas created)
Events:          <none>
)");
}

TEST(Describe, AReplicaSetCountsItsPods) {
  auto set = read<apps::v1::ReplicaSet>(R"(metadata { name: "s" uid: "u" }
      spec { replicas: 2 })");
  auto pod = [](const std::string& phase) {
    return read<core::v1::Pod>(R"(metadata { name: "p"
      owner_references { uid: "u" controller: true } } status { phase: ")"
                               + phase + "\" }");
  };
  EXPECT_NE(of(set, {pod("Running"), pod("Running"), pod("Pending")})
                .find("Pods Status:  2 Running / 1 Waiting / 0 Succeeded / 0 "
                      "Failed"),
            std::string::npos);
}

TEST(Describe, AServiceWithItsEndpoints) {
  auto service = read<core::v1::Service>(R"(
    metadata { name: "web" namespace: "default" }
    spec { type: "NodePort" cluster_ip: "10.96.0.7" cluster_ips: "10.96.0.7"
      ip_families: "IPv4" ip_family_policy: "SingleStack"
      session_affinity: "None" selector { key: "app" value: "web" }
      ports { name: "http" port: 80 protocol: "TCP" node_port: 30001
        target_port { int_val: 8080 } } })");
  auto slice = read<discovery::v1::EndpointSlice>(R"(
    metadata { name: "web-1" namespace: "default"
      labels { key: "kubernetes.io/service-name" value: "web" } }
    ports { name: "http" port: 8080 } address_type: "IPv4"
    endpoints { addresses: "10.2.0.1" conditions { ready: true } }
    endpoints { addresses: "10.2.0.2" conditions { ready: false } })");
  EXPECT_EQ(of(service, {slice}), R"(Name:              web
Namespace:         default
Labels:            <none>
Annotations:       <none>
Selector:          app=web
Type:              NodePort
IP Family Policy:  SingleStack
IP Families:       IPv4
IP:                10.96.0.7
IPs:               10.96.0.7
Port:              http  80/TCP
TargetPort:        8080/TCP
NodePort:          http  30001/TCP
Endpoints:         10.2.0.1:8080
Session Affinity:  None
Events:            <none>
)");
}

TEST(Describe, AServiceWhoseLowPortsAreMoved) {
  auto service = read<core::v1::Service>(R"(
    metadata { name: "web" namespace: "default" }
    spec { cluster_ip: "127.9.16.7" ports { port: 80 protocol: "TCP" } })");
  auto node = read<core::v1::Node>(R"(metadata { name: "node-1"
    annotations { key: "troupe.dev/lowest-port" value: "1024" } })");
  auto text = of(service, {node});
  EXPECT_NE(text.find("8080/TCP (the proxy may not open ports below 1024)"),
            std::string::npos)
      << text;
  EXPECT_EQ(of(service).find("Answers at"), std::string::npos);
}

TEST(Describe, ASecretOnlyBySize) {
  auto secret = read<core::v1::Secret>(R"(
    metadata { name: "s" namespace: "default" } type: "Opaque"
    data { key: "password" value: "hunter2" })");
  EXPECT_EQ(of(secret), R"(Name:         s
Namespace:    default
Labels:       <none>
Annotations:  <none>

Type:  Opaque

Data
====
password:  7 bytes
)");
}

TEST(Describe, AConfigMapAsItIs) {
  auto map = read<core::v1::ConfigMap>(R"(
    metadata { name: "c" namespace: "default" }
    data { key: "a.conf" value: "x\ty\nz" } binary_data { key: "b" value: "12" })");
  EXPECT_EQ(of(map), "Name:         c\n"
                     "Namespace:    default\n"
                     "Labels:       <none>\n"
                     "Annotations:  <none>\n"
                     "\nData\n====\na.conf:\n----\nx\ty\nz\n\n"
                     "\nBinaryData\n====\nb: 2 bytes\n\n"
                     "Events:  <none>\n");
}

TEST(Describe, EndpointsByTheirSubsets) {
  auto endpoints = read<core::v1::Endpoints>(R"(
    metadata { name: "web" namespace: "default" }
    subsets { addresses { ip: "10.2.0.1" } addresses { ip: "10.2.0.2" }
      ports { port: 80 protocol: "TCP" } })");
  EXPECT_EQ(of(endpoints), R"(Name:         web
Namespace:    default
Labels:       <none>
Annotations:  <none>
Subsets:
  Addresses:          10.2.0.1,10.2.0.2
  NotReadyAddresses:  <none>
  Ports:
    Name     Port  Protocol
    ----     ----  --------
    <unset>  80    TCP

Events:  <none>
)");
}

TEST(Describe, OtherKindsByTheirFields) {
  auto lease = read<coordination::v1::Lease>(R"(
    metadata { name: "l" namespace: "default" uid: "u"
      creation_timestamp { seconds: 1767323045 } }
    spec { holder_identity: "me" lease_duration_seconds: 40 })");
  EXPECT_EQ(of(lease), R"(Name:         l
Namespace:    default
Labels:       <none>
Annotations:  <none>
API Version:  coordination.k8s.io/v1
Kind:         Lease
Metadata:
  Creation Timestamp:  2026-01-02T03:04:05Z
  UID:                 u
Spec:
  Holder Identity:         me
  Lease Duration Seconds:  40
Events:                    <none>
)");
}

TEST(Describe, SomeSmallKinds) {
  EXPECT_EQ(of(read<core::v1::Namespace>(
                R"(metadata { name: "n" } status { phase: "Active" })")),
            "Name:         n\nLabels:       <none>\nAnnotations:  <none>\n"
            "Status:       Active\n\nNo resource quota.\n\n"
            "No LimitRange resource.\n");
  EXPECT_EQ(of(read<core::v1::ServiceAccount>(
                R"(metadata { name: "a" namespace: "n" }
                   secrets { name: "s" } secrets { name: "t" })")),
            "Name:                a\nNamespace:           n\n"
            "Labels:              <none>\nAnnotations:         <none>\n"
            "Image pull secrets:  <none>\nMountable secrets:   s\n"
            "                     t\n"
            "Tokens:              <none>\nEvents:              <none>\n");
  EXPECT_EQ(of(read<scheduling::v1::PriorityClass>(
                R"(metadata { name: "p" } value: 5 description: "d")")),
            "Name:              p\nValue:             5\n"
            "GlobalDefault:     false\n"
            "PreemptionPolicy:  PreemptLowerPriority\n"
            "Description:       d\nAnnotations:       <none>\n"
            "Events:            <none>\n");
}

TEST(Describe, LongAnnotationsAreShortenedAndApplysIsLeftOut) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("c");
  auto& notes = *map.mutable_metadata()->mutable_annotations();
  notes["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  notes["long"] = std::string(200, 'x');
  notes["z"] = "1\n2\n";
  auto text = of(object::of(map));
  EXPECT_EQ(text.find("last-applied"), std::string::npos);
  EXPECT_NE(text.find("Annotations:  long:\n                "
                      + std::string(138, 'x')
                      + "...\n              z:\n"
                        "                1\n                2\n"),
            std::string::npos)
      << text;
}

TEST(Describe, TellsWhatToLookUp) {
  auto names = [](const object& x) {
    std::string result;
    for (const auto& r : relations_of(x))
      result += std::string{r.kind->plural} + " " + r.ns + "/" + r.name + " "
                + r.label_selector + r.field_selector + "\n";
    return result;
  };
  EXPECT_EQ(names(read<core::v1::Node>(R"(metadata { name: "n" })")),
            "events / involvedObject.name=n,involvedObject.kind=Node\n"
            "pods / spec.nodeName=n\n"
            "leases kube-node-lease/n \n");
  EXPECT_EQ(names(read<core::v1::Service>(
                R"(metadata { name: "s" namespace: "d" })")),
            "events d/ involvedObject.name=s,involvedObject.kind=Service\n"
            "endpointslices d/ kubernetes.io/service-name=s\n"
            "endpoints d/s \n"
            "nodes / \n");
  EXPECT_EQ(names(read<core::v1::Secret>(R"(metadata { name: "s" })")), "");
}

TEST(Describe, EveryKindHasADescription) {
  for (const auto& kind : all_kinds()) {
    auto x = object::of(*kind.make());
    EXPECT_EQ(describe(x, {}, now()).rfind("Name:", 0), 0u) << kind.kind;
    relations_of(x);
  }
}

TEST(Describe, WhatATerminalWouldObeyIsTakenOut) {
  auto pod =
      read<core::v1::Pod>(R"(metadata { name: "a\033[2J" namespace: "b" })");
  EXPECT_EQ(of(pod).find('\033'), std::string::npos);
}

} // namespace

} // namespace troupe::printing
