#include "runtime/images/digest.hpp"
#include "runtime/images/layer.hpp"
#include "tests/support/image_makers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

class Layer : public ImageStore {
protected:
  expected<unpacked_layer> unpack(const std::string& bytes,
                                  unpack_options options = {}) {
    into_ = root_ / ("layer-" + std::to_string(++count_));
    fs::create_directory(into_);
    write_file(root_ / "bytes", bytes);
    auto fd = open_file(root_ / "bytes", O_RDONLY);
    options.marks = marks_for(root_);
    options.give = geteuid() == 0;
    return unpack_layer(fd->get(), into_, options);
  }

  std::string refusal(const std::vector<entry>& entries,
                      unpack_options options = {}) {
    auto done = unpack(make_tar(entries), options);
    return done ? "" : message_of(done.error());
  }

  bool is_hidden(const std::string& path) {
    struct stat info {};
    return lstat((into_ / path).c_str(), &info) == 0 && S_ISCHR(info.st_mode)
           && info.st_rdev == makedev(0, 0);
  }

  bool is_opaque(const std::string& path) {
    auto name = marks_for(root_) == overlay_marks::trusted
                    ? "trusted.overlay.opaque"
                    : "user.overlay.opaque";
    char value = 0;
    return getxattr((into_ / path).c_str(), name, &value, 1) == 1
           && value == 'y';
  }

  struct stat info(const std::string& path) {
    struct stat result {};
    EXPECT_EQ(lstat((into_ / path).c_str(), &result), 0) << path;
    return result;
  }

  fs::path into_;
  int count_ = 0;
};

TEST_F(Layer, IsUnpackedWithModesTimesAndLinks) {
  auto tar = make_tar({folder("./"),
                       folder("etc", 0711),
                       file("./etc/passwd", "root", 0640),
                       file("bin/su", "s", 04755),
                       link("lib", "usr/lib"),
                       hard_link("bin/su2", "bin/su"),
                       {"run/pipe", "", 'p', 0600},
                       file("ä/ö", "u")});
  for (auto how : {"", "gzip", "zstd", "xz"}) {
    auto done = unpack(compress(tar, how));
    ASSERT_TRUE(done) << message_of(done.error());
    EXPECT_EQ(done->diff_id, digest_of(tar)) << how;
    EXPECT_EQ(read_file(into_ / "etc/passwd"), "root");
    EXPECT_EQ(info("etc/passwd").st_mode & 07777, 0640u);
    EXPECT_EQ(info("etc").st_mode & 07777, 0711u);
    EXPECT_EQ(info("etc").st_mtime, 1000000000);
    EXPECT_EQ(info("bin/su").st_mode & 07777, 04755u);
    EXPECT_EQ(info("bin/su").st_ino, info("bin/su2").st_ino);
    EXPECT_EQ(info("bin").st_mode & 07777, 0755u);
    EXPECT_EQ(fs::read_symlink(into_ / "lib"), "usr/lib");
    EXPECT_TRUE(S_ISFIFO(info("run/pipe").st_mode));
    EXPECT_EQ(read_file(into_ / "ä/ö"), "u");
  }
}

TEST_F(Layer, OfNothingIsEmpty) {
  ASSERT_TRUE(unpack(make_tar({})));
  EXPECT_TRUE(fs::is_empty(into_));
}

TEST_F(Layer, SaysWhatItTakesAway) {
  ASSERT_TRUE(unpack(make_tar({
      file("a/.wh.gone", ""),
      file("b/.wh..wh..opq", ""),
      file("b/new", "n"),
      // Gone below, and here again: a folder hides the one below.
      file(".wh.dir", ""),
      file("dir/x", "x"),
      // The other way round.
      file("late/y", "y"),
      file(".wh.late", ""),
      file("kept", "k"),
      file(".wh.kept", ""),
      file(".wh..wh.plnk", "aufs"),
      file(".wh.back", ""),
      file("back", "b"),
      file("instead", "of a folder"),
      file("instead/.wh.x", ""),
      file("instead/.wh..wh..opq", ""),
  })));
  EXPECT_EQ(read_file(into_ / "instead"), "of a folder");
  EXPECT_TRUE(is_hidden("a/gone"));
  EXPECT_TRUE(is_opaque("b"));
  EXPECT_EQ(read_file(into_ / "b/new"), "n");
  EXPECT_TRUE(is_opaque("dir"));
  EXPECT_EQ(read_file(into_ / "dir/x"), "x");
  EXPECT_TRUE(is_opaque("late"));
  EXPECT_EQ(read_file(into_ / "late/y"), "y");
  EXPECT_EQ(read_file(into_ / "kept"), "k");
  EXPECT_EQ(read_file(into_ / "back"), "b");
  EXPECT_FALSE(fs::exists(into_ / ".wh..wh.plnk"));
}

