#include "misfortune.hpp"
#include "tests/support/machine_view.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr size_t node_count = 5;
constexpr size_t clients = 3;

real_options with_faults() {
  real_options result;
  result.preload = TROUPE_BUILD_DIR "/tests/faulty-calls.so";
  return result;
}

std::string end_of(const fs::path& file) {
  auto all = content_of(file);
  return "\n" + file.string() + ":\n"
         + all.substr(all.size() - std::min<size_t>(all.size(), 3'000));
}

} // namespace

spread_cluster::spread_cluster(machines* apart, uint64_t seed)
    : apart_(apart),
      chance_(seed),
      seed_(seed),
      servers_(std::make_unique<three_servers>(with_faults(), apart)) {
  fs::create_directories(servers_->cluster().folder() / "faults");
}

void spread_cluster::start() {
  auto& cluster = servers_->cluster();
  ASSERT_TRUE(servers_->start()) << cluster.output();
  ASSERT_TRUE(cluster.run("token create")) << cluster.output();
  std::ofstream{cluster.folder() / "token"} << cluster.output();
  for (size_t i = 1; i <= node_count; ++i) {
    nodes_.push_back(
        std::make_unique<joined_node>(*servers_, "worker-" + std::to_string(i),
                                      apart_, server_names.size() + i));
    nodes_.back()->start();
  }
  sets_ = std::make_unique<whole_sets>(cluster, nodes_);
  ASSERT_TRUE(wait_until([&] { return sets_->create(); })) << cluster.output();
  load_ = std::make_unique<api_load>(cluster, clients, seed_);
  recover("the start");
}

std::string spread_cluster::account() {
  auto& cluster = servers_->cluster();
  cluster.run("get pods -o wide");
  auto result = "\n" + cluster.output();
  cluster.run("store status");
  result += cluster.output() + end_of(cluster.data() / "troupe.log");
  for (auto& each : fs::directory_iterator(cluster.data() / "servers"))
    if (fs::is_directory(each))
      result += end_of(each.path() / "troupe.log");
  for (auto& node : nodes_)
    result += end_of(node->program().log());
  return result;
}

void spread_cluster::recover(const std::string& from) {
  std::string why;
  auto well = wait_until([&] {
    why = servers_->start_missing() ? sets_->ailment()
                                    : servers_->cluster().output();
    return why.empty();
  });
  ASSERT_TRUE(well) << "after " << from << ": " << why << account();
  ASSERT_EQ(sets_->doubled(), "") << "after " << from << account();
  load_->next_objects();
  auto before = load_->acknowledged();
  ASSERT_TRUE(wait_until([&] { return load_->acknowledged() > before + 20; }))
      << "nothing is written after " << from << account();
}

std::string spread_cluster::any_server() {
  return server_names[chance_() % server_names.size()];
}

std::string spread_cluster::leader() {
  return leader_of(servers_->cluster()).value_or(any_server());
}

joined_node& spread_cluster::any_node() {
  return *nodes_[chance_() % nodes_.size()];
}

std::chrono::milliseconds spread_cluster::between(uint64_t least,
                                                  uint64_t most) {
  return std::chrono::milliseconds(least + chance_() % (most - least));
}

void spread_cluster::expect_writes(std::chrono::seconds within) {
  auto before = load_->acknowledged();
  EXPECT_TRUE(
      wait_until([&] { return load_->acknowledged() > before + 1; }, within))
      << "no writes for " << within.count() << " s";
}

void spread_cluster::expect(const std::string& what,
                            const std::function<bool()>& so) {
  EXPECT_TRUE(wait_until(so)) << what << account();
}

void spread_cluster::spoil(const std::string& name, const std::string& how) {
  auto file = servers_->cluster().folder() / "faults" / name;
  if (how.empty())
    fs::remove(file);
  else
    std::ofstream{file} << how;
}

} // namespace troupe::test
