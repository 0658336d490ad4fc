#include "messages/api/apps.pb.h"
#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/deletion.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

const auto now = time_point{std::chrono::seconds{1000}};

template <class T>
object made(const std::string& text) {
  T result;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &result));
  result.mutable_metadata()->set_name("x");
  return object::of(result);
}

object running(const std::string& grace, const std::string& meta = {}) {
  return made<core::v1::Pod>("metadata {" + meta + "} spec { node_name: 'n' "
                             + "termination_grace_period_seconds: " + grace
                             + "} status { phase: 'Running' }");
}

/// "gone", "kept", or seconds of grace and when they end.
std::string outcome(const object& what, const deletion_request& request = {}) {
  auto plan = plan_deletion(what, request, now);
  if (!plan)
    return message_of(plan.error());
  if (plan->remove)
    return "gone";
  if (plan->marked.same_content(what))
    return "kept";
  auto& meta = plan->marked.meta();
  return std::to_string(meta.deletion_grace_period_seconds()) + " until "
         + std::to_string(meta.deletion_timestamp().seconds());
}

deletion_request with_grace(int64_t seconds) {
  deletion_request result;
  result.grace_period_seconds = seconds;
  return result;
}

std::vector<std::string> finalizers(const object& what,
                                    const std::string& policy = {}) {
  deletion_request request;
  request.propagation_policy = policy;
  auto plan = plan_deletion(what, request, now);
  EXPECT_TRUE(plan);
  if (plan->remove)
    return {};
  auto& list = plan->marked.meta().finalizers();
  return {list.begin(), list.end()};
}

constexpr auto ending =
    "deletion_timestamp { seconds: 1030 } deletion_grace_period_seconds: 30";

} // namespace

TEST(Deletion, GivesAPodItsGrace) {
  EXPECT_EQ(outcome(running("30")), "30 until 1030");
  EXPECT_EQ(outcome(running("30"), with_grace(5)), "5 until 1005");
  EXPECT_EQ(outcome(running("30"), with_grace(0)), "gone");
  EXPECT_EQ(outcome(running("0")), "gone");
  EXPECT_EQ(outcome(running("-1")), "1 until 1001");
}

TEST(Deletion, WaitsForNobodyWhereNothingRuns) {
  EXPECT_EQ(outcome(made<core::v1::Pod>("spec { }")), "gone");
  EXPECT_EQ(outcome(made<core::v1::Pod>(
                "spec { node_name: 'n' } status { phase: 'Failed' }")),
            "gone");
  EXPECT_EQ(outcome(made<core::v1::ConfigMap>("")), "gone");
}

TEST(Deletion, OnlyShortensAGraceThatRuns) {
  auto pod = running("10", ending);
  EXPECT_EQ(outcome(pod), "kept");
  EXPECT_EQ(outcome(pod, with_grace(60)), "kept");
  EXPECT_EQ(outcome(pod, with_grace(5)), "5 until 1005");
  EXPECT_EQ(outcome(pod, with_grace(0)), "gone");
  auto held = running("10", ending + std::string{" finalizers: 'a.b/c'"});
  EXPECT_EQ(outcome(held, with_grace(0)), "0 until 1000");
}

TEST(Deletion, LeavesThePodsOfOldKindsUnlessAskedOtherwise) {
  using list = std::vector<std::string>;
  auto job = made<batch::v1::Job>("");
  auto controller = made<core::v1::ReplicationController>("");
  EXPECT_EQ(finalizers(job), list{"orphan"});
  EXPECT_EQ(finalizers(controller), list{"orphan"});
  EXPECT_EQ(finalizers(job, "Background"), list{});
  EXPECT_EQ(finalizers(job, "Foreground"), list{"foregroundDeletion"});
  EXPECT_EQ(finalizers(made<apps::v1::ReplicaSet>("")), list{});
  auto waiting = made<batch::v1::Job>(
      "metadata { finalizers: 'foregroundDeletion' deletion_timestamp { "
      "seconds: 1 } deletion_grace_period_seconds: 0 }");
  EXPECT_EQ(finalizers(waiting), list{"foregroundDeletion"});
}

TEST(Deletion, InsistsOnWhatItWasToldToInsistOn) {
  auto map =
      made<core::v1::ConfigMap>("metadata { uid: 'u' }").with_revision(7);
  deletion_request request;
  request.uid = "u";
  request.resource_version = "7";
  EXPECT_EQ(outcome(map, request), "gone");
  for (auto version : {"6", "x", "07"}) {
    request.resource_version = version;
    auto plan = plan_deletion(map, request, now);
    ASSERT_FALSE(plan) << version;
    EXPECT_TRUE(is(plan.error(), ec::conflict));
  }
  request = {};
  request.uid = "v";
  EXPECT_FALSE(plan_deletion(map, request, now));
}

} // namespace troupe::rules
