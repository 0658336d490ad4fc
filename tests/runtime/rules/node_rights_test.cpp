#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/object.hpp"
#include "runtime/rules/node_access.hpp"
#include "runtime/rules/node_restriction.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using coordination::v1::Lease;
using core::v1::Node;
using core::v1::Pod;
using testing::HasSubstr;

template <class T>
T read(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return msg;
}

struct may_case {
  const char* verb;
  const char* group;
  const char* resource;
  const char* subresource;
  const char* ns;
  const char* name;
  const char* fields;
  node_right right;
};

constexpr auto yes = node_right::allowed;
constexpr auto no = node_right::none;
constexpr auto related = node_right::related;

std::string text_of(const caf::error& err) {
  return err ? message_of(err) : std::string{};
}

Pod mirror() {
  return read<Pod>(
      "metadata { name: 'p' annotations { key: 'kubernetes.io/config.mirror' "
      "value: 'x' } owner_references { api_version: 'v1' kind: 'Node' name: "
      "'n' controller: true } } spec { node_name: 'n' containers { name: 'c' } "
      "}");
}

} // namespace

TEST(NodeAccess, IsThatOfKubernetesNodeAuthorizer) {
  constexpr auto own = "spec.nodeName=n";
  const may_case table[] = {
      {"get", "", "nodes", "", "", "n", "", yes},
      {"watch", "", "nodes", "", "", "n", "metadata.name=n", yes},
      {"get", "", "nodes", "", "", "m", "", no},
      {"list", "", "nodes", "", "", "", "", no},
      {"delete", "", "nodes", "", "", "n", "", no},
      {"update", "", "nodes", "status", "", "n", "", yes},
      {"watch", "", "pods", "", "", "", own, yes},
      {"watch", "", "pods", "", "", "", "spec.nodeName=m", no},
      {"watch", "", "pods", "", "", "", "spec.nodeName!=n", no},
      {"list", "", "pods", "", "default", "", "", no},
      {"get", "", "pods", "", "default", "p", "", related},
      {"create", "", "pods", "", "default", "", "", yes},
      {"delete", "", "pods", "", "default", "p", "", yes},
      {"deletecollection", "", "pods", "", "default", "", own, no},
      {"update", "", "pods", "", "default", "p", "", no},
      {"patch", "", "pods", "status", "default", "p", "", yes},
      {"create", "", "pods", "binding", "default", "p", "", no},
      {"create", "", "pods", "exec", "default", "p", "", no},
      {"create", "", "pods", "eviction", "default", "p", "", yes},
      {"get", "", "secrets", "", "default", "s", "", related},
      {"watch", "", "secrets", "", "default", "s", "metadata.name=s", related},
      {"list", "", "secrets", "", "default", "", "", no},
      {"list", "", "secrets", "", "", "", "", no},
      {"get", "", "secrets", "", "", "s", "", no},
      {"update", "", "secrets", "", "default", "s", "", no},
      {"get", "", "configmaps", "", "default", "c", "", related},
      {"get", "", "persistentvolumeclaims", "", "default", "c", "", related},
      {"list", "", "persistentvolumeclaims", "", "default", "", "", no},
      {"get", "", "persistentvolumes", "", "", "v", "", related},
      {"create", "", "serviceaccounts", "token", "default", "a", "", related},
      {"create", "", "serviceaccounts", "", "default", "", "", no},
      {"update", "coordination.k8s.io", "leases", "", "kube-node-lease", "n",
       "", yes},
      {"update", "coordination.k8s.io", "leases", "", "kube-node-lease", "m",
       "", no},
      {"get", "coordination.k8s.io", "leases", "", "kube-system", "n", "", no},
      {"list", "coordination.k8s.io", "leases", "", "kube-node-lease", "", "",
       no},
      {"watch", "", "services", "", "", "", "", yes},
      {"update", "", "services", "", "default", "s", "", no},
      {"create", "", "events", "", "default", "", "", yes},
      {"delete", "", "events", "", "default", "e", "", no},
      {"get", "node.k8s.io", "runtimeclasses", "", "", "r", "", yes},
      {"create", "rbac.authorization.k8s.io", "clusterrolebindings", "", "", "",
       "", no},
      {"list", "", "namespaces", "", "", "", "", no},
  };
  for (auto& one : table) {
    access what;
    what.verb = one.verb;
    what.group = one.group;
    what.resource = one.resource;
    what.subresource = one.subresource;
    what.ns = one.ns;
    what.name = one.name;
    what.field_selector = one.fields;
    EXPECT_EQ(node_may("n", what).right, one.right)
        << one.verb << " " << what.whole_resource() << " " << one.ns << "/"
        << one.name << " " << one.fields;
  }
}

