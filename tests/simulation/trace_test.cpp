#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <unistd.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

auto& pods = kind_of<core::v1::Pod>();
auto& deployments = kind_of<apps::v1::Deployment>();

/// Set for the process that tells the same story once more.
constexpr const char* file_variable = "TROUPE_TRACE_FILE";

object a_deployment() {
  apps::v1::Deployment result;
  result.mutable_metadata()->set_name("web");
  result.mutable_metadata()->set_namespace_("default");
  auto* spec = result.mutable_spec();
  spec->set_replicas(4);
  (*spec->mutable_selector()->mutable_match_labels())["app"] = "web";
  auto* from = spec->mutable_template_();
  (*from->mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = from->mutable_spec()->add_containers();
  container->set_name("web");
  container->set_image("web:1");
  return object::of(result);
}

void roll_out(simulated_cluster& cluster, const std::string& image) {
  auto now = cluster.get(deployments, "default", "web");
  if (!now)
    return;
  auto copy = now->copy<apps::v1::Deployment>();
  copy.mutable_spec()
      ->mutable_template_()
      ->mutable_spec()
      ->mutable_containers(0)
      ->set_image(image);
  cluster.update(object::of(copy));
}

/// Kills, deletes and rollouts, as the seed has it; every message of it.
std::string told(uint64_t seed) {
  simulated_cluster cluster{{seed, 3, true, 1, true}};
  cluster.create(a_deployment());
  std::mt19937_64 dice{seed};
  for (int i = 0; i < 40; ++i) {
    auto victims = cluster.paths();
    if (!victims.empty())
      cluster.kill(dice() % 20 == 0 ? "root"
                                    : victims[dice() % victims.size()]);
    if (i % 5 == 1)
      if (auto found = cluster.list(pods, "default"); !found.empty())
        cluster.remove(pods, "default", found[dice() % found.size()].name());
    if (i % 12 == 7)
      roll_out(cluster, "web:" + std::to_string(i));
    cluster.advance(std::chrono::milliseconds(dice() % 1500));
  }
  cluster.advance(20s);
  return cluster.trace();
}

uint64_t seed_to_use() {
  auto* given = std::getenv("TROUPE_SEED");
  return given != nullptr ? std::stoull(given) : 11;
}

std::string repeat_command(uint64_t seed) {
  return "to repeat: TROUPE_SEED=" + std::to_string(seed)
         + " build/test_simulation --gtest_filter='Trace.*'\n";
}

std::string content(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

TEST(Trace, OfOneSeedIsTheSameTwice) {
  auto seed = seed_to_use();
  auto first = told(seed);
  ASSERT_GT(std::count(first.begin(), first.end(), '\n'), 10'000);
  auto second = told(seed);
  EXPECT_TRUE(first == second)
      << repeat_command(seed) << first_difference(first, second);
}

TEST(Trace, OfAnotherSeedIsAnother) {
  EXPECT_NE(told(seed_to_use()), told(seed_to_use() + 1));
}

TEST(Trace, IsWrittenForWhoeverAsks) {
  auto* into = std::getenv(file_variable);
  if (into == nullptr)
    return; // The test that compares processes asks, in one of them.
  std::ofstream{into, std::ios::binary} << told(seed_to_use());
}

TEST(Trace, OfOneSeedIsTheSameInAnotherProcess) {
  auto seed = seed_to_use();
  std::string file = ::testing::TempDir() + "/troupe-trace-XXXXXX";
  auto fd = mkstemp(file.data());
  ASSERT_GE(fd, 0);
  close(fd);
  std::ostringstream line;
  line << file_variable << "=" << file << " TROUPE_SEED=" << seed << " /proc/"
       << getpid()
       << "/exe --gtest_filter=Trace.IsWrittenForWhoeverAsks >/dev/null";
  ASSERT_EQ(std::system(line.str().c_str()), 0);
  auto other = content(file);
  std::remove(file.c_str());
  auto mine = told(seed);
  EXPECT_TRUE(mine == other)
      << repeat_command(seed) << first_difference(mine, other);
}

TEST(Trace, TellsNoSecret) {
  call::Request msg;
  msg.set_verb(call::PATCH);
  msg.set_name("web");
  msg.set_patch("{\"data\":\"c2VjcmV0\"}");
  msg.set_secret("unguessable");
  EXPECT_EQ(to_string(pb<call::Request>{msg}), "call.Request(PATCH name=web)");
  call::OpenSession open;
  open.set_user("kubernetes-admin");
  open.set_nonce("a");
  open.set_proof("b");
  EXPECT_EQ(to_string(pb<call::OpenSession>{open}),
            "call.OpenSession(user=kubernetes-admin)");
}

} // namespace troupe::test
