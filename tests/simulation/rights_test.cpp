#include "messages/api/apps.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "tests/support/cluster_objects.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace troupe::test {

namespace {

using namespace rbac::v1;
using testing::HasSubstr;

struct identity {
  std::string user;
  std::vector<std::string> groups;
};

const identity node_1{"system:node:node-1", {"system:nodes"}};
const identity jane{"jane", {}};

call::Request about(call::Verb verb, const kind_info& kind,
                    const std::string& ns = {}, const std::string& name = {},
                    const std::string& subresource = {}) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  msg.set_namespace_(ns);
  msg.set_name(name);
  msg.set_subresource(subresource);
  return msg;
}

template <class T>
call::Request about(call::Verb verb, const std::string& ns = {},
                    const std::string& name = {},
                    const std::string& subresource = {}) {
  return about(verb, kind_of<T>(), ns, name, subresource);
}

object secret(const std::string& name) {
  core::v1::Secret result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_namespace_("default");
  return object::of(result);
}

/// A pod on a node with a secret as a volume.
object pod_on(const std::string& node, const std::string& name,
              const std::string& with) {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  auto& spec = *pod.mutable_spec();
  spec.set_node_name(node);
  auto& container = *spec.add_containers();
  container.set_name("main");
  container.set_image("main:1");
  auto& volume = *spec.add_volumes();
  volume.set_name("v");
  volume.mutable_volume_source()->mutable_secret()->set_secret_name(with);
  return object::of(pod);
}

object binding_of(const std::string& role, const std::string& user) {
  ClusterRoleBinding binding;
  binding.mutable_metadata()->set_name(user + "-" + role);
  binding.mutable_role_ref()->set_kind("ClusterRole");
  binding.mutable_role_ref()->set_name(role);
  auto& subject = *binding.add_subjects();
  subject.set_kind("User");
  subject.set_name(user);
  return object::of(binding);
}

/// What sessions say of requests that they refused.
std::string refusals(simulated_cluster& cluster) {
  std::string out;
  for (auto& actor : cluster.actors())
    for (auto& fact : actor.facts())
      if (fact.starts_with("refused=") && actor.component() == "session")
        out += actor.path() + " " + fact + "\n";
  return out;
}

/// How the pods are, and who was refused what.
std::string told(simulated_cluster& cluster) {
  std::string out;
  for (auto& what : cluster.list(kind_of<core::v1::Pod>())) {
    auto& pod = what.as<core::v1::Pod>();
    out += what.key() + " on " + pod.spec().node_name() + ": "
           + pod.status().phase();
    for (auto& each : pod.status().conditions())
      if (each.status() != "True")
        out += ", not " + each.type() + ": " + each.message();
    for (auto& each : pod.status().container_statuses())
      out += ", " + each.state().waiting().message();
    out += "\n";
  }
  return out + refusals(cluster);
}

/// Two nodes, a pod with a secret on each.
struct Rights : ::testing::Test {
  Rights() : cluster(1, 2) {
    EXPECT_TRUE(cluster.run_until([&] {
      return cluster.get(kind_of<core::v1::ServiceAccount>(), "default",
                         "default")
             && cluster.list(kind_of<core::v1::Node>()).size() == 2;
    }));
    for (auto name : {"mine", "theirs", "nobodys"})
      EXPECT_TRUE(cluster.create(secret(name)));
    EXPECT_TRUE(cluster.create(pod_on("node-1", "mine", "mine")));
    EXPECT_TRUE(cluster.create(pod_on("node-2", "theirs", "theirs")));
    EXPECT_TRUE(cluster.run_until([&] { return running() == 2; }));
  }

  size_t running() {
    size_t count = 0;
    for (auto& pod : cluster.list(kind_of<core::v1::Pod>(), "default"))
      count += pod.as<core::v1::Pod>().status().phase() == "Running" ? 1 : 0;
    return count;
  }

  expected<answer> ask(const identity& who, call::Request msg,
                       const object& body = {}) {
    return cluster.ask_as(who.user, who.groups, std::move(msg), body);
  }

