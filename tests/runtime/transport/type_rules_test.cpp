#include "runtime/transport/type_rules.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe {

namespace {

constexpr auto server = peer_role::server;
constexpr auto user = peer_role::user;
constexpr auto node = peer_role::node;
constexpr auto component = peer_role::component;

struct allowed {
  const char* type;
  bool servers;
  bool users;
  bool nodes;
  bool components;
};

void expect(const allowed& row) {
  auto* rule = rule_for(row.type);
  auto may = [&](peer_role role) {
    return rule != nullptr && rule->allows(role);
  };
  EXPECT_EQ(may(server), row.servers) << row.type;
  EXPECT_EQ(may(user), row.users) << row.type;
  EXPECT_EQ(may(node), row.nodes) << row.type;
  EXPECT_EQ(may(component), row.components) << row.type;
}

} // namespace

TEST(TypeRules, LetEverybodyAskASession) {
  for (auto type :
       {"pb:troupe.call.Request", "pb:troupe.call.Watch",
        "pb:troupe.call.OpenSession", "pb:troupe.call.OpenStream",
        "pb:troupe.system.Describe", "pb:troupe.system.Kill", "troupe.object",
        "troupe.watcher", "pb:troupe.container.StreamData"})
    expect({type, true, true, true, true});
}

TEST(TypeRules, LetServersAloneSpeakOfTheStoreAndTheDirectory) {
  for (auto type :
       {"pb:troupe.raft_api.Message", "pb:troupe.raft_api.SnapshotChunk",
        "pb:troupe.store_api.TxnRequest", "troupe.store_watcher",
        "pb:troupe.system.Resolve", "pb:troupe.system.Started",
        "pb:troupe.kubelet_api.PodExec", "pb:troupe.container.StartContainer",
        "troupe.changes", "std::vector<troupe.object>", "troupe.session"})
    expect({type, true, false, false, false});
}

TEST(TypeRules, LetMembersOfTheClusterEnroll) {
  expect({"pb:troupe.system.Enroll", true, false, true, true});
  expect({"pb:troupe.system.FindProcess", true, false, true, true});
}

TEST(TypeRules, LetNobodySendWhatCafSaysToItsOwnActors) {
  for (auto type : {"@exit", "@down", "@group_down", "@timeout", "@atom",
                    "@strong_actor_ptr", "@weak_actor_ptr", "@addr", "@message",
                    "@open_stream_msg", "@upstream_msg", "@downstream_msg",
                    "@charbuf", "@str", "pb:troupe.system.Tick",
                    "pb:troupe.http_api.Request", "pb:troupe", "", "nonsense"})
    expect({type, false, false, false, false});
}

TEST(TypeRules, TakeSomeValuesAsAnswersOnly) {
  for (auto type : {"@error", "@unit", "pb:troupe.system.ActorList",
                    "pb:troupe.call.Response", "std::vector<troupe.object>"})
    EXPECT_TRUE(rule_for(type)->answers_only) << type;
  EXPECT_FALSE(rule_for("pb:troupe.call.Request")->answers_only);
}

TEST(TypeRules, TellRolesByTheNameInTheCertificate) {
  EXPECT_EQ(role_of({"kube-apiserver", {}}), server);
  EXPECT_EQ(role_of({"kubernetes-admin", {"system:masters"}}), user);
  EXPECT_EQ(role_of({"jane", {"system:nodes"}}), user);
  EXPECT_EQ(role_of({"system:node:node-1", {"system:nodes"}}), node);
  EXPECT_EQ(role_of({"system:kube-scheduler", {}}), component);
}

} // namespace troupe
