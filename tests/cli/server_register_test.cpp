#include "cli/admin_access.hpp"
#include "cli/server_register.hpp"
#include "runtime/crypto/kubeconfig.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <future>
#include <mutex>
#include <stdlib.h>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

/// Of `up`, whose server is the first.
server_settings of_up() {
  server_settings result;
  result.places.push_back({"server-1", 6444, 6443, 1, true, "10.0.0.1"});
  result.api_service = "10.96.0.1";
  result.api_address = "10.0.0.1";
  return result;
}

const member_address one{1, "server-1/store"};
const member_address two{2, "server-2/store@10.0.0.2:6444"};
const member_address three{3, "server-3/store@10.0.0.3:6444"};

std::string names_of(const server_settings& settings) {
  std::string result;
  for (auto& each : settings.places)
    result += each.name + (each.elsewhere ? "* " : " ");
  return result;
}

/// Hears the first warning of this process.
struct first_warning : spdlog::sinks::base_sink<std::mutex> {
  std::promise<void> heard;
  bool over = false;

  void sink_it_(const spdlog::details::log_msg& msg) override {
    if (msg.level == spdlog::level::warn && !std::exchange(over, true))
      heard.set_value();
  }

  void flush_() override {
    // nop
  }
};

/// The data directory of a cluster that `up` made.
struct kept_settings : ::testing::Test {
  std::filesystem::path folder;
  std::shared_ptr<first_warning> warning = std::make_shared<first_warning>();

  kept_settings() {
    std::string name =
        std::filesystem::temp_directory_path() / "troupe-register-XXXXXX";
    folder = mkdtemp(name.data());
    EXPECT_TRUE(write_server_settings(folder, of_up()));
    auto keys = open_server_keys(folder, of_up());
    EXPECT_TRUE(write_admin_kubeconfig(folder / "kubeconfig", *keys,
                                       "10.0.0.1:6443", of_up().addresses()));
    spdlog::default_logger()->sinks().push_back(warning);
  }

  ~kept_settings() override {
    spdlog::default_logger()->sinks().pop_back();
    std::filesystem::remove_all(folder);
  }

  /// Whether the kubeconfig names these before the deadline.
  bool comes_to_name(const std::string& addresses) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      auto config = crypto::read_kubeconfig(folder / "kubeconfig");
      if (config && config->clusters.front().actors == addresses)
        return true;
      std::this_thread::yield();
    }
    return false;
  }
};

using ServerRegisterFiles = kept_settings;

} // namespace

TEST_F(ServerRegisterFiles, AreTriedAgainWhenAnotherCommandHadThem) {
  auto other = std::make_unique<settings_lock>();
  ASSERT_FALSE(other->take(folder));
  server_register all{folder, std::chrono::milliseconds{1}};
  all.keep({one, two});
  ASSERT_EQ(warning->heard.get_future().wait_for(std::chrono::seconds(20)),
            std::future_status::ready);
  other.reset();
  EXPECT_TRUE(comes_to_name("10.0.0.1:6444,10.0.0.2:6444"));
}

TEST_F(ServerRegisterFiles, AgreeAfterAKillBetweenThem) {
  auto settings = of_up();
  take_members(settings, {one, two});
  ASSERT_TRUE(write_server_settings(folder, settings));
  server_register all{folder};
  all.keep({one, two});
  EXPECT_TRUE(comes_to_name("10.0.0.1:6444,10.0.0.2:6444"));
}

TEST(ServerRegister, TakesThoseWhoJoinedElsewhere) {
  auto settings = of_up();
  EXPECT_TRUE(take_members(settings, {one, two, three}));
  EXPECT_EQ(names_of(settings), "server-1 server-2* server-3* ");
  EXPECT_EQ(settings.places[2].address(), "10.0.0.3:6444");
  EXPECT_EQ(settings.places[2].member, 3u);
  EXPECT_FALSE(settings.places[2].founder);
  EXPECT_FALSE(take_members(settings, {one, two, three}));
}

TEST(ServerRegister, FollowsThoseWhoAreReplacedAndDropsThoseWhoAreRemoved) {
  auto settings = of_up();
  take_members(settings, {one, two, three});
  EXPECT_TRUE(
      take_members(settings, {one, {4, "server-2/store@10.0.0.9:7000"}}));
  EXPECT_EQ(names_of(settings), "server-1 server-2* ");
  EXPECT_EQ(settings.places[1].member, 4u);
  EXPECT_EQ(settings.places[1].address(), "10.0.0.9:7000");
}

TEST(ServerRegister, LeavesWhatRunsFromThisDirectoryAndTheFirstPlace) {
  auto settings = of_up();
  settings.places.push_back({"server-2", 7000, 7001, 2, false, "10.0.0.1"});
  EXPECT_FALSE(take_members(settings, {one, two}));
  EXPECT_FALSE(take_members(settings, {one}));
  EXPECT_EQ(names_of(settings), "server-1 server-2 ");
  // Of one that joined.
  settings.places[0].elsewhere = true;
  settings.own = "server-2";
  EXPECT_FALSE(take_members(settings, {two}));
  EXPECT_EQ(names_of(settings), "server-1* server-2 ");
  EXPECT_TRUE(take_members(settings, {two, {5, "server-1/store@10.0.0.7:1"}}));
  EXPECT_EQ(settings.places[0].address(), "10.0.0.7:1");
}

TEST(ServerRegister, BelievesNobodyWhoDoesNotKnowThisServerYet) {
  auto settings = of_up();
  settings.places[0].elsewhere = true;
  settings.own = "server-3";
  settings.places.push_back({"server-2", 6444, 0, 2, false, "10.0.0.2", true});
  settings.places.push_back({"server-3", 6444, 6443, 3, false, "10.0.0.3"});
  EXPECT_FALSE(take_members(settings, {one}));
  EXPECT_EQ(names_of(settings), "server-1* server-2* server-3 ");
}

TEST(ServerRegister, FindsTheFirstNameThatIsFree) {
  auto settings = of_up();
  EXPECT_EQ(free_server_name(settings, {one}), "server-2");
  EXPECT_EQ(free_server_name(settings, {one, two}), "server-3");
  settings.places.push_back({"server-3", 7000, 7001, 3, false, "10.0.0.1"});
  EXPECT_EQ(free_server_name(settings, {one, two}), "server-4");
}

TEST(ServerSettings, AreTheSameAfterTheyWereText) {
  auto settings = of_up();
  take_members(settings, {one, two});
  settings.own = "server-1";
  auto again = parse_server_settings(text_of(settings));
  ASSERT_TRUE(again) << message_of(again.error());
  EXPECT_EQ(text_of(*again), text_of(settings));
  EXPECT_EQ(again->own, "server-1");
  EXPECT_TRUE(again->places[1].elsewhere);
  EXPECT_EQ(settings.addresses(), "10.0.0.1:6444,10.0.0.2:6444");
  settings.own = "server-2";
  EXPECT_EQ(settings.addresses(), "10.0.0.2:6444,10.0.0.1:6444");
  EXPECT_FALSE(parse_server_settings("{}"));
}

} // namespace troupe::cli
