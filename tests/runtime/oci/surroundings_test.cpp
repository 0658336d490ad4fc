#include "runtime/oci/cgroup_files.hpp"
#include "tests/runtime/oci/oci_pods.hpp"

#include <fstream>
#include <sys/mount.h>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

TEST_P(OciPods, RunAsWhoIsAskedFor) {
  auto config = shell("main", "id; echo $HOME");
  config.mutable_security()->set_run_as_user(1234);
  config.mutable_security()->add_supplemental_groups(777);
  EXPECT_EQ(said("sur-1", config),
            "uid=1234(web) gid=2345(web) groups=777,2345(web),3456(more)\n"
            "/tmp\n");
  config.mutable_security()->clear_run_as_user();
  config.mutable_security()->set_run_as_username("web");
  config.mutable_security()->set_run_as_group(5);
  EXPECT_EQ(said("sur-2", config).substr(0, 20), "uid=1234(web) gid=5 ");
}

TEST_P(OciPods, AreRefusedAsRootWhereThatIsForbidden) {
  auto pod = run("sur-3");
  ASSERT_TRUE(pod);
  auto config = shell("main", "true");
  config.mutable_security()->set_run_as_non_root(true);
  auto made = create(pod->id(), config);
  ASSERT_FALSE(made);
  EXPECT_TRUE(is(made.error(), ec::forbidden));
  EXPECT_EQ(message_of(made.error()),
            "container has runAsNonRoot and image will run as root (pod: "
            "\"web_default(sur-3)\", container: main)");
}

TEST_P(OciPods, CannotWriteARootThatIsReadOnly) {
  auto volume = folder_ / "volume";
  fs::create_directories(volume);
  auto config = shell("main", "touch /x 2>&- || echo no;"
                              "touch /data/y && echo yes");
  config.mutable_security()->set_read_only_root(true);
  auto mount = config.add_mounts();
  mount->set_name("data");
  mount->set_container_path("/data");
  mount->set_host_path(volume);
  auto text = said("sur-4", config);
  EXPECT_NE(text.find("no\nyes\n"), std::string::npos) << text;
  EXPECT_TRUE(fs::exists(volume / "y"));
}

TEST_P(OciPods, HaveVolumesAtTheirPaths) {
  auto volume = folder_ / "volume";
  fs::create_directories(volume / "below");
  std::ofstream{volume / "file"} << "content\n";
  auto config = shell("main", "cat /a/b/file; touch /a/b/x 2>&- || echo no;"
                              "cat /etc/one; ls /a/b/below");
  auto add = [&](const std::string& to, const fs::path& from, bool read_only) {
    auto mount = config.add_mounts();
    mount->set_name("v");
    mount->set_container_path(to);
    mount->set_host_path(from);
    mount->set_read_only(read_only);
  };
  add("/a/b/below", volume / "below", false);
  add("/a/b", volume, true);
  add("/etc/one", volume / "file", true);
  std::ofstream{volume / "below/deep"};
  auto text = said("sur-5", config);
  EXPECT_NE(text.find("content\n"), std::string::npos) << text;
  EXPECT_NE(text.find("no\ncontent\ndeep\n"), std::string::npos) << text;
}

TEST_P(OciPods, HaveTheCapabilitiesOfContainers) {
  EXPECT_EQ(said("sur-6", "grep CapEff /proc/self/status"),
            "CapEff:\t00000000a80425fb\n");
  auto config = shell("main", "grep -E 'CapEff|CapBnd' /proc/self/status");
  config.mutable_security()->add_drop_capabilities("ALL");
  config.mutable_security()->add_add_capabilities("NET_ADMIN");
  EXPECT_EQ(said("sur-7", config),
            "CapEff:\t0000000000001000\nCapBnd:\t0000000000001000\n");
}

TEST_P(OciPods, MayNotCallWhatTheirProfileForbids) {
  auto config = shell("main", "grep Seccomp: /proc/self/status;"
                              "unshare -U true && echo yes || echo no");
  EXPECT_EQ(said("sur-8", config), "Seccomp:\t0\nyes\n");
  config.mutable_security()->set_seccomp(container::RUNTIME_DEFAULT);
  auto text = said("sur-9", config);
  EXPECT_EQ(text.substr(0, 11), "Seccomp:\t2\n");
  EXPECT_NE(text.find("no\n"), std::string::npos) << text;
  auto file = folder_ / "profile.json";
  std::ofstream{file} << R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)"
                         R"({"names":["mkdir","mkdirat"],)"
                         R"("action":"SCMP_ACT_ERRNO"}]})";
  auto own = shell("main", "mkdir /x || echo no");
  own.mutable_security()->set_seccomp(container::LOCALHOST);
  own.mutable_security()->set_seccomp_file(file);
  EXPECT_NE(said("sur-10", own).find("no\n"), std::string::npos);
}

