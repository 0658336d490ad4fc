#include "runtime/images/challenge.hpp"
#include "runtime/images/keyring.hpp"
#include "runtime/images/registry_hosts.hpp"
#include "tests/support/image_makers.hpp"

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

std::string users(const std::vector<credentials>& all) {
  std::string result;
  for (auto& each : all)
    result += (result.empty() ? "" : " ") + each.user + ":" + each.password;
  return result;
}

keyring ring(const std::string& keys) {
  keyring result;
  EXPECT_EQ(result.add_config("{\"auths\":{" + keys + "}}"), caf::error{});
  return result;
}

std::string key(const std::string& where, const std::string& user) {
  return "\"" + where + R"(":{"username":")" + user + R"(","password":"p"})";
}

} // namespace

TEST(Keyring, MatchesAsKubernetesDoes) {
  struct {
    std::string where;
    std::string image;
    bool found;
  } cases[] = {
      {"registry.io", "registry.io/a/b", true},
      {"https://registry.io", "registry.io/a/b", true},
      {"http://registry.io/v1/", "registry.io/a", true},
      {"https://registry.io/v2/", "registry.io/a", true},
      {"registry.io/a", "registry.io/a/b", true},
      {"registry.io/a", "registry.io/b", false},
      {"registry.io:5000", "registry.io:5000/a", true},
      {"registry.io", "registry.io:5000/a", false},
      {"registry.io:5000", "registry.io/a", false},
      {"*.registry.io", "x.registry.io/a", true},
      {"*.registry.io", "registry.io/a", false},
      {"*.registry.io", "x.y.registry.io/a", false},
      {"*.*.registry.io", "x.y.registry.io/a", true},
      {"*.registry.io:5000/team", "x.registry.io:5000/team/a", true},
      {"k8s*.io", "k8s-x.io/a", true},
      {"prefix-?.io", "prefix-1.io/a", true},
      {"prefix-[0-9].io", "prefix-x.io/a", false},
      {"prefix-[0-9].io", "prefix-7.io/a", true},
      {"prefix-[^0-9].io", "prefix-x.io/a", true},
      {"prefix-[^0-9].io", "prefix-7.io/a", false},
      {"prefix-[.io", "prefix-[.io/a", false},
      {"a*b*c.io", "a1b2b3c.io/a", true},
      {"a*b*c.io", "a1b2b3.io/a", false},
      {std::string(2000, '*') + "a.io", std::string(2000, 'b') + ".io/a",
       false},
      {"other.io", "registry.io/a", false},
      {"https://index.docker.io/v1/", "docker.io/library/nginx", true},
      {"index.docker.io", "docker.io/library/nginx", true},
      {"docker.io", "docker.io/library/nginx", true},
      {"https://index.docker.io/v1/", "registry.io/nginx", false},
      {"", "registry.io/a", false},
  };
  for (auto& c : cases)
    EXPECT_EQ(!ring(key(c.where, "u")).find(c.image).empty(), c.found)
        << c.where << " for " << c.image;
}

TEST(Keyring, TriesWhatIsMoreExactFirst) {
  auto all = ring(key("quay.io", "host") + "," + key("quay.io/core", "path")
                  + "," + key("*.io", "glob"));
  EXPECT_EQ(users(all.find("quay.io/core/etcd")), "path:p host:p glob:p");
  EXPECT_EQ(users(all.find("quay.io/other")), "host:p glob:p");
}

TEST(Keyring, ReadsBothKindsOfSecrets) {
  keyring all;
  // user:pass:word with padding and user:word without.
  EXPECT_EQ(all.add_old_config(
                R"({"a.io":{"auth":"dXNlcjpwYXNzOndvcmQ="},
                    "b.io":{"auth":"dXNlcjp3b3Jk","username":"x"},
                    "c.io":{"auth":"dXNlcjp3b3JkMQ"},
                    "d.io":{"identitytoken":"t"}})"),
            caf::error{});
  EXPECT_EQ(users(all.find("a.io/x")), "user:pass:word");
  EXPECT_EQ(users(all.find("b.io/x")), "user:word");
  EXPECT_EQ(users(all.find("c.io/x")), "user:word1");
  EXPECT_EQ(all.find("d.io/x").at(0).identity_token, "t");
  for (std::string bad :
       {"", "[]", R"({"auths":5})", R"({"auths":{"a.io":{"auth":"?secret?"}}})",
        R"({"auths":{"a.io":{"auth":"c2VjcmV0"}}})",
        R"({"auths":{"a.io":"secret"}})"}) {
    auto err = all.add_config(bad);
    EXPECT_TRUE(is(err, ec::invalid)) << bad;
    EXPECT_EQ(message_of(err).find("c2V"), std::string::npos);
    EXPECT_EQ(message_of(err).find("?secret"), std::string::npos);
  }
  EXPECT_EQ(all.add_config(R"({"HttpHeaders":{}})"), caf::error{});
}

