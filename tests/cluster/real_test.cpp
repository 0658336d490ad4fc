#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string content(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The value of an environment variable of a process; "" when it has none or
/// is gone.
std::string variable(const std::string& pid, const std::string& name) {
  std::istringstream in{content("/proc/" + pid + "/environ")};
  for (std::string entry; std::getline(in, entry, '\0');)
    if (entry.rfind(name + "=", 0) == 0)
      return entry.substr(name.size() + 1);
  return {};
}

/// What must survive the end of the process: of a pod, all that tells it from
/// another one.
struct seen_pod {
  std::string uid;
  std::string address;
  std::string node;
  int restarts = 0;
  pid_t pid = 0;

  bool operator==(const seen_pod&) const = default;
};

using seen_pods = std::map<std::string, seen_pod>;

std::string shown(const seen_pods& pods) {
  std::string out;
  for (auto& [name, x] : pods)
    out += "\n  " + name + " " + x.uid + " " + x.address + " " + x.node
           + " restarts=" + std::to_string(x.restarts)
           + " pid=" + std::to_string(x.pid);
  return out;
}

/// A cluster of the real program in a folder of its own.
class RealCluster : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "troupe-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }

  void TearDown() override {
    if (fs::exists(data() / "lock"))
      run("down");
    fs::remove_all(folder_);
  }

  fs::path data() const { return folder_ / "data"; }

  /// Runs a command of the program; returns whether it did what it was asked,
  /// and leaves what it printed in `output_`.
  bool run(const std::string& words) {
    auto into = folder_ / "output";
    auto line = "timeout -s KILL 60 " TROUPE_BUILD_DIR "/troupe --data-dir "
                + data().string() + " " + words + " >" + into.string()
                + " 2>&1 </dev/null";
    auto code = std::system(line.c_str());
    output_ = content(into);
    return code == 0;
  }

  bool up() {
    return run("up --nodes 3 --runtime process --network loopback --port 0 "
               "--detach");
  }

  pid_t server() { return std::atoi(content(data() / "lock").c_str()); }

  nlohmann::json get(const std::string& what) {
    if (!run("get " + what + " -o json"))
      return nullptr;
    return nlohmann::json::parse(output_, nullptr, false);
  }

  /// Processes of this cluster's pods, by the pod's name.
  std::map<std::string, pid_t> processes() {
    std::map<std::string, pid_t> result;
    std::error_code gone;
    for (auto& entry : fs::directory_iterator("/proc", gone)) {
      auto pid = entry.path().filename().string();
      if (pid.find_first_not_of("0123456789") == std::string::npos
          && variable(pid, "CLUSTER") == folder_.string())
        result[variable(pid, "POD_NAME")] = std::atoi(pid.c_str());
    }
    return result;
  }

  /// All pods if so many are Ready and no others are there, else nothing.
  seen_pods ready_pods(size_t count) {
    seen_pods result;
    auto list = get("pods");
    if (!list.is_object() || list["items"].size() != count)
      return {};
    auto running = processes();
    for (auto& pod : list["items"]) {
      auto& status = pod["status"];
      auto ready = false;
      for (auto& c : status.value("conditions", nlohmann::json::array()))
        ready |= c["type"] == "Ready" && c["status"] == "True";
      if (!ready || pod["metadata"].contains("deletionTimestamp"))
        return {};
      std::string name = pod["metadata"]["name"];
      result[name] = {
          pod["metadata"]["uid"], status["podIP"], pod["spec"]["nodeName"],
          status["containerStatuses"][0]["restartCount"], running[name]};
    }
    return result;
  }

  /// Asks the cluster until it is so, or for a minute.
  static bool until(const std::function<bool()>& done) {
    auto end = std::chrono::steady_clock::now() + 60s;
    while (!done())
      if (std::chrono::steady_clock::now() > end)
        return false;
    return true;
  }

  /// Three web servers; their processes can be told by CLUSTER.
  void apply_web() {
    std::ofstream{folder_ / "web.yaml"} << R"(apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {key: value}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: troupe/web:1
          command: [")" TROUPE_BUILD_DIR R"(/web-server", serve]
          env:
            - {name: CLUSTER, value: ")" << folder_.string()
                                        << R"("}
            - {name: PORT, value: "8080"}
            - name: POD_IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
            - name: POD_NAME
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
          readinessProbe:
            httpGet: {path: /healthz, port: 8080}
            periodSeconds: 1
)";
    ASSERT_TRUE(run("apply -f " + (folder_ / "web.yaml").string())) << output_;
    ASSERT_TRUE(until([&] { return !ready_pods(3).empty(); })) << output_;
  }

  /// The shims' processes of all nodes.
  std::set<std::string> shims() {
    std::set<std::string> result;
    std::error_code none;
    for (auto& entry : fs::recursive_directory_iterator(data() / "nodes", none))
      if (entry.path().filename() == "shim.pid") {
        std::istringstream in{content(entry.path())};
        std::string pid;
        in >> pid;
        result.insert(pid);
      }
    return result;
  }

  fs::path folder_;
  std::string output_;
};

} // namespace