  /// "" when it was done, else why not.
  std::string refusal(const identity& who, call::Request msg,
                      const object& body = {}) {
    auto result = ask(who, std::move(msg), body);
    return result ? std::string{} : message_of(result.error());
  }

  object node(const std::string& name) {
    return *cluster.get(kind_of<core::v1::Node>(), {}, name);
  }

  /// The node with a change.
  object changed(const std::string& name,
                 const std::function<void(core::v1::Node&)>& change) {
    auto msg = node(name).copy<core::v1::Node>();
    change(msg);
    return object::of(msg);
  }

  bool can_list_pods(const identity& who) {
    return refusal(who, about<core::v1::Pod>(call::LIST, "default")).empty();
  }

  simulated_cluster cluster;
};

} // namespace

TEST_F(Rights, NoComponentIsEverRefusedWhatItAsksFor) {
  auto web = deployment(4);
  web.mutable_metadata()->clear_uid();
  web.mutable_metadata()->clear_resource_version();
  ASSERT_TRUE(cluster.create(object::of(web)));
  core::v1::Service front;
  front.mutable_metadata()->set_name("web");
  front.mutable_metadata()->set_namespace_("default");
  (*front.mutable_spec()->mutable_selector())["app"] = "web";
  front.mutable_spec()->add_ports()->set_port(80);
  ASSERT_TRUE(cluster.create(object::of(front)));
  policy::v1::PodDisruptionBudget budget;
  budget.mutable_metadata()->set_name("web");
  budget.mutable_metadata()->set_namespace_("default");
  budget.mutable_spec()->mutable_max_unavailable()->set_int_val(1);
  (*budget.mutable_spec()->mutable_selector()->mutable_match_labels())["app"] =
      "web";
  ASSERT_TRUE(cluster.create(object::of(budget)));
  ASSERT_TRUE(cluster.run_until([&] { return running() == 6; }))
      << told(cluster);
  // A rollout, less replicas, an orphan, a namespace that ends, a node that is
  // silent and back, one that is gone.
  auto now = *cluster.get(kind_of<apps::v1::Deployment>(), "default", "web");
  auto next = now.copy<apps::v1::Deployment>();
  next.mutable_spec()->set_replicas(3);
  next.mutable_spec()
      ->mutable_template_()
      ->mutable_spec()
      ->mutable_containers(0)
      ->set_image("web:2");
  next.mutable_metadata()->clear_resource_version();
  ASSERT_TRUE(cluster.update(object::of(next)));
  ASSERT_TRUE(cluster.run_until([&] { return running() == 5; }))
      << told(cluster);
  core::v1::Namespace space;
  space.mutable_metadata()->set_name("shop");
  ASSERT_TRUE(cluster.create(object::of(space)));
  cluster.advance(std::chrono::seconds(2));
  ASSERT_TRUE(cluster.remove(kind_of<core::v1::Namespace>(), {}, "shop"));
  cluster.restart_node("node-2");
  cluster.advance(std::chrono::seconds(5));
  for (auto victim : {"scheduler", "controllers/replicaset", "kubelet/node-1",
                      "apiserver/authorizer", "apiserver/front_door"}) {
    EXPECT_EQ(refusals(cluster), "") << "before the end of " << victim;
    cluster.kill(victim);
    cluster.advance(std::chrono::seconds(3));
  }
  ASSERT_TRUE(
      cluster.remove(kind_of<apps::v1::Deployment>(), "default", "web"));
  cluster.advance(std::chrono::seconds(45));
  EXPECT_EQ(refusals(cluster), "");
}

TEST_F(Rights, StoresTheDefaultRolesWithTheirMarks) {
  ASSERT_TRUE(cluster.get(kind_of<ClusterRole>(), {}, "cluster-admin"));
  auto admin = cluster.get(kind_of<ClusterRole>(), {}, "admin");
  ASSERT_TRUE(admin);
  EXPECT_GT(admin->as<ClusterRole>().rules_size(), 10);
  EXPECT_EQ(cluster.list(kind_of<Role>(), "kube-system").size(), 7u);
  EXPECT_EQ(cluster.list(kind_of<RoleBinding>(), "kube-public").size(), 2u);
}

