#include "messages/kinds.hpp"
#include "runtime/apply/shape.hpp"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace troupe::apply {
namespace {

const message_info& type(const std::string& name) {
  auto* found =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          "troupe." + name);
  EXPECT_NE(found, nullptr) << name;
  return message_info_of(found);
}

merging how(const std::string& record, std::string_view member) {
  auto* found = members_of(type(record)).find(member);
  EXPECT_NE(found, nullptr) << record << "." << member;
  return found == nullptr ? merging::scalar : found->how.how;
}

TEST(Shape, FollowsWhatKubernetesDeclares) {
  EXPECT_EQ(how("core.v1.PodSpec", "containers"), merging::keyed);
  EXPECT_EQ(how("core.v1.PodSpec", "nodeSelector"), merging::atomic);
  EXPECT_EQ(how("core.v1.PodSpec", "tolerations"), merging::atomic);
  EXPECT_EQ(how("core.v1.PodSpec", "securityContext"), merging::record);
  EXPECT_EQ(how("core.v1.Container", "args"), merging::atomic);
  EXPECT_EQ(how("core.v1.Container", "resources"), merging::record);
  EXPECT_EQ(how("core.v1.ResourceRequirements", "limits"), merging::map);
  EXPECT_EQ(how("core.v1.ServiceSpec", "selector"), merging::atomic);
  EXPECT_EQ(how("core.v1.ServiceSpec", "ports"), merging::keyed);
  EXPECT_EQ(how("core.v1.ServicePort", "targetPort"), merging::scalar);
  EXPECT_EQ(how("core.v1.EnvVarSource", "fieldRef"), merging::atomic);
  EXPECT_EQ(how("core.v1.PersistentVolumeSpec", "claimRef"), merging::record);
  EXPECT_EQ(how("meta.v1.ObjectMeta", "labels"), merging::map);
  EXPECT_EQ(how("meta.v1.ObjectMeta", "finalizers"), merging::set);
  EXPECT_EQ(how("meta.v1.ObjectMeta", "ownerReferences"), merging::keyed);
  EXPECT_EQ(how("meta.v1.ObjectMeta", "creationTimestamp"), merging::scalar);
  EXPECT_EQ(how("apps.v1.DeploymentSpec", "selector"), merging::atomic);
  EXPECT_EQ(how("apps.v1.DeploymentSpec", "template"), merging::record);
  EXPECT_EQ(how("rbac.v1.RoleBinding", "roleRef"), merging::atomic);
  EXPECT_EQ(how("rbac.v1.RoleBinding", "subjects"), merging::atomic);
}

TEST(Shape, KnowsWhatStandsForKeysThatAreNotThere) {
  auto& ports = members_of(type("core.v1.Container")).find("ports")->how;
  EXPECT_EQ(key_default(ports, "protocol"), "TCP");
  EXPECT_EQ(keys_of(ports),
            (std::vector<std::string>{"containerPort", "protocol"}));
}

/// Counts what a walk over all that a type holds finds.
void walk(const message_info& at, std::set<const message_info*>& seen) {
  if (!seen.insert(&at).second)
    return;
  for (auto& member : members_of(at).members) {
    auto& of = member.how;
    if (of.how == merging::keyed) {
      for (auto& key : keys_of(of))
        EXPECT_NE(of.type->member(key), nullptr)
            << at.descriptor->full_name() << member.element << " " << key;
    }
    if (of.type != nullptr)
      walk(*of.type, seen);
  }
}

TEST(Shape, HasTheKeysOfEveryKeyedList) {
  std::set<const message_info*> seen;
  for (auto& kind : all_kinds())
    walk(message_info_of(kind.descriptor()), seen);
  EXPECT_GT(seen.size(), 300u);
}

} // namespace
} // namespace troupe::apply
