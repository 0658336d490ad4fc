#include "pod_base.hpp"
#include "runtime/rules/pod_checks.hpp"

namespace troupe::rules {

using core::v1::Container;
using core::v1::Pod;

namespace {

using cases = kind_cases<Pod>;

void add_basics(cases& pods) {
  pods.create("some-container", "spec.containers",
              [](Pod& pod) { pod.mutable_spec()->clear_containers(); });
  auto add = [](const char* name) {
    return [name](Pod& pod) {
      auto one = pod.spec().containers(0);
      one.clear_ports();
      one.set_name(name);
      *pod.mutable_spec()->add_containers() = one;
    };
  };
  pods.create("container-name", "spec.containers[1].name", add("main"),
              add("other"));
  pods.create("container-name", "spec.containers[1].name", add("Upper"));
  pods.create("container-name", "spec.containers[1].name", add(""));
  pods.create("container-name", "spec.initContainers[0].name",
              spec(R"(init_containers { name: "main" image: "x"
                        image_pull_policy: "Always"
                        termination_message_policy: "File" })"));
  pods.create("image", "spec.containers[0].image",
              container([](Container& c) { c.clear_image(); }));
  pods.create("image", "spec.containers[0].image", container(R"(image: " x")"),
              container(R"(image: "host:5000/x@sha256:1")"));
  pods.create("pull-policy", "spec.containers[0].imagePullPolicy",
              container(R"(image_pull_policy: "Sometimes")"),
              container(R"(image_pull_policy: "Never")"));
  pods.create("termination-message-policy",
              "spec.containers[0].terminationMessagePolicy",
              container(R"(termination_message_policy: "Log")"),
              container(R"(termination_message_policy:
                             "FallbackToLogsOnError")"));
}

void add_ports(cases& pods) {
  auto add = [](const char* text) { return container(text); };
  pods.create("container-port", "spec.containers[0].ports[1].containerPort",
              add(R"(ports { protocol: "TCP" })"));
  pods.create("container-port", "spec.containers[0].ports[1].containerPort",
              add(R"(ports { protocol: "TCP" container_port: 65536 })"),
              add(R"(ports { protocol: "TCP" container_port: 65535 })"));
  pods.create("host-port", "spec.containers[0].ports[1].hostPort",
              add(R"(ports { protocol: "TCP" container_port: 1
                             host_port: -1 })"),
              add(R"(ports { protocol: "TCP" container_port: 1
                             host_port: 9 })"));
  pods.create("host-port", "spec.containers[0].ports[2].hostPort",
              add(R"(ports { protocol: "TCP" container_port: 1 host_port: 9 }
                     ports { protocol: "TCP" container_port: 2
                             host_port: 9 })"),
              add(R"(ports { protocol: "TCP" container_port: 1 host_port: 9 }
                     ports { protocol: "UDP" container_port: 1
                             host_port: 9 })"));
  pods.create("host-port", "spec.containers[0].ports[0].hostPort",
              [](Pod& pod) {
                pod.mutable_spec()->set_host_network(true);
                pod.mutable_spec()
                    ->mutable_containers(0)
                    ->mutable_ports(0)
                    ->set_host_port(81);
              });
  pods.create("port-protocol", "spec.containers[0].ports[1].protocol",
              add(R"(ports { protocol: "tcp" container_port: 1 })"),
              add(R"(ports { protocol: "SCTP" container_port: 1 })"));
  pods.create("port-protocol", "spec.containers[0].ports[1].protocol",
              add(R"(ports { container_port: 1 })"));
  for (auto* name : {"a-very-long-name-it-is", "123", "a--b", "-a", "A"}) {
    auto text = std::string{R"(ports { protocol: "TCP" container_port: 1 )"}
                + "name: \"" + name + "\" }";
    pods.create("port-name", "spec.containers[0].ports[1].name",
                [text](Pod& pod) {
                  google::protobuf::TextFormat::MergeFromString(
                      text, pod.mutable_spec()->mutable_containers(0));
                });
  }
  pods.create("port-name", "spec.containers[0].ports[1].name",
              add(R"(ports { protocol: "TCP" container_port: 1
                             name: "http" })"),
              add(R"(ports { protocol: "TCP" container_port: 1
                             name: "http-2" })"));
}

void add_environment(cases& pods) {
  auto env = [](const char* text) { return container(text); };
  pods.create("env-name", "spec.containers[0].env[0].name",
              env(R"(env { name: "A=B" })"),
              env(R"(env { name: "a.b-c d" value: "1" })"));
  pods.create("env-name", "spec.containers[0].env[0].name", env("env {}"));
  pods.create("value-from", "spec.containers[0].env[0].valueFrom",
              env(R"(env { name: "A" value_from {} })"),
              env(R"(env { name: "A" value_from { secret_key_ref {
                key: "k" local_object_reference { name: "s" } } } })"));
  pods.create("value-from", "spec.containers[0].env[0].valueFrom",
              env(R"(env { name: "A" value: "1" value_from {
                secret_key_ref { key: "k" } } })"));
  pods.create("value-from", "spec.containers[0].env[0].valueFrom",
              env(R"(env { name: "A" value_from {
                secret_key_ref { key: "k" }
                config_map_key_ref { key: "k" } } })"));
  auto field = [](const char* path) {
    return container([path](Container& c) {
      auto* one = c.add_env();
      one->set_name("A");
      auto* reference = one->mutable_value_from()->mutable_field_ref();
      reference->set_api_version("v1");
      reference->set_field_path(path);
    });
  };
  auto at = "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath";
  for (auto* path :
       {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
        "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
        "status.podIP", "status.podIPs", "metadata.annotations['a.b/C']"})
    pods.create("field-path", at, field("spec.image"), field(path));
  pods.create("field-path", at, field("metadata.finalizers['a']"),
              field("metadata.labels['a.b/c']"));
  pods.create("field-path", "spec.containers[0].env[0].valueFrom.fieldRef",
              field("metadata.labels['a b']"));
  pods.create("field-path", at, field(""));
  auto resource = [](const char* name) {
    return container([name](Container& c) {
      auto* one = c.add_env();
      one->set_name("A");
      one->mutable_value_from()->mutable_resource_field_ref()->set_resource(
          name);
    });
  };
  at = "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource";
  for (auto* name : {"limits.cpu", "limits.memory", "limits.ephemeral-storage",
                     "requests.cpu", "requests.memory",
                     "requests.ephemeral-storage", "limits.hugepages-2Mi"})
    pods.create("resource-field", at, resource("cpu"), resource(name));
  pods.create("env-from", "spec.containers[0].envFrom", env("env_from {}"),
              env(R"(env_from { prefix: "A_" secret_ref {
                local_object_reference { name: "s" } } })"));
  pods.create("env-from", "spec.containers[0].envFrom", env(R"(env_from {
                secret_ref { local_object_reference { name: "s" } }
                config_map_ref { local_object_reference { name: "s" } } })"));
  pods.create("env-from", "spec.containers[0].envFrom[0].prefix",
              env(R"(env_from { prefix: "A=" secret_ref {
                local_object_reference { name: "s" } } })"));
}

