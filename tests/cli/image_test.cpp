#include "cli/command_line.hpp"
#include "cli/environment.hpp"
#include "cli/image_tables.hpp"
#include "runtime/images/digest.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe::cli {

namespace fs = std::filesystem;

namespace {

struct result {
  int code = 0;
  std::string out;
  std::string err;
};

std::string content(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// A data directory, and an archive as docker writes it.
class ImageCommands : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "troupe-image-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directories(folder_ / "tree/etc");
    std::ofstream{folder_ / "tree/etc/a"} << "content";
    shell("tar -C tree -cf layer.tar .");
    auto diff_id = images::digest_of(content(folder_ / "layer.tar"));
    std::ofstream{folder_ / "config.json"}
        << R"({"config":{"Cmd":["/bin/app"]},"rootfs":{"diff_ids":[")"
        << diff_id << "\"]}}";
    std::ofstream{folder_ / "manifest.json"}
        << R"([{"Config":"config.json","RepoTags":["app:1","team/app:2"],)"
           R"("Layers":["layer.tar"]}])";
    shell("tar -czf app.tar.gz layer.tar config.json manifest.json");
  }

  void TearDown() override { fs::remove_all(folder_); }

  void shell(const std::string& line) {
    ASSERT_EQ(std::system(("cd " + folder_.string() + " && " + line).c_str()),
              0)
        << line;
  }

  result run(std::vector<std::string> words) {
    std::ostringstream out, err;
    environment env{out, err};
    env.data_dir = folder_ / "data";
    result r;
    words.insert(words.begin(), "image");
    r.code = run_command_line(std::move(words), env);
    r.out = out.str();
    r.err = err.str();
    return r;
  }

  std::string archive() const { return folder_ / "app.tar.gz"; }

  fs::path folder_;
};

} // namespace

TEST_F(ImageCommands, LoadListAndRemove) {
  auto none = run({"list"});
  EXPECT_EQ(none.code, done);
  EXPECT_NE(none.err.find("No images found"), std::string::npos);
  // Looking makes nothing.
  EXPECT_FALSE(fs::exists(folder_ / "data"));
  auto loaded = run({"load", archive()});
  ASSERT_EQ(loaded.code, done) << loaded.err;
  EXPECT_EQ(loaded.out.rfind("Loaded docker.io/team/app:2 (", 0), 0u)
      << loaded.out;
  auto list = run({"list"});
  EXPECT_EQ(list.code, done);
  EXPECT_EQ(list.out.rfind("IMAGE      TAG   IMAGE ID ", 0), 0u) << list.out;
  EXPECT_NE(list.out.find("\napp        1 "), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("\nteam/app   2 "), std::string::npos) << list.out;
  auto one = run({"list", "app:1", "-o", "json"});
  auto json = nlohmann::json::parse(one.out);
  EXPECT_EQ(json["images"].size(), 1u);
  EXPECT_EQ(json["images"][0]["repoTags"][0], "docker.io/library/app:1");
  EXPECT_EQ(run({"list", "-o", "name"}).out,
            "docker.io/library/app:1\ndocker.io/team/app:2\n");
  auto id = run({"list", "-q"}).out;
  EXPECT_EQ(run({"remove", "app:1"}).out, "image \"app:1\" removed\n");
  EXPECT_EQ(run({"list", "-o", "name"}).out, "docker.io/team/app:2\n");
  EXPECT_EQ(run({"remove", id.substr(7, 12)}).code, done);
  EXPECT_EQ(run({"list", "-q"}).out, "");
}

TEST_F(ImageCommands, SayWhatIsWrong) {
  auto missing = run({"load", (folder_ / "none.tar").string()});
  EXPECT_EQ(missing.code, failed);
  EXPECT_NE(missing.err.find("none.tar"), std::string::npos);
  std::ofstream{folder_ / "text"} << "this is no archive, whatever its name is";
  auto other = run({"load", (folder_ / "text").string()});
  EXPECT_EQ(other.code, failed);
  EXPECT_NE(other.err.find("text: archive"), std::string::npos) << other.err;
  auto unknown = run({"remove", "app:7"});
  EXPECT_EQ(unknown.code, failed);
  EXPECT_NE(unknown.err.find("image \"app:7\" not found"), std::string::npos)
      << unknown.err;
  EXPECT_EQ(run({"list", "app:7"}).code, failed);
  EXPECT_EQ(run({"load", archive(), "--platform", "linux"}).code, wrong_usage);
  EXPECT_EQ(run({"list", "-o", "nothing"}).code, wrong_usage);
  auto name = run({"pull", "UPPER"});
  EXPECT_EQ(name.code, failed);
  EXPECT_NE(name.err.find("couldn't parse image reference \"UPPER\""),
            std::string::npos)
      << name.err;
  auto nobody = run({"pull", "127.0.0.1:1/app:1"});
  EXPECT_EQ(nobody.code, failed);
  EXPECT_NE(nobody.err.find("failed to pull"), std::string::npos) << nobody.err;
}

TEST(ImageTables, TellSizesInThreeDigits) {
  struct {
    uint64_t bytes;
    const char* text;
  } cases[] = {{0, "0B"},
               {999, "999B"},
               {1000, "1.00kB"},
               {1'980'000, "1.98MB"},
               {12'345'678, "12.3MB"},
               {999'600, "1.00MB"},
               {123'456'789'000, "123GB"}};
  for (auto& c : cases)
    EXPECT_EQ(size_text(c.bytes), c.text);
}

} // namespace troupe::cli
