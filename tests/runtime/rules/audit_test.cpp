#include "runtime/rules/audit.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::rules {

namespace {

constexpr auto policy_text = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
  resources:
  - group: ""
    resources: [endpoints, services]
- level: RequestResponse
  resources:
  - group: ""
    resources: ["pods/*"]
  - group: apps
  - resources: [secrets]
- level: Metadata
  namespaces: [kube-system]
  resources:
  - group: ""
    resources: [configmaps]
    resourceNames: [settings]
  omitStages: [ResponseStarted]
- level: Request
  userGroups: ["system:serviceaccounts"]
  resources:
  - group: ""
    resources: ["*"]
- level: Metadata
  nonResourceURLs: ["/api*", "/version"]
)";

access of(const std::string& group, const std::string& resource,
          const std::string& verb = "get", const std::string& ns = "",
          const std::string& name = "", const std::string& sub = "") {
  access what;
  what.group = group;
  what.resource = resource;
  what.verb = verb;
  what.ns = ns;
  what.name = name;
  what.subresource = sub;
  return what;
}

access at(const std::string& path) {
  access what;
  what.verb = "get";
  what.path = path;
  return what;
}

struct policy_case : ::testing::Test {
  audit_policy policy = *audit_policy::parse(policy_text);
  caller jane{"jane", {"system:authenticated"}};

  audit_level level(const access& what) {
    return policy.decide(jane, what).level;
  }
};

using AuditPolicy = policy_case;

TEST_F(AuditPolicy, TakesTheFirstRuleThatFits) {
  caller proxy{"system:kube-proxy", {}};
  EXPECT_EQ(policy.decide(proxy, of("", "services", "watch")).level,
            audit_level::none);
  EXPECT_EQ(level(of("", "pods", "get", "a", "b", "log")),
            audit_level::request_response);
  EXPECT_EQ(level(of("", "pods", "get", "a", "b")),
            audit_level::request_response)
      << "pods/* is of the resource itself, too";
  EXPECT_EQ(level(of("apps", "deployments")), audit_level::request_response);
  EXPECT_EQ(level(of("", "secrets")), audit_level::request_response);
  EXPECT_EQ(level(of("batch", "jobs")), audit_level::none);
  EXPECT_EQ(level(of("", "configmaps", "get", "kube-system", "settings")),
            audit_level::metadata);
  EXPECT_EQ(level(of("", "configmaps", "get", "kube-system", "other")),
            audit_level::none);
  jane.groups.push_back("system:serviceaccounts");
  EXPECT_EQ(level(of("", "configmaps", "get", "a", "b")), audit_level::request);
}

TEST_F(AuditPolicy, KnowsPathsThatAreNoResources) {
  EXPECT_EQ(level(at("/api/v1")), audit_level::metadata);
  EXPECT_EQ(level(at("/version")), audit_level::metadata);
  EXPECT_EQ(level(at("/versions")), audit_level::none);
}

TEST_F(AuditPolicy, LeavesStagesOut) {
  auto how = policy.decide(
      jane, of("", "configmaps", "get", "kube-system", "settings"));
  EXPECT_FALSE(how.notes(audit_stage::request_received));
  EXPECT_FALSE(how.notes(audit_stage::response_started));
  EXPECT_TRUE(how.notes(audit_stage::response_complete));
}

TEST(AuditPolicyFile, IsRefusedWithTheFieldThatIsWrong) {
  std::string head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
  for (auto& [text, field] : std::vector<std::pair<std::string, std::string>>{
           {"kind: Policy\n", "kind"},
           {head, "rules"},
           {head + "rules: [{level: Much}]", "rules[0].level"},
           {head + "rules: [{level: None, users: jane}]", "rules[0].users"},
           {head + "rules: [{level: None, omitStages: [Never]}]",
            "rules[0].omitStages"},
           {head
                + "rules: [{level: None, nonResourceURLs: [\"/a\"], "
                  "namespaces: [b]}]",
            "rules[0].nonResourceURLs"},
           {head
                + "rules: [{level: None, resources: [{group: \"\", "
                  "resourceNames: [b]}]}]",
            "rules[0].resources[0].resourceNames"}}) {
    auto policy = audit_policy::parse(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_NE(message_of(policy.error()).find(field), std::string::npos)
        << message_of(policy.error());
  }
}

TEST(AuditEvent, IsALineOfJson) {
  audit_event x;
  x.level = audit_level::request;
  x.id = "id-1";
  x.uri = "/api/v1/namespaces/a/configmaps";
  x.what = of("", "configmaps", "create", "a");
  x.api_version = "v1";
  x.who = {"jane", {"g"}, "7", {{"k", {"v"}}}};
  x.acts_as = caller{"joe", {}};
  x.addresses = {"127.0.0.1"};
  x.agent = "curl";
  x.status = 403;
  x.message = "no\nway";
  x.reason = "Forbidden";
  x.request_object = R"({"kind":"ConfigMap"})";
  x.response_object = R"({"kind":"Status"})";
  x.received = time_point{} + std::chrono::microseconds(1'500'001);
  x.annotations["authorization.k8s.io/decision"] = "forbid";
  auto line = to_line(x, audit_stage::response_complete, x.received);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["kind"], "Event");
  EXPECT_EQ(json["apiVersion"], "audit.k8s.io/v1");
  EXPECT_EQ(json["level"], "Request");
  EXPECT_EQ(json["stage"], "ResponseComplete");
  EXPECT_EQ(json["user"]["extra"]["k"][0], "v");
  EXPECT_EQ(json["impersonatedUser"]["username"], "joe");
  EXPECT_EQ(json["objectRef"]["resource"], "configmaps");
  EXPECT_EQ(json["objectRef"]["apiVersion"], "v1");
  EXPECT_EQ(json["responseStatus"]["code"], 403);
  EXPECT_EQ(json["requestObject"]["kind"], "ConfigMap");
  EXPECT_FALSE(json.contains("responseObject")) << "more than was asked for";
  EXPECT_EQ(json["requestReceivedTimestamp"], "1970-01-01T00:00:01.500001Z");
  EXPECT_EQ(json["annotations"]["authorization.k8s.io/decision"], "forbid");
}