TEST(NodeAccess, KnowsANodeByUserAndGroup) {
  EXPECT_EQ(node_of({"system:node:n", {"system:nodes"}}), "n");
  EXPECT_EQ(node_of({"system:node:n", {}}), "");
  EXPECT_EQ(node_of({"n", {"system:nodes"}}), "");
}

TEST(NodeAccess, FollowsWhatAPodRefersTo) {
  auto pod = read<Pod>(R"(
    metadata { name: 'p' namespace: 'default' uid: '1' }
    spec {
      service_account_name: 'a'
      image_pull_secrets { name: 'pull' }
      volumes { name: 'v' volume_source { secret { secret_name: 'sec' } } }
      volumes { name: 'w' volume_source {
        persistent_volume_claim { claim_name: 'claim' } } }
      containers { name: 'c' env_from {
        config_map_ref { local_object_reference { name: 'map' } } } }
    })");
  auto refers = [&](const char* resource, const char* name,
                    const char* ns = "default") {
    access what;
    what.resource = resource;
    what.name = name;
    what.ns = ns;
    return refers_to(pod, what);
  };
  EXPECT_TRUE(refers("secrets", "sec"));
  EXPECT_TRUE(refers("secrets", "pull"));
  EXPECT_FALSE(refers("secrets", "map"));
  EXPECT_FALSE(refers("secrets", "sec", "other"));
  EXPECT_TRUE(refers("configmaps", "map"));
  EXPECT_FALSE(refers("configmaps", "sec"));
  EXPECT_TRUE(refers("persistentvolumeclaims", "claim"));
  EXPECT_TRUE(refers("serviceaccounts", "a"));
  access token;
  token.resource = "serviceaccounts";
  token.subresource = "token";
  token.ns = "default";
  token.name = "a";
  EXPECT_FALSE(refers_to(pod, token));
  token.bound_pod = "p/1";
  EXPECT_TRUE(refers_to(pod, token));
  token.bound_pod = "p/2";
  EXPECT_FALSE(refers_to(pod, token));
}

TEST(NodeRestriction, LetsANodeCreateMirrorPodsOfItsOwn) {
  auto refusal = [](const Pod& pod) {
    return text_of(check_node_create("n", pod, "default"));
  };
  EXPECT_EQ(refusal(mirror()), "");
  auto plain = mirror();
  plain.mutable_metadata()->clear_annotations();
  EXPECT_THAT(refusal(plain), HasSubstr("can only create mirror pods"));
  auto elsewhere = mirror();
  elsewhere.mutable_spec()->set_node_name("m");
  EXPECT_THAT(refusal(elsewhere), HasSubstr("spec.nodeName set to itself"));
  auto orphan = mirror();
  orphan.mutable_metadata()->clear_owner_references();
  EXPECT_THAT(refusal(orphan), HasSubstr("an owner reference set to itself"));
  auto owned = mirror();
  owned.mutable_metadata()->mutable_owner_references(0)->set_controller(false);
  EXPECT_THAT(refusal(owned), HasSubstr("a controller owner reference"));
  auto held = mirror();
  held.mutable_metadata()
      ->mutable_owner_references(0)
      ->set_block_owner_deletion(true);
  EXPECT_THAT(refusal(held), HasSubstr("must not set blockOwnerDeletion"));
  auto account = mirror();
  account.mutable_spec()->set_service_account_name("a");
  EXPECT_THAT(refusal(account), HasSubstr("reference a service account"));
  auto secret = mirror();
  auto& volume = *secret.mutable_spec()->add_volumes();
  volume.mutable_volume_source()->mutable_secret()->set_secret_name("s");
  EXPECT_THAT(refusal(secret), HasSubstr("reference secrets"));
}

