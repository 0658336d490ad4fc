#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/quota_admission.hpp"
#include "runtime/rules/quota_plan.hpp"
#include "runtime/rules/quota_usage.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using core::v1::ResourceQuota;
using core::v1::Service;

const time_point now = time_point{std::chrono::seconds{1'000'000}};

template <class T>
T read(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg))
      << text;
  return msg;
}

Pod merged(Pod to, const std::string& more) {
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(more, &to)) << more;
  return to;
}

Pod pod(const std::string& more = {}) {
  return merged(read<Pod>(R"(metadata { name: "p" namespace: "n" })"), more);
}

Pod asking(const std::string& cpu, const std::string& more = {}) {
  return merged(pod(R"(spec { containers { name: "c" resources { requests {
    key: "cpu" value { string: ")"
                    + cpu + R"(" } } } } })"),
                more);
}

/// "cpu=1 pods=2"
std::string used(const google::protobuf::Message& what) {
  std::string result;
  for (auto& [name, amount] :
       usage_of(*find_by_descriptor(what.GetDescriptor()), what, now))
    result += (result.empty() ? "" : " ") + name + "=" + amount.str();
  return result;
}

/// A quota whose status allows and counts: "pods" 2 of 3.
object quota(const std::string& resource, const std::string& used,
             const std::string& hard, const std::string& spec = {}) {
  auto amount = [&](const char* field, const std::string& value) {
    return std::string{field} + R"( { key: ")" + resource
           + R"(" value { string: ")" + value + R"(" } } )";
  };
  return object::of(read<ResourceQuota>(
                        R"(metadata { name: "q" namespace: "n" } spec { )"
                        + amount("hard", hard) + spec + " } status { "
                        + amount("hard", hard) + amount("used", used) + " }"))
      .with_revision(7);
}

/// What is used then, or why not.
std::string after(const object& paying, const google::protobuf::Message& fresh,
                  const google::protobuf::Message* old = nullptr) {
  auto paid =
      charge(std::vector{paying},
             {find_by_descriptor(fresh.GetDescriptor()), &fresh, old, now});
  if (!paid)
    return message_of(paid.error());
  if (paid->empty())
    return "unchanged";
  EXPECT_EQ(paid->front().revision(), 7u);
  std::string result;
  for (auto& [name, amount] : paid->front().as<ResourceQuota>().status().used())
    result += name + "=" + amount.string();
  return result;
}

} // namespace

TEST(QuotaUsage, OfAPodIsThatOfItsContainersAndItsOverhead) {
  EXPECT_EQ(used(asking("100m", R"(spec {
      containers { resources { limits { key: "memory" value { string: "1Gi" } }
        requests { key: "example.com/gpu" value { string: "2" } } } }
      init_containers { resources {
        requests { key: "cpu" value { string: "300m" } } } }
      overhead { key: "cpu" value { string: "10m" } } })")),
            "count/pods=1 cpu=310m limits.memory=1Gi pods=1 "
            "requests.cpu=310m requests.example.com/gpu=2");
}

TEST(QuotaUsage, OfAPodThatHasEndedIsThatItIsThere) {
  EXPECT_EQ(used(asking("1", R"(status { phase: "Failed" })")), "count/pods=1");
  auto late = R"(metadata { deletion_timestamp { seconds: 999000 }
                            deletion_grace_period_seconds: 30 })";
  EXPECT_EQ(used(asking("1", late)), "count/pods=1");
}

TEST(QuotaUsage, OfServicesAndClaims) {
  EXPECT_EQ(used(read<Service>(
                R"(spec { type: "NodePort" ports { port: 1 }
                          ports { port: 2 } })")),
            "count/services=1 services=1 services.loadbalancers=0 "
            "services.nodeports=2");
  EXPECT_EQ(used(read<PersistentVolumeClaim>(
                R"(spec { storage_class_name: "gold" resources {
                     requests { key: "storage" value { string: "2Gi" } } } })")),
            "count/persistentvolumeclaims=1 "
            "gold.storageclass.storage.k8s.io/persistentvolumeclaims=1 "
            "gold.storageclass.storage.k8s.io/requests.storage=2Gi "
            "persistentvolumeclaims=1 requests.storage=2Gi");
}

TEST(QuotaAdmission, ChargesAndRefusesInKubernetesWords) {
  EXPECT_EQ(after(quota("pods", "1", "2"), pod()), "pods=2");
  EXPECT_EQ(after(quota("pods", "2", "2"), pod()),
            "pods \"p\" is forbidden: exceeded quota: q, requested: pods=1, "
            "used: pods=2, limited: pods=2");
  EXPECT_EQ(after(quota("services", "2", "2"), pod()), "unchanged");
  EXPECT_EQ(after(quota("cpu", "0", "1"), asking("500m")), "cpu=500m");
}

