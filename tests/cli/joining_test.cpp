#include "cli/directory_lock.hpp"
#include "cli/joining.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/system/context.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <stdlib.h>
#include <sys/stat.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

std::string hash_of(char c) {
  return "sha256:" + std::string(64, c);
}

rules::join_token token_of(char cluster) {
  return {"abcdef", "0123456789abcdef", hash_of(cluster)};
}

running_cluster here(char id, const std::string& server) {
  return {std::string{"/data/"} + id, hash_of(id), "troupe", {server}};
}

net::found_cluster there(char id, const std::string& server) {
  return {hash_of(id), "troupe", {server}};
}

using tokens =
    std::function<std::optional<rules::join_token>(const running_cluster&)>;

const tokens readable = [](const running_cluster& x) {
  return std::optional{token_of(x.data_dir.back())};
};
const tokens hidden = [](const running_cluster&) {
  return std::optional<rules::join_token>{};
};

std::string first_server(const expected<join_way>& way) {
  return way ? way->servers.front() + " "
                   + way->token.authority_hash.substr(7, 1)
             : message_of(way.error());
}

/// A folder of its own, and an environment that knows no other cluster.
struct join_folder : ::testing::Test {
  fs::path folder;

  join_folder() {
    std::string name = fs::temp_directory_path() / "troupe-join-XXXXXX";
    folder = mkdtemp(name.data());
    setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
    unsetenv("TROUPE_TOKEN");
  }

  ~join_folder() override {
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("TROUPE_TOKEN");
    fs::remove_all(folder);
  }
};

/// A server that knows one token, in place of the network.
struct fake_server {
  crypto::credential ca = *crypto::make_authority("test", real_world()->now());
  crypto::credential leaf = *crypto::issue(
      ca, {crypto::server_user, {}}, {{"localhost"}, {}}, real_world()->now());
  int asked = 0;
  join::JoinRequest last;
  join::JoinAnswer refusal; ///< given instead, if it is one
  int turned_away = 0;      ///< so many, before anybody is heard

  rules::join_token token() const {
    return {"abcdef", "0123456789abcdef",
            *crypto::authority_hash(ca.certificate)};
  }

  join_transport carry() {
    return [this](const std::string&, uint16_t,
                  const std::function<caf::error(const std::string&)>& check,
                  const std::string& request,
                  std::chrono::seconds) -> expected<std::string> {
      if (turned_away > 0) {
        --turned_away;
        return make_error(ec::service_unavailable, "too many");
      }
      if (auto err = check(leaf.certificate + ca.certificate))
        return err;
      ++asked;
      last.ParseFromString(request);
      if (refusal.refusal() != join::NONE)
        return refusal.SerializeAsString();
      join::JoinAnswer answer;
      crypto::identity who{"system:node:" + last.name(), {"system:nodes"}};
      answer.set_certificate(*crypto::sign_request(
          ca, last.signing_request(), who, {}, real_world()->now()));
      answer.set_authority(ca.certificate);
      answer.mutable_facts()->set_cluster_name("tested");
      answer.mutable_facts()->add_servers("127.0.0.1:1");
      return answer.SerializeAsString();
    };
  }
};

struct joining_fixture : join_folder {
  fake_server server;
  join_options options;

  joining_fixture() {
    options.data_dir = folder / "data";
    options.name = "n1";
    options.servers = {"127.0.0.1:1"};
    give(server.token());
  }

  void give(const rules::join_token& token) {
    setenv("TROUPE_TOKEN", to_string(token).c_str(), 1);
  }

  /// Time goes by in pauses alone.
  std::vector<std::chrono::milliseconds> pauses;
  std::vector<std::string> told;

  join_means means(join_transport carry) {
    join_means result;
    result.carry = std::move(carry);
    result.now = [this] {
      join_means::clock::time_point now;
      for (auto each : pauses)
        now += each;
      return now;
    };
    result.wait = [this](std::chrono::milliseconds each) {
      pauses.push_back(each);
    };
    result.random = [this] { return 7919 * pauses.size(); };
    return result;
  }

