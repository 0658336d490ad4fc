#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/pod_limits.hpp"
#include "runtime/text/quantity.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using core::v1::Container;
using core::v1::Pod;

void put(google::protobuf::Map<std::string, meta::v1::Quantity>& to,
         const std::string& name, const std::string& amount) {
  to[name] = text::quantity::parse(amount)->message();
}

Container& add(Pod& pod, const std::string& request, const std::string& limit,
               const std::string& memory = {}) {
  auto* result = pod.mutable_spec()->add_containers();
  auto* asked = result->mutable_resources();
  if (!request.empty())
    put(*asked->mutable_requests(), "cpu", request);
  if (!limit.empty())
    put(*asked->mutable_limits(), "cpu", limit);
  if (!memory.empty()) {
    put(*asked->mutable_requests(), "memory", memory);
    put(*asked->mutable_limits(), "memory", memory);
  }
  return *result;
}

} // namespace

TEST(PodLimits, OfAContainerAreSharesAndTime) {
  Pod pod;
  auto limits = container_limits(add(pod, "250m", "500m", "64Mi"));
  EXPECT_EQ(limits.cpu_shares(), 256);
  EXPECT_EQ(limits.cpu_quota(), 50000);
  EXPECT_EQ(limits.cpu_period(), 100000);
  EXPECT_EQ(limits.memory_limit(), 64 << 20);
  limits = container_limits(add(pod, "", "2"));
  EXPECT_EQ(limits.cpu_shares(), 2048);
  limits = container_limits(add(pod, "", "1m"));
  EXPECT_EQ(limits.cpu_shares(), 2);
  EXPECT_EQ(limits.cpu_quota(), 1000);
  limits = container_limits(add(pod, "", ""));
  EXPECT_EQ(limits.cpu_shares(), 2);
  EXPECT_FALSE(limits.has_cpu_quota());
  EXPECT_FALSE(limits.has_memory_limit());
}

TEST(PodLimits, NameHugePagesAsTheKernelDoes) {
  Pod pod;
  auto& container = add(pod, "1", "1");
  put(*container.mutable_resources()->mutable_limits(), "hugepages-2Mi", "4Mi");
  auto limits = container_limits(container);
  ASSERT_EQ(limits.hugepage_limits_size(), 1);
  EXPECT_EQ(limits.hugepage_limits(0).page_size(), "2MB");
  EXPECT_EQ(limits.hugepage_limits(0).limit(), 4u << 20);
}

TEST(PodLimits, OfThePodCountWhereEveryContainerHasOne) {
  Pod pod;
  add(pod, "100m", "100m", "10Mi");
  add(pod, "200m", "300m", "20Mi");
  auto limits = pod_group_limits(pod);
  EXPECT_EQ(limits.cpu_shares(), 307);
  EXPECT_EQ(limits.cpu_quota(), 40000);
  EXPECT_EQ(limits.memory_limit(), 30 << 20);
  add(pod, "1", "");
  limits = pod_group_limits(pod);
  EXPECT_FALSE(limits.has_cpu_quota());
  EXPECT_FALSE(limits.has_memory_limit());
  Pod nothing;
  add(nothing, "", "");
  EXPECT_EQ(pod_group_limits(nothing).cpu_shares(), 2);
}

TEST(PodLimits, TellWhoIsKilledFirst) {
  Pod pod;
  auto gigabyte = int64_t{1} << 30;
  auto& burstable = add(pod, "100m", "");
  EXPECT_EQ(oom_score(pod, burstable, gigabyte), 999);
  put(*burstable.mutable_resources()->mutable_requests(), "memory", "256Mi");
  EXPECT_EQ(oom_score(pod, burstable, gigabyte), 750);
  put(*burstable.mutable_resources()->mutable_requests(), "memory", "1Gi");
  EXPECT_EQ(oom_score(pod, burstable, gigabyte), 3);
  pod.mutable_spec()->set_priority(2000000000);
  EXPECT_EQ(oom_score(pod, burstable, gigabyte), -997);
  Pod sure;
  EXPECT_EQ(oom_score(sure, add(sure, "1", "1", "1Gi"), gigabyte), -997);
  Pod none;
  EXPECT_EQ(oom_score(none, add(none, "", ""), gigabyte), 1000);
}

} // namespace troupe::rules
