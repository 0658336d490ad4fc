#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/kubeconfig.hpp"

#include <gtest/gtest.h>

#include <fstream>

using namespace troupe;
using namespace troupe::crypto;

namespace {

kubeconfig example() {
  kubeconfig x;
  x.clusters = {{"troupe", "https://127.0.0.1:6443", "authority\n",
                 "127.0.0.1:6444", ""}};
  x.users = {{"kubernetes-admin", "certificate\n", "key\n", "", ""},
             {"robot", "", "", "a: token # of 'odd' signs", ""}};
  x.contexts = {{"kubernetes-admin@troupe", "troupe", "kubernetes-admin", ""},
                {"robot@troupe", "troupe", "robot", "machines"}};
  x.current_context = "kubernetes-admin@troupe";
  return x;
}

std::string error_of(std::string_view text) {
  auto x = parse_kubeconfig(text, ".");
  return x ? "accepted" : message_of(x.error());
}

/// The problem that using the current context meets.
std::string problem_of(std::string_view text) {
  auto x = parse_kubeconfig(text, ".");
  if (!x)
    return "not parsed: " + message_of(x.error());
  auto access = choose(*x, "");
  return access ? "accepted" : message_of(access.error());
}

} // namespace

TEST(Kubeconfig, ReadsWhatItWrote) {
  auto x = parse_kubeconfig(to_yaml(example()), ".");
  ASSERT_TRUE(x) << message_of(x.error());
  EXPECT_EQ(*x, example());
}

TEST(Kubeconfig, HasTheFieldsOfKubernetes) {
  auto text = to_yaml(example());
  for (auto line : {"apiVersion: v1", "kind: Config",
                    "current-context: kubernetes-admin@troupe",
                    "server: https://127.0.0.1:6443",
                    "client-key-data: a2V5Cg==", "namespace: machines",
                    "actors: 127.0.0.1:6444", "name: troupe"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Kubeconfig, LeadsFromAContextToClusterAndUser) {
  auto x = choose(example(), "");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->cluster.actors, "127.0.0.1:6444");
  EXPECT_EQ(x->user.key, "key\n");
  EXPECT_EQ(x->ns, "default");
  auto other = choose(example(), "robot@troupe");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->user.token, "a: token # of 'odd' signs");
  EXPECT_EQ(other->ns, "machines");
}

TEST(Kubeconfig, SaysWhichNameIsMissing) {
  auto x = example();
  EXPECT_NE(message_of(choose(x, "nowhere").error()).find("nowhere"),
            std::string::npos);
  x.current_context.clear();
  EXPECT_EQ(message_of(choose(x, "").error()),
            "current-context: required, or name a context");
  x = example();
  x.users.clear();
  EXPECT_NE(message_of(choose(x, "").error()).find("kubernetes-admin"),
            std::string::npos);
}

TEST(Kubeconfig, NamesTheFieldThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "kubeconfig: not a mapping"},
      {"", "kubeconfig: not a mapping"},
      {"kind: Pod", "kind: is Pod, not Config"},
      {"clusters: 7", "clusters: not a list"},
      {"clusters: [7]", "clusters[0]: not a mapping"},
      {"clusters: [{cluster: {}}]", "clusters[0].name: required"},
      {"users: [{name: a, user: []}]", "users[0].user: not a mapping"},
      {"contexts: [{name: a}]", "contexts[0].context: required"},
      {"contexts: [{name: a, context: {user: [1]}}]",
       "contexts[0].context.user: not a string"},
      {"current-context: {}", "current-context: not a string"},
  };
  for (auto& [text, message] : cases)
    EXPECT_EQ(error_of(text), message) << text;
  EXPECT_EQ(error_of("a: [").substr(0, 8), "not YAML");
}

TEST(Kubeconfig, NamesTheFieldWhenItsEntryIsUsed) {
  std::string rest = "\ncontexts: [{name: x, context: {cluster: c, user: u}}]"
                     "\ncurrent-context: x";
  std::string user = "\nusers: [{name: u, user: {token: t}}]";
  std::string cluster = "\nclusters: [{name: c, cluster: {server: s}}]";
  EXPECT_EQ(problem_of(rest + user + cluster), "accepted");
  EXPECT_EQ(problem_of(rest + user
                       + "\nclusters: [{name: c, cluster: "
                         "{certificate-authority-data: '*'}}]"),
            "clusters[0].cluster.certificate-authority-data: not Base64: "
            "unexpected character");
  EXPECT_EQ(problem_of(rest + cluster
                       + "\nusers: [{name: u, user: "
                         "{client-certificate-data: YQ==}}]"),
            "users[0].user.client-key: required beside the other half of the "
            "pair");
  EXPECT_EQ(problem_of(rest + user
                       + "\nclusters: [{name: c, cluster: {extensions: "
                         "[{name: other, extension: 1}, {name: troupe, "
                         "extension: 1}]}}]"),
            "clusters[0].cluster.extensions[1].extension: not a mapping");
}

TEST(Kubeconfig, ForgivesProblemsOfOtherContexts) {
  EXPECT_EQ(problem_of("clusters: [{name: c, cluster: {server: s}}, {name: d, "
                       "cluster: {certificate-authority: /nonexistent}}]\n"
                       "users: [{name: u, user: {token: t}}]\n"
                       "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
                       "current-context: x"),
            "accepted");
}

TEST(Kubeconfig, ReadsFilesBesideIt) {
  auto form =
      (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
  std::filesystem::path root = ::mkdtemp(form.data());
  std::ofstream{root / "ca.crt"} << "authority";
  std::ofstream{root / "token"} << "word\n";
  std::ofstream{root / "config"}
      << "clusters: [{name: c, cluster: {certificate-authority: ca.crt}}]\n"
         "users: [{name: u, user: {tokenFile: token}}]\n";
  auto x = read_kubeconfig(root / "config");
  ASSERT_TRUE(x) << message_of(x.error());
  EXPECT_EQ(x->clusters[0].authority, "authority");
  EXPECT_EQ(x->users[0].token, "word");
  auto missing = read_kubeconfig(root / "none");
  ASSERT_FALSE(missing);
  EXPECT_TRUE(is(missing.error(), ec::not_found));
  std::filesystem::remove_all(root);
}