  expected<joined> join() {
    return join_cluster(options, means(server.carry()),
                        [this](auto& what) { told.push_back(what); });
  }

  /// The code of a refusal, and how often a server was asked for it.
  std::pair<bool, int> refused_at(join::Refusal why, ec code) {
    server.refusal.set_refusal(why);
    server.asked = 0;
    auto failed = join();
    return {!failed && is(failed.error(), code), server.asked};
  }
};

} // namespace

TEST(WayIn, IsTheServerThatIsNamedWithTheTokenThatIsGiven) {
  EXPECT_EQ(
      first_server(choose_way({"10.0.0.1:1"}, token_of('a'), {}, {}, hidden)),
      "10.0.0.1:1 a");
  EXPECT_EQ(first_server(choose_way({"10.0.0.1:1"}, token_of('a'),
                                    {here('b', "127.0.0.1:2")}, {}, readable)),
            "10.0.0.1:1 a");
}

TEST(WayIn, IsTheOneClusterThatIsThere) {
  EXPECT_EQ(first_server(choose_way({}, token_of('a'), {},
                                    {there('a', "10.0.0.1:1")}, hidden)),
            "10.0.0.1:1 a");
  EXPECT_EQ(first_server(
                choose_way({}, {}, {here('a', "127.0.0.1:1")}, {}, readable)),
            "127.0.0.1:1 a");
  // The same one, heard and found.
  EXPECT_EQ(first_server(choose_way({}, {}, {here('a', "127.0.0.1:1")},
                                    {there('a', "127.0.0.1:1")}, readable)),
            "127.0.0.1:1 a");
  EXPECT_EQ(first_server(choose_way({"127.0.0.1:1"}, {},
                                    {here('a', "127.0.0.1:1")}, {}, readable)),
            "127.0.0.1:1 a");
}

TEST(WayIn, IsTheClusterOfTheTokenAmongSeveral) {
  std::vector<net::found_cluster> heard{there('a', "10.0.0.1:1"),
                                        there('b', "10.0.0.2:1")};
  EXPECT_EQ(first_server(choose_way({}, token_of('b'), {}, heard, hidden)),
            "10.0.0.2:1 b");
}

TEST(WayIn, IsNotChosenAmongSeveralAndAllAreNamed) {
  auto way = choose_way({}, {}, {here('a', "127.0.0.1:1")},
                        {there('b', "10.0.0.2:1")}, readable);
  ASSERT_FALSE(way);
  auto said = message_of(way.error());
  for (auto* part : {"127.0.0.1:1", "10.0.0.2:1", "/data/a", "--join"})
    EXPECT_NE(said.find(part), std::string::npos) << said;
}

TEST(WayIn, SaysWhatToDoWhereThereIsNone) {
  auto contains = [](const expected<join_way>& way, const char* part) {
    return !way && message_of(way.error()).find(part) != std::string::npos;
  };
  EXPECT_TRUE(contains(choose_way({}, {}, {}, {}, hidden), "troupe up"));
  EXPECT_TRUE(contains(
      choose_way({}, token_of('a'), {}, {there('b', "10.0.0.2:1")}, hidden),
      "the cluster that the token is of was not found"));
  EXPECT_TRUE(
      contains(choose_way({}, {}, {}, {there('a', "10.0.0.2:1")}, hidden),
               "10.0.0.2:1"));
  EXPECT_TRUE(contains(choose_way({"10.0.0.1:1"}, {}, {}, {}, hidden),
                       "troupe token create"));
  EXPECT_TRUE(contains(
      choose_way({"127.0.0.1:1"}, {}, {here('a', "127.0.0.1:1")}, {}, hidden),
      "TROUPE_TOKEN"));
}

using RunningClusters = join_folder;

