#include "runtime/oci/propagation.hpp"
#include "runtime/oci/seccomp.hpp"
#include "runtime/oci/spec.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::oci {

namespace {

using nlohmann::json;

surroundings around() {
  surroundings result;
  result.pod_folder = "/pod";
  result.bundle = "/pod/c/main_0/bundle";
  result.hostname = "web-0";
  result.cgroup = "/n/kubepods/pod1/main";
  result.message_file = "/pod/c/main_0/message";
  result.layout.hierarchies = {{"/sys/fs/cgroup/memory", {"memory"}}};
  return result;
}

container::ContainerConfig program() {
  container::ContainerConfig result;
  result.set_name("main");
  result.set_image("web");
  result.add_command("/bin/web");
  result.add_args("-v");
  return result;
}

json made(const container::ContainerConfig& config,
          const surroundings& where = around(),
          const process::image_config& image = {}) {
  auto result = describe(config, image, where);
  return result ? json::parse(result->bundle)
                : json{{"error", message_of(result.error())}};
}

json mount_at(const json& spec, const std::string& target) {
  for (auto& each : spec["mounts"])
    if (each["destination"] == target)
      return each;
  return nullptr;
}

/// Whether a call without conditions is allowed.
bool allows(const json& profile, const std::string& call) {
  for (auto& rule : profile["syscalls"])
    if (rule["action"] == "SCMP_ACT_ALLOW" && !rule.contains("args"))
      for (auto& name : rule["names"])
        if (name == call)
          return true;
  return false;
}

} // namespace

TEST(Spec, OfAProgramIsWhole) {
  EXPECT_EQ(made(program()), json::parse(R"({
    "ociVersion": "1.0.2",
    "process": {
      "terminal": false, "args": ["/bin/web", "-v"], "cwd": "/",
      "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
              "HOSTNAME=web-0", "HOME=/"],
      "user": {"uid": 0, "gid": 0, "additionalGids": []},
      "noNewPrivileges": false,
      "capabilities": {
        "bounding": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
          "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
          "CAP_AUDIT_WRITE", "CAP_SETFCAP"],
        "effective": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
          "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
          "CAP_AUDIT_WRITE", "CAP_SETFCAP"],
        "permitted": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
          "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
          "CAP_AUDIT_WRITE", "CAP_SETFCAP"]}},
    "root": {"path": "rootfs", "readonly": false},
    "mounts": [
      {"destination": "/proc", "type": "proc", "source": "proc",
       "options": ["nosuid", "noexec", "nodev"]},
      {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
       "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
      {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
       "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666",
                   "mode=0620", "gid=5"]},
      {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
       "options": ["nosuid", "noexec", "nodev"]},
      {"destination": "/sys", "type": "sysfs", "source": "sysfs",
       "options": ["nosuid", "noexec", "nodev", "ro"]},
      {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
       "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
      {"destination": "/dev/shm", "type": "bind", "source": "/pod/shm",
       "options": ["rbind", "rprivate", "rw"]},
      {"destination": "/etc/hostname", "type": "bind",
       "source": "/pod/hostname", "options": ["rbind", "rprivate", "rw"]},
      {"destination": "/etc/hosts", "type": "bind", "source": "/pod/hosts",
       "options": ["rbind", "rprivate", "rw"]},
      {"destination": "/etc/resolv.conf", "type": "bind",
       "source": "/pod/resolv.conf",
       "options": ["rbind", "rprivate", "rw"]}],
    "linux": {
      "namespaces": [{"type": "mount"}, {"type": "pid"}],
      "cgroupsPath": "/n/kubepods/pod1/main",
      "resources": {"cpu": {}, "memory": {},
                    "devices": [{"allow": false, "access": "rwm"}]},
      "devices": [],
      "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore",
        "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
        "/proc/timer_list", "/proc/timer_stats",
        "/sys/devices/virtual/powercap", "/sys/firmware"],
      "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                        "/proc/sysrq-trigger"]}})"));
}

