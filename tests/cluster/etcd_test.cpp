#include "tests/support/etcd_servers.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace troupe::test {

namespace {

bool says(real_cluster& cluster, const std::string& text) {
  return cluster.output().find(text) != std::string::npos;
}

} // namespace

TEST(UpStore, KeepsTheStateInAnEtcdUntilToldOtherwise) {
  if (!etcd_servers::installed())
    GTEST_SKIP() << "no etcd on this machine: apt-get install etcd-server";
  etcd_servers servers{1};
  real_options options;
  options.runtime = "simulated";
  real_cluster cluster{options};
  auto up = std::string{"up --runtime simulated --port 0 --detach"};
  ASSERT_TRUE(cluster.run(up + " --store " + servers.url()))
      << cluster.output();
  EXPECT_TRUE(says(cluster, "Store: " + servers.url())) << cluster.output();
  EXPECT_FALSE(std::filesystem::exists(cluster.data() / "store"));
  ASSERT_TRUE(cluster.run("create configmap kept --from-literal=a=b"))
      << cluster.output();
  // Who died finds it again, without being told where.
  cluster.kill_server();
  ASSERT_TRUE(cluster.run(up)) << cluster.output();
  EXPECT_TRUE(cluster.run("get configmap kept")) << cluster.output();
  // An etcd that is away for a while ends nothing.
  servers.kill(0);
  servers.start(0);
  ASSERT_TRUE(cluster.run("create configmap later --from-literal=a=b"))
      << cluster.output();
  ASSERT_TRUE(cluster.run("get configmap later")) << cluster.output();
  ASSERT_TRUE(cluster.down()) << cluster.output();
  // Nothing of that is in the own store.
  ASSERT_TRUE(cluster.run(up + " --store leveldb")) << cluster.output();
  EXPECT_FALSE(cluster.run("get configmap kept"));
  EXPECT_TRUE(std::filesystem::exists(cluster.data() / "store"));
  EXPECT_TRUE(cluster.down()) << cluster.output();
}

TEST(UpStore, IsThatOfOneCluster) {
  if (!etcd_servers::installed())
    GTEST_SKIP() << "no etcd on this machine: apt-get install etcd-server";
  etcd_servers servers{1};
  real_cluster first;
  real_cluster second;
  auto up = "up --runtime simulated --port 0 --detach --store " + servers.url();
  ASSERT_TRUE(first.run(up + " --servers 3")) << first.output();
  EXPECT_FALSE(second.run(up));
  EXPECT_TRUE(says(second, "keeps the state of another cluster"))
      << second.output();
  ASSERT_TRUE(first.down());
  ASSERT_TRUE(first.run(up)) << first.output();
  EXPECT_FALSE(first.run("store snapshot " + (first.folder() / "s").string()));
  EXPECT_TRUE(says(first, "in an etcd")) << first.output();
  ASSERT_TRUE(first.run("store status")) << first.output();
  EXPECT_TRUE(says(first, "127.0.0.1:")) << first.output();
  servers.kill(0);
  EXPECT_FALSE(first.run("store status"));
  EXPECT_TRUE(says(first, "error: ")) << first.output();
}

TEST(UpStore, SaysWhatIsWrongWithAnEtcd) {
  real_cluster cluster;
  auto up = std::string{"up --runtime simulated --port 0 --detach --store "};
  EXPECT_FALSE(cluster.run(up + "http://127.0.0.1:1"));
  EXPECT_EQ(cluster.code(), 2);
  EXPECT_TRUE(says(cluster, "does not begin with etcd://")) << cluster.output();
  EXPECT_FALSE(cluster.run(up + "etcd://127.0.0.1:1"));
  EXPECT_EQ(cluster.code(), 1);
  EXPECT_TRUE(says(cluster, "etcd at 127.0.0.1:1 does not serve"))
      << cluster.output();
  EXPECT_TRUE(says(cluster, "Connection refused")) << cluster.output();
  EXPECT_FALSE(
      cluster.run(up + "etcd://127.0.0.1:1 --store-ca /nowhere/ca.crt"));
  EXPECT_TRUE(says(cluster, "--store-ca: ")) << cluster.output();
  EXPECT_FALSE(cluster.run(up + "etcd://127.0.0.1:1 --store-key /nowhere/key"));
  EXPECT_TRUE(says(cluster, "--store-cert and --store-key go together"))
      << cluster.output();
  EXPECT_FALSE(cluster.run(up + "etcd://127.0.0.1:1 --store-ca /etc/hostname"));
  EXPECT_TRUE(says(cluster, "--store-ca: /etc/hostname")) << cluster.output();
}

} // namespace troupe::test
