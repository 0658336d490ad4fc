#include "runtime/store/snapshot.hpp"
#include "state_fixture.hpp"

namespace troupe::store {

namespace {

struct Snapshot : state_fixture {
  std::shared_ptr<database> other;

  void SetUp() override {
    state_fixture::SetUp();
    raft::configuration one{{{1, true, "a"}}};
    ASSERT_FALSE(apply_to->found(
        {{1, 1}, std::make_shared<const raft::configuration>(one)}));
    for (int i = 0; i < 50; ++i)
      put("k" + std::to_string(i), std::string(10'000, 'v'));
    database_options options;
    options.path = "/other";
    options.env = disk.get();
    other = *database::open(options);
  }

  static std::map<std::string, std::string> all(database& db) {
    std::map<std::string, std::string> result;
    std::unique_ptr<leveldb::Iterator> it{
        db.db().NewIterator(database::reading())};
    for (it->SeekToFirst(); it->Valid(); it->Next())
      result[it->key().ToString()] = it->value().ToString();
    return result;
  }
};

} // namespace

TEST_F(Snapshot, IsTheStateOfOneMoment) {
  auto before = all(*state);
  auto source = snapshot_source::open(state);
  ASSERT_TRUE(source) << message_of(source.error());
  EXPECT_EQ((*source)->mark().at.index, 51u);
  EXPECT_EQ((*source)->mark().members->voters(), 1u);
  put("k0", "other");
  snapshot_target target{other};
  while (!target.complete()) {
    auto chunk = (*source)->chunk(target.next(), target.last());
    ASSERT_TRUE(chunk);
    EXPECT_LT(chunk->ByteSizeLong(), 100'000u);
    ASSERT_FALSE(target.take(*chunk));
  }
  EXPECT_GT(target.next(), 5u);
  EXPECT_EQ(all(*other), before);
}

TEST_F(Snapshot, GoesOnWhereItStopped) {
  auto source = snapshot_source::open(state);
  ASSERT_TRUE(source);
  snapshot_target target{other};
  for (int i = 0; i < 3; ++i)
    ASSERT_FALSE(target.take(*(*source)->chunk(target.next(), target.last())));
  // Chunks that were sent and never came.
  ASSERT_TRUE((*source)->chunk(4, target.last()));
  ASSERT_TRUE((*source)->chunk(5, target.last()));
  while (!target.complete())
    ASSERT_FALSE(target.take(*(*source)->chunk(target.next(), target.last())));
  EXPECT_EQ(all(*other), all(*state));
}

TEST_F(Snapshot, RefusesWhatWasAltered) {
  auto source = snapshot_source::open(state);
  ASSERT_TRUE(source);
  snapshot_target target{other};
  auto chunk = *(*source)->chunk(1, "");
  auto altered = chunk;
  altered.mutable_pairs(1)->append("x");
  EXPECT_TRUE(target.take(altered));
  auto late = *(*source)->chunk(2, "");
  EXPECT_TRUE(target.take(late));
  EXPECT_FALSE(target.take(chunk));
  EXPECT_FALSE(target.take(chunk));
  EXPECT_EQ(target.next(), 2u);
}

} // namespace troupe::store
