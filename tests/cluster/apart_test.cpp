// A cluster each of whose components has a process of its own.

#include "runtime/crypto/kubeconfig.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace troupe::test {

namespace {

using processes_by_name = std::map<std::string, pid_t>;

struct Apart : ::testing::Test {
  static real_options options() {
    real_options result;
    result.nodes = 2;
    result.runtime = "simulated";
    result.apart = true;
    return result;
  }

  void SetUp() override {
    ASSERT_TRUE(cluster.up()) << cluster.output() << logs();
  }

  /// What the components say of what went wrong.
  std::string logs() const {
    std::ostringstream result;
    for (auto& folder : cluster.components())
      result << folder.filename() << "\n"
             << std::ifstream{folder / "troupe.log"}.rdbuf() << "\n";
    return result.str();
  }

  void done(const std::string& words) {
    ASSERT_TRUE(cluster.run(words)) << words << "\n" << cluster.output();
  }

  bool shows(const std::string& words, const std::string& part) {
    return wait_until([&] {
      return cluster.run(words)
             && cluster.output().find(part) != std::string::npos;
    });
  }

  processes_by_name running() const {
    processes_by_name result;
    for (auto& folder : cluster.components()) {
      auto name = folder.filename().string();
      auto server = cluster.server(name);
      result[name] = server != 0 ? server : cluster.joined(name);
    }
    return result;
  }

  /// Writes something until it is acknowledged.
  bool writes(const std::string& name) {
    return wait_until([&] {
      return cluster.run("create configmap " + name + " --from-literal=a=b")
             || cluster.output().find("already exists") != std::string::npos;
    });
  }

  bool has_replicas(int count) {
    return shows("get deployment web -o "
                 "jsonpath={.status.availableReplicas}",
                 std::to_string(count));
  }

  real_cluster cluster{options()};
};

const std::set<std::string> components{"store-1",     "server-1",      "http-1",
                                       "scheduler-1", "controllers-1", "node-1",
                                       "node-2"};

} // namespace

TEST_F(Apart, GivesEachComponentAProcess) {
  std::set<std::string> names;
  std::set<pid_t> pids{cluster.server()};
  for (auto& [name, pid] : running()) {
    names.insert(name);
    pids.insert(pid);
  }
  EXPECT_EQ(names, components);
  EXPECT_EQ(pids.size(), components.size() + 1);
  done("create deployment web --image=none --replicas=3");
  EXPECT_TRUE(has_replicas(3));
  // Every one of them is seen, from outside too.
  for (auto* actor :
       {"store-1/store/replica", "apiserver/front_door", "http-1/http",
        "scheduler-1/scheduler", "controllers-1/controllers/replicaset",
        "kubelet/node-2", "node-1/proxy/kube_proxy"})
    EXPECT_TRUE(shows("topology", actor)) << actor;
  EXPECT_TRUE(shows("why deployment/web", "controllers/deployment"));
  EXPECT_TRUE(shows("status", "scheduler        Running"));
  EXPECT_TRUE(cluster.run("store status")) << cluster.output();
  auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
  ASSERT_TRUE(config);
  auto keys = (cluster.data() / "pki").string();
  auto line = "curl -sf --cacert " + keys + "/ca.crt --cert " + keys
              + "/admin.pem '" + config->clusters.front().server
              + "/api/v1/namespaces/default/pods?limit=1' >/dev/null";
  EXPECT_EQ(std::system(line.c_str()), 0) << line;
}

TEST_F(Apart, SignsCertificatesAndTokens) {
  auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
  ASSERT_TRUE(config);
  std::string script = TROUPE_SOURCE_DIR "/tests/cluster/apart_identity.bash";
  auto line = "bash " + script + " '" + config->clusters.front().server + "' "
              + (cluster.data() / "pki").string() + " "
              + cluster.folder().string();
  EXPECT_EQ(std::system(line.c_str()), 0) << line;
}