TEST_F(Rights, ANodeMayDoWhatItIsThereFor) {
  using coordination::v1::Lease;
  EXPECT_EQ(refusal(node_1, about<core::v1::Node>(call::GET, {}, "node-1")),
            "");
  EXPECT_EQ(
      refusal(node_1, about<core::v1::Secret>(call::GET, "default", "mine")),
      "");
  EXPECT_EQ(refusal(node_1, about<core::v1::ConfigMap>(call::GET, "default",
                                                       "kube-root-ca.crt")),
            "");
  EXPECT_EQ(refusal(node_1, about<core::v1::Service>(call::LIST)), "");
  auto own = about<core::v1::Pod>(call::LIST);
  own.set_field_selector("spec.nodeName=node-1");
  auto listed = ask(node_1, own);
  ASSERT_TRUE(listed) << message_of(listed.error());
  EXPECT_EQ(listed->objects.size(), 1u);
  auto labelled = changed("node-1", [](core::v1::Node& msg) {
    (*msg.mutable_metadata()->mutable_labels())["example.com/disk"] = "ssd";
  });
  EXPECT_EQ(refusal(node_1, about<core::v1::Node>(call::UPDATE, {}, "node-1"),
                    labelled),
            "");
  auto lease = *cluster.get(kind_of<Lease>(), "kube-node-lease", "node-1");
  auto renewed = lease.copy<Lease>();
  renewed.mutable_metadata()->clear_resource_version();
  EXPECT_EQ(refusal(node_1,
                    about<Lease>(call::UPDATE, "kube-node-lease", "node-1"),
                    object::of(renewed)),
            "");
  // One that is gone is not found, so that a kubelet knows.
  EXPECT_THAT(refusal(node_1, about<core::v1::Pod>(call::GET, "default", "no")),
              HasSubstr("not found"));
}

