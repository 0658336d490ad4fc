#include "messages/api/meta.pb.h"
#include "runtime/rules/default_flow.hpp"
#include "runtime/rules/flow_table.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace flowcontrol::v1;

const caller admin{"admin", {"system:masters", "system:authenticated"}};
const caller jane{"jane", {"developers", "system:authenticated"}};
const caller account{"system:serviceaccount:one:a",
                     {"system:serviceaccounts", "system:authenticated"}};

object schema(const std::string& name, int precedence, const std::string& rules,
              const std::string& level = "l") {
  FlowSchema x;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "spec {" + rules + "}", &x));
  x.mutable_metadata()->set_name(name);
  x.mutable_metadata()->set_uid("uid-" + name);
  x.mutable_spec()->set_matching_precedence(precedence);
  x.mutable_spec()->mutable_priority_level_configuration()->set_name(level);
  return object::of(x);
}

object level(const std::string& name) {
  PriorityLevelConfiguration x;
  x.mutable_metadata()->set_name(name);
  x.mutable_metadata()->set_uid("uid-of-level-" + name);
  return object::of(x);
}

std::string found(const std::vector<object>& schemas, const caller& who,
                  const flow_request& what) {
  std::vector<object> levels{level("l")};
  flow_table table{schemas, levels};
  auto* result = table.find(who, what);
  return result == nullptr ? "" : result->schema;
}

flow_request pods(const std::string& verb, const std::string& ns,
                  const std::string& what = "pods") {
  return {verb, true, "", what, ns, ""};
}

flow_request page(const std::string& path) {
  return {"get", false, "", "", "", path};
}

std::string subject(const std::string& text) {
  return "rules { subjects { " + text
         + " } resource_rules { verbs: '*' api_groups: '*' resources: '*' "
           "cluster_scope: true namespaces: '*' } }";
}

std::string resources(const std::string& text) {
  return "rules { subjects { kind: 'User' user { name: '*' } } resource_rules "
         "{ "
         + text + " } }";
}

std::string urls(const std::string& text) {
  return "rules { subjects { kind: 'User' user { name: '*' } } "
         "non_resource_rules { verbs: '*' non_resource_urls: '"
         + text + "' } }";
}

} // namespace

TEST(FlowTable, AsksSchemasInTheirOrder) {
  auto all = subject("kind: 'User' user { name: '*' }");
  EXPECT_EQ(
      found({schema("b", 20, all), schema("c", 10, all), schema("a", 10, all)},
            jane, pods("get", "one")),
      "a");
  EXPECT_EQ(found({schema("a", 10, all, "nobody"), schema("b", 20, all)}, jane,
                  pods("get", "one")),
            "b")
      << "without its level a schema does not count";
  std::vector<object> schemas{schema("a", 10, all)};
  std::vector<object> levels{level("l")};
  flow_table table{schemas, levels};
  EXPECT_EQ(table.find(jane, pods("get", ""))->schema_uid, "uid-a");
  EXPECT_EQ(table.find(jane, pods("get", ""))->level_uid, "uid-of-level-l");
}

TEST(FlowTable, KnowsSubjects) {
  auto by = [](const std::string& text, const caller& who) {
    return !found({schema("a", 1, subject(text))}, who, pods("get", ""))
                .empty();
  };
  EXPECT_TRUE(by("kind: 'User' user { name: 'jane' }", jane));
  EXPECT_FALSE(by("kind: 'User' user { name: 'jane' }", admin));
  EXPECT_TRUE(by("kind: 'Group' group { name: 'developers' }", jane));
  EXPECT_TRUE(by("kind: 'Group' group { name: '*' }", caller{"nobody", {}}));
  EXPECT_FALSE(by("kind: 'Group' group { name: 'jane' }", jane));
  auto of = [&](const std::string& ns, const std::string& name) {
    return by("kind: 'ServiceAccount' service_account { namespace: '" + ns
                  + "' name: '" + name + "' }",
              account);
  };
  EXPECT_TRUE(of("one", "a"));
  EXPECT_TRUE(of("one", "*"));
  EXPECT_FALSE(of("on", "*"));
  EXPECT_FALSE(of("two", "*"));
  EXPECT_FALSE(of("one", "b"));
}