void add_mounts(cases& pods) {
  pods.create("mount-name", "spec.containers[0].volumeMounts[0].name",
              container(R"(volume_mounts { name: "no" mount_path: "/a" })"),
              container(R"(volume_mounts { name: "data" mount_path: "/a" })"));
  pods.create("mount-path", "spec.containers[0].volumeMounts[1].mountPath",
              container(R"(volume_mounts { name: "data" mount_path: "/a" }
                           volume_mounts { name: "disk" mount_path: "/a" })"),
              container(R"(volume_mounts { name: "data" mount_path: "/a" }
                           volume_mounts { name: "data" mount_path: "/b" })"));
  pods.create("mount-path", "spec.containers[0].volumeMounts[0].mountPath",
              container(R"(volume_mounts { name: "data" })"));
  for (auto* path : {"/a", "a/../b", ".."})
    pods.create("mount-sub-path", "spec.containers[0].volumeMounts[0].subPath",
                container([path](Container& c) {
                  auto* mount = c.add_volume_mounts();
                  mount->set_name("data");
                  mount->set_mount_path("/a");
                  mount->set_sub_path(path);
                }),
                container(R"(volume_mounts { name: "data" mount_path: "/a"
                                             sub_path: "a/b..c" })"));
  pods.create("mount-sub-path",
              "spec.containers[0].volumeMounts[0].subPathExpr",
              container(R"(volume_mounts { name: "data" mount_path: "/a"
                                           sub_path: "a"
                                           sub_path_expr: "b" })"));
  auto at = "spec.containers[0].volumeMounts[0].mountPropagation";
  pods.create("mount-propagation", at,
              container(R"(volume_mounts { name: "data" mount_path: "/a"
                mount_propagation: "Bidirectional" })"),
              container(R"(security_context { privileged: true }
                volume_mounts { name: "data" mount_path: "/a"
                mount_propagation: "Bidirectional" })"));
  pods.create("mount-propagation", at,
              container(R"(volume_mounts { name: "data" mount_path: "/a"
                mount_propagation: "Both" })"));
  pods.create("volume-device", "spec.containers[0].volumeDevices[0].name",
              container(R"(volume_devices { name: "data"
                                            device_path: "/dev/a" })"),
              container(R"(volume_devices { name: "disk"
                                            device_path: "/dev/a" })"));
  pods.create("volume-device", "spec.containers[0].volumeDevices[0].name",
              container(R"(volume_mounts { name: "disk" mount_path: "/a" }
                           volume_devices { name: "disk"
                                            device_path: "/dev/a" })"));
  auto device = "spec.containers[0].volumeDevices[0].devicePath";
  pods.create("volume-device", device,
              container(R"(volume_devices { name: "disk" })"));
  pods.create("volume-device", device,
              container(R"(volume_devices { name: "disk"
                                            device_path: "/dev/../a" })"));
}

void add_resources(cases& pods) {
  pods.create("requests-within-limits", "spec.containers[0].resources.requests",
              container(R"(resources {
                limits { key: "cpu" value { string: "1" } }
                requests { key: "cpu" value { string: "1001m" } } })"),
              container(R"(resources {
                limits { key: "cpu" value { string: "1" } }
                requests { key: "cpu" value { string: "1000m" } } })"));
  pods.create("requests-within-limits", "spec.containers[0].resources.requests",
              container(R"(resources {
                limits { key: "a.b/gpu" value { string: "2" } }
                requests { key: "a.b/gpu" value { string: "1" } } })"),
              container(R"(resources {
                limits { key: "a.b/gpu" value { string: "2" } }
                requests { key: "a.b/gpu" value { string: "2" } } })"));
  auto limit = [](const char* name, const char* amount) {
    return container([name, amount](Container& c) {
      (*c.mutable_resources()->mutable_limits())[name].set_string(amount);
    });
  };
  auto at = [](const char* name) {
    return std::string{"spec.containers[0].resources.limits["} + name + "]";
  };
  pods.create("limits", at("cpu"), limit("cpu", "-1"), limit("cpu", "1.5"));
  pods.create("limits", at("memory"), limit("memory", "much"),
              limit("memory", "1Gi"));
  pods.create("limits", at("disk"), limit("disk", "1"),
              limit("kubernetes.io/disk", "1"));
  pods.create("limits", at("requests.a.b/x"), limit("requests.a.b/x", "1"),
              limit("ephemeral-storage", "1Gi"));
  pods.create("limits", "spec.containers[0].resources",
              limit("hugepages-2Mi", "2Mi"), [=](Pod& pod) {
                limit("hugepages-2Mi", "2Mi")(pod);
                limit("memory", "1Gi")(pod);
              });
  pods.create("limits", at("a.b/gpu"), limit("a.b/gpu", "1500m"),
              limit("a.b/gpu", "1"));
  pods.create(
      "claim-of-container", "spec.containers[0].resources.claims[0].name",
      container(R"(resources { claims { name: "no" } })"), [](Pod& pod) {
        spec(R"(resource_claims { name: "gpu"
                          resource_claim_name: "gpu" })")(pod);
        container(R"(resources { claims { name: "gpu" } })")(pod);
      });
}