TEST_F(Rights, AStolenNodesCertificateOpensNothingElse) {
  using coordination::v1::Lease;
  using core::v1::Node;
  using core::v1::Pod;
  using core::v1::Secret;
  auto plain = pod_on("node-1", "plain", "nobodys");
  auto mirror = plain.copy<Pod>();
  (*mirror.mutable_metadata()
        ->mutable_annotations())["kubernetes.io/config.mirror"] = "x";
  auto restricted = changed("node-1", [](Node& msg) {
    (*msg.mutable_metadata()
          ->mutable_labels())["node-restriction.kubernetes.io/tier"] = "top";
  });
  auto free = changed("node-1", [](Node& msg) {
    auto& taint = *msg.mutable_spec()->add_taints();
    taint.set_key("x");
    taint.set_effect("NoSchedule");
  });
  Node fresh;
  fresh.mutable_metadata()->set_name("node-9");
  auto lease = *cluster.get(kind_of<Lease>(), "kube-node-lease", "node-2");
  auto theirs = *cluster.get(kind_of<Pod>(), "default", "theirs");
  policy::v1::Eviction eviction;
  eviction.mutable_metadata()->set_name("theirs");
  eviction.mutable_metadata()->set_namespace_("default");
  struct attack {
    const char* what;
    call::Request msg;
    object body;
  };
  auto all_pods = about<Pod>(call::LIST);
  auto other_pods = all_pods;
  other_pods.set_field_selector("spec.nodeName=node-2");
  auto role = cluster.get(kind_of<ClusterRole>(), {}, "system:node-proxier");
  const attack attacks[] = {
      {"read another node's secret",
       about<Secret>(call::GET, "default", "theirs"),
       {}},
      {"read a secret of nobody",
       about<Secret>(call::GET, "default", "nobodys"),
       {}},
      {"list all secrets", about<Secret>(call::LIST), {}},
      {"list a namespace's secrets", about<Secret>(call::LIST, "default"), {}},
      {"write its own secret", about<Secret>(call::UPDATE, "default", "mine"),
       secret("mine")},
      {"list all pods", all_pods, {}},
      {"list another node's pods", other_pods, {}},
      {"read another node's pod",
       about<Pod>(call::GET, "default", "theirs"),
       {}},
      {"delete another node's pod",
       about<Pod>(call::DELETE, "default", "theirs"),
       {}},
      {"evict another node's pod",
       about<Pod>(call::CREATE, "default", "theirs", "eviction"),
       object::of(eviction)},
      {"tell of another node's pod",
       about<Pod>(call::UPDATE, "default", "theirs", "status"), theirs},
      {"create a pod", about<Pod>(call::CREATE, "default"), plain},
      {"create a mirror pod with a secret", about<Pod>(call::CREATE, "default"),
       object::of(mirror)},
      {"label itself as it may not", about<Node>(call::UPDATE, {}, "node-1"),
       restricted},
      {"taint itself", about<Node>(call::UPDATE, {}, "node-1"), free},
      {"change another node", about<Node>(call::UPDATE, {}, "node-2"),
       node("node-2")},
      {"change another node's status",
       about<Node>(call::UPDATE, {}, "node-2", "status"), node("node-2")},
      {"create another node", about<Node>(call::CREATE), object::of(fresh)},
      {"delete itself", about<Node>(call::DELETE, {}, "node-1"), {}},
      {"write another's lease",
       about<Lease>(call::UPDATE, "kube-node-lease", "node-2"), lease},
      {"delete another's lease",
       about<Lease>(call::DELETE, "kube-node-lease", "node-2"),
       {}},
      {"bind itself to cluster-admin", about<ClusterRoleBinding>(call::CREATE),
       binding_of("cluster-admin", node_1.user)},
      {"change a role",
       about<ClusterRole>(call::UPDATE, {}, "system:node-proxier"), *role},
      {"create a service account",
       about<core::v1::ServiceAccount>(call::CREATE, "default"),
       *cluster.get(kind_of<core::v1::ServiceAccount>(), "default", "default")},
      {"delete a namespace",
       about<core::v1::Namespace>(call::DELETE, {}, "default"),
       {}},
  };
  for (auto& one : attacks) {
    auto result = ask(node_1, one.msg, one.body);
    EXPECT_FALSE(result) << "a node can " << one.what;
    if (!result) {
      EXPECT_TRUE(is(result.error(), ec::forbidden))
          << one.what << ": " << message_of(result.error());
    }
  }
}

TEST_F(Rights, FollowRolesAndBindingsAsTheyChange) {
  EXPECT_FALSE(can_list_pods(jane));
  EXPECT_EQ(refusal(jane, about<core::v1::Pod>(call::LIST, "default")),
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in "
            "API group \"\" in the namespace \"default\"");
  auto binding = cluster.create(binding_of("view", "jane"));
  ASSERT_TRUE(binding) << message_of(binding.error());
  EXPECT_TRUE(can_list_pods(jane));
  EXPECT_NE(refusal(jane, about<core::v1::Secret>(call::LIST, "default")), "");
  ASSERT_TRUE(
      cluster.remove(kind_of<ClusterRoleBinding>(), {}, binding->name()));
  EXPECT_FALSE(can_list_pods(jane));
  // Also of a default: it is not written anew before the next start.
  auto& bindings = kind_of<ClusterRoleBinding>();
  EXPECT_EQ(
      refusal({"system:kube-scheduler", {}}, about<core::v1::Node>(call::LIST)),
      "");
  ASSERT_TRUE(cluster.remove(bindings, {}, "system:kube-scheduler"));
  cluster.advance(std::chrono::seconds(5));
  EXPECT_NE(
      refusal({"system:kube-scheduler", {}}, about<core::v1::Node>(call::LIST)),
      "");
  cluster.kill("apiserver/authorizer");
  cluster.advance(std::chrono::seconds(5));
  EXPECT_NE(
      refusal({"system:kube-scheduler", {}}, about<core::v1::Node>(call::LIST)),
      "");
}