TEST_F(Layer, TakesTheLastOfSeveralEntries) {
  ASSERT_TRUE(unpack(make_tar({
      file("a", "1"),
      file("a", "2"),
      file("d/x", "x"),
      folder("d", 0700),
      file("was/in", "x"),
      file("was", "file"),
      link("l", "d"),
      folder("l"),
  })));
  EXPECT_EQ(read_file(into_ / "a"), "2");
  EXPECT_EQ(read_file(into_ / "d/x"), "x");
  EXPECT_EQ(info("d").st_mode & 07777, 0700u);
  EXPECT_EQ(read_file(into_ / "was"), "file");
  EXPECT_TRUE(S_ISDIR(info("l").st_mode));
}

TEST_F(Layer, TakesTheLastOfSeveralEntriesWithinAFolder) {
  ASSERT_TRUE(unpack(make_tar({
      folder("a"),
      link("a/was-link", "x"),
      file("a/was-link", "1"),
      file("a/was-folder/c", "c"),
      file("a/was-folder", "2"),
      link("a/now-folder", "x"),
      folder("a/now-folder"),
      file("a/now-folder/in", "3"),
  })));
  EXPECT_EQ(read_file(into_ / "a/was-link"), "1");
  EXPECT_EQ(read_file(into_ / "a/was-folder"), "2");
  EXPECT_EQ(read_file(into_ / "a/now-folder/in"), "3");
}

TEST_F(Layer, NeverWritesOutside) {
  write_file(root_ / "secret", "untouched");
  auto outside = root_.string();
  struct {
    std::vector<entry> entries;
    const char* part;
  } refused[] = {
      {{file("../secret", "x")}, "leads out of the image"},
      {{file("a/../../secret", "x")}, "leads out of the image"},
      {{hard_link("x", "../secret")}, "not in the layer"},
      {{hard_link("x", outside + "/secret")}, "not in the layer"},
      {{link("s", "/etc"), hard_link("x", "s/passwd")}, "not in the layer"},
      {{hard_link("x", "x")}, "not in the layer"},
      {{file("a", ""), hard_link("a", "a")}, "link to itself"},
      {{file(".wh...", "")}, "has no name"},
      {{file("a/.wh...", "")}, "has no name"},
      {{file(".wh.", "")}, "has no name"},
      {{file("f", "x"), file("f/x", "y")}, "\"f\" is no folder"},
      {{link("loop", "loop"), file("loop/x", "y")}, "leads nowhere"},
      {{link("a", "b"), link("b", "a"), file("a/x", "y")}, "leads nowhere"},
      {{file(std::string(300, 'n'), "x")}, "name"},
  };
  for (auto& c : refused) {
    auto why = refusal(c.entries);
    EXPECT_NE(why.find(c.part), std::string::npos)
        << c.entries.back().path << ": " << why;
  }
  // These are taken, within the layer.
  ASSERT_TRUE(unpack(make_tar({
      file("/etc/abs", "a"),
      link("out", outside),
      file("out/secret", "x"),
      link("up", "../../../../.."),
      file("up/top", "t"),
      link("w", outside),
      file("w/.wh.secret", ""),
      file("w/.wh..wh..opq", ""),
  })));
  EXPECT_EQ(read_file(into_ / "etc/abs"), "a");
  EXPECT_EQ(read_file(into_ / "top"), "t");
  EXPECT_EQ(read_file(root_ / "secret"), "untouched");
}

