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

} // namespace troupe::test
