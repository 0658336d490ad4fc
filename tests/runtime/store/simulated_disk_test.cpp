#include "runtime/store/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace troupe::store {

namespace {

std::unique_ptr<leveldb::WritableFile> made(simulated_disk& disk,
                                            const std::string& name) {
  leveldb::WritableFile* result = nullptr;
  EXPECT_TRUE(disk.NewWritableFile(name, &result).ok());
  return std::unique_ptr<leveldb::WritableFile>{result};
}

std::string content(simulated_disk& disk, const std::string& name) {
  std::string result;
  EXPECT_TRUE(leveldb::ReadFileToString(&disk, name, &result).ok()) << name;
  return result;
}

} // namespace

TEST(SimulatedDisk, KeepsWhatWasSynced) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    simulated_disk disk{seed};
    auto file = made(disk, "/f");
    ASSERT_TRUE(file->Append("safe").ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(file->Append("perhaps").ok());
    disk.power_off();
    EXPECT_FALSE(file->Append("never").ok());
    EXPECT_FALSE(file->Sync().ok());
    file.reset();
    disk.power_on();
    auto left = content(disk, "/f");
    EXPECT_GE(left.size(), 4u);
    EXPECT_EQ(left, std::string{"safeperhaps"}.substr(0, left.size()));
  }
}

TEST(SimulatedDisk, MakesWhatIsAppendedToAndIsNotThere) {
  simulated_disk disk{1};
  leveldb::WritableFile* opened = nullptr;
  ASSERT_TRUE(disk.NewAppendableFile("/f", &opened).ok());
  std::unique_ptr<leveldb::WritableFile> file{opened};
  EXPECT_TRUE(file->Append("a").ok());
  file.reset();
  ASSERT_TRUE(disk.NewAppendableFile("/f", &opened).ok());
  file.reset(opened);
  EXPECT_TRUE(file->Append("b").ok());
  file.reset();
  EXPECT_EQ(content(disk, "/f"), "ab");
  EXPECT_TRUE(disk.RemoveFile("/f").ok());
  EXPECT_FALSE(disk.FileExists("/f"));
}

TEST(SimulatedDisk, ForgetsSomeOfWhatWasNot) {
  auto whole = 0;
  auto nothing = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    simulated_disk disk{seed};
    made(disk, "/f")->Append("ab");
    disk.power_off();
    disk.power_on();
    whole += content(disk, "/f") == "ab" ? 1 : 0;
    nothing += content(disk, "/f").empty() ? 1 : 0;
  }
  EXPECT_GT(whole, 0);
  EXPECT_GT(nothing, 0);
  EXPECT_LT(whole + nothing, 50);
}

TEST(SimulatedDisk, FailsInTheMiddleOfAChange) {
  simulated_disk disk{3};
  auto file = made(disk, "/f");
  disk.power_off_after(2);
  EXPECT_TRUE(file->Append("a").ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_FALSE(disk.is_off());
  EXPECT_FALSE(file->Append("bcd").ok());
  EXPECT_TRUE(disk.is_off());
  file.reset();
  disk.power_on();
  EXPECT_EQ(content(disk, "/f").substr(0, 1), "a");
}

TEST(SimulatedDisk, KeepsNames) {
  simulated_disk disk{1};
  auto file = made(disk, "/new");
  ASSERT_TRUE(file->Append("x").ok());
  ASSERT_TRUE(file->Sync().ok());
  file.reset();
  ASSERT_TRUE(disk.RenameFile("/new", "/f").ok());
  made(disk, "/gone");
  ASSERT_TRUE(disk.RemoveFile("/gone").ok());
  disk.power_off();
  EXPECT_FALSE(disk.RemoveFile("/f").ok());
  EXPECT_FALSE(disk.RenameFile("/f", "/g").ok());
  disk.power_on();
  EXPECT_EQ(content(disk, "/f"), "x");
  EXPECT_FALSE(disk.FileExists("/gone"));
  EXPECT_FALSE(disk.FileExists("/new"));
}

} // namespace troupe::store