TEST_F(Layer, FollowsItsOwnLinksWithin) {
  ASSERT_TRUE(unpack(make_tar(
      {folder("usr/lib"), link("lib", "/usr/lib"), file("lib/x.so", "so")})));
  EXPECT_EQ(read_file(into_ / "usr/lib/x.so"), "so");
  EXPECT_TRUE(fs::is_symlink(into_ / "lib"));
  // One that leads to what only a layer below has.
  ASSERT_TRUE(
      unpack(make_tar({link("var/run", "/run"), link("var/lock", "../run/lock"),
                       file("var/run/pid", "1"), file("var/lock/l", "2")})));
  EXPECT_EQ(read_file(into_ / "run/pid"), "1");
  EXPECT_EQ(read_file(into_ / "run/lock/l"), "2");
  EXPECT_TRUE(fs::is_symlink(into_ / "var/run"));
}

TEST_F(Layer, StopsAtItsLimits) {
  unpack_options options;
  options.stream.bytes = 100'000;
  EXPECT_NE(refusal({file("a", std::string(200'000, 'x'))}, options)
                .find("more than 100000 bytes"),
            std::string::npos);
  // A bomb: small, and large when unpacked.
  auto bomb =
      compress(make_tar({file("a", std::string(8 << 20, '\0'))}), "gzip");
  EXPECT_LT(bomb.size(), 100'000u);
  auto done = unpack(bomb, options);
  ASSERT_FALSE(done);
  EXPECT_TRUE(is(done.error(), ec::invalid)) << message_of(done.error());
  options = {};
  options.most_entries = 3;
  EXPECT_NE(
      refusal({file("a", ""), file("b", ""), file("c", ""), file("d", "")},
              options)
          .find("more than 3 entries"),
      std::string::npos);
}

TEST_F(Layer, IsRefusedWhenItIsDamaged) {
  auto tar = make_tar({file("a", std::string(100'000, 'x'))});
  auto packed = compress(tar, "gzip");
  for (auto& bytes :
       {std::string{"no archive at all, but some text that is long enough"},
        packed.substr(0, packed.size() / 2), tar.substr(0, 50'000)}) {
    auto done = unpack(bytes);
    ASSERT_FALSE(done);
    EXPECT_TRUE(is(done.error(), ec::invalid)) << message_of(done.error());
  }
}

TEST_F(Layer, MayEndWithoutAnEnd) {
  // As some tools leave it: neither padding nor the two empty blocks.
  auto tar = make_tar({file("a", "text")});
  tar.resize(tar.find("text") + 4);
  auto done = unpack(tar);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(done->diff_id, digest_of(tar));
  EXPECT_EQ(read_file(into_ / "a"), "text");
}

TEST_F(Layer, CanBeCancelled) {
  unpack_options options;
  int asked = 0;
  options.stream.cancelled = [&] { return ++asked > 3; };
  auto done = unpack(make_tar({file("a", std::string(1 << 20, 'x'))}), options);
  ASSERT_FALSE(done);
  EXPECT_TRUE(is(done.error(), ec::timeout)) << message_of(done.error());
}

TEST_F(Layer, LooksLikeTheLayersBelowWhereItSaysNothing) {
  ASSERT_TRUE(unpack(make_tar(
      {folder("./", 0751), folder("tmp", 01777), folder("home", 0711)})));
  unpack_options options;
  options.below = {into_};
  ASSERT_TRUE(
      unpack(make_tar({file("tmp/x", ""), file("home/.wh.y", "")}), options));
  EXPECT_EQ(info("tmp").st_mode & 07777, 01777u);
  EXPECT_EQ(info("home").st_mode & 07777, 0711u);
  EXPECT_EQ(info(".").st_mode & 07777, 0751u);
}

TEST_F(Layer, GivesNoAttributesOfOverlayfs) {
  entry x = folder("d");
  x.attributes = {{"trusted.overlay.redirect", "/secret"},
                  {"user.overlay.redirect", "/secret"},
                  {"user.mine", "m"}};
  ASSERT_TRUE(unpack(make_tar({x})));
  char value[64];
  for (auto name : {"trusted.overlay.redirect", "user.overlay.redirect"})
    EXPECT_LT(getxattr((into_ / "d").c_str(), name, value, 64), 0) << name;
  EXPECT_EQ(getxattr((into_ / "d").c_str(), "user.mine", value, 64), 1);
}

} // namespace troupe::images
