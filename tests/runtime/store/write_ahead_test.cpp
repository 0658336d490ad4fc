#include "runtime/store/write_ahead.hpp"
#include "state_fixture.hpp"

namespace troupe::store {

namespace {

/// A state whose last writes a crash of the machine has mangled.
struct WriteAhead : state_fixture {
  std::string file;
  std::string bytes;

  void SetUp() override {
    state_fixture::SetUp();
    for (int i = 0; i < 200; ++i)
      put("k" + std::to_string(i), std::string(1000, 'v'));
    close();
    std::vector<std::string> names;
    ASSERT_TRUE(disk->GetChildren("/state", &names).ok());
    for (const auto& name : names)
      if (name.find(".log") != std::string::npos)
        file = "/state/" + name;
    ASSERT_TRUE(leveldb::ReadFileToString(disk.get(), file, &bytes).ok());
    ASSERT_GT(bytes.size(), 200'000u);
  }

  void write(const std::string& path, const std::string& content) {
    ASSERT_TRUE(leveldb::WriteStringToFile(disk.get(), content, path).ok());
  }

  bool cut() {
    auto done = cut_write_ahead(*disk, "/state");
    EXPECT_TRUE(done) << message_of(done.error());
    return done && *done;
  }

  /// Opens the state: its keys must be the first so many of those written.
  uint64_t surviving() {
    open();
    auto all = range("k", "l");
    EXPECT_TRUE(all) << message_of(all.error());
    auto count = static_cast<uint64_t>(all->kvs_size());
    EXPECT_EQ(apply_to->applied(), count);
    for (uint64_t i = 0; i < count; ++i)
      EXPECT_NE(shown("k" + std::to_string(i)), "");
    return count;
  }
};

} // namespace

TEST_F(WriteAhead, AWholeFileIsLeftAlone) {
  EXPECT_FALSE(cut());
  EXPECT_EQ(surviving(), 200u);
}

TEST_F(WriteAhead, IsCutAtEveryKindOfTornTail) {
  auto zeroed = bytes;
  for (size_t i = bytes.size() - 5000; i < bytes.size(); ++i)
    zeroed[i] = '\0';
  auto flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(~flipped[bytes.size() / 2]);
  auto hole = bytes;
  for (size_t i = 4096 * 10; i < 4096 * 11; ++i)
    hole[i] = '\0';
  auto longer = bytes + std::string(10'000, '\0');
  struct row {
    std::string content;
    uint64_t least, most;
  };
  for (const auto& r :
       {row{zeroed, 190, 196}, row{flipped, 90, 110}, row{hole, 30, 41},
        row{longer, 200, 200}, row{bytes.substr(0, 100'000), 80, 100},
        row{bytes.substr(0, 3), 0, 0}, row{"", 0, 0}}) {
    close();
    disk = make_memory_disk();
    state_fixture::SetUp();
    close();
    // A young state of the same name, so that only the file is the old one.
    std::vector<std::string> names;
    ASSERT_TRUE(disk->GetChildren("/state", &names).ok());
    for (const auto& name : names)
      if (name.find(".log") != std::string::npos)
        file = "/state/" + name;
    write(file, r.content);
    cut();
    auto left = surviving();
    EXPECT_GE(left, r.least);
    EXPECT_LE(left, r.most);
  }
}

TEST_F(WriteAhead, FilesBehindAGapGo) {
  // The tail of the older of two files is lost, at the end of a record or not.
  auto half = bytes.substr(0, bytes.size() / 2);
  write(file, half);
  write("/state/000900.log", bytes.substr(0, 100));
  EXPECT_TRUE(cut());
  EXPECT_FALSE(disk->FileExists("/state/000900.log"));
  auto kept = surviving();
  EXPECT_GE(kept, 90u);
  EXPECT_LE(kept, 110u);
}

TEST_F(WriteAhead, BatchesAreNumberedThrough) {
  // Each file is whole by itself; the second does not go on where the first
  // ends.
  write("/state/000900.log", bytes);
  EXPECT_TRUE(cut());
  EXPECT_EQ(surviving(), 200u);
}

} // namespace troupe::store
