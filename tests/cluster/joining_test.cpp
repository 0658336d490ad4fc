#include "cli/joining.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/system/context.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdlib.h>
#include <sys/stat.h>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

real_options simulated() {
  real_options result;
  result.nodes = 1;
  result.runtime = "simulated";
  return result;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

expected<rules::join_token> token_in(const fs::path& file) {
  auto text = crypto::read_file(file);
  if (!text)
    return text.error();
  return rules::parse_join_token(*text);
}

/// What somebody else than the administrator has.
crypto::kubeconfig_access access_of(const real_cluster& cluster,
                                    const crypto::identity& who) {
  auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
  auto result = *crypto::choose(*config, {});
  auto authority = crypto::parse_credential(
      *crypto::read_file(cluster.data() / "pki" / "ca.pem"));
  auto issued = *crypto::issue(*authority, who, {}, real_world()->now());
  result.user.certificate = issued.certificate;
  result.user.key = issued.key;
  return result;
}

bool may_list(command_client& client) {
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_api_version("v1");
  msg.set_kind("Node");
  return static_cast<bool>(
      client.ask(std::move(msg), {}, std::chrono::seconds(5)));
}

} // namespace

TEST(Tokens, AreMadeListedAndDeleted) {
  real_cluster cluster{simulated()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.run("token create --ttl 1h --uses 3 --role node,server "
                          "--description 'second site'"))
      << cluster.output();
  auto token = rules::parse_join_token(first_line(cluster.output()));
  ASSERT_TRUE(token) << cluster.output();
  auto authority = crypto::read_file(cluster.data() / "pki" / "ca.crt");
  EXPECT_EQ(token->authority_hash, *crypto::authority_hash(*authority));
  ASSERT_TRUE(cluster.run("token list"));
  EXPECT_NE(cluster.output().find(token->id), std::string::npos);
  EXPECT_NE(cluster.output().find("node,server"), std::string::npos);
  EXPECT_NE(cluster.output().find("second site"), std::string::npos);
  EXPECT_EQ(cluster.output().find(token->secret), std::string::npos);
  ASSERT_TRUE(cluster.run("token list --show-secrets"));
  EXPECT_NE(cluster.output().find(to_string(*token)), std::string::npos);
  EXPECT_FALSE(cluster.run("token delete " + to_string(*token)));
  EXPECT_EQ(cluster.code(), 2);
  EXPECT_TRUE(cluster.run("token delete " + token->id));
  EXPECT_FALSE(cluster.run("token delete " + token->id));
  ASSERT_TRUE(cluster.run("token create --print-join-command"));
  EXPECT_EQ(cluster.output().rfind("TROUPE_TOKEN='", 0), 0u);
  EXPECT_NE(cluster.output().find(" --join 127.0.0.1:"), std::string::npos);
}

