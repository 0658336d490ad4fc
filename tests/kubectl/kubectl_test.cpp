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

class Kubectl : public testing::TestWithParam<std::string> {
public:
  static void SetUpTestSuite() {
    cluster_.emplace();
    if (!cluster_->up())
      std::fprintf(stderr, "%s\n", cluster_->output().c_str());
  }

  static void TearDownTestSuite() { cluster_.reset(); }

  /// Runs a line of bash with a kubectl; returns whether it succeeded.
  static bool run(const std::string& program, const fs::path& home,
                  const std::string& line, std::string& output) {
    auto command = "cd " + home.string() + " && HOME=" + home.string()
                   + " KUBECTL=" + program + " WEB_SERVER="
                   + cluster_->program("web-server") + " KUBECONFIG="
                   + home.string() + "/config timeout -s KILL 150 bash -c '"
                   + line + "' >" + home.string() + "/output 2>&1 </dev/null";
    auto status = std::system(command.c_str());
    output = content_of(home / "output");
    return status == 0;
  }

protected:
  static std::optional<real_cluster> cluster_;
};

std::optional<real_cluster> Kubectl::cluster_;

TEST_P(Kubectl, DoesWhatItDoesElsewhere) {
  auto all = programs();
  if (all.empty())
    GTEST_SKIP() << "there is no kubectl on this machine";
  size_t number = 0;
  for (auto& program : all) {
    auto ns = GetParam() + "-" + std::to_string(++number);
    auto home = cluster_->folder() / ns;
    fs::create_directories(home);
    fs::copy_file(cluster_->data() / "kubeconfig", home / "config",
                  fs::copy_options::overwrite_existing);
    std::string output;
    EXPECT_TRUE(run(program, home,
                    "$KUBECTL create namespace " + ns
                        + " && $KUBECTL config set-context --current "
                          "--namespace="
                        + ns,
                    output))
        << program << "\n"
        << output;
    EXPECT_TRUE(run(program, home,
                    "source " + (scripts / "prelude.bash").string()
                        + "; source "
                        + (scripts / (GetParam() + ".bash")).string(),
                    output))
        << program << "\n"
        << output;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Kubectl, testing::ValuesIn(families()),
                         [](auto& each) { return each.param; });

} // namespace

} // namespace troupe::test