TEST(FlowTable, KnowsResources) {
  auto by = [](const std::string& text, const flow_request& what) {
    return !found({schema("a", 1, resources(text))}, jane, what).empty();
  };
  auto some = "verbs: 'get' api_groups: '' resources: 'pods' namespaces: 'one'";
  EXPECT_TRUE(by(some, pods("get", "one")));
  EXPECT_FALSE(by(some, pods("list", "one")));
  EXPECT_FALSE(by(some, pods("get", "two")));
  EXPECT_FALSE(by(some, pods("get", "")));
  EXPECT_FALSE(by(some, pods("get", "one", "pods/status")));
  auto wide = "verbs: '*' api_groups: '*' resources: '*' cluster_scope: true";
  EXPECT_TRUE(by(wide, pods("get", "")));
  EXPECT_FALSE(by(wide, pods("get", "one")));
  EXPECT_FALSE(by(wide, page("/version")));
}

TEST(FlowTable, KnowsPages) {
  auto by = [](const std::string& text, const std::string& path) {
    return !found({schema("a", 1, urls(text))}, jane, page(path)).empty();
  };
  EXPECT_TRUE(by("*", "/version"));
  EXPECT_TRUE(by("/healthz", "/healthz"));
  EXPECT_TRUE(by("/healthz", "/healthz/etcd"));
  EXPECT_TRUE(by("/healthz/*", "/healthz/etcd"));
  EXPECT_FALSE(by("/healthz", "/healthzz"));
  EXPECT_FALSE(by("/healthz/etcd", "/healthz"));
}

TEST(FlowTable, SortsTheRequestsOfANewCluster) {
  std::vector<object> schemas;
  std::vector<object> levels;
  for (auto* all : {&mandatory_flow(), &suggested_flow()})
    for (auto& each : *all)
      (&each.kind() == &kind_of<FlowSchema>() ? schemas : levels)
          .push_back(each);
  flow_table table{schemas, levels};
  auto of = [&](const caller& who, const flow_request& what) {
    auto* one = table.find(who, what);
    return one == nullptr ? std::string{} : one->schema;
  };
  EXPECT_EQ(of(admin, pods("get", "one")), "exempt");
  EXPECT_EQ(of(jane, pods("get", "one")), "global-default");
  EXPECT_EQ(of(account, pods("get", "one")), "service-accounts");
  EXPECT_EQ(of(caller{"system:anonymous", {"system:unauthenticated"}},
               page("/version")),
            "global-default");
  EXPECT_EQ(of(caller{"system:kube-scheduler", {"system:authenticated"}},
               pods("list", "")),
            "kube-scheduler");
}

TEST(FlowTable, TellsOfSchemasWithoutALevel) {
  auto x = schema("a", 1, "").as<FlowSchema>();
  auto now = time_point{std::chrono::seconds{10}};
  auto missing = changed_dangling(x, false, now);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status(), "True");
  EXPECT_EQ(missing->reason(), "NotFound");
  EXPECT_EQ(missing->message(),
            "This FlowSchema references the PriorityLevelConfiguration object "
            "named \"l\" but there is no such object");
  *x.mutable_status()->add_conditions() = *missing;
  EXPECT_FALSE(changed_dangling(x, false, now));
  auto there = changed_dangling(x, true, now);
  ASSERT_TRUE(there);
  EXPECT_EQ(there->reason(), "Found");
  EXPECT_EQ(dangling_patch(*there),
            R"({"status":{"conditions":[{"lastTransitionTime":)"
            R"("1970-01-01T00:00:10Z","message":"This FlowSchema references )"
            R"(the PriorityLevelConfiguration object named \"l\" and it )"
            R"(exists","reason":"Found","status":"False",)"
            R"("type":"Dangling"}]}})");
}

} // namespace troupe::rules
