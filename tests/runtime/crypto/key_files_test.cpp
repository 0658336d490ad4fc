#include "runtime/crypto/key_files.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

using namespace troupe;
using namespace troupe::crypto;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const time_point now = time_point{std::chrono::seconds{1'800'000'000}};

struct key_directory : ::testing::Test {
  key_directory() {
    auto form = (fs::temp_directory_path() / "troupe-keys-XXXXXX").string();
    root = ::mkdtemp(form.data());
  }

  ~key_directory() override { fs::remove_all(root); }

  static mode_t mode_of(const fs::path& path) {
    struct stat s {};
    EXPECT_EQ(::stat(path.c_str(), &s), 0);
    return s.st_mode & 0777;
  }

  fs::path root;
  server_names names{{"localhost"}, {"127.0.0.1"}};
};

} // namespace

using KeyFiles = key_directory;

TEST_F(KeyFiles, AreMadeOnceAndFoundAgain) {
  auto first = open_cluster_keys(root / "keys", names, now);
  ASSERT_TRUE(first) << message_of(first.error());
  auto second = open_cluster_keys(root / "keys", names, now + 24h);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->authority, second->authority);
  EXPECT_EQ(first->server, second->server);
  EXPECT_EQ(first->admin, second->admin);
  EXPECT_EQ(*check_certificate(first->authority.certificate,
                               second->admin.certificate, now + 24h),
            (identity{"kubernetes-admin", {"system:masters"}}));
}

TEST_F(KeyFiles, AreReadableByTheirOwnerOnly) {
  auto keys = open_cluster_keys(root / "keys", names, now);
  ASSERT_TRUE(keys);
  EXPECT_EQ(mode_of(root / "keys"), 0700u);
  int count = 0;
  for (auto& entry : fs::directory_iterator(root / "keys")) {
    EXPECT_EQ(mode_of(entry.path()), 0600u) << entry.path();
    ++count;
  }
  EXPECT_EQ(count, 5) << "no scratch file stays behind";
}

TEST_F(KeyFiles, AreIssuedAnewInTheLastThirdOfTheirLife) {
  auto first = open_cluster_keys(root / "keys", names, now);
  auto later = open_cluster_keys(root / "keys", names, now + 24h * 300);
  ASSERT_TRUE(first && later);
  EXPECT_EQ(first->authority, later->authority);
  EXPECT_NE(first->server, later->server);
  EXPECT_NE(first->admin, later->admin);
}

TEST_F(KeyFiles, AreIssuedAnewForAnotherAddress) {
  auto first = open_cluster_keys(root / "keys", names, now);
  auto wider = names;
  wider.addresses.push_back("127.7.0.1");
  auto second = open_cluster_keys(root / "keys", wider, now);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->server, second->server);
  EXPECT_EQ(first->admin, second->admin);
  // The wider certificate serves for the narrower wish as well.
  EXPECT_EQ(open_cluster_keys(root / "keys", names, now)->server,
            second->server);
}

TEST_F(KeyFiles, AreRenewedForAllTheirNames) {
  auto first = open_cluster_keys(root / "keys", names, now);
  ASSERT_TRUE(first);
  identity who{server_user, {}};
  auto renew = [&](server_names wanted, time_point at) {
    return renew_credential(first->server_file, first->authority, who, wanted,
                            at);
  };
  auto early = renew({{"other"}, {}}, now);
  ASSERT_TRUE(early) << message_of(early.error());
  auto wide = inspect_certificate(*read_file(first->server_file));
  EXPECT_EQ(wide->names.dns, (std::vector<std::string>{"other", "localhost"}));
  EXPECT_EQ(wide->names.addresses, names.addresses);
  // Nothing is lacking until the time that was told.
  EXPECT_EQ(*renew(names, *early - 1s), *early);
  EXPECT_EQ(inspect_certificate(*read_file(first->server_file))->not_after,
            wide->not_after);
  auto late = renew(names, *early + 1s);
  ASSERT_TRUE(late);
  EXPECT_GT(*late, *early + 24h * 200);
  auto fresh = inspect_certificate(*read_file(first->server_file));
  EXPECT_EQ(fresh->names.dns, (std::vector<std::string>{"localhost", "other"}));
  EXPECT_EQ(fresh->names.addresses, names.addresses);
}

TEST_F(KeyFiles, HealADamagedLeaf) {
  auto first = open_cluster_keys(root / "keys", names, now);
  std::ofstream{root / "keys/server.pem"} << "torn";
  auto second = open_cluster_keys(root / "keys", names, now);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->authority, second->authority);
}

TEST_F(KeyFiles, NeverReplaceADamagedAuthority) {
  ASSERT_TRUE(open_cluster_keys(root / "keys", names, now));
  std::ofstream{root / "keys/ca.pem"} << "torn";
  auto second = open_cluster_keys(root / "keys", names, now);
  ASSERT_FALSE(second);
  EXPECT_NE(message_of(second.error()).find("ca.pem"), std::string::npos);
  EXPECT_EQ(*read_file(root / "keys/ca.pem"), "torn");
}

TEST_F(KeyFiles, SayWhichDirectoryCannotBeMade) {
  std::ofstream{root / "file"} << "x";
  auto keys = open_cluster_keys(root / "file/keys", names, now);
  ASSERT_FALSE(keys);
  EXPECT_NE(message_of(keys.error()).find("file/keys"), std::string::npos);
}

TEST_F(KeyFiles, OfANodeAreItsOwn) {
  auto keys = open_cluster_keys(root / "keys", names, now);
  identity who{"system:node:node-1", {"system:nodes"}};
  auto path = root / "keys/nodes/node-1.pem";
  auto x = open_credential(path, keys->authority, who, names, now);
  ASSERT_TRUE(x);
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(*open_credential(path, keys->authority, who, names, now), *x);
  who.user = "system:node:node-2";
  EXPECT_NE(*open_credential(path, keys->authority, who, names, now), *x);
}

TEST_F(KeyFiles, AreReplacedInOneStep) {
  auto path = root / "secret";
  ASSERT_TRUE(write_secret_file(path, "old"));
  std::ifstream reader{path};
  ASSERT_TRUE(write_secret_file(path, "new"));
  std::string old_content;
  reader >> old_content;
  EXPECT_EQ(old_content, "old");
  EXPECT_EQ(*read_file(path), "new");
}

TEST_F(KeyFiles, InMemoryGoWithTheirObject) {
  std::string path;
  {
    auto file = memory_file::make("secret");
    ASSERT_TRUE(file);
    auto moved = std::move(*file);
    path = moved.path();
    EXPECT_EQ(*read_file(path), "secret");
    EXPECT_EQ(*read_file(path), "secret");
  }
  EXPECT_FALSE(read_file(path));
}