std::string probe(const char* name, const char* handler, const char* rest) {
  return std::string{name} + " { handler { " + handler
         + " } timeout_seconds: 1 " + "period_seconds: 1 failure_threshold: 1 "
         + rest + " }";
}

pod_change with_probe(const char* name, const char* handler,
                      const char* rest = "success_threshold: 1") {
  return container([text = probe(name, handler, rest)](Container& c) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &c))
        << text;
  });
}

void add_probes(cases& pods) {
  auto liveness = "spec.containers[0].livenessProbe";
  auto exec = R"(exec { command: "true" })";
  pods.create("liveness-probe", liveness, with_probe("liveness_probe", ""),
              with_probe("liveness_probe", exec));
  pods.create("liveness-probe", std::string{liveness} + ".tcpSocket",
              with_probe("liveness_probe", R"(exec { command: "true" }
                           tcp_socket { port { int_val: 80 } })"),
              with_probe("liveness_probe", "grpc { port: 80 }"));
  pods.create("liveness-probe", std::string{liveness} + ".successThreshold",
              with_probe("liveness_probe", exec, "success_threshold: 2"));
  pods.create("liveness-probe", std::string{liveness} + ".initialDelaySeconds",
              with_probe("liveness_probe", exec,
                         "success_threshold: 1 initial_delay_seconds: -1"));
  pods.create("readiness-probe",
              "spec.containers[0].readinessProbe.terminationGracePeriodSeconds",
              with_probe("readiness_probe", exec,
                         "success_threshold: 1 "
                         "termination_grace_period_seconds: 5"),
              with_probe("readiness_probe", exec, "success_threshold: 3"));
  pods.create("readiness-probe", "spec.containers[0].readinessProbe",
              with_probe("readiness_probe", ""));
  pods.create("startup-probe",
              "spec.containers[0].startupProbe.successThreshold",
              with_probe("startup_probe", exec, "success_threshold: 2"),
              with_probe("startup_probe", exec));
  pods.create("startup-probe", "spec.containers[0].startupProbe",
              with_probe("startup_probe", ""));
  auto port = std::string{liveness} + ".httpGet.port";
  auto http = R"(http_get { path: "/" scheme: "HTTP" port { int_val: 80 } })";
  pods.create("probe-port", port,
              with_probe("liveness_probe", R"(http_get { path: "/"
                           scheme: "HTTP" port { int_val: 0 } })"),
              with_probe("liveness_probe", http));
  pods.create("probe-port", port,
              with_probe("liveness_probe", R"(http_get { path: "/"
                scheme: "HTTP" port { type: 1 str_val: "-" } })"),
              with_probe("liveness_probe", R"(http_get { path: "/"
                scheme: "HTTPS" port { type: 1 str_val: "http" } })"));
  pods.create("probe-scheme", std::string{liveness} + ".httpGet.scheme",
              with_probe("liveness_probe", R"(http_get { path: "/"
                scheme: "FTP" port { int_val: 80 } })"),
              with_probe("liveness_probe", http));
  pods.create("lifecycle", "spec.containers[0].lifecycle.preStop",
              container("lifecycle { pre_stop {} }"),
              container(R"(lifecycle { pre_stop { sleep { seconds: 5 } }
                             post_start { exec { command: "true" } } })"));
  pods.create("lifecycle", "spec.containers[0].lifecycle.postStart.sleep",
              container(R"(lifecycle { post_start {
                exec { command: "true" } sleep { seconds: 1 } } })"));
}

