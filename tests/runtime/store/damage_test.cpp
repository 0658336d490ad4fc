#include "runtime/store/log.hpp"

#include <gtest/gtest.h>
#include <leveldb/write_batch.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace troupe::store {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t entry_count = 1000;

/// A log of a thousand synced entries on a real disk, whose write-ahead file
/// is then damaged.
struct Damage : ::testing::Test {
  fs::path folder;

  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "troupe-log-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    auto entries = open();
    ASSERT_TRUE(entries) << message_of(entries.error());
    for (uint64_t i = 1; i <= entry_count; ++i) {
      raft::write next;
      next.hard = raft::hard_state{1, 0};
      next.entries.push_back(
          {{1, i},
           raft::entry_kind::commands,
           std::make_shared<const std::string>(std::string(100, 'x'))});
      ASSERT_FALSE((*entries)->stage(next));
      ASSERT_FALSE((*entries)->commit());
    }
  }

  void TearDown() override { fs::remove_all(folder); }

  expected<std::unique_ptr<log>> open() {
    database_options options;
    options.path = (folder / "log").string();
    options.write_buffer = 4 << 20;
    auto opened = database::open(options);
    if (!opened)
      return std::move(opened.error());
    return log::open(*opened);
  }

  fs::path write_ahead_file() {
    for (const auto& file : fs::directory_iterator{folder / "log"})
      if (file.path().extension() == ".log")
        return file.path();
    ADD_FAILURE() << "no write-ahead file";
    return {};
  }

  void overwrite(uintmax_t offset, const std::string& bytes) {
    std::fstream file{write_ahead_file(),
                      std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }

  void expect_refused() {
    auto entries = open();
    ASSERT_FALSE(entries);
    auto text = message_of(entries.error());
    EXPECT_NE(text.find("damaged"), std::string::npos) << text;
    EXPECT_NE(text.find("backup"), std::string::npos) << text;
  }
};

} // namespace

TEST_F(Damage, AnEmptyTableIsTold) {
  {
    database_options options;
    options.path = (folder / "log").string();
    auto opened = database::open(options);
    ASSERT_TRUE(opened) << message_of(opened.error());
    (*opened)->db().CompactRange(nullptr, nullptr);
  }
  size_t tables = 0;
  for (const auto& file : fs::directory_iterator{folder / "log"})
    if (file.path().extension() == ".ldb") {
      fs::resize_file(file.path(), 0);
      ++tables;
    }
  ASSERT_GT(tables, 0u);
  expect_refused();
}

TEST_F(Damage, AnUndamagedLogOpens) {
  auto entries = open();
  ASSERT_TRUE(entries) << message_of(entries.error());
  EXPECT_EQ((*entries)->last(), entry_count);
}

TEST_F(Damage, ABitFlippedInTheMiddleIsRefused) {
  auto size = fs::file_size(write_ahead_file());
  for (auto offset : {size / 2, size / 3, size - 20, uintmax_t{50}}) {
    SCOPED_TRACE(offset);
    std::string byte(1, '\0');
    {
      std::ifstream file{write_ahead_file(), std::ios::binary};
      file.seekg(static_cast<std::streamoff>(offset));
      file.read(byte.data(), 1);
    }
    auto flipped = byte;
    flipped[0] = static_cast<char>(flipped[0] ^ 0x10);
    overwrite(offset, flipped);
    expect_refused();
    overwrite(offset, byte);
  }
}

TEST_F(Damage, ATornTailIsCutAndTheRestIsWhole) {
  auto file = write_ahead_file();
  fs::resize_file(file, fs::file_size(file) - 30);
  auto entries = open();
  ASSERT_TRUE(entries) << message_of(entries.error());
  EXPECT_EQ((*entries)->last(), entry_count - 1);
  // What the state already held cannot have been an unsynced tail.
  auto last = (*entries)->last();
  EXPECT_TRUE(check_fit(entry_count, 0, last));
  EXPECT_FALSE(check_fit(entry_count - 1, 0, last));
}

TEST_F(Damage, AZeroedTailIsRefused) {
  auto size = fs::file_size(write_ahead_file());
  overwrite(size - 600, std::string(600, '\0'));
  expect_refused();
}

TEST_F(Damage, AMissingFileIsRefused) {
  fs::remove(folder / "log" / "CURRENT");
  expect_refused();
}

TEST_F(Damage, ADatabaseInUseIsNotDamaged) {
  database_options options;
  options.path = (folder / "log").string();
  auto first = database::open(options);
  ASSERT_TRUE(first);
  auto second = database::open(options);
  ASSERT_FALSE(second);
  EXPECT_TRUE(is(second.error(), ec::service_unavailable));
  EXPECT_NE(message_of(second.error()).find("in use"), std::string::npos);
}

TEST_F(Damage, ASlotHasOneOwnerAtATime) {
  database_options options;
  options.path = (folder / "log").string();
  auto slot = std::make_shared<database_slot>(options);
  int freed = 0;
  auto first = slot->open([&] { ++freed; });
  ASSERT_TRUE(first);
  ASSERT_TRUE(*first);
  auto second = slot->open([&] { ++freed; });
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  EXPECT_EQ(freed, 0);
  auto copy = *first;
  first->reset();
  EXPECT_EQ(freed, 0);
  copy.reset();
  EXPECT_EQ(freed, 1);
  auto third = slot->open([&] { ++freed; });
  ASSERT_TRUE(third);
  EXPECT_TRUE(*third);
}

} // namespace troupe::store
