#include "runtime/containers/volume_files.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <sys/stat.h>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

struct volume_files_test : ::testing::Test {
  volume_files_test() {
    std::string pattern = fs::temp_directory_path() / "volumes-XXXXXX";
    root = mkdtemp(pattern.data());
  }

  ~volume_files_test() override { fs::remove_all(root); }

  std::string write(std::vector<rules::volume_plan> plans,
                    std::vector<std::string> folders = {}) {
    std::promise<std::string> answer;
    edge.write(root, std::move(plans), std::move(folders),
               [&](std::string problem) { answer.set_value(problem); });
    return answer.get_future().get();
  }

  std::string content(const std::string& path) {
    std::ifstream in{root + "/volumes/" + path};
    std::ostringstream out;
    out << in.rdbuf();
    return in ? out.str() : "(none)";
  }

  unsigned mode(const std::string& path) {
    struct stat info {};
    stat((root + "/volumes/" + path).c_str(), &info);
    return info.st_mode & 07777;
  }

  rules::volume_plan files(std::vector<rules::planned_file> list) {
    rules::volume_plan plan;
    plan.name = "v";
    plan.kind = rules::volume_plan::form::files;
    plan.files = std::move(list);
    return plan;
  }

  std::string root;
  volume_files edge;
};

using VolumeFiles = volume_files_test;

} // namespace

TEST_F(VolumeFiles, WritesFilesWithTheirModes) {
  EXPECT_EQ(write({files({{"a", "one", 0400}, {"b/c", "two", 0755}})}), "");
  EXPECT_EQ(content("v/a"), "one");
  EXPECT_EQ(content("v/b/c"), "two");
  EXPECT_EQ(mode("v/a"), 0400u);
  EXPECT_EQ(mode("v/b/c"), 0755u);
  EXPECT_TRUE(fs::is_symlink(root + "/volumes/v/a"));
  EXPECT_TRUE(fs::is_symlink(root + "/volumes/v/..data"));
}

TEST_F(VolumeFiles, ReplacesTheContentAsAWhole) {
  write({files({{"a", "one", 0644}, {"b", "two", 0644}})});
  auto old = fs::read_symlink(root + "/volumes/v/..data");
  EXPECT_EQ(write({files({{"a", "three", 0644}, {"c/d", "four", 0644}})}), "");
  EXPECT_EQ(content("v/a"), "three");
  EXPECT_EQ(content("v/c/d"), "four");
  EXPECT_FALSE(fs::exists(fs::symlink_status(root + "/volumes/v/b")));
  EXPECT_FALSE(fs::exists(root + "/volumes/v/" + old.string()));
  EXPECT_EQ(write({files({})}), "");
  EXPECT_EQ(content("v/a"), "(none)");
}

TEST_F(VolumeFiles, LeavesAloneWhatStays) {
  auto plan = files({{"a", "one", 0644}});
  write({plan});
  auto link = fs::read_symlink(root + "/volumes/v/..data");
  write({plan});
  EXPECT_EQ(fs::read_symlink(root + "/volumes/v/..data"), link);
}

TEST_F(VolumeFiles, MakesWholeWhatAKilledWriterBegan) {
  auto plan = files({{"a", "one", 0644}});
  write({plan});
  // The content came first, and then nothing more.
  fs::remove(root + "/volumes/v/a");
  EXPECT_EQ(write({plan}), "");
  EXPECT_EQ(content("v/a"), "one");
}

TEST_F(VolumeFiles, MakesEmptyFoldersForEverybodyAndKeepsTheirContent) {
  rules::volume_plan plan;
  plan.name = "scratch";
  EXPECT_EQ(write({plan}, {"scratch/x/y"}), "");
  EXPECT_EQ(mode("scratch"), 0777u);
  EXPECT_EQ(mode("scratch/x/y"), 0777u);
  std::ofstream{root + "/volumes/scratch/mine"} << "kept";
  EXPECT_EQ(write({plan}), "");
  EXPECT_EQ(content("scratch/mine"), "kept");
}

TEST_F(VolumeFiles, ChecksPathsOfTheMachine) {
  rules::volume_plan plan;
  plan.name = "host";
  plan.kind = rules::volume_plan::form::host_path;
  plan.host_path = root + "/there";
  plan.host_type = "Directory";
  EXPECT_EQ(write({plan}), "volume \"host\": hostPath type check failed: "
                               + root + "/there is not a Directory");
  plan.host_type = "DirectoryOrCreate";
  EXPECT_EQ(write({plan}), "");
  EXPECT_TRUE(fs::is_directory(root + "/there"));
  plan.host_type = "File";
  EXPECT_NE(write({plan}), "");
  plan.host_type = "";
  plan.host_path = root + "/nowhere";
  EXPECT_EQ(write({plan}), "");
}

TEST_F(VolumeFiles, SaysWhyItFailed) {
  std::ofstream{root + "/volumes"} << "in the way";
  auto problem = write({files({{"a", "one", 0644}})});
  EXPECT_NE(problem.find("volume \"v\": "), std::string::npos) << problem;
}

TEST_F(VolumeFiles, RemovesFolders) {
  write({files({{"a", "one", 0400}})});
  std::promise<std::string> answer;
  edge.remove(root + "/volumes",
              [&](std::string problem) { answer.set_value(problem); });
  EXPECT_EQ(answer.get_future().get(), "");
  EXPECT_FALSE(fs::exists(root + "/volumes"));
}
