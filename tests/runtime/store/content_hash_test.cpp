#include "runtime/store/compaction.hpp"
#include "runtime/store/content_hash.hpp"
#include "state_fixture.hpp"

namespace troupe::store {

namespace {

struct ContentHash : state_fixture {
  std::pair<uint64_t, uint64_t> hash_and_keys(uint64_t revision,
                                              size_t step = 1000) {
    auto walk = content_hash::open(state, revision);
    EXPECT_TRUE(walk) << message_of(walk.error());
    for (;;) {
      auto done = (*walk)->step(step);
      EXPECT_TRUE(done) << message_of(done.error());
      if (!done || *done)
        return {(*walk)->hash(), (*walk)->keys()};
    }
  }

  uint64_t hash(uint64_t revision) { return hash_and_keys(revision).first; }
};

} // namespace

TEST_F(ContentHash, TellsContentsApart) {
  auto empty = hash(0);
  put("a", "1");
  auto one = hash(0);
  EXPECT_NE(one, empty);
  put("b", "2");
  EXPECT_NE(hash(0), one);
  EXPECT_EQ(hash(2), one);
  EXPECT_EQ(hash(1), empty);
  erase("b");
  // The same keys, at another revision.
  EXPECT_EQ(hash(0), one);
  put("a", "1");
  EXPECT_NE(hash(0), one);
}

TEST_F(ContentHash, CountsWhatWasCurrent) {
  put("a", "1");
  put("b", "1");
  put("a", "2");
  erase("b");
  EXPECT_EQ(hash_and_keys(3).second, 2u);
  EXPECT_EQ(hash_and_keys(5).second, 1u);
}

TEST_F(ContentHash, DoesNotDependOnHowItIsWalked) {
  for (int i = 0; i < 20; ++i)
    put("k" + std::to_string(i % 7), std::to_string(i));
  for (size_t step : {1, 2, 3, 7})
    EXPECT_EQ(hash_and_keys(15, step), hash_and_keys(15));
}

TEST_F(ContentHash, DoesNotDependOnWhatIsCompacted) {
  for (int i = 0; i < 20; ++i)
    put("k" + std::to_string(i % 7), std::to_string(i));
  erase("k3");
  put("k1", "x");
  auto present = hash(0);
  auto before = hash(22);
  store_api::CompactRequest request;
  request.set_revision(22);
  apply(request);
  EXPECT_EQ(hash(0), present);
  EXPECT_EQ(hash(22), before);
  for (auto done = false; !done;) {
    auto step = scrub(state, 3);
    ASSERT_TRUE(step);
    done = step->done;
    EXPECT_EQ(hash(0), present);
    EXPECT_EQ(hash(22), before);
  }
  auto gone = content_hash::open(state, 21);
  EXPECT_TRUE(!gone && is(gone.error(), ec::expired));
  auto future = content_hash::open(state, 1000);
  EXPECT_TRUE(!future && is(future.error(), ec::bad_request));
}

} // namespace troupe::store