TEST(Challenge, IsReadInAllItsForms) {
  auto all = parse_challenges(
      {R"(Bearer realm="https://a.io/token?x=1",service="a b",scope="r:x:pull")",
       R"(Basic realm="say \"please\"", Negotiate)"});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].scheme, "bearer");
  EXPECT_EQ(token_url(all[0], "mine"),
            "https://a.io/token?x=1&service=a%20b&scope=r%3Ax%3Apull");
  EXPECT_EQ(all[1].scheme, "basic");
  EXPECT_EQ(all[1].parameters.at("realm"), "say \"please\"");
  EXPECT_EQ(all[2].scheme, "negotiate");
  auto plain = parse_challenges({"bearer realm=http://b/t"});
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_EQ(token_url(plain[0], "repository:x:pull"),
            "http://b/t?scope=repository%3Ax%3Apull");
  for (auto text : {"", ",", "=", "\"", "a=\"", "Bearer realm=\"x", ",,=,\"\""})
    parse_challenges({text});
  EXPECT_EQ(*read_token(R"({"access_token":"t"})"), "t");
  EXPECT_TRUE(is(read_token(R"({"token":""})").error(), ec::unauthorized));
  EXPECT_TRUE(is(read_token("x").error(), ec::unauthorized));
}

TEST(RegistryHosts, AreTheRegistryItselfUnlessAFileSaysMore) {
  EXPECT_EQ(usual_host("docker.io").url, "https://registry-1.docker.io/v2");
  EXPECT_EQ(usual_host("quay.io:8443").url, "https://quay.io:8443/v2");
  EXPECT_EQ(usual_host("localhost:5000").url, "http://localhost:5000/v2");
  EXPECT_EQ(usual_host("127.0.0.1").url, "http://127.0.0.1/v2");
  EXPECT_EQ(usual_host("localhost:443").url, "https://localhost:443/v2");
  EXPECT_EQ(usual_host("127.example.com").url, "https://127.example.com/v2");
}

TEST(RegistryHosts, AreReadFromContainerdsFile) {
  auto hosts = parse_hosts(R"(
server = "https://registry-1.docker.io"
ca = "ca.pem"

[host."https://z.example.com"]
  capabilities = ["pull", "resolve"]
  ca = ["a.pem", "/etc/b.pem"]
  client = [["c.pem", "c.key"]]
  [host."https://z.example.com".header]
    x-team = ["web"]

[host."http://a.example.com:5000/images"]
  capabilities = ["pull"]
  skip_verify = true
  override_path = true
)",
                           "docker.io", "/certs/docker.io");
  ASSERT_TRUE(hosts) << message_of(hosts.error());
  ASSERT_EQ(hosts->size(), 3u);
  auto& first = hosts->at(0);
  EXPECT_EQ(first.url, "https://z.example.com/v2");
  EXPECT_EQ(first.authorities,
            (std::vector<fs::path>{"/certs/docker.io/a.pem", "/etc/b.pem"}));
  EXPECT_EQ(first.client_key, "/certs/docker.io/c.key");
  EXPECT_EQ(first.headers.at("x-team"), "web");
  EXPECT_FALSE(first.upstream);
  auto& second = hosts->at(1);
  EXPECT_EQ(second.url, "http://a.example.com:5000/images");
  EXPECT_FALSE(second.resolve);
  EXPECT_TRUE(second.skip_verify);
  auto& last = hosts->at(2);
  EXPECT_EQ(last.url, "https://registry-1.docker.io/v2");
  EXPECT_TRUE(last.upstream);
  EXPECT_EQ(last.authorities.size(), 1u);
  for (auto bad : {"server = 5", "server = ", "host = 5", "[host.x]\nca = 5",
                   "server = \"ftp://x\"", "[host.x]\nclient = [5]"})
    EXPECT_FALSE(parse_hosts(bad, "x.io", "/")) << bad;
}

TEST_F(ImageStore, FindsWhatIsKnownOfARegistry) {
  auto own = root_ / "own";
  auto usual = root_ / "usual";
  write_file(own / "a.io_5000_/hosts.toml", "server = \"http://one\"");
  write_file(usual / "a.io/hosts.toml", "server = \"http://two\"");
  write_file(usual / "_default/hosts.toml", "[host.\"http://mirror\"]");
  write_file(usual / "b.io/ca.crt", "x");
  write_file(usual / "c.io/hosts.toml", "server");
  auto url = [&](const std::string& registry) {
    auto hosts = hosts_of(registry, {own, usual});
    return hosts ? hosts->at(0).url : message_of(hosts.error());
  };
  EXPECT_EQ(url("a.io:5000"), "http://one/v2");
  EXPECT_EQ(url("a.io"), "http://two/v2");
  EXPECT_EQ(url("x.io"), "http://mirror/v2");
  EXPECT_EQ(url("b.io"), "https://b.io/v2");
  EXPECT_EQ(hosts_of("b.io", {own, usual})->at(0).authorities.size(), 1u);
  EXPECT_NE(url("c.io").find("c.io/hosts.toml: line 1"), std::string::npos)
      << url("c.io");
}

} // namespace troupe::images