TEST(QuotaAdmission, AsksForWhatIsUnderAQuota) {
  EXPECT_EQ(after(quota("limits.cpu", "0", "1"), asking("1")),
            "pods \"p\" is forbidden: failed quota: q: must specify limits.cpu "
            "for: c");
}

TEST(QuotaAdmission, ChargesAnUpdateWithTheDifference) {
  auto claim = [](const std::string& size) {
    return read<PersistentVolumeClaim>(
        R"(metadata { name: "c" namespace: "n" } spec { resources {
             requests { key: "storage" value { string: ")"
        + size + R"(" } } } })");
  };
  auto old = claim("2Gi");
  EXPECT_EQ(after(quota("requests.storage", "2Gi", "4Gi"), claim("3Gi"), &old),
            "requests.storage=3Gi");
  EXPECT_EQ(after(quota("requests.storage", "2Gi", "4Gi"), claim("5Gi"), &old),
            "persistentvolumeclaims \"c\" is forbidden: exceeded quota: q, "
            "requested: requests.storage=3Gi, used: requests.storage=2Gi, "
            "limited: requests.storage=4Gi");
  auto same = pod();
  EXPECT_EQ(after(quota("pods", "2", "2"), same, &same), "unchanged");
}

TEST(QuotaAdmission, LooksAtScopes) {
  auto of = [](const char* scope) {
    return quota("pods", "0", "1", std::string{"scopes: \""} + scope + "\"");
  };
  auto bounded = pod("spec { active_deadline_seconds: 5 }");
  EXPECT_EQ(after(of("Terminating"), bounded), "pods=1");
  EXPECT_EQ(after(of("Terminating"), pod()), "unchanged");
  EXPECT_EQ(after(of("NotTerminating"), bounded), "unchanged");
  EXPECT_EQ(after(of("BestEffort"), pod()), "pods=1");
  EXPECT_EQ(after(of("BestEffort"), asking("1")), "unchanged");
  EXPECT_EQ(after(of("NotBestEffort"), asking("1")), "pods=1");
  auto of_class = [](const char* operation, const char* values) {
    return quota("pods", "0", "1",
                 std::string{R"(scope_selector { match_expressions {
                   scope_name: "PriorityClass" operator: ")"}
                     + operation + "\" " + values + " } }");
  };
  auto high = pod(R"(spec { priority_class_name: "high" })");
  EXPECT_EQ(after(of_class("In", R"(values: "high")"), high), "pods=1");
  EXPECT_EQ(after(of_class("In", R"(values: "low")"), high), "unchanged");
  EXPECT_EQ(after(of_class("NotIn", R"(values: "low")"), high), "pods=1");
  EXPECT_EQ(after(of_class("Exists", ""), pod()), "unchanged");
  EXPECT_EQ(after(of_class("DoesNotExist", ""), pod()), "pods=1");
}

TEST(QuotaPlan, CountsWhatIsThere) {
  auto empty = object::of(read<ResourceQuota>(
      R"(metadata { name: "q" namespace: "n" } spec {
           hard { key: "pods" value { string: "3" } }
           hard { key: "requests.cpu" value { string: "1" } }
           hard { key: "count/deployments.apps" value { string: "1" } } })"));
  auto kinds = counted_kinds(empty);
  ASSERT_EQ(kinds.size(), 2u);
  EXPECT_EQ(kinds[0], &kind_of<Pod>());
  EXPECT_EQ(kinds[1]->plural, "deployments");
  auto plan = plan_quota(
      empty,
      std::vector{object::of(asking("100m")), object::of(asking("200m")),
                  object::of(asking("1", R"(status { phase: "Succeeded" })"))},
      now);
  ASSERT_TRUE(plan.status);
  auto& status = plan.status->as<ResourceQuota>().status();
  EXPECT_EQ(status.hard().at("pods").string(), "3");
  EXPECT_EQ(status.used().at("pods").string(), "2");
  EXPECT_EQ(status.used().at("requests.cpu").string(), "300m");
  EXPECT_EQ(status.used().at("count/deployments.apps").string(), "0");
  EXPECT_FALSE(plan_quota(*plan.status,
                          std::vector{object::of(asking("100m")),
                                      object::of(asking("200m"))},
                          now)
                   .status);
}

TEST(QuotaPlan, LooksAgainWhenAPodThatEndsCountsNoMore) {
  auto ending = asking("1", R"(metadata { deletion_timestamp { seconds: 999990 }
                                 deletion_grace_period_seconds: 30 })");
  auto plan =
      plan_quota(quota("pods", "0", "1"), std::vector{object::of(ending)}, now);
  ASSERT_TRUE(plan.look_again);
  EXPECT_EQ(*plan.look_again, time_point{std::chrono::seconds{1'000'021}});
}

} // namespace troupe::rules
