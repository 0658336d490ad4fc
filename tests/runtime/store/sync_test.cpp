// LevelDB begins another write-ahead file when the one before is full, and does
// not sync the full one: a sync of the state must.

#include "runtime/store/database.hpp"
#include "runtime/store/simulated_disk.hpp"

#include <gtest/gtest.h>
#include <leveldb/write_batch.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace troupe::store {

namespace {

/// Holds back LevelDB's work in the background until it is let go, so that the
/// full file stays as long as it may stay in life.
class lazy_disk : public leveldb::EnvWrapper {
public:
  explicit lazy_disk(leveldb::Env* disk) : EnvWrapper(disk) {
    // nop
  }

  void Schedule(void (*task)(void*), void* of) override {
    std::lock_guard guard{mutex_};
    if (let_go_)
      target()->Schedule(task, of);
    else
      waiting_.emplace_back(task, of);
  }

  void let_go() {
    std::lock_guard guard{mutex_};
    let_go_ = true;
    for (auto& [task, of] : std::exchange(waiting_, {}))
      target()->Schedule(task, of);
  }

  /// Called when a file is opened that was seen to be there.
  std::function<void()> between;

  leveldb::Status NewAppendableFile(const std::string& name,
                                    leveldb::WritableFile** result) override {
    if (between)
      between();
    return target()->NewAppendableFile(name, result);
  }

private:
  std::mutex mutex_;
  bool let_go_ = false;
  std::vector<std::pair<void (*)(void*), void*>> waiting_;
};

struct Sync : ::testing::TestWithParam<uint64_t> {
  /// Values of 1 KB: more than one buffer holds, and less than two.
  static constexpr int before = 70;

  simulated_disk disk{GetParam()};
  lazy_disk lazy{&disk};

  expected<std::shared_ptr<database>> open() {
    database_options options;
    options.path = "/state";
    options.env = &lazy;
    options.write_buffer = size_t{64} << 10;
    options.unsynced = true;
    return database::open(options);
  }

  static void put(database& db, int number) {
    leveldb::WriteBatch batch;
    batch.Put("k" + std::to_string(number), std::string(1000, 'v'));
    ASSERT_FALSE(db.write(batch, false));
  }

  size_t write_ahead_files() {
    std::vector<std::string> names;
    EXPECT_TRUE(disk.GetChildren("/state", &names).ok());
    size_t count = 0;
    for (auto& name : names)
      count += name.find(".log") != std::string::npos ? 1 : 0;
    return count;
  }

  /// The power fails. What LevelDB was about to do comes too late.
  void fail(std::shared_ptr<database>& db) {
    disk.power_off();
    lazy.let_go();
    db.reset();
    disk.power_on();
  }
};

} // namespace

TEST_P(Sync, CoversTheFileThatIsFull) {
  auto db = open();
  ASSERT_TRUE(db) << message_of(db.error());
  for (int i = 0; i < before; ++i)
    put(**db, i);
  EXPECT_EQ(write_ahead_files(), 2u);
  EXPECT_FALSE((*db)->sync());
  for (int i = before; i < before + 10; ++i)
    put(**db, i);
  fail(*db);
  db = open();
  ASSERT_TRUE(db) << message_of(db.error());
  std::string value;
  for (int i = 0; i < before; ++i) {
    auto found = (*db)->get("k" + std::to_string(i), value);
    ASSERT_TRUE(found && *found) << i;
  }
}

TEST_P(Sync, LeavesNoTraceWhenTheFullFileHasGone) {
  auto db = open();
  ASSERT_TRUE(db) << message_of(db.error());
  for (int i = 0; i < before; ++i)
    put(**db, i);
  lazy.let_go();
  // Waits for what is being done.
  (*db)->db().CompactRange(nullptr, nullptr);
  EXPECT_EQ(write_ahead_files(), 1u);
  EXPECT_FALSE((*db)->sync());
  EXPECT_EQ(write_ahead_files(), 1u);
  fail(*db);
  db = open();
  ASSERT_TRUE(db) << message_of(db.error());
  std::string value;
  for (int i = 0; i < before; ++i) {
    auto found = (*db)->get("k" + std::to_string(i), value);
    ASSERT_TRUE(found && *found) << i;
  }
}

TEST_P(Sync, LivesThroughTheRemovalOfTheFullFile) {
  auto db = open();
  ASSERT_TRUE(db) << message_of(db.error());
  for (int i = 0; i < before; ++i)
    put(**db, i);
  EXPECT_EQ(write_ahead_files(), 2u);
  lazy.between = [&] {
    lazy.let_go();
    (*db)->db().CompactRange(nullptr, nullptr);
  };
  EXPECT_FALSE((*db)->sync());
  lazy.between = nullptr;
  for (int i = before; i < 2 * before; ++i)
    put(**db, i);
  (*db)->db().CompactRange(nullptr, nullptr);
  EXPECT_EQ(write_ahead_files(), 1u);
  fail(*db);
  db = open();
  ASSERT_TRUE(db) << message_of(db.error());
  std::string value;
  for (int i = 0; i < 2 * before; ++i) {
    auto found = (*db)->get("k" + std::to_string(i), value);
    ASSERT_TRUE(found && *found) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Sync, ::testing::Range<uint64_t>(1, 21));

} // namespace troupe::store