TEST(Tokens, OfTheMachineItselfAreAnotherAtEachStart) {
  real_cluster cluster{simulated()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  auto file = cluster.data() / "token";
  struct stat facts {};
  ASSERT_EQ(stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  auto first = token_in(file);
  ASSERT_TRUE(first);
  cluster.kill_server();
  ASSERT_TRUE(cluster.up()) << cluster.output();
  auto second = token_in(file);
  ASSERT_TRUE(second);
  EXPECT_NE(first->id, second->id);
  ASSERT_TRUE(cluster.run("token list"));
  EXPECT_EQ(cluster.output().find(first->id), std::string::npos);
  EXPECT_NE(cluster.output().find(second->id), std::string::npos);
}

TEST(Certificates, LetNobodyInOnceTheyAreRevoked) {
  real_cluster cluster{simulated()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  auto access = access_of(cluster, {"jane", {"system:masters"}});
  auto serial = *crypto::serial_of(access.user.certificate);
  auto session = command_client::connect(access);
  ASSERT_TRUE(session) << message_of(session.error());
  ASSERT_TRUE(may_list(**session));
  auto file = cluster.folder() / "jane.pem";
  ASSERT_TRUE(crypto::write_secret_file(file, access.user.key
                                                  + access.user.certificate));
  auto over_http = [&] {
    auto line = "curl -sf --max-time 5 -o /dev/null --cacert "
                + (cluster.data() / "pki" / "ca.crt").string() + " --cert "
                + file.string() + " " + access.cluster.server + "/api/v1/nodes";
    return std::system(line.c_str()) == 0;
  };
  EXPECT_TRUE(over_http());

  ASSERT_TRUE(cluster.run("certificate revoke " + serial)) << cluster.output();
  EXPECT_TRUE(wait_until([&] { return !may_list(**session); },
                         std::chrono::seconds(10)));
  auto again = command_client::connect(access);
  EXPECT_TRUE(!again || !may_list(**again));
  EXPECT_TRUE(
      wait_until([&] { return !over_http(); }, std::chrono::seconds(10)));
  ASSERT_TRUE(cluster.run("certificate list")) << cluster.output();
  EXPECT_NE(cluster.output().find(serial), std::string::npos);
  EXPECT_NE(cluster.output().find("Revoked"), std::string::npos);

  // And so after everything was started anew.
  cluster.kill_server();
  ASSERT_TRUE(cluster.up()) << cluster.output();
  EXPECT_TRUE(wait_until(
      [&] {
        auto later = command_client::connect(access);
        return !later || !may_list(**later);
      },
      std::chrono::seconds(10)));
}

TEST(Certificates, AreOnlyRevokedOfSomebodyWhoIsKnown) {
  real_cluster cluster{simulated()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  EXPECT_FALSE(cluster.run("certificate revoke node-77"));
  EXPECT_NE(cluster.output().find("no certificate is known"),
            std::string::npos);
}

namespace {

/// A cluster that is found by processes of this test and by nobody else.
struct joined_cluster : ::testing::Test {
  real_cluster cluster{simulated()};

  void SetUp() override {
    setenv("XDG_RUNTIME_DIR", cluster.folder().c_str(), 1);
    unsetenv("TROUPE_TOKEN");
    ASSERT_TRUE(cluster.up()) << cluster.output();
  }

  void TearDown() override {
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("TROUPE_TOKEN");
  }

  cli::join_options options(const std::string& name,
                            const std::string& folder = {}) {
    cli::join_options result;
    result.data_dir = cluster.folder() / (folder.empty() ? name : folder);
    result.name = name;
    result.discovery_port = 0;
    return result;
  }

  expected<cli::joined> join(const cli::join_options& how) {
    return cli::join_cluster(how, [](const std::string&) {});
  }

  std::string problem(const cli::join_options& how) {
    auto done = join(how);
    return done ? std::string{} : message_of(done.error());
  }

  /// Makes a token as a user does, and gives it to who joins from here on.
  void give_token(const std::string& words) {
    ASSERT_TRUE(cluster.run("token create " + words)) << cluster.output();
    setenv("TROUPE_TOKEN", first_line(cluster.output()).c_str(), 1);
  }

  /// A session by what joining left in a directory.
  expected<std::unique_ptr<command_client>>
  session_of(const cli::join_options& how) {
    auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
    auto access = *crypto::choose(*config, {});
    auto mine =
        crypto::parse_credential(*crypto::read_file(cli::credential_file(how)));
    access.user.certificate = mine->certificate;
    access.user.key = mine->key;
    return command_client::connect(access);
  }
};

} // namespace

using Joining = joined_cluster;

TEST_F(Joining, NeedsNothingOnTheMachineOfTheCluster) {
  auto how = options("outsider");
  auto done = join(how);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(done->who.user, "system:node:outsider");
  EXPECT_EQ(done->facts.cluster_name(), "troupe");
  auto session = session_of(how);
  ASSERT_TRUE(session) << message_of(session.error());
  EXPECT_EQ((*session)->user(), "system:node:outsider");
  EXPECT_TRUE(may_list(**session));
  // The name is its own.
  EXPECT_NE(problem(options("outsider", "second")).find("has just joined"),
            std::string::npos);
  EXPECT_NE(problem(options("node-1")).find("has a node \"node-1\" already"),
            std::string::npos);

  ASSERT_TRUE(cluster.run("certificate revoke outsider")) << cluster.output();
  EXPECT_TRUE(wait_until([&] { return !may_list(**session); },
                         std::chrono::seconds(10)));
  auto again = session_of(how);
  EXPECT_TRUE(!again || !may_list(**again));
}

TEST_F(Joining, SaysWhatIsWrongWithTheToken) {
  auto server =
      (*crypto::choose(*crypto::read_kubeconfig(cluster.data() / "kubeconfig"),
                       {}))
          .cluster.actors;
  auto at = [&](const std::string& name) {
    auto result = options(name);
    result.servers = {server};
    return result;
  };
  give_token("--uses 1");
  EXPECT_EQ(problem(at("first")), "");
  EXPECT_NE(problem(at("second")).find("used as often as it may be"),
            std::string::npos);
  give_token("--role server");
  EXPECT_NE(problem(at("second")).find("does not let in a node"),
            std::string::npos);
  auto token = *rules::parse_join_token(std::getenv("TROUPE_TOKEN"));
  token.secret = "0123456789abcdef";
  setenv("TROUPE_TOKEN", to_string(token).c_str(), 1);
  EXPECT_NE(problem(at("second")).find("the token is wrong"),
            std::string::npos);
  token.authority_hash = "sha256:" + std::string(64, '0');
  setenv("TROUPE_TOKEN", to_string(token).c_str(), 1);
  EXPECT_NE(problem(at("second")).find("authority"), std::string::npos);
  EXPECT_FALSE(fs::exists(cli::credential_file(at("second"))));
}

TEST_F(Joining, FindsNoClusterThatWasKilled) {
  auto how = options("outsider");
  ASSERT_TRUE(cli::find_way(how));
  cluster.kill_server();
  EXPECT_NE(problem(how).find("troupe up"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(cli::running_clusters_folder()));
}

} // namespace troupe::test
