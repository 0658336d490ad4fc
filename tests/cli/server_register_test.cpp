#include "cli/server_register.hpp"

#include <gtest/gtest.h>

namespace troupe::cli {

namespace {

/// Of `up`, whose server is the first.
server_settings of_up() {
  server_settings result;
  result.places.push_back({"server-1", 6444, 6443, 1, true, "10.0.0.1"});
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

} // namespace

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
