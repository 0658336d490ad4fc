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

TEST(AuditEvent, CanLeaveManagedFieldsOut) {
  auto text = without_managed_fields(
      R"({"metadata":{"name":"a","managedFields":[1]},
          "items":[{"metadata":{"managedFields":[2]}}]})");
  EXPECT_EQ(text.find("managedFields"), std::string::npos);
  EXPECT_EQ(without_managed_fields("{"), "{");
}

} // namespace

} // namespace troupe::rules