TEST_F(RunningClusters, AreThoseWhoseProcessIsThere) {
  auto data = folder / "data";
  fs::create_directories(data);
  running_cluster mine{data, hash_of('a'), "troupe", {"127.0.0.1:1"}};
  running_cluster killed{folder / "gone", hash_of('b'), "troupe", {}};
  cluster_announcement one, two;
  ASSERT_FALSE(one.make(mine));
  ASSERT_FALSE(two.make(killed));
  EXPECT_TRUE(running_clusters().empty()) << "nobody holds the directories";
  {
    directory_lock lock;
    ASSERT_FALSE(lock.take(data));
    cluster_announcement again;
    ASSERT_FALSE(again.make(mine));
    // Asked within the process that holds it, a lock is seen all the same.
    EXPECT_EQ(running_clusters(), std::vector<running_cluster>{mine});
  }
  EXPECT_TRUE(running_clusters().empty());
  EXPECT_TRUE(fs::is_empty(running_clusters_folder()));
}

TEST_F(RunningClusters, AreNotJoinedFromTheirOwnDirectory) {
  join_options options;
  options.data_dir = folder / "data";
  options.discovery_port = 0;
  fs::create_directories(options.data_dir);
  directory_lock lock;
  ASSERT_FALSE(lock.take(options.data_dir));
  cluster_announcement before;
  ASSERT_FALSE(
      before.make({options.data_dir, hash_of('a'), "troupe", {"127.0.0.1:1"}}));
  auto way = find_way(options);
  ASSERT_FALSE(way);
  EXPECT_NE(message_of(way.error()).find("no cluster was found"),
            std::string::npos);
}

TEST_F(RunningClusters, AreNotBelievedInAFolderThatOthersMayWrite) {
  fs::create_directories(running_clusters_folder());
  chmod(running_clusters_folder().c_str(), 0777);
  cluster_announcement one;
  EXPECT_TRUE(one.make({"/data", hash_of('a'), "troupe", {}}));
}

using Joining = joining_fixture;

TEST_F(Joining, LeavesWhatItGotInTheDataDirectoryForItsUserAlone) {
  auto done = join();
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_TRUE(done->fresh);
  EXPECT_EQ(done->who.user, "system:node:n1");
  EXPECT_EQ(done->facts.cluster_name(), "tested");
  EXPECT_TRUE(
      crypto::parse_credential(*crypto::read_file(credential_file(options))));
  for (auto& file : {credential_file(options), authority_file(options),
                     facts_file(options.data_dir)}) {
    struct stat facts {};
    ASSERT_EQ(stat(file.c_str(), &facts), 0) << file;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << file;
  }
}

TEST_F(Joining, AsksNobodyOnceItHasJoined) {
  ASSERT_TRUE(join());
  unsetenv("TROUPE_TOKEN");
  options.servers.clear();
  auto again = join();
  ASSERT_TRUE(again) << message_of(again.error());
  EXPECT_FALSE(again->fresh);
  EXPECT_EQ(again->facts.servers(0), "127.0.0.1:1");
  EXPECT_EQ(server.asked, 1);
}

TEST_F(Joining, ShowsWhoItWasWhenItComesBack) {
  ASSERT_TRUE(join());
  EXPECT_FALSE(server.last.has_earlier_certificate());
  fs::remove(facts_file(options.data_dir));
  ASSERT_TRUE(join());
  auto who = crypto::verify_return(
      server.ca.certificate,
      {server.last.earlier_certificate(), server.last.earlier_signature()},
      server.last.signing_request(), real_world()->now());
  ASSERT_TRUE(who) << message_of(who.error());
  EXPECT_EQ(who->user, "system:node:n1");
}

TEST_F(Joining, TellsNothingToAServerOfAnotherAuthority) {
  give(token_of('a'));
  auto failed = join();
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is(failed.error(), ec::unauthorized));
  EXPECT_NE(message_of(failed.error()).find("authority"), std::string::npos);
  EXPECT_EQ(server.asked, 0);
}