TEST(Spec, TakesFromTheImageWhatTheContainerLeavesOpen) {
  process::image_config image;
  image.entrypoint = {"/run"};
  image.command = {"now"};
  image.environment = {"A=1", "B=2"};
  image.working_dir = "srv";
  image.stop_signal = "SIGQUIT";
  container::ContainerConfig config;
  auto variable = config.add_env();
  variable->set_name("A");
  variable->set_value("3");
  auto spec = made(config, around(), image);
  EXPECT_EQ(spec["process"]["args"], json::parse(R"(["/run", "now"])"));
  EXPECT_EQ(spec["process"]["cwd"], "/srv");
  EXPECT_EQ(spec["process"]["env"][0], "A=3");
  EXPECT_EQ(spec["process"]["env"][1], "B=2");
  EXPECT_EQ(describe(config, image, around())->stop_signal, 3);
  EXPECT_EQ(made({})["error"],
            "command: no command specified, and image \"\" has none");
}

TEST(Spec, OfACommandIsThatOfTheContainerWithoutWords) {
  auto result = describe(program(), {}, around());
  ASSERT_TRUE(result);
  auto command = json::parse("{\"args\":[\"x\"]," + result->command);
  auto whole = json::parse(result->bundle)["process"];
  whole.erase("terminal");
  whole["args"] = json::array({"x"});
  EXPECT_EQ(command, whole);
}

TEST(Spec, MountsVolumesByDepthAndInPlaceOfTheUsual) {
  auto config = program();
  auto add = [&](const char* to, const char* from) {
    auto mount = config.add_mounts();
    mount->set_name("v");
    mount->set_container_path(to);
    mount->set_host_path(from);
    return mount;
  };
  add("/a/b/c/", "/n/1")->set_read_only(true);
  add("/a", "/n/2");
  add("/dev/shm", "/n/3");
  config.set_message_path("/dev/termination-log");
  auto result = describe(config, {}, around());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->volumes,
            (std::vector<std::string>{"/n/1", "/n/2", "/n/3"}));
  auto spec = json::parse(result->bundle);
  EXPECT_EQ(mount_at(spec, "/dev/shm")["source"], "/pod/c/main_0/bundle/m/2");
  EXPECT_EQ(mount_at(spec, "/a/b/c")["options"],
            json::parse(R"(["rbind", "rprivate", "ro"])"));
  EXPECT_EQ(spec["mounts"].back()["destination"], "/a/b/c");
  EXPECT_EQ(mount_at(spec, "/dev/termination-log")["source"],
            "/pod/c/main_0/message");
  add("/", "/n/4");
  EXPECT_EQ(made(config)["error"],
            "mountPath /: the root cannot be mounted over");
}

TEST(Spec, PropagatesMountsAsAskedFor) {
  auto config = program();
  auto mount = config.add_mounts();
  mount->set_name("v");
  mount->set_container_path("/a");
  mount->set_host_path("/n");
  EXPECT_FALSE(made(config)["linux"].contains("rootfsPropagation"));
  mount->set_propagation(container::HOST_TO_CONTAINER);
  EXPECT_EQ(made(config)["linux"]["rootfsPropagation"], "rslave");
  mount->set_propagation(container::BIDIRECTIONAL);
  EXPECT_TRUE(made(config).contains("error"));
  config.mutable_security()->set_privileged(true);
  EXPECT_EQ(made(config)["linux"]["rootfsPropagation"], "rshared");
  EXPECT_EQ(mount_at(made(config), "/a")["options"][1], "rshared");
}

TEST(Spec, LimitsWhatIsUsed) {
  auto config = program();
  auto limits = config.mutable_resources();
  limits->set_cpu_shares(100);
  limits->set_cpu_quota(20000);
  limits->set_memory_limit(4096);
  limits->set_pids_limit(9);
  config.set_oom_score_adj(-997);
  auto where = around();
  where.lowest_oom_score = 5;
  auto spec = made(config, where);
  EXPECT_EQ(spec["linux"]["resources"], json::parse(R"({
    "cpu": {"shares": 100, "quota": 20000, "period": 100000},
    "memory": {"limit": 4096}, "pids": {"limit": 9},
    "devices": [{"allow": false, "access": "rwm"}]})"));
  EXPECT_EQ(spec["process"]["oomScoreAdj"], 5);
  where.layout.counts_swap = true;
  EXPECT_EQ(made(config, where)["linux"]["resources"]["memory"]["swap"], 4096);
}