TEST(NodeRestriction, LetsANodeChangeItsOwnNodeOnlyAndNotItsTaints) {
  auto old = read<Node>("metadata { name: 'n' labels { key: 'a' value: 'b' } } "
                        "spec { taints { key: 't' effect: 'NoSchedule' } }");
  auto refusal = [&](const Node& now) {
    return text_of(check_node_update("n", object::of(old), now, {}));
  };
  EXPECT_EQ(refusal(old), "");
  auto label = [&](const char* key) {
    auto now = old;
    (*now.mutable_metadata()->mutable_labels())[key] = "x";
    return refusal(now);
  };
  EXPECT_EQ(label("a"), "");
  EXPECT_EQ(label("example.com/x"), "");
  EXPECT_EQ(label("kubernetes.io/hostname"), "");
  EXPECT_EQ(label("topology.kubernetes.io/zone"), "");
  EXPECT_THAT(label("node-restriction.kubernetes.io/x"),
              HasSubstr("node-restriction.kubernetes.io/x"));
  EXPECT_THAT(label("x.node-restriction.kubernetes.io/x"),
              HasSubstr("is not allowed to modify labels: x.node-restriction"));
  EXPECT_THAT(label("node-role.kubernetes.io/control-plane"),
              HasSubstr("node-role.kubernetes.io/control-plane"));
  auto free = old;
  free.mutable_spec()->clear_taints();
  EXPECT_THAT(refusal(free), HasSubstr("is not allowed to modify taints"));
  auto other = old;
  other.mutable_metadata()->set_name("m");
  EXPECT_THAT(refusal(other),
              HasSubstr("node \"n\" is not allowed to modify node \"m\""));
  // Connections are led to its pods.
  auto greedy = old;
  greedy.mutable_spec()->set_pod_cidr("0.0.0.0/0");
  EXPECT_THAT(refusal(greedy), HasSubstr("not allowed to set its podCIDR"));
  EXPECT_THAT(text_of(check_node_create("n", greedy, {})),
              HasSubstr("not allowed to set its podCIDR"));
  EXPECT_NE(text_of(check_node_create("n", other, {})), "");
  EXPECT_EQ(text_of(check_node_create("n", old, {})), "");
}

TEST(NodeRestriction, LetsANodeTellHowAClaimGrowsAndNothingElse) {
  auto old = read<core::v1::PersistentVolumeClaim>(
      "metadata { name: 'c' namespace: 'default' resource_version: '1' }");
  auto refusal = [&](const core::v1::PersistentVolumeClaim& now,
                     const char* sub = "status") {
    return text_of(check_node_update("n", object::of(old), now, sub));
  };
  auto grown = old;
  grown.mutable_metadata()->set_resource_version("2");
  grown.mutable_status()->add_conditions()->set_type("Resizing");
  EXPECT_EQ(refusal(grown), "");
  EXPECT_THAT(refusal(grown, ""), HasSubstr("may only update PVC status"));
  auto seized = grown;
  (*seized.mutable_metadata()->mutable_labels())["a"] = "b";
  EXPECT_THAT(refusal(seized), HasSubstr("fields other than"));
}

TEST(NodeRestriction, LetsANodeTellOfItsOwnPodsAndLease) {
  auto pod = mirror();
  auto theirs = mirror();
  theirs.mutable_spec()->set_node_name("m");
  auto told = pod;
  told.mutable_status()->set_phase("Running");
  EXPECT_FALSE(check_node_update("n", object::of(pod), told, "status"));
  EXPECT_TRUE(check_node_update("n", object::of(theirs), told, "status"));
  EXPECT_TRUE(check_node_update("n", object::of(pod), told, {}));
  (*told.mutable_metadata()->mutable_labels())["a"] = "b";
  EXPECT_TRUE(check_node_update("n", object::of(pod), told, "status"));
  EXPECT_FALSE(check_node_delete("n", object::of(pod), false));
  EXPECT_THAT(text_of(check_node_delete("n", object::of(theirs), false)),
              HasSubstr("can only delete pods with spec.nodeName"));
  EXPECT_THAT(text_of(check_node_delete("n", object::of(theirs), true)),
              HasSubstr("can only evict pods with spec.nodeName"));
  auto lease = read<Lease>("metadata { name: 'n' }");
  EXPECT_FALSE(check_node_create("n", lease, "kube-node-lease"));
  EXPECT_TRUE(check_node_create("n", lease, "default"));
  EXPECT_TRUE(check_node_create("m", lease, "kube-node-lease"));
}

} // namespace troupe::rules
