#include "messages/container.pb.h"
#include "runtime/oci/cgroups.hpp"

#include <gtest/gtest.h>

namespace troupe::oci {

namespace {

constexpr auto hybrid_mounts =
    "25 20 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "26 25 0:23 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
    "rw,cpu,cpuacct\n"
    "27 25 0:24 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup "
    "rw,memory\n"
    "28 25 0:25 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "29 25 0:26 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
    "rw,xattr,name=systemd\n"
    "30 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

constexpr auto unified_mounts =
    "25 20 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";

std::string text_of(const std::vector<setting>& settings) {
  std::string result;
  for (auto& each : settings)
    result += each.file + "=" + each.value + "\n";
  return result;
}

container::Resources limits() {
  container::Resources result;
  result.set_cpu_shares(512);
  result.set_cpu_quota(50000);
  result.set_cpu_period(100000);
  result.set_memory_limit(1 << 20);
  result.set_pids_limit(7);
  return result;
}

} // namespace

TEST(ControlGroups, AreFoundWhereTheyAreMounted) {
  auto hybrid = parse_layout(hybrid_mounts);
  EXPECT_FALSE(hybrid.unified);
  EXPECT_TRUE(hybrid.hybrid);
  ASSERT_EQ(hybrid.hierarchies.size(), 4u);
  EXPECT_EQ(hybrid.folder_of("cpuacct"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(hybrid.folder_of("hugetlb"), "");
  EXPECT_TRUE(hybrid.hierarchies[3].controllers.empty());
  auto unified = parse_layout(unified_mounts);
  EXPECT_TRUE(unified.unified);
  EXPECT_FALSE(unified.hybrid);
  EXPECT_EQ(unified.folder_of("memory"), "/sys/fs/cgroup");
  EXPECT_TRUE(parse_layout("").hierarchies.empty());
}

TEST(ControlGroups, AreNamedByClassAndPod) {
  container::SandboxConfig pod;
  pod.set_uid("1-2");
  EXPECT_EQ(pod_path("n", pod), "/n/kubepods/pod1-2");
  pod.set_qos(container::BURSTABLE);
  EXPECT_EQ(pod_path("n", pod), "/n/kubepods/burstable/pod1-2");
  pod.set_qos(container::BEST_EFFORT);
  EXPECT_EQ(pod_path("n", pod), "/n/kubepods/besteffort/pod1-2");
}

TEST(ControlGroups, OfNodesThatShareAMachineDiffer) {
  EXPECT_EQ(cgroup_prefix("/a/sandboxes"), cgroup_prefix("/a/sandboxes"));
  EXPECT_NE(cgroup_prefix("/a/sandboxes"), cgroup_prefix("/b/sandboxes"));
  EXPECT_EQ(cgroup_prefix("/a").substr(0, 7), "troupe-");
}

TEST(ControlGroups, OfTheFirstVersionAreToldLimits) {
  auto layout = parse_layout(hybrid_mounts);
  EXPECT_EQ(text_of(settings_of(layout, "/x", limits())),
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.shares=512\n"
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us=100000\n"
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us=50000\n"
            "/sys/fs/cgroup/memory/x/memory.limit_in_bytes=1048576\n"
            "/sys/fs/cgroup/pids/x/pids.max=7\n");
  EXPECT_EQ(text_of(settings_of(layout, "/x", {}, true)),
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us=100000\n"
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us=-1\n"
            "/sys/fs/cgroup/memory/x/memory.limit_in_bytes=-1\n"
            "/sys/fs/cgroup/pids/x/pids.max=max\n");
  EXPECT_TRUE(settings_of(layout, "/x", {}).empty());
}

TEST(ControlGroups, WithSwapLimitBothAtOnce) {
  auto layout = parse_layout(hybrid_mounts);
  layout.counts_swap = true;
  container::Resources memory;
  memory.set_memory_limit(4096);
  EXPECT_EQ(text_of(settings_of(layout, "/x", memory, true)),
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us=100000\n"
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us=-1\n"
            "/sys/fs/cgroup/memory/x/memory.memsw.limit_in_bytes=-1\n"
            "/sys/fs/cgroup/memory/x/memory.limit_in_bytes=4096\n"
            "/sys/fs/cgroup/memory/x/memory.memsw.limit_in_bytes=4096\n"
            "/sys/fs/cgroup/pids/x/pids.max=max\n");
  layout = parse_layout(unified_mounts);
  layout.counts_swap = true;
  EXPECT_EQ(text_of(settings_of(layout, "/x", memory)),
            "/sys/fs/cgroup/x/memory.max=4096\n"
            "/sys/fs/cgroup/x/memory.swap.max=0\n");
}

TEST(ControlGroups, OfTheSecondVersionAreToldLimits) {
  auto layout = parse_layout(unified_mounts);
  EXPECT_EQ(text_of(settings_of(layout, "/x", limits())),
            "/sys/fs/cgroup/x/cpu.weight=20\n"
            "/sys/fs/cgroup/x/cpu.max=50000 100000\n"
            "/sys/fs/cgroup/x/memory.max=1048576\n"
            "/sys/fs/cgroup/x/pids.max=7\n");
}

TEST(ControlGroups, MapSharesToWeights) {
  EXPECT_EQ(weight_of_shares(2), 1);
  EXPECT_EQ(weight_of_shares(0), 1);
  EXPECT_EQ(weight_of_shares(1024), 39);
  EXPECT_EQ(weight_of_shares(262144), 10000);
}

TEST(ControlGroups, TellWhatWasUsed) {
  auto layout = parse_layout(hybrid_mounts);
  auto used = usage_of(layout, {"123456\n", "1000\n",
                                "cache 5\ntotal_inactive_file 300\n", "4\n"});
  EXPECT_EQ(used.cpu_ns, 123456u);
  EXPECT_EQ(used.memory, 1000u);
  EXPECT_EQ(used.working_set, 700u);
  EXPECT_EQ(used.processes, 4u);
  layout = parse_layout(unified_mounts);
  used = usage_of(layout, {"usage_usec 5\nuser_usec 1\n", "1000\n",
                           "inactive_file 2000\n", ""});
  EXPECT_EQ(used.cpu_ns, 5000u);
  EXPECT_EQ(used.working_set, 0u);
  EXPECT_EQ(used.processes, 0u);
}

} // namespace troupe::oci