TEST(AuditEvent, TakesWhatObjectsAndAnswersTell) {
  audit_event x;
  x.status = 409;
  x.what = of("", "configmaps", "create", "a");
  note_object(x, R"({"metadata":{"name":"m","namespace":"b","uid":"u",
                     "resourceVersion":"7"}})");
  note_answer(x, R"({"kind":"Status","status":"Failure","reason":"Conflict",
                     "message":"no","details":{"name":"m"}})");
  auto json = nlohmann::json::parse(
      to_line(x, audit_stage::response_complete, x.received));
  EXPECT_EQ(json["objectRef"]["name"], "m");
  EXPECT_EQ(json["objectRef"]["namespace"], "a") << "as the path has it";
  EXPECT_EQ(json["objectRef"]["uid"], "u");
  EXPECT_EQ(json["objectRef"]["resourceVersion"], "7");
  EXPECT_EQ(json["responseStatus"]["status"], "Failure");
  EXPECT_EQ(json["responseStatus"]["reason"], "Conflict");
  EXPECT_EQ(json["responseStatus"]["details"]["name"], "m");
  auto before = json;
  note_object(x, "{}");
  note_object(x, "no JSON");
  note_answer(x, R"({"kind":"ConfigMap","message":"other"})");
  note_answer(x, "no JSON");
  EXPECT_EQ(nlohmann::json::parse(
                to_line(x, audit_stage::response_complete, x.received)),
            before);
}

TEST(AuditEvent, TellsWhereARequestComesFrom) {
  using all = std::vector<std::string>;
  EXPECT_EQ(source_addresses("", "", "10.0.0.1"), all{"10.0.0.1"});
  EXPECT_EQ(source_addresses("1.2.3.4, ::1,x", "5.6.7.8", "10.0.0.1"),
            (all{"1.2.3.4", "::1", "5.6.7.8", "10.0.0.1"}));
  EXPECT_EQ(source_addresses("1.2.3.4", "1.2.3.4", "1.2.3.4"), all{"1.2.3.4"});
  EXPECT_EQ(source_addresses("", "", ""), all{});
}

TEST(AuditEvent, TellsWhatAStrangerTried) {
  EXPECT_EQ(tried_text("", false),
            "Authentication failed, no credentials provided");
  EXPECT_EQ(tried_text("Bearer x", true),
            "Authentication failed, attempted: bearer, x509");
  EXPECT_EQ(tried_text("basic eA==", false),
            "Authentication failed, attempted: basic");
}

TEST(AuditEvent, IsOfAnAnswerThatMayTakeLong) {
  EXPECT_TRUE(is_long_running(of("", "pods", "watch")));
  EXPECT_TRUE(is_long_running(of("", "pods", "get", "a", "b", "log")));
  EXPECT_FALSE(is_long_running(of("", "pods", "list")));
}

TEST(AuditLog, KnowsItsFullFilesByTheirNames) {
  auto name = backup_name("/var/log/audit.log",
                          time_point{} + std::chrono::milliseconds(61'007));
  EXPECT_EQ(name, "audit-1970-01-01T00-01-01.007.log");
  EXPECT_TRUE(is_backup_name("/var/log/audit.log", name));
  for (auto* other :
       {"audit.log", "audit-old.log", "audit-1970-01-01T00-01-01.07.log",
        "audit-1970-01-01T00:01:01.007.log",
        "other-1970-01-01T00-01-01.007.log",
        "audit-1970-01-01T00-01-01.007.txt"})
    EXPECT_FALSE(is_backup_name("/var/log/audit.log", other)) << other;
}

TEST(AuditEvent, CanLeaveManagedFieldsOut) {
  auto text = without_managed_fields(
      R"({"metadata":{"name":"a","managedFields":[1]},
          "items":[{"metadata":{"managedFields":[2]}}]})");
  EXPECT_EQ(text.find("managedFields"), std::string::npos);
  EXPECT_EQ(without_managed_fields("{"), "{");
}

} // namespace

} // namespace troupe::rules
