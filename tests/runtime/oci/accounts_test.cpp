#include "runtime/oci/accounts.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace troupe::oci {

namespace {

namespace fs = std::filesystem;

const accounts known{"root:x:0:0:root:/root:/bin/sh\n"
                     "web:x:1234:2345:Web:/srv:/bin/sh\n",
                     "root:x:0:\nweb:x:2345:\nmore:x:3456:a,web\n"};

std::string text_of(const container::Security& security,
                    const std::string& image_user) {
  auto who = find_identity(security, image_user, known, "(c)");
  if (!who)
    return message_of(who.error());
  auto result = std::to_string(who->user) + ":" + std::to_string(who->group);
  for (auto group : who->groups)
    result += " " + std::to_string(group);
  return result + " " + who->home;
}

container::Security as(int64_t user) {
  container::Security result;
  result.set_run_as_user(user);
  return result;
}

} // namespace

TEST(Accounts, OfTheImageTellWhoRuns) {
  EXPECT_EQ(text_of({}, ""), "0:0 0 /root");
  EXPECT_EQ(text_of({}, "web"), "1234:2345 2345 3456 /srv");
  EXPECT_EQ(text_of({}, "1234"), "1234:2345 2345 3456 /srv");
  EXPECT_EQ(text_of({}, "web:root"), "1234:0 0 3456 /srv");
  EXPECT_EQ(text_of({}, "web:77"), "1234:77 77 3456 /srv");
  EXPECT_EQ(text_of({}, "99"), "99:0 0 /");
  EXPECT_EQ(text_of({}, "nobody"), "unable to find user nobody: no matching "
                                   "entries in passwd file");
  EXPECT_EQ(text_of({}, "web:none"), "unable to find group none: no matching "
                                     "entries in group file");
}

TEST(Accounts, GiveWayToTheContainer) {
  EXPECT_EQ(text_of(as(1234), "root:root"), "1234:2345 2345 3456 /srv");
  EXPECT_EQ(text_of(as(55), "web:web"), "55:0 0 /");
  auto security = as(55);
  security.set_run_as_group(66);
  security.add_supplemental_groups(77);
  security.add_supplemental_groups(66);
  EXPECT_EQ(text_of(security, ""), "55:66 66 77 /");
  container::Security named;
  named.set_run_as_username("web");
  EXPECT_EQ(text_of(named, "root"), "1234:2345 2345 3456 /srv");
  named.set_strict_groups(true);
  EXPECT_EQ(text_of(named, "root"), "1234:2345 2345 /srv");
}

TEST(Accounts, AreHeldAgainstRunAsNonRoot) {
  container::Security security;
  security.set_run_as_non_root(true);
  auto root = "container has runAsNonRoot and image will run as root (c)";
  EXPECT_EQ(text_of(security, ""), root);
  EXPECT_EQ(text_of(security, "0:5"), root);
  EXPECT_EQ(text_of(security, "web"),
            "container has runAsNonRoot and image has non-numeric user (web), "
            "cannot verify user is non-root (c)");
  EXPECT_EQ(text_of(security, "1234"), "1234:2345 2345 3456 /srv");
  security.set_run_as_user(0);
  EXPECT_EQ(text_of(security, "1234"),
            "container's runAsUser breaks non-root policy (c)");
  security.set_run_as_user(9);
  EXPECT_EQ(text_of(security, ""), "9:0 0 /");
}

struct Layers : ::testing::Test {
  void SetUp() override {
    auto name = (fs::temp_directory_path() / "troupe-layers-XXXXXX").string();
    folder = mkdtemp(name.data());
    for (auto layer : {"top", "middle", "bottom"})
      fs::create_directories(folder / layer / "etc");
    layers = {folder / "top", folder / "middle", folder / "bottom"};
  }

  void TearDown() override { fs::remove_all(folder); }

  void write(const std::string& path, const std::string& text) {
    std::ofstream{folder / path} << text;
  }

  fs::path folder;
  std::vector<std::string> layers;
};

TEST_F(Layers, HideWhatIsBelow) {
  write("bottom/etc/passwd", "bottom");
  EXPECT_EQ(file_of_image(layers, "etc/passwd"), "bottom");
  write("middle/etc/passwd", "middle");
  EXPECT_EQ(file_of_image(layers, "etc/passwd"), "middle");
  EXPECT_EQ(file_of_image(layers, "etc/group"), "");
}

TEST_F(Layers, KeepLinksWithin) {
  write("secret", "of the node");
  fs::create_symlink("../../secret", folder / "top/etc/passwd");
  write("top/other", "of the image");
  fs::create_symlink("/other", folder / "top/etc/group");
  EXPECT_EQ(file_of_image(layers, "etc/passwd"), "");
  EXPECT_EQ(file_of_image(layers, "etc/group"), "of the image");
}

TEST_F(Layers, MayHaveRemovedWhatIsBelow) {
  if (geteuid() != 0)
    GTEST_SKIP() << "only root makes device files";
  write("bottom/etc/passwd", "bottom");
  ASSERT_EQ(mknod((folder / "top/etc/passwd").c_str(), S_IFCHR, makedev(0, 0)),
            0);
  EXPECT_EQ(file_of_image(layers, "etc/passwd"), "");
  fs::remove(folder / "top/etc/passwd");
  if (setxattr((folder / "top/etc").c_str(), "trusted.overlay.opaque", "y", 1,
               0)
      != 0)
    GTEST_SKIP() << "no extended attributes here";
  EXPECT_EQ(file_of_image(layers, "etc/passwd"), "");
}

} // namespace troupe::oci