TEST_F(Rights, AddARuleToAllRolesThatAreMadeOfIt) {
  ASSERT_TRUE(cluster.create(binding_of("view", "jane")));
  auto nodes = about<core::v1::Node>(call::LIST);
  EXPECT_NE(refusal(jane, nodes), "");
  ClusterRole part;
  part.mutable_metadata()->set_name("nodes");
  (*part.mutable_metadata()
        ->mutable_labels())["rbac.authorization.k8s.io/aggregate-to-view"] =
      "true";
  auto& rule = *part.add_rules();
  rule.add_verbs("list");
  rule.add_api_groups("");
  rule.add_resources("nodes");
  ASSERT_TRUE(cluster.create(object::of(part)));
  EXPECT_TRUE(cluster.run_until([&] { return refusal(jane, nodes).empty(); }));
  auto admin = cluster.get(kind_of<ClusterRole>(), {}, "admin");
  auto has = false;
  for (auto& one : admin->as<ClusterRole>().rules())
    has = has || (one.resources_size() > 0 && one.resources(0) == "nodes");
  EXPECT_TRUE(has);
}

TEST_F(Rights, CannotBeGivenAwayByWhoDoesNotHaveThem) {
  RoleBinding edit;
  edit.mutable_metadata()->set_name("jane");
  edit.mutable_metadata()->set_namespace_("default");
  edit.mutable_role_ref()->set_kind("ClusterRole");
  edit.mutable_role_ref()->set_name("admin");
  edit.add_subjects()->set_kind("User");
  edit.mutable_subjects(0)->set_name("jane");
  ASSERT_TRUE(cluster.create(object::of(edit)));
  auto give = [&](const std::string& role) {
    auto binding = edit;
    binding.mutable_metadata()->set_name("to-joe");
    binding.mutable_role_ref()->set_name(role);
    binding.mutable_subjects(0)->set_name("joe");
    return refusal(jane, about<RoleBinding>(call::CREATE, "default"),
                   object::of(binding));
  };
  EXPECT_THAT(give("cluster-admin"),
              HasSubstr("is attempting to grant RBAC permissions not currently "
                        "held"));
  EXPECT_EQ(give("view"), "");
  EXPECT_NE(refusal(jane, about<ClusterRoleBinding>(call::CREATE),
                    binding_of("view", "joe")),
            "");
}

TEST_F(Rights, AreToldByReviewsAsTheyHold) {
  using authorization::v1::SubjectAccessReview;
  auto may = [&](const identity& who, const char* verb, const char* resource,
                 const char* name) {
    SubjectAccessReview question;
    auto& spec = *question.mutable_spec();
    spec.set_user(who.user);
    for (auto& group : who.groups)
      spec.add_groups(group);
    auto& what = *spec.mutable_resource_attributes();
    what.set_verb(verb);
    what.set_resource(resource);
    what.set_namespace_("default");
    what.set_name(name);
    auto answered = cluster.ask(about<SubjectAccessReview>(call::CREATE),
                                object::of(question));
    return answered
           && answered->one().as<SubjectAccessReview>().status().allowed();
  };
  EXPECT_TRUE(may(node_1, "get", "secrets", "mine"));
  EXPECT_FALSE(may(node_1, "get", "secrets", "theirs"));
  EXPECT_FALSE(may(jane, "get", "pods", "mine"));
  EXPECT_TRUE(may({"a", {"system:masters"}}, "delete", "pods", "mine"));
}

TEST_F(Rights, OfPathsComeFromThePolicyToo) {
  auto path = [](const std::string& where) {
    call::Request msg;
    msg.set_verb(call::GET);
    msg.set_name(where);
    return msg;
  };
  const identity nobody{"system:anonymous", {"system:unauthenticated"}};
  EXPECT_EQ(refusal(nobody, path("/healthz")), "");
  EXPECT_EQ(refusal(nobody, path("/version")), "");
  EXPECT_EQ(refusal(nobody, path("/apis")),
            "forbidden: User \"system:anonymous\" cannot get path \"/apis\"");
  EXPECT_EQ(refusal(jane, path("/apis/apps")), "");
  EXPECT_NE(refusal(jane, path("/metrics")), "");
}

} // namespace troupe::test
