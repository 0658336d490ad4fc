#include "tests/support/machine_view.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

const fs::path scripts = TROUPE_SOURCE_DIR "/tests/kubectl";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, ':');)
    if (!part.empty())
      out.push_back(part);
  return out;
}

/// The programs that play the client.
std::vector<std::string> programs() {
  if (auto* named = std::getenv("TROUPE_KUBECTL"))
    return split(named);
  std::vector<std::string> out;
  auto unpacked = TROUPE_BUILD_DIR "/kubernetes-client/usr/bin/kubectl";
  if (fs::exists(unpacked))
    out.push_back(unpacked);
  // The machine's own may be years younger.
  if (auto* path = std::getenv("PATH"))
    for (auto& folder : split(path))
      if (fs::exists(folder + "/kubectl")) {
        out.push_back(folder + "/kubectl");
        break;
      }
  return out;
}

std::vector<std::string> families() {
  std::vector<std::string> out;
  for (auto& entry : fs::directory_iterator{scripts})
    if (entry.path().extension() == ".bash" && entry.path().stem() != "prelude")
      out.push_back(entry.path().stem());
  std::sort(out.begin(), out.end());
  return out;
}

/// Runs a line of bash with a kubectl; returns whether it succeeded.
bool run(real_cluster& cluster, const std::string& program,
         const fs::path& home, const std::string& line, std::string& output) {
  auto command =
      "cd " + home.string() + " && HOME=" + home.string()
      + " KUBECTL=" + program + " WEB_SERVER=" + cluster.program("web-server")
      + " KUBECONFIG=" + home.string() + "/config timeout -s KILL 150 bash -c '"
      + line + "' >" + home.string() + "/output 2>&1 </dev/null";
  auto status = std::system(command.c_str());
  output = content_of(home / "output");
  return status == 0;
}

/// Runs the script of a family with every kubectl, each in a namespace of its
/// own; `before` is a line of bash.
void run_family(real_cluster& cluster, const std::string& family,
                const std::string& before = ":") {
  size_t number = 0;
  for (auto& program : programs()) {
    auto ns = family + "-" + std::to_string(++number);
    auto home = cluster.folder() / ns;
    fs::create_directories(home);
    fs::copy_file(cluster.data() / "kubeconfig", home / "config",
                  fs::copy_options::overwrite_existing);
    std::string output;
    EXPECT_TRUE(run(cluster, program, home,
                    "$KUBECTL create namespace " + ns
                        + " && $KUBECTL config set-context --current "
                          "--namespace="
                        + ns,
                    output))
        << program << "\n"
        << output;
    EXPECT_TRUE(run(cluster, program, home,
                    before + "; source " + (scripts / "prelude.bash").string()
                        + "; source " + (scripts / (family + ".bash")).string(),
                    output))
        << program << "\n"
        << output;
  }
}

class Kubectl : public testing::TestWithParam<std::string> {
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

std::optional<real_cluster> Kubectl::cluster_;

TEST_P(Kubectl, DoesWhatItDoesElsewhere) {
  if (programs().empty())
    GTEST_SKIP() << "there is no kubectl on this machine";
  run_family(*cluster_, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Families, Kubectl, testing::ValuesIn(families()),
                         [](auto& each) { return each.param; });

TEST(KubectlElsewhere, ReachesPodsOfOtherProcesses) {
  if (programs().empty())
    GTEST_SKIP() << "there is no kubectl on this machine";
  real_options options;
  options.nodes = 1;
  options.servers = 3;
  options.processes = true;
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.run("node --name far --detach")) << cluster.output();
  run_family(cluster, "streams", "export NODE=far");
}

} // namespace

} // namespace troupe::test