TEST_F(RealCluster, StartsAKilledProcessAgain) {
  ASSERT_TRUE(up()) << output_;
  apply_web();
  auto before = ready_pods(3);
  ASSERT_EQ(before.size(), 3u);
  auto victim = before.begin()->first;
  ASSERT_GT(before[victim].pid, 0);
  ASSERT_EQ(::kill(before[victim].pid, SIGKILL), 0);
  seen_pods after;
  ASSERT_TRUE(until([&] {
    after = ready_pods(3);
    return !after.empty() && after[victim].restarts == 1
           && after[victim].pid > 0;
  })) << shown(after)
      << output_;
  EXPECT_NE(after[victim].pid, before[victim].pid);
  after[victim].pid = before[victim].pid;
  after[victim].restarts = 0;
  EXPECT_EQ(after, before) << shown(after) << "\nbefore:" << shown(before);
}

TEST_F(RealCluster, FindsItsPodsAgainAfterItWasKilled) {
  ASSERT_TRUE(up()) << output_;
  apply_web();
  auto before = ready_pods(3);
  auto kept = get("configmaps kept");
  auto service = get("services web");
  auto old = server();
  ASSERT_EQ(::kill(old, SIGKILL), 0);
  ASSERT_TRUE(up()) << output_;
  EXPECT_NE(server(), old);
  seen_pods after;
  ASSERT_TRUE(until([&] {
    after = ready_pods(3);
    return !after.empty();
  })) << output_;
  EXPECT_EQ(after, before) << shown(after) << "\nbefore:" << shown(before);
  EXPECT_EQ(get("configmaps kept"), kept);
  EXPECT_EQ(get("services web"), service);
  // And it works on: a pod that is deleted is replaced by one with an address
  // that no other has.
  auto gone = after.begin()->first;
  ASSERT_TRUE(run("delete pod " + gone)) << output_;
  ASSERT_TRUE(until([&] {
    after = ready_pods(3);
    return !after.empty() && after.count(gone) == 0;
  })) << output_;
  std::set<std::string> addresses;
  for (auto& [name, pod] : after)
    EXPECT_TRUE(addresses.insert(pod.address).second) << shown(after);
}

TEST_F(RealCluster, LeavesNoProcessBehind) {
  ASSERT_TRUE(up()) << output_;
  apply_web();
  auto shims_before = shims();
  ASSERT_EQ(shims_before.size(), 3u);
  auto main_process = std::to_string(server());
  auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run("down")) << output_;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 15s);
  EXPECT_TRUE(until([&] { return processes().empty(); }));
  // A process that ended has no command line, even if nobody waited for it.
  for (auto& pid : shims_before)
    EXPECT_TRUE(until([&] {
      return content("/proc/" + pid + "/cmdline").find("troupe-shim")
             == std::string::npos;
    })) << pid;
  EXPECT_EQ(content("/proc/" + main_process + "/cmdline").find("troupe"),
            std::string::npos);
}

TEST_F(RealCluster, LeavesItsPodsAloneWhenAskedTo) {
  ASSERT_TRUE(up()) << output_;
  apply_web();
  auto before = ready_pods(3);
  ASSERT_TRUE(run("down --keep-pods")) << output_;
  EXPECT_EQ(processes().size(), 3u);
  ASSERT_TRUE(up()) << output_;
  seen_pods after;
  ASSERT_TRUE(until([&] {
    after = ready_pods(3);
    return !after.empty();
  })) << output_;
  EXPECT_EQ(after, before) << shown(after) << "\nbefore:" << shown(before);
}