TEST_F(Joining, SaysWhyItWasRefused) {
  server.refusal.set_refusal(join::NAME_TAKEN);
  server.refusal.set_reason("there is one");
  auto failed = join();
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is(failed.error(), ec::conflict));
  EXPECT_EQ(message_of(failed.error()), "127.0.0.1:1: there is one");
  EXPECT_FALSE(fs::exists(credential_file(options)));
}

TEST_F(Joining, TriesTheNextServerWhereOneCannotDecide) {
  server.refusal.set_refusal(join::UNAVAILABLE);
  server.refusal.set_reason("no leader");
  options.servers = {"127.0.0.1:1", "127.0.0.1:2"};
  EXPECT_FALSE(join());
  EXPECT_GE(server.asked, 2);
}

TEST_F(Joining, IsTriedAgainWhileTooManyWantToJoin) {
  server.turned_away = 3;
  auto done = join();
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(pauses.size(), 3u);
  EXPECT_LT(pauses.front(), pauses.back());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told.front().find("too many"), std::string::npos) << told.front();
}

TEST_F(Joining, IsTriedForALimitedTimeAndSaysWhatWasInTheWay) {
  server.turned_away = 1'000;
  auto failed = join();
  ASSERT_FALSE(failed);
  EXPECT_NE(message_of(failed.error()).find("127.0.0.1:1: too many"),
            std::string::npos);
  std::chrono::milliseconds whole{0};
  for (auto each : pauses)
    whole += each;
  EXPECT_GE(whole, std::chrono::seconds(20));
  EXPECT_LE(whole, std::chrono::seconds(32));
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(Joining, IsTriedAgainAfterRefusalsThatMayPassAlone) {
  for (auto why : {join::MALFORMED, join::BAD_NAME})
    EXPECT_EQ(refused_at(why, ec::bad_request), std::pair(true, 1));
  for (auto why : {join::WRONG_TOKEN, join::EXPIRED_TOKEN, join::USED_UP_TOKEN,
                   join::WRONG_ROLE})
    EXPECT_EQ(refused_at(why, ec::unauthorized), std::pair(true, 1));
  EXPECT_EQ(refused_at(join::NAME_TAKEN, ec::conflict), std::pair(true, 1));
  EXPECT_TRUE(pauses.empty());
  for (auto why : {join::UNAVAILABLE, join::TOO_MANY})
    EXPECT_GT(refused_at(why, ec::service_unavailable).second, 5);
}

TEST_F(Joining, GoesToAServerByTheNameOfItsHost) {
  options.servers = {"localhost:1"};
  auto done = join();
  ASSERT_TRUE(done) << message_of(done.error());
  for (auto* wrong : {"localhost", ":1", "a:b:1", "localhost:x"}) {
    options.servers = {wrong};
    auto way = find_way(options);
    ASSERT_FALSE(way) << wrong;
    EXPECT_TRUE(is(way.error(), ec::bad_request)) << wrong;
  }
}

TEST_F(Joining, NamesTheHostThatIsNotFound) {
  options.servers = {"no-such-host.invalid:1"};
  auto way = find_way(options);
  ASSERT_FALSE(way);
  EXPECT_NE(message_of(way.error()).find("no-such-host.invalid"),
            std::string::npos);
}

TEST_F(Joining, KeepsOneDirectoryForOneCluster) {
  ASSERT_TRUE(join());
  fs::remove(facts_file(options.data_dir));
  fake_server other;
  give(other.token());
  auto failed = join_cluster(options, means(other.carry()), [](auto&) {});
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is(failed.error(), ec::conflict)) << message_of(failed.error());
  EXPECT_EQ(other.asked, 0);
}

TEST_F(Joining, TakesItsTokenFromAFile) {
  unsetenv("TROUPE_TOKEN");
  options.token_file = folder / "token";
  std::ofstream{options.token_file} << to_string(server.token()) << "\n";
  EXPECT_TRUE(join());
}

} // namespace troupe::cli
