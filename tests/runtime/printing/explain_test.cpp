#include "messages/comments.hpp"
#include "runtime/printing/explain.hpp"

#include <gtest/gtest.h>

namespace troupe::printing {
namespace {

std::string explained(const char* kind, const std::vector<std::string>& path,
                      bool recursive = false) {
  auto* found = find_by_alias(kind);
  if (found == nullptr)
    return "no such kind";
  auto text = explain(*found, path, recursive);
  return text ? *text : message_of(text.error());
}

} // namespace

TEST(Explain, AKindWithItsFields) {
  auto text = explained("deployment", {});
  EXPECT_EQ(text.rfind("GROUP:      apps\nKIND:       Deployment\n"
                       "VERSION:    v1\n\nDESCRIPTION:\n    Keeps so many",
                       0),
            0u)
      << text;
  for (auto* line : {"  apiVersion\t<string>\n", "  kind\t<string>\n",
                     "  metadata\t<ObjectMeta>\n", "  spec\t<DeploymentSpec>\n",
                     "  status\t<DeploymentStatus>\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(Explain, AFieldWithThoseBelow) {
  auto text = explained("pod", {"spec", "containers"});
  EXPECT_EQ(text.rfind("KIND:       Pod\nVERSION:    v1\n\n"
                       "FIELD: containers <[]Container> -required-\n\n"
                       "DESCRIPTION:\n    The main containers",
                       0),
            0u)
      << text;
  EXPECT_NE(text.find("  name\t<string> -required-\n    Unique in the pod"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  imagePullPolicy\t<string>\n  enum: Always, Never, "
                      "IfNotPresent\n"),
            std::string::npos)
      << text;
}

TEST(Explain, InlinedFieldsAreTheirParents) {
  auto text = explained("pod", {"spec", "containers", "livenessProbe"});
  EXPECT_NE(text.find("  httpGet\t<HTTPGetAction>\n"), std::string::npos)
      << text;
  EXPECT_NE(explained("pod", {"spec", "volumes", "emptyDir"}).find("medium"),
            std::string::npos);
}

TEST(Explain, AFieldWithoutAnyBelow) {
  EXPECT_EQ(explained("service", {"spec", "ports", "protocol"}),
            "KIND:       Service\nVERSION:    v1\n\n"
            "FIELD: protocol <string>\n\n"
            "ENUM:\n    TCP, UDP, SCTP\n\n"
            "DEFAULT:\n    TCP\n\n"
            "DESCRIPTION:\n    TCP unless given.\n\n");
  EXPECT_NE(explained("pod", {"metadata", "labels"})
                .find("FIELD: labels <map[string]string>"),
            std::string::npos);
  EXPECT_NE(explained("service", {"spec", "ports", "targetPort"})
                .find("FIELD: targetPort <IntOrString>"),
            std::string::npos);
  EXPECT_NE(explained("pod", {"metadata", "creationTimestamp"})
                .find("FIELD: creationTimestamp <string>"),
            std::string::npos);
}

TEST(Explain, AllNamesBelow) {
  auto text = explained("configmap", {}, true);
  EXPECT_NE(text.find("\nFIELDS:\n  apiVersion\t<string>\n"
                      "  binaryData\t<map[string]string>\n"
                      "  data\t<map[string]string>\n"
                      "  immutable\t<boolean>\n"
                      "  kind\t<string>\n"
                      "  metadata\t<ObjectMeta>\n"
                      "    annotations\t<map[string]string>\n"),
            std::string::npos)
      << text;
}

TEST(Explain, RefusesFieldsThatAreNot) {
  EXPECT_EQ(explained("pod", {"spec", "frob"}),
            "field \"frob\" does not exist");
  EXPECT_EQ(explained("pod", {"spec", "nodeName", "x"}),
            "field \"x\" does not exist");
}

TEST(Explain, EveryKindAndTypesThatHoldThemselves) {
  for (auto& kind : all_kinds())
    EXPECT_TRUE(explain(kind, {}, true)) << kind.kind;
}

// What people meet every day says more than its name.
TEST(Comments, AreThereForEverydayFields) {
  for (auto* name : {"Pod",
                     "PodSpec.containers",
                     "PodSpec.init_containers",
                     "PodSpec.volumes",
                     "PodSpec.restart_policy",
                     "PodSpec.node_name",
                     "PodSpec.node_selector",
                     "PodSpec.tolerations",
                     "PodSpec.termination_grace_period_seconds",
                     "PodStatus.phase",
                     "Container",
                     "Container.image",
                     "Container.command",
                     "Container.args",
                     "Container.env",
                     "Container.ports",
                     "Container.resources",
                     "Container.volume_mounts",
                     "Container.liveness_probe",
                     "Container.readiness_probe",
                     "Container.startup_probe",
                     "Probe.period_seconds",
                     "Probe.failure_threshold",
                     "ResourceRequirements.limits",
                     "ResourceRequirements.requests",
                     "Service",
                     "ServiceSpec.selector",
                     "ServiceSpec.type",
                     "ServiceSpec.cluster_ip",
                     "ServicePort.port",
                     "ServicePort.target_port",
                     "ServicePort.node_port",
                     "ConfigMap",
                     "ConfigMap.data",
                     "Secret",
                     "Secret.data",
                     "Secret.string_data",
                     "Node",
                     "NodeSpec.taints",
                     "NodeSpec.unschedulable",
                     "Namespace",
                     "ServiceAccount",
                     "Event",
                     "Volume",
                     "VolumeSource.empty_dir",
                     "VolumeSource.config_map",
                     "Toleration.toleration_seconds"})
    EXPECT_NE(comment_of(std::string{"troupe.core.v1."} + name), "") << name;
  for (auto* name :
       {"Deployment", "DeploymentSpec.replicas", "DeploymentSpec.selector",
        "DeploymentSpec.template", "DeploymentSpec.strategy",
        "RollingUpdateDeployment.max_surge",
        "RollingUpdateDeployment.max_unavailable", "ReplicaSet"})
    EXPECT_NE(comment_of(std::string{"troupe.apps.v1."} + name), "") << name;
  EXPECT_NE(comment_of("troupe.meta.v1.ObjectMeta.labels"), "");
  EXPECT_EQ(comment_of("troupe.core.v1.Pod.no_such_field"), "");
  EXPECT_EQ(comment_of("troupe.core.v1"), "");
}

} // namespace troupe::printing