TEST_P(OciPods, GainNoPrivilegesWhereThatIsForbidden) {
  auto config = shell("main", "grep NoNewPrivs /proc/self/status");
  EXPECT_EQ(said("sur-11", config), "NoNewPrivs:\t0\n");
  config.mutable_security()->set_no_new_privileges(true);
  EXPECT_EQ(said("sur-12", config), "NoNewPrivs:\t1\n");
}

TEST_P(OciPods, SeeNothingOfTheMachineUnlessPrivileged) {
  auto look = "grep -q ' /proc/sys ' /proc/mounts || echo writes;"
              "ls /dev/net/tun 2>&1";
  auto config = shell("main", look);
  EXPECT_EQ(said("sur-13", config).find("writes"), std::string::npos);
  config.mutable_security()->set_privileged(true);
  auto text = said("sur-14", config);
  EXPECT_NE(text.find("writes\n"), std::string::npos) << text;
  if (fs::exists("/dev/net/tun")) {
    EXPECT_NE(text.find("/dev/net/tun\n"), std::string::npos) << text;
  }
}

TEST_P(OciPods, HaveTheDevicesTheyAskFor) {
  if (!fs::exists("/dev/net/tun"))
    GTEST_SKIP() << "the machine has no /dev/net/tun";
  auto config = shell("main", "stat -c %F /dev/mine");
  auto device = config.add_devices();
  device->set_host_path("/dev/net/tun");
  device->set_container_path("/dev/mine");
  EXPECT_EQ(said("sur-15", config), "character special file\n");
}

// -- the pod ------------------------------------------------------------------

TEST_P(OciPods, ShareNamesAndMemory) {
  auto asked = sandbox("sur-16");
  asked.set_hostname("web-0");
  asked.set_address("10.1.2.3");
  asked.mutable_dns()->add_servers("10.0.0.10");
  auto pod = run(asked);
  ASSERT_TRUE(pod) << message_of(pod.error());
  auto one = create(pod->id(), shell("one", "echo x > /dev/shm/x; hostname;"
                                            "cat /etc/hostname;"
                                            "grep web-0 /etc/hosts;"
                                            "cat /etc/resolv.conf"));
  ASSERT_TRUE(one);
  ASSERT_TRUE(start(one->id()));
  ended(one->id());
  EXPECT_EQ(logs(one->id()),
            "web-0\nweb-0\n10.1.2.3\tweb-0\nnameserver 10.0.0.10\n");
  auto two = create(pod->id(), shell("two", "cat /dev/shm/x"));
  ASSERT_TRUE(two);
  ASSERT_TRUE(start(two->id()));
  ended(two->id());
  EXPECT_EQ(logs(two->id()), "x\n");
  EXPECT_FALSE(fs::exists("/dev/shm/x"));
}

TEST_P(OciPods, AskTheNodesNameServersUnlessToldOthers) {
  if (!fs::exists("/etc/resolv.conf"))
    GTEST_SKIP() << "the machine has no /etc/resolv.conf";
  EXPECT_EQ(said("sur-25", "cat /etc/resolv.conf"),
            content("/etc/resolv.conf"));
}

TEST_P(OciPods, SeeTheProcessesThatAreTheirs) {
  EXPECT_EQ(said("sur-17", "echo $$"), "1\n");
  auto asked = sandbox("sur-18");
  asked.set_processes(container::POD);
  auto pod = run(asked);
  ASSERT_TRUE(pod);
  auto one = create(pod->id(), shell("one", "exec sleep 987654"));
  ASSERT_TRUE(one);
  auto begun = start(one->id());
  ASSERT_TRUE(begun) << message_of(begun.error());
  auto two = create(pod->id(), shell("two", "ps | grep -c '[9]87654'"));
  ASSERT_TRUE(two);
  ASSERT_TRUE(start(two->id()));
  ended(two->id());
  EXPECT_EQ(logs(two->id()), "1\n");
  // A container of debugging sees one other.
  auto three = shell("three", "ps | grep -c '[9]87654'");
  three.set_process_target(one->id());
  auto looks = create(pod->id(), three);
  ASSERT_TRUE(looks) << message_of(looks.error());
  ASSERT_TRUE(start(looks->id()));
  ended(looks->id());
  EXPECT_EQ(logs(looks->id()), "1\n");
  ASSERT_TRUE(stop(one->id(), 0));
  wait_for_none("987654");
}

TEST_P(OciPods, HaveSysctlsOfTheirOwn) {
  auto before = content("/proc/sys/kernel/shm_rmid_forced");
  auto asked = sandbox("sur-19");
  (*asked.mutable_sysctls())["kernel.shm_rmid_forced"] = "1";
  auto pod = run(asked);
  ASSERT_TRUE(pod) << message_of(pod.error());
  auto one =
      create(pod->id(), shell("one", "cat /proc/sys/kernel/shm_rmid_forced"));
  ASSERT_TRUE(one);
  ASSERT_TRUE(start(one->id()));
  ended(one->id());
  EXPECT_EQ(logs(one->id()), "1\n");
  EXPECT_EQ(content("/proc/sys/kernel/shm_rmid_forced"), before);
  auto wrong = sandbox("sur-20");
  (*wrong.mutable_sysctls())["kernel.no_such_thing"] = "1";
  EXPECT_FALSE(run(wrong));
}

