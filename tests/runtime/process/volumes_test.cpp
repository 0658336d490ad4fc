#include "runtime/process/shim_wire.hpp"
#include "tests/support/pod_fixture.hpp"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

namespace {

void add_volume(container::ContainerConfig& config, const std::string& name,
                const fs::path& source, const std::string& target,
                bool read_only = false) {
  auto mount = config.add_mounts();
  mount->set_name(name);
  mount->set_host_path(source);
  mount->set_container_path(target);
  mount->set_read_only(read_only);
}

} // namespace

class Volumes : public PodRuntime {
protected:
  void SetUp() override {
    PodRuntime::SetUp();
    if ((flags_ & use_mounts) == 0)
      GTEST_SKIP() << "this machine allows no mount namespaces";
    source_ = folder_ / "volume";
    fs::create_directories(source_);
    std::ofstream{source_ / "file"} << "content";
  }

  /// What a container that sees the volume there prints.
  std::string print(const std::string& target, const std::string& script,
                    bool read_only = false) {
    auto config = shell("main", script);
    add_volume(config, "data", source_, target, read_only);
    auto id = launch("volume-" + std::to_string(++count_), config);
    auto c = ended(id);
    return logs(id) + (c.exit_code() == 0 ? "" : "exit");
  }

  fs::path source_;
  int count_ = 0;
};

TEST_F(Volumes, AppearAtAnyPath) {
  // Missing in the root, in a folder, in a folder with mounts in it, behind a
  // link; there already; in a folder of another file system.
  for (std::string target :
       {"/troupe-test-data", "/troupe/test/deeper", "/etc/troupe-test/config",
        "/dev/troupe-test", "/var/run/secrets/kubernetes.io/serviceaccount",
        "/tmp", "/mnt", "/usr/share/troupe-test", "/sys/fs/troupe"}) {
    EXPECT_EQ(print(target, "cat " + target + "/file"), "content") << target;
    EXPECT_EQ(print(target,
                    "echo new > " + target + "/file; cat " + target + "/file"),
              "new\n")
        << target;
    EXPECT_EQ(content(source_ / "file"), "new\n");
    std::ofstream{source_ / "file"} << "content";
  }
  // None of it is on the machine's own file system.
  for (auto path :
       {"/troupe-test-data", "/troupe", "/etc/troupe-test", "/dev/troupe-test",
        "/run/secrets", "/usr/share/troupe-test"})
    EXPECT_FALSE(fs::exists(path)) << path;
}

TEST_F(Volumes, LeaveEverythingElseAsItIs) {
  EXPECT_EQ(print("/etc/troupe-test/config",
                  "ls -d /etc/troupe-test /etc/passwd /bin/sh; id -u"),
            "/bin/sh\n/etc/passwd\n/etc/troupe-test\n"
                + std::to_string(geteuid()) + "\n");
  EXPECT_EQ(print("/troupe-test-data",
                  "ls -d /etc/passwd /usr/bin /proc/self /dev/null && echo x"
                  " > /dev/null && echo y > "
                      + (folder_ / "through").string()),
            "/dev/null\n/etc/passwd\n/proc/self\n/usr/bin\n");
  EXPECT_EQ(content(folder_ / "through"), "y\n");
}

TEST_F(Volumes, MayBeReadOnly) {
  EXPECT_EQ(print("/troupe-test-data",
                  "cat /troupe-test-data/file;"
                  " { echo x > /troupe-test-data/file; } 2>/dev/null"
                  " || echo refused",
                  true),
            "contentrefused\n");
  EXPECT_EQ(content(source_ / "file"), "content");
}

TEST_F(Volumes, MayBeFiles) {
  auto config = shell("main", "cat /etc/troupe-test/one /etc/hostname");
  add_volume(config, "one", source_ / "file", "/etc/troupe-test/one");
  if (fs::exists("/etc/hostname"))
    add_volume(config, "two", source_ / "file", "/etc/hostname");
  auto id = launch("volume-files", config);
  EXPECT_EQ(ended(id).exit_code(), fs::exists("/etc/hostname") ? 0 : 1);
  EXPECT_EQ(logs(id).substr(0, 7), "content");
}

