// A cluster whose pods are containers of images, made by an OCI runtime.

#include "tests/support/busybox_image.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace troupe::test {

namespace {

struct ContainersOfImages : ::testing::Test {
  static real_options options() {
    real_options result;
    result.nodes = 1;
    result.runtime = "oci";
    return result;
  }

  void SetUp() override {
    if (auto why = no_containers_because(); !why.empty())
      GTEST_SKIP() << why;
    make_busybox_image(cluster.data() / "images");
    ASSERT_TRUE(cluster.up()) << cluster.output();
  }

  void apply(const std::string& name, const std::string& container) {
    auto file = cluster.folder() / (name + ".yaml");
    std::ofstream{file} << "apiVersion: v1\nkind: Pod\nmetadata: {name: "
                        << name
                        << "}\nspec:\n  restartPolicy: Never\n"
                           "  terminationGracePeriodSeconds: 1\n"
                           "  containers:\n"
                           "  - name: main\n    image: busybox\n"
                           "    imagePullPolicy: IfNotPresent\n"
                        << container;
    ASSERT_TRUE(cluster.run("apply -f " + file.string())) << cluster.output();
  }

  bool shows(const std::string& words, const std::string& part) {
    return wait_until([&] {
      return cluster.run(words)
             && cluster.output().find(part) != std::string::npos;
    });
  }

  real_cluster cluster{options()};
};

} // namespace

TEST_F(ContainersOfImages, RunAndTellHowTheyEnd) {
  EXPECT_TRUE(shows("get nodes -o "
                    "jsonpath={.items[0].status.nodeInfo."
                    "containerRuntimeVersion}",
                    "oci://"))
      << cluster.output();
  apply("asks-for-nothing", "");
  EXPECT_TRUE(shows("logs asks-for-nothing", "by default")) << cluster.output();
  EXPECT_TRUE(shows("get pod asks-for-nothing", "Completed"))
      << cluster.output();
  apply("greedy", "    command: [sh, -c, 'x=0123456789; while :; do "
                  "x=$x$x$x$x; done']\n"
                  "    resources: {limits: {memory: 32Mi}}\n");
  EXPECT_TRUE(shows("get pod greedy -o jsonpath={.status."
                    "containerStatuses[0].state.terminated}",
                    "OOMKilled"))
      << cluster.output();
  apply("absent", "    command: [no-such-program]\n");
  EXPECT_TRUE(shows("get pod absent -o jsonpath={.status."
                    "containerStatuses[0].state}",
                    "no-such-program"))
      << cluster.output();
}

TEST_F(ContainersOfImages, OutliveTheirCluster) {
  apply("stays", "    command: [sleep, '1000']\n");
  ASSERT_TRUE(shows("get pod stays", "Running")) << cluster.output();
  ASSERT_TRUE(cluster.run("exec stays -- cat /marker")) << cluster.output();
  EXPECT_NE(cluster.output().find("of the image"), std::string::npos);
  cluster.kill_server();
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(shows("get pod stays", "Running")) << cluster.output();
  EXPECT_TRUE(shows("get pod stays -o jsonpath={.status."
                    "containerStatuses[0].restartCount}",
                    "0"));
  EXPECT_TRUE(shows("exec stays -- cat /marker", "of the image"));
}

} // namespace troupe::test