TEST_P(OciPods, MountForTheNodeWhereThatIsAskedFor) {
  auto volume = folder_ / "shared";
  fs::create_directories(volume);
  ASSERT_EQ(mount("x", volume.c_str(), "tmpfs", 0, nullptr), 0);
  auto config = shell("main", "mkdir /data/in; mount -t tmpfs y /data/in;"
                              "touch /data/in/file");
  config.mutable_security()->set_privileged(true);
  auto to = config.add_mounts();
  to->set_name("data");
  to->set_container_path("/data");
  to->set_host_path(volume);
  to->set_propagation(container::BIDIRECTIONAL);
  auto pod = run("sur-21");
  ASSERT_TRUE(pod);
  auto refused = create(pod->id(), config);
  ASSERT_FALSE(refused);
  EXPECT_NE(message_of(refused.error()).find("not a shared mount"),
            std::string::npos);
  ASSERT_EQ(mount(nullptr, volume.c_str(), nullptr, MS_SHARED, nullptr), 0);
  auto made = create(pod->id(), config);
  ASSERT_TRUE(made) << message_of(made.error());
  auto begun = start(made->id());
  EXPECT_TRUE(begun) << message_of(begun.error());
  ended(made->id());
  EXPECT_TRUE(fs::exists(volume / "in/file")) << logs(made->id());
  umount2((volume / "in").c_str(), MNT_DETACH);
  umount2(volume.c_str(), MNT_DETACH);
}

// -- limits -------------------------------------------------------------------

TEST_P(OciPods, AreLimited) {
  auto asked = sandbox("sur-22");
  asked.set_qos(container::BURSTABLE);
  asked.mutable_resources()->set_cpu_shares(512);
  auto pod = run(asked);
  ASSERT_TRUE(pod) << message_of(pod.error());
  auto config = shell("main", "exec sleep 1000");
  auto limits = config.mutable_resources();
  limits->set_cpu_shares(512);
  limits->set_cpu_quota(50000);
  limits->set_cpu_period(100000);
  limits->set_memory_limit(64 << 20);
  limits->set_pids_limit(50);
  auto made = create(pod->id(), config);
  ASSERT_TRUE(made);
  auto begun = start(made->id());
  ASSERT_TRUE(begun) << message_of(begun.error());
  EXPECT_EQ(in_group(made->id(), "pids", "pids.max"), "50");
  auto old = !oci::read_layout().unified;
  auto memory = old ? "memory.limit_in_bytes" : "memory.max";
  EXPECT_EQ(in_group(made->id(), "memory", memory), "67108864");
  if (old) {
    EXPECT_EQ(in_group(made->id(), "cpu", "cpu.cfs_quota_us"), "50000");
  }
  // The runtime's own threads are counted until they have become the process.
  expected<oci::usage> used = oci::usage{};
  wait_until(
      [&] {
        used = ask<oci::usage>(
            [&](auto done) { runtime_->usage(made->id(), done); });
        return !used || used->processes == 1;
      },
      "more than one process");
  ASSERT_TRUE(used) << message_of(used.error());
  EXPECT_GT(used->memory, 0u);
  auto all =
      ask<oci::usage>([&](auto done) { runtime_->usage(pod->id(), done); });
  ASSERT_TRUE(all);
  EXPECT_GE(all->cpu_ns, used->cpu_ns);
  container::Resources more;
  more.set_memory_limit(128 << 20);
  auto done = ask<container::Done>(
      [&](auto reply) { runtime_->update(made->id(), more, reply); });
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(in_group(made->id(), "memory", memory), "134217728");
  EXPECT_EQ(in_group(made->id(), "pids", "pids.max"), "max");
}

TEST_P(OciPods, AreKilledForMemory) {
  auto config = shell("main", "x=0123456789; while :; do x=$x$x$x$x; done");
  config.mutable_resources()->set_memory_limit(32 << 20);
  auto c = ended(launch("sur-23", config));
  EXPECT_EQ(c.exit_code(), 137);
  EXPECT_EQ(c.reason(), "OOMKilled");
  // What it survives is not how it ended.
  auto other = shell(
      "main", "sh -c 'x=0123456789; while :; do x=$x$x$x$x; done'; exit 4");
  other.mutable_resources()->set_memory_limit(32 << 20);
  c = ended(launch("sur-24", other));
  EXPECT_EQ(c.exit_code(), 4);
  EXPECT_EQ(c.reason(), "Error");
}

} // namespace troupe::process
