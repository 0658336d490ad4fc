#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "runtime/rules/pod_warnings.hpp"
#include "runtime/rules/strategy.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::vector<std::string> warned(const std::string& text, unsigned helpers = 0) {
  core::v1::PodSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec))
      << text;
  std::vector<warning> result;
  field_path at{"spec"};
  warn_pod_spec(spec, at, result);
  return that_hold(result, helpers);
}

} // namespace

TEST(PodWarnings, TellEachFieldThatNothingActsOn) {
  struct {
    const char* spec;
    const char* field;
  } cases[] = {
      {"resource_claims {}", "spec.resourceClaims"},
      {"runtime_class_name: 'a'", "spec.runtimeClassName"},
      {"host_ipc: true", "spec.hostIPC"},
      {"host_users: false", "spec.hostUsers"},
      {"security_context { sysctls {} }", "spec.securityContext.sysctls"},
      {"security_context { seccomp_profile {} }",
       "spec.securityContext.seccompProfile"},
      {"containers { security_context { app_armor_profile {} } }",
       "spec.containers[0].securityContext.appArmorProfile"},
      {"containers { liveness_probe { handler { grpc {} } } }",
       "spec.containers[0].livenessProbe.grpc"},
      {"init_containers { startup_probe { handler { grpc {} } } }",
       "spec.initContainers[0].startupProbe.grpc"},
      {"containers { ports { host_port: 80 } }",
       "spec.containers[0].ports[0].hostPort"},
      {"containers { resources { limits { key: 'cpu' value {} } } }",
       "spec.containers[0].resources.limits"},
      {"volumes { volume_source { empty_dir { medium: 'Memory' } } }",
       "spec.volumes[0].emptyDir.medium"},
      {"containers { volume_mounts { mount_propagation: 'Bidirectional' } }",
       "spec.containers[0].volumeMounts[0].mountPropagation"},
      {"volumes { volume_source { persistent_volume_claim {} } }",
       "spec.volumes[0]"},
  };
  for (auto& c : cases)
    EXPECT_THAT(warned(c.spec),
                ElementsAre(StartsWith(std::string{c.field} + ": ")))
        << c.spec;
}

TEST(PodWarnings, SayNothingOfWhatIsActedOn) {
  for (auto text : {
           "",
           "affinity { node_affinity {} pod_anti_affinity {} }",
           "topology_spread_constraints {}",
           "host_users: true",
           "containers { termination_message_path: '/dev/termination-log' "
           "termination_message_policy: 'File' }",
           "containers { readiness_probe { handler { tcp_socket {} } } }",
           "volumes { volume_source { empty_dir {} } }",
           "volumes {}",
       })
    EXPECT_THAT(warned(text), ElementsAre()) << text;
}

TEST(PodWarnings, SayNothingOfWhatContainersOfImagesGet) {
  for (auto text : {
           "host_ipc: true",
           "security_context { sysctls {} seccomp_profile {} "
           "supplemental_groups_policy: 'Strict' }",
           "containers { security_context { proc_mount: 'Unmasked' } }",
           "containers { resources { limits { key: 'cpu' value {} } } }",
           "containers { volume_mounts { mount_propagation: 'Bidirectional' } "
           "}",
       })
    EXPECT_THAT(warned(text, own_nodes), ElementsAre()) << text;
  EXPECT_THAT(warned("host_users: false", own_nodes),
              ElementsAre(StartsWith("spec.hostUsers: ")));
  EXPECT_THAT(warned("host_users: false", any_nodes), ElementsAre());
}

TEST(PodWarnings, SayNothingOfPortsInTheNetworkOfTheNode) {
  EXPECT_THAT(
      warned("host_network: true containers { ports { host_port: 80 } }"),
      ElementsAre());
}

TEST(PodWarnings, TellOfASecondContainerOfOneImage) {
  EXPECT_THAT(
      warned("containers { image: 'a' } containers { image: 'a' }"),
      ElementsAre(StartsWith(
          "spec.containers[1].image: the same image as spec.containers[0]")));
}

TEST(PodWarnings, AreToldForTemplatesToo) {
  apps::v1::Deployment deployment;
  deployment.mutable_spec()->mutable_template_()->mutable_spec()->set_host_ipc(
      true);
  EXPECT_THAT(warnings(deployment),
              ElementsAre(StartsWith("spec.template.spec.hostIPC: ")));
}

TEST(ServiceWarnings, TellOfTypesThatNothingProvides) {
  core::v1::Service service;
  EXPECT_THAT(warnings(service), ElementsAre());
  service.mutable_spec()->set_type("LoadBalancer");
  EXPECT_THAT(warnings(service), ElementsAre(StartsWith("spec.type: ")));
  service.mutable_spec()->set_type("ExternalName");
  EXPECT_THAT(warnings(service), ElementsAre());
}

} // namespace troupe::rules