void add_security(cases& pods) {
  auto at = "spec.containers[0].securityContext";
  pods.create("container-security", at,
              container(R"(security_context { privileged: true
                             allow_privilege_escalation: false })"),
              container(R"(security_context { privileged: true
                             allow_privilege_escalation: true
                             run_as_user: 0 proc_mount: "Default" })"));
  pods.create("container-security", at,
              container(R"(security_context { allow_privilege_escalation: false
                             capabilities { add: "CAP_SYS_ADMIN" } })"));
  pods.create("container-security", std::string{at} + ".runAsUser",
              container("security_context { run_as_user: -1 }"));
  pods.create("container-security", std::string{at} + ".runAsGroup",
              container("security_context { run_as_group: 2147483648 }"));
  pods.create("container-security", std::string{at} + ".procMount",
              container(R"(security_context { proc_mount: "Masked" })"));
}

std::string init(const char* rest) {
  return std::string{R"(init_containers { name: "init" image: "x"
           image_pull_policy: "Always" termination_message_policy: "File" )"}
         + rest + " }";
}

pod_change with_init(const char* rest) {
  return [text = init(rest)](Pod& pod) { spec(text.c_str())(pod); };
}

void add_special(cases& pods) {
  pods.create("init-containers", "spec.initContainers[0].lifecycle",
              with_init(R"(lifecycle { pre_stop { exec {
                             command: "true" } } })"),
              with_init(R"(restart_policy: "Always" lifecycle {
                pre_stop { exec { command: "true" } } })"));
  pods.create("init-containers", "spec.initContainers[0].readinessProbe",
              with_init(R"(readiness_probe { handler { exec {
                             command: "true" } } })"));
  pods.create("init-restart-policy", "spec.initContainers[0].restartPolicy",
              with_init(R"(restart_policy: "OnFailure")"),
              with_init(R"(restart_policy: "Always")"));
  pods.create("ephemeral-containers", "spec.ephemeralContainers",
              spec(R"(ephemeral_containers { ephemeral_container_common {
                        name: "debug" image: "x" } })"));
  auto debug = [](const char* text) {
    return [text] {
      auto old = from_text<Pod>(good_pod);
      auto pod = old;
      spec(text)(pod);
      findings out;
      validate_ephemeral_containers(pod, old, out);
      return out.take();
    };
  };
  auto fine = debug(R"(ephemeral_containers { target_container_name: "main"
    ephemeral_container_common { name: "debug" image: "x"
                                 termination_message_policy: "File" } })");
  pods.call("ephemeral-containers",
            "spec.ephemeralContainers[0].targetContainerName",
            debug(R"(ephemeral_containers { target_container_name: "no"
              ephemeral_container_common { name: "debug" image: "x"
                termination_message_policy: "File" } })"),
            fine);
  pods.call("ephemeral-containers", "spec.ephemeralContainers[0].ports",
            debug(R"(ephemeral_containers {
              ephemeral_container_common { name: "debug" image: "x"
                ports { container_port: 1 }
                termination_message_policy: "File" } })"),
            fine);
}

} // namespace

void add_container_cases(rule_cases& all) {
  auto pods = cases_of_pods(all);
  add_basics(pods);
  add_ports(pods);
  add_environment(pods);
  add_mounts(pods);
  add_resources(pods);
  add_probes(pods);
  add_security(pods);
  add_special(pods);
}

} // namespace troupe::rules
