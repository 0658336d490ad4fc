#include "tests/support/machine_view.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

const std::string build = TROUPE_BUILD_DIR;

/// A stock client, and the line that runs it.
struct stock_client {
  std::string name;
  std::string missing; ///< fails where it is not on this machine
  std::string line;
};

const std::vector<stock_client>& stock_clients() {
  static const std::vector<stock_client> all{
      {"curl", "curl --version | grep -q HTTP2", "bash $FOLDER/client.bash"},
      {"node", "test -d " + build + "/node-client/node_modules",
       "CLIENT=" + build + "/node-client node $FOLDER/client.mjs"},
      {"python", "/usr/bin/python3 -c \"import kubernetes\"",
       "/usr/bin/python3 $FOLDER/client.py"},
      {"ruby", "/usr/bin/ruby -e \"require %q(kubeclient)\"",
       "/usr/bin/ruby $FOLDER/client.rb"},
      {"prometheus",
       "test -x " + build + "/prometheus/usr/bin/prometheus -a -x " + build
           + "/kubernetes-client/usr/bin/kubectl",
       "PROMETHEUS=" + build + "/prometheus/usr/bin/prometheus bash "
           + "$FOLDER/client.bash"},
  };
  return all;
}

class Clients : public testing::TestWithParam<stock_client> {
public:
  static void SetUpTestSuite() {
    cluster_.emplace();
    if (!cluster_->up())
      std::fprintf(stderr, "%s\n", cluster_->output().c_str());
  }

  static void TearDownTestSuite() { cluster_.reset(); }

protected:
  static std::optional<real_cluster> cluster_;
};

std::optional<real_cluster> Clients::cluster_;

TEST_P(Clients, DoWhatTheyDoElsewhere) {
  auto& client = GetParam();
  auto quietly = " >/dev/null 2>&1";
  if (std::system(("sh -c '" + client.missing + "'" + quietly).c_str()) != 0)
    GTEST_SKIP() << "this machine has no such client";
  auto home = cluster_->folder() / client.name;
  fs::create_directories(home);
  auto kubectl = build + "/kubernetes-client/usr/bin/kubectl";
  ASSERT_TRUE(cluster_->run("create namespace " + client.name))
      << cluster_->output();
  fs::copy_file(cluster_->data() / "kubeconfig", home / "config",
                fs::copy_options::overwrite_existing);
  auto environment = "HOME=" + home.string() + " KUBECONFIG=" + home.string()
                     + "/config NAMESPACE=" + client.name + " KUBECTL='"
                     + kubectl + " --namespace=" + client.name
                     + "' FOLDER=" TROUPE_SOURCE_DIR "/tests/clients/"
                     + client.name + " ";
  auto line = "cd " + home.string() + " && export " + environment
              + "&& timeout -s KILL 120 sh -c '" + client.line + "' >"
              + home.string() + "/output 2>&1 </dev/null";
  EXPECT_EQ(std::system(line.c_str()), 0) << content_of(home / "output");
}

INSTANTIATE_TEST_SUITE_P(All, Clients, testing::ValuesIn(stock_clients()),
                         [](auto& each) { return each.param.name; });

} // namespace

} // namespace troupe::test
