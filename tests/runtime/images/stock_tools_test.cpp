#include "runtime/images/image_archive.hpp"
#include "runtime/images/puller.hpp"
#include "tests/support/image_makers.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

bool has(const char* program) {
  return std::system(
             ("command -v " + std::string{program} + " >/dev/null").c_str())
         == 0;
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// A port that is free now: the registry cannot choose one and tell.
uint16_t free_port() {
  unique_fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto at = loopback(0);
  socklen_t size = sizeof(at);
  bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size);
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

bool answers(uint16_t port) {
  unique_fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto at = loopback(port);
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0;
}

} // namespace

/// Images made by others, and a registry of others.
class StockTools : public ImageStore {
protected:
  void SetUp() override {
    ImageStore::SetUp();
    for (auto program : {"skopeo", "umoci"})
      if (!has(program))
        GTEST_SKIP() << "there is no " << program;
    make_layout();
  }

  void TearDown() override {
    if (registry_ > 0) {
      kill(registry_, SIGKILL);
      waitpid(registry_, nullptr, 0);
    }
    ImageStore::TearDown();
  }

  void run(const std::string& script) {
    auto line = "cd " + root_.string() + " && { " + script + "; } >log 2>&1";
    ASSERT_EQ(std::system(line.c_str()), 0) << script << "\n"
                                            << read_file(root_ / "log");
  }

  /// Two layers; the upper one changes, adds, removes and replaces.
  void make_layout() {
    write_file(root_ / "tree/etc/a", "1");
    write_file(root_ / "tree/etc/b", "2");
    write_file(root_ / "tree/dir/x", "x");
    write_file(root_ / "tree/was/folder", "f");
    fs::create_symlink("etc/a", root_ / "tree/link");
    run("umoci init --layout L && umoci new --image L:1 && "
        "umoci insert --rootless --image L:1 tree / && "
        "umoci config --image L:1 --config.cmd /bin/app && "
        "umoci unpack --rootless --image L:1 bundle && cd bundle/rootfs && "
        "rm etc/a && echo 22 >etc/b && echo 3 >etc/c && rm -r dir was && "
        "mkdir dir && echo y >dir/y && echo was >was && cd ../.. && "
        "umoci repack --image L:2 bundle && rm -r bundle && "
        "umoci unpack --rootless --image L:2 bundle");
  }

  /// `auth` is the file of its users, `tls` the name of its files.
  void start_registry(const std::string& auth = {},
                      const std::string& tls = {}) {
    port_ = free_port();
    auto place = root_.string() + "/";
    write_file(root_ / "config.yml",
               "version: 0.1\nlog: {level: error}\nstorage: {filesystem: "
               "{rootdirectory: "
                   + (root_ / "registry").string()
                   + "}}\nhttp: {addr: \"127.0.0.1:" + std::to_string(port_)
                   + "\""
                   + (tls.empty() ? ""
                                  : ", tls: {certificate: " + place + tls
                                        + ".crt, key: " + place + tls + ".key}")
                   + "}\n"
                   + (auth.empty() ? ""
                                   : "auth: {htpasswd: {realm: r, path: "
                                         + place + auth + "}}\n"));
    registry_ = fork();
    if (registry_ == 0) {
      auto config = (root_ / "config.yml").string();
      auto log =
          ::open((root_ / "registry-log").c_str(), O_WRONLY | O_CREAT, 0600);
      dup2(log, STDOUT_FILENO);
      dup2(log, STDERR_FILENO);
      execlp("docker-registry", "docker-registry", "serve", config.c_str(),
             nullptr);
      _exit(127);
    }
    for (int i = 0; i < 1500 && !answers(port_); ++i)
      poll(nullptr, 0, 20);
    ASSERT_TRUE(answers(port_)) << read_file(root_ / "registry-log");
  }

  static std::map<std::string, std::string> expected_files() {
    return {{"dir", "/"},      {"dir/y", "y\n"}, {"etc", "/"},
            {"etc/b", "22\n"}, {"etc/c", "3\n"}, {"link", "-> etc/a"},
            {"was", "was\n"}};
  }

  pid_t registry_ = -1;
  uint16_t port_ = 0;
};

TEST_F(StockTools, WriteArchivesThatAreLoaded) {
  for (std::string kind : {"docker-archive", "oci-archive"}) {
    auto name = "registry.local/" + kind + ":1";
    run("skopeo copy oci:L:2 " + kind + ":" + kind + ".tar:" + name);
    auto fd = open_file(root_ / (kind + ".tar"), O_RDONLY);
    ASSERT_TRUE(fd);
    auto loaded = load_archive(store_, fd->get(), {}, now());
    ASSERT_TRUE(loaded) << message_of(loaded.error());
    auto x = store_->find(name);
    ASSERT_TRUE(x) << message_of(x.error());
    EXPECT_EQ(merged(*x), expected_files()) << kind;
    EXPECT_EQ(store_->config_of(*x)->command,
              std::vector<std::string>{"/bin/app"});
  }
  auto loaded = load_layout(store_, root_ / "L", {"team/app"}, now());
  ASSERT_TRUE(loaded) << message_of(loaded.error());
  EXPECT_EQ(loaded->size(), 2u);
  EXPECT_TRUE(store_->find("team/app:2"));
}