TEST(Spec, LetsPrivilegedContainersDoAll) {
  auto config = program();
  config.mutable_security()->set_privileged(true);
  config.mutable_security()->set_seccomp(container::RUNTIME_DEFAULT);
  auto where = around();
  where.possible_capabilities = 3;
  where.devices = {{"/dev/x", 'c', 10, 200, 0666, 0, 0, "rwm"}};
  auto spec = made(config, where);
  EXPECT_EQ(spec["process"]["capabilities"]["bounding"],
            json::parse(R"(["CAP_CHOWN", "CAP_DAC_OVERRIDE"])"));
  EXPECT_FALSE(spec["linux"].contains("seccomp"));
  EXPECT_FALSE(spec["linux"].contains("maskedPaths"));
  EXPECT_EQ(spec["linux"]["devices"][0]["path"], "/dev/x");
  EXPECT_EQ(spec["linux"]["resources"]["devices"],
            json::parse(R"([{"allow": true, "access": "rwm"}])"));
  EXPECT_EQ(mount_at(spec, "/sys")["options"].back(), "rw");
}

TEST(Spec, NamesTheProcessesThatAreSeen) {
  auto where = around();
  auto seen = [&] { return made(program(), where)["linux"]["namespaces"]; };
  where.pod.set_processes(container::POD);
  EXPECT_EQ(seen()[1]["path"], "/pod/c/main_0/bundle/processes");
  where.target = 77;
  EXPECT_EQ(seen()[1]["path"], "/proc/77/ns/pid");
  where.target = 0;
  where.pod.set_processes(container::NODE);
  EXPECT_EQ(seen().size(), 1u);
  where.layout.unified = true;
  EXPECT_EQ(seen()[1]["type"], "cgroup");
}

TEST(Spec, SurvivesTextsThatAreNoUtf8) {
  auto config = program();
  config.add_args("\xff\xfe");
  EXPECT_FALSE(made(config).contains("error"));
}

TEST(Seccomp, OpensOnlyWhatACapabilityIsFor) {
  auto usual = default_seccomp(0);
  EXPECT_EQ(usual["defaultAction"], "SCMP_ACT_ERRNO");
  for (auto call : {"read", "openat", "execve", "socketpair", "futex", "kill",
                    "ptrace", "epoll_wait", "getrandom", "mmap"})
    EXPECT_TRUE(allows(usual, call)) << call;
  for (auto call : {"mount", "unshare", "setns", "clone", "clone3", "bpf",
                    "keyctl", "add_key", "init_module", "kexec_load", "reboot",
                    "settimeofday", "swapon", "userfaultfd", "io_uring_setup",
                    "open_by_handle_at", "socket", "personality", "acct"})
    EXPECT_FALSE(allows(usual, call)) << call;
  auto more = default_seccomp(uint64_t{1} << 21); // CAP_SYS_ADMIN
  for (auto call : {"mount", "unshare", "setns", "clone", "clone3", "bpf"})
    EXPECT_TRUE(allows(more, call)) << call;
  EXPECT_FALSE(allows(more, "reboot"));
}

TEST(HostsFile, IsKubernetesOrTheNodes) {
  container::SandboxConfig pod;
  pod.set_address("10.1.2.3");
  pod.set_network(container::OWN);
  EXPECT_EQ(hosts_file(pod, "web-0", "x\n"),
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"
            "::1\tlocalhost ip6-localhost ip6-loopback\n"
            "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n"
            "fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
            "10.1.2.3\tweb-0\n");
  pod.set_network(container::HOST);
  EXPECT_EQ(hosts_file(pod, "node", "x\n"),
            "# Kubernetes-managed hosts file (host network).\nx\n");
}

TEST(Propagation, NeedsAMountThatShares) {
  auto mounts = "1 0 8:1 / / rw,relatime - ext4 a rw\n"
                "2 1 0:9 / /data rw shared:7 - tmpfs b rw\n"
                "3 1 0:9 / /slave rw master:7 - tmpfs b rw\n";
  container::Mount volume;
  volume.set_host_path("/data/x");
  volume.set_propagation(container::BIDIRECTIONAL);
  EXPECT_FALSE(check_propagation(mounts, volume));
  volume.set_host_path("/slave");
  EXPECT_EQ(message_of(check_propagation(mounts, volume)),
            "path \"/slave\" is mounted on \"/slave\" but it is not a shared "
            "mount");
  volume.set_propagation(container::HOST_TO_CONTAINER);
  EXPECT_FALSE(check_propagation(mounts, volume));
  volume.set_host_path("/database");
  EXPECT_EQ(message_of(check_propagation(mounts, volume)),
            "path \"/database\" is mounted on \"/\" but it is not a shared or "
            "slave mount");
  volume.set_propagation(container::PRIVATE);
  EXPECT_FALSE(check_propagation(mounts, volume));
}

} // namespace troupe::oci