TEST_F(Volumes, MayLieInOneAnother) {
  fs::create_directories(folder_ / "inner");
  std::ofstream{folder_ / "inner/file"} << "inner";
  auto config = shell("main", "cat /a/file /a/b/c/file");
  add_volume(config, "inner", folder_ / "inner", "/a/b/c");
  add_volume(config, "outer", source_, "/a");
  auto id = launch("volume-nested", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
  EXPECT_EQ(logs(id), "contentinner");
}

TEST_F(Volumes, AreSharedByTheContainersOfAPod) {
  auto pod = run("volume-shared");
  ASSERT_TRUE(pod);
  auto writer = shell("writer", "echo hello > /shared/x.new; mv /shared/x.new"
                                " /shared/x");
  auto reader = shell("reader", "while [ ! -e /elsewhere/x ]; do sleep 0.01;"
                                " done; cat /elsewhere/x");
  add_volume(writer, "shared", source_, "/shared");
  add_volume(reader, "shared", source_, "/elsewhere");
  auto r = create(pod->id(), reader);
  auto w = create(pod->id(), writer);
  ASSERT_TRUE(r && w);
  ASSERT_TRUE(start(r->id()) && start(w->id()));
  EXPECT_EQ(ended(r->id()).exit_code(), 0);
  EXPECT_EQ(logs(r->id()), "hello\n");
}

TEST_F(Volumes, AreSeenByCommandsToo) {
  auto config = shell("main", "exec sleep 1000");
  add_volume(config, "data", source_, "/troupe-test-data");
  auto id = launch("volume-exec", config);
  auto result = exec(id, {"cat", "/troupe-test-data/file"});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stdout(), "content");
  result = exec(id, {"/bin/sh", "-c", "echo $TROUPE_VOLUME_data"});
  EXPECT_EQ(result->stdout(), "/troupe-test-data\n");
}

TEST_F(Volumes, AreRefusedWhereTheyCannotBe) {
  auto pod = run("volume-refused");
  ASSERT_TRUE(pod);
  int attempt = 0;
  auto refused = [&](const std::string& target, const fs::path& source) {
    auto config = shell("main", "true");
    config.set_attempt(static_cast<uint32_t>(++attempt));
    add_volume(config, "data", source, target);
    auto c = create(pod->id(), config);
    if (!c)
      return message_of(c.error());
    auto s = start(c->id());
    return s ? std::string{} : message_of(s.error());
  };
  EXPECT_NE(refused("/", source_).find("mountPath /"), std::string::npos);
  EXPECT_NE(refused("", source_).find("mountPath"), std::string::npos);
  EXPECT_NE(refused("/etc/passwd", source_).find("/etc/passwd is a file"),
            std::string::npos);
  EXPECT_NE(refused("/etc/passwd/x", source_).find("/etc/passwd/x"),
            std::string::npos);
  EXPECT_NE(refused("/data", folder_ / "none").find("No such file"),
            std::string::npos);
  EXPECT_NE(refused("/data", "relative").find("must be absolute"),
            std::string::npos);
  EXPECT_NE(refused("/no/../../such", source_).find(".."), std::string::npos);
}

TEST_F(Volumes, StayWritableOnAReadOnlyRoot) {
  auto config =
      shell("main", "echo x > /troupe-test-data/x && echo volume;"
                    " touch "
                        + (folder_ / "touched").string()
                        + " 2>/dev/null || echo refused;"
                          " echo y > /dev/null && cat /proc/self/comm");
  config.mutable_security()->set_read_only_root(true);
  add_volume(config, "data", source_, "/troupe-test-data");
  auto id = launch("volume-root", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
  EXPECT_EQ(logs(id), "volume\nrefused\ncat\n");
}

TEST_F(Volumes, MakeRoomForAMissingWorkingDirectory) {
  auto config = shell("main", "pwd");
  config.set_working_dir("/troupe-test-app/work");
  auto id = launch("volume-cwd", config);
  ended(id);
  EXPECT_EQ(logs(id), "/troupe-test-app/work\n");
  EXPECT_FALSE(fs::exists("/troupe-test-app"));
}

TEST_F(Volumes, AreNamedOnlyWhereNothingCanBeMounted) {
  restart(0);
  auto pod = run("volume-none");
  ASSERT_TRUE(pod);
  auto absolute = shell("absolute", "true");
  add_volume(absolute, "data", source_, "/data");
  auto refused = create(pod->id(), absolute);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::invalid));
  EXPECT_NE(message_of(refused.error()).find("mountPath /data"),
            std::string::npos);
  auto relative = shell("relative", "cat $TROUPE_VOLUME_my_data/file");
  add_volume(relative, "my-data", source_, "my-data");
  add_volume(relative, "token", source_, "/var/run/secrets/token");
  relative.mutable_mounts(1)->set_best_effort(true);
  auto c = create(pod->id(), relative);
  ASSERT_TRUE(c) << message_of(c.error());
  ASSERT_TRUE(start(c->id()));
  EXPECT_EQ(ended(c->id()).exit_code(), 0);
  EXPECT_EQ(logs(c->id()), "content");
}

} // namespace troupe::process
