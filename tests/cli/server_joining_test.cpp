#include "cli/server_joining.hpp"
#include "cli/server_membership.hpp"
#include "cli/server_register.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>
#include <utility>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// A server that may have any name, and a group that it can reach.
struct enlisting : ::testing::Test {
  fs::path folder;
  server_settings settings;
  std::vector<member_address> members{{1, "server-1/store"}};
  /// Is done once, after the members were told and before one is added.
  std::function<void()> between;

  enlisting() {
    std::string name = fs::temp_directory_path() / "troupe-enlist-XXXXXX";
    folder = mkdtemp(name.data());
    settings.places.push_back({"server-1", 6444, 0, 1, true, "10.0.0.1", true});
    settings.places.push_back({"server-2", 6444, 6443, 0, false, "10.0.0.2"});
    settings.own = "server-2";
    settings.any_name = true;
    EXPECT_TRUE(write_server_settings(folder, settings));
  }

  ~enlisting() override { fs::remove_all(folder); }

  /// As the leader does it.
  expected<uint64_t> add(const std::string& address) {
    auto name = address.substr(0, address.find('/'));
    if (is_taken(name, members))
      return make_error(ec::already_exists, "taken");
    members.push_back({members.back().id + 1, address});
    return members.back().id;
  }

  void others_join() {
    add("server-2/store@10.0.0.9:6444");
    add("server-3/store@10.0.0.8:6444");
  }

  group_access group() {
    return {[this] { return expected<std::vector<member_address>>{members}; },
            [this](const server_place& own) {
              if (auto then = std::exchange(between, nullptr))
                then();
              return add(address_in_group(own));
            }};
  }

  /// As after a kill: only what is on disk is left.
  void begin_anew() {
    auto kept = read_server_settings(folder);
    ASSERT_TRUE(kept) << message_of(kept.error());
    settings = std::move(*kept);
  }
};

using ServerEnlisting = enlisting;

} // namespace

TEST_F(ServerEnlisting, TakesTheNameThatWasChosen) {
  EXPECT_EQ(*enlist(group(), folder, settings), 2u);
  EXPECT_EQ(members.back().address, "server-2/store@10.0.0.2:6444");
}

TEST_F(ServerEnlisting, FindsItselfAfterAKillWhateverNameItTook) {
  between = [this] { others_join(); };
  EXPECT_EQ(*enlist(group(), folder, settings), 4u);
  EXPECT_EQ(members.back().address, "server-4/store@10.0.0.2:6444");
  begin_anew();
  EXPECT_EQ(settings.own, "server-4");
  EXPECT_EQ(*enlist(group(), folder, settings), 4u);
  EXPECT_EQ(members.size(), 4u);
}

TEST_F(ServerEnlisting, TakesAnotherNameAfterAKillBeforeItWasAdded) {
  others_join();
  begin_anew();
  EXPECT_EQ(*enlist(group(), folder, settings), 4u);
  EXPECT_EQ(settings.own, "server-4");
  EXPECT_NE(settings.find("server-4"), nullptr);
}

TEST_F(ServerEnlisting, KeepsANameThatSomebodyWished) {
  others_join();
  settings.any_name = false;
  auto failed = enlist(group(), folder, settings);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is(failed.error(), ec::already_exists));
  EXPECT_EQ(settings.own, "server-2");
}

TEST_F(ServerEnlisting, IsNoMemberOfItsAddressThatLostItsDisk) {
  members.push_back({2, "server-2/store@10.0.0.9:6444"});
  members.push_back({3, "server-3/store@10.0.0.2:6444"});
  EXPECT_EQ(*enlist(group(), folder, settings), 4u);
}

} // namespace troupe::cli