TEST_F(Apart, GoesOnWhicheverProcessIsKilled) {
  done("create deployment web --image=none --replicas=3");
  ASSERT_TRUE(has_replicas(3));
  auto replicas = 3;
  for (auto& [name, pid] : running()) {
    ASSERT_EQ(kill(pid, SIGKILL), 0) << name;
    EXPECT_TRUE(writes("after-" + name)) << name << "\n" << cluster.output();
    // Whoever does it is there again, as another process.
    EXPECT_TRUE(wait_until([&, name = name, old = pid] {
      auto now = running();
      return now.count(name) > 0 && now[name] != old;
    })) << name;
    done("scale deployment web --replicas=" + std::to_string(++replicas));
    EXPECT_TRUE(has_replicas(replicas)) << "after " << name;
  }
  for (auto& name : components)
    done("get configmap after-" + name);
}

TEST_F(Apart, IsFoundAgainByTheNextStart) {
  auto before = running();
  ASSERT_EQ(kill(cluster.server(), SIGKILL), 0);
  ASSERT_TRUE(wait_until([&] { return cluster.server() == 0; }));
  EXPECT_TRUE(writes("without-it")) << "nobody needs who started them";
  // It is as it was without being told.
  done("up --detach --port 0");
  EXPECT_EQ(running(), before);
  ASSERT_TRUE(cluster.down()) << cluster.output();
  EXPECT_EQ(cluster.remains(), std::vector<std::string>{});
}

TEST_F(Apart, KeepsItsStoreThroughAStartThatWasBrokenOff) {
  ASSERT_TRUE(cluster.run("create configmap kept --from-literal=a=b"));
  cluster.kill_server();
  // As when the first start had ended before it was done.
  std::filesystem::remove(cluster.data() / "cluster.json");
  ASSERT_TRUE(cluster.up()) << cluster.output();
  cluster.kill_server("store-1");
  EXPECT_TRUE(writes("later"));
  done("get configmap kept");
}

TEST_F(Apart, AnswersElsewhereWhenToldTo) {
  auto place = [&] {
    auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
    return config ? config->clusters.front().actors : std::string{};
  };
  auto before = place();
  done("down --keep-pods");
  done("up --detach");
  EXPECT_EQ(place(), before) << "nobody asked for another port";
  done("down --keep-pods");
  auto port = std::stoi(before.substr(before.find(':') + 1));
  auto other = std::to_string(port < 60'000 ? port + 1 : port - 1);
  done("up --detach --port " + other);
  EXPECT_NE(place().find(":" + other), std::string::npos);
  done("create deployment web --image=none --replicas=2");
  EXPECT_TRUE(has_replicas(2)) << "all have found it there";
}

TEST_F(Apart, RefusesWhatDoesNotGoWithIt) {
  ASSERT_TRUE(cluster.down()) << cluster.output();
  struct row {
    const char* words;
    const char* why;
  };
  for (auto& [words, why] :
       {row{"up --apart --servers 3 --detach", "--apart: the components"},
        row{"up --apart --store etcd://127.0.0.1:1 --detach", "not by an etcd"},
        row{"server --roles scheduler", "scheduler not in"}}) {
    EXPECT_FALSE(cluster.run(words)) << words;
    EXPECT_NE(cluster.output().find(why), std::string::npos)
        << cluster.output();
  }
  real_options together = options();
  together.apart = false;
  real_cluster other{together};
  ASSERT_TRUE(other.up()) << other.output();
  ASSERT_TRUE(other.down()) << other.output();
  EXPECT_FALSE(other.run("up --apart --detach"));
  EXPECT_NE(other.output().find("are in one process"), std::string::npos)
      << other.output();
  EXPECT_FALSE(other.run("server --roles store"));
  EXPECT_NE(other.output().find("up --apart"), std::string::npos)
      << other.output();
}

} // namespace troupe::test