TEST_F(StockTools, AgreeWithTheKernelAboutWhatAnImageIs) {
  if (geteuid() != 0)
    GTEST_SKIP() << "mounting needs root";
  auto loaded = load_layout(store_, root_ / "L", {"team/app"}, now());
  ASSERT_TRUE(loaded) << message_of(loaded.error());
  std::string lower;
  for (auto& each : store_->folders_of(*store_->find("team/app:2")))
    lower += (lower.empty() ? "" : ":") + each.string();
  auto extra = store_->marks() == overlay_marks::user ? ",userxattr" : "";
  run("mkdir mnt && unshare -m sh -c 'mount -t overlay overlay -o lowerdir="
      + lower + extra + " mnt && diff -r --no-dereference mnt bundle/rootfs'");
}

TEST_F(StockTools, PushToARegistryFromWhichIsPulled) {
  if (!has("docker-registry"))
    GTEST_SKIP() << "there is no docker-registry";
  start_registry();
  auto name = "127.0.0.1:" + std::to_string(port_) + "/team/app";
  for (std::string tag : {"1", "2"})
    run("skopeo copy --dest-tls-verify=false oci:L:" + tag + " docker://" + name
        + ":" + tag);
  run("skopeo copy --format v2s2 --dest-tls-verify=false oci:L:2 docker://"
      + name + ":docker");
  auto got = pull(store_, name + ":2", {}, now());
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(merged(*got), expected_files());
  auto docker = pull(store_, name + ":docker", {}, now());
  ASSERT_TRUE(docker) << message_of(docker.error());
  EXPECT_EQ(docker->layers, got->layers);
  auto by_digest = pull(store_, got->digests.at(0), {}, now());
  ASSERT_TRUE(by_digest) << message_of(by_digest.error());
  EXPECT_EQ(by_digest->id, got->id);
  auto missing = pull(store_, name + ":3", {}, now());
  ASSERT_FALSE(missing);
  EXPECT_TRUE(is(missing.error(), ec::not_found))
      << message_of(missing.error());
}

TEST_F(StockTools, ServeOverTlsThoseWhomTheyKnow) {
  for (auto program : {"docker-registry", "openssl", "python3"})
    if (!has(program))
      GTEST_SKIP() << "there is no " << program;
  run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-keyout r.key -out r.crt -days 2 -subj /CN=r "
      "-addext subjectAltName=IP:127.0.0.1 && "
      "python3 -W ignore -c 'import crypt; print(\"user:\" + "
      "crypt.crypt(\"right\", crypt.mksalt(crypt.METHOD_BLOWFISH, "
      "rounds=16)))' >users");
  start_registry("users", "r");
  auto registry = "127.0.0.1:" + std::to_string(port_);
  auto name = registry + "/team/app:2";
  run("skopeo copy --dest-tls-verify=false --dest-creds user:right oci:L:2 "
      "docker://"
      + name);
  pull_options options;
  options.host_folders = {root_ / "certs.d"};
  auto hosts = "server = \"https://" + registry + "\"\n";
  auto place = root_ / "certs.d" / registry / "hosts.toml";
  write_file(place, hosts);
  auto stranger = pull(store_, name, options, now());
  ASSERT_FALSE(stranger);
  EXPECT_TRUE(is(stranger.error(), ec::forbidden))
      << message_of(stranger.error());
  write_file(place, hosts + "ca = \"" + (root_ / "r.crt").string() + "\"\n");
  auto nobody = pull(store_, name, options, now());
  ASSERT_FALSE(nobody);
  EXPECT_TRUE(is(nobody.error(), ec::unauthorized))
      << message_of(nobody.error());
  keyring ring;
  ASSERT_EQ(ring.add_old_config("{\"" + registry
                                + "\":{\"auth\":\"dXNlcjpyaWdodA==\"}}"),
            caf::error{});
  options.as = ring.find(registry + "/team/app");
  auto got = pull(store_, name, options, now());
  ASSERT_TRUE(got) << message_of(got.error());
  EXPECT_EQ(merged(*got), expected_files());
  write_file(place, hosts + "skip_verify = true\n");
  EXPECT_TRUE(pull(store_, name, options, now()));
}

TEST_F(StockTools, ReadTheImagesOfTheExamples) {
  if (!fs::exists("/bin/busybox"))
    GTEST_SKIP() << "there is no busybox";
  // Any static program will do as the server here.
  run("WEB_SERVER=/bin/busybox " TROUPE_SOURCE_DIR "/examples/oci-images E && "
      "skopeo copy oci:E:docker.io/troupe/web:1 docker-archive:web.tar");
  auto loaded = load_layout(store_, root_ / "E", {}, now());
  ASSERT_TRUE(loaded) << message_of(loaded.error());
  EXPECT_EQ(loaded->size(), 5u);
  auto web = store_->find("troupe/web:1");
  ASSERT_TRUE(web);
  EXPECT_EQ(store_->config_of(*web)->entrypoint,
            (std::vector<std::string>{"/usr/bin/web-server", "serve"}));
  auto files = merged(*web);
  EXPECT_EQ(files.at("bin/sh"), "-> busybox");
  EXPECT_EQ(files.count("usr/bin/web-server"), 1u);
}

} // namespace troupe::images
