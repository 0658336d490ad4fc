#include "runtime/store/compaction.hpp"
#include "runtime/store/layout.hpp"
#include "state_fixture.hpp"

#include <leveldb/iterator.h>

namespace troupe::store {

namespace {

struct Compaction : state_fixture {
  caf::error compact(uint64_t revision) {
    store_api::CompactRequest request;
    request.set_revision(revision);
    auto out = apply(request);
    auto* err = std::get_if<caf::error>(&out.answers.at(0));
    return err == nullptr ? caf::error{} : *err;
  }

  size_t scrub_all(size_t step = 2) {
    size_t removed = 0;
    for (;;) {
      auto progress = scrub(state, step);
      EXPECT_TRUE(progress) << message_of(progress.error());
      removed += progress->removed;
      if (progress->done)
        return removed;
    }
  }

  size_t count(char tag) {
    std::unique_ptr<leveldb::Iterator> it{
        state->db().NewIterator(database::reading())};
    size_t n = 0;
    for (it->Seek(std::string(1, tag)); it->Valid() && it->key()[0] == tag;
         it->Next())
      ++n;
    return n;
  }
};

} // namespace

TEST_F(Compaction, KeepsWhatIsReadableAtTheMarkAndAfter) {
  put("a", "1"); // 2
  put("a", "2"); // 3
  put("b", "1"); // 4
  erase("b");    // 5
  put("a", "3"); // 6
  put("c", "1"); // 7
  put("c", "2"); // 8
  EXPECT_FALSE(compact(6));
  EXPECT_EQ(scrub_all(), 4u); // a at 2 and 3, b at 4 and its deletion
  EXPECT_EQ(count('h'), 3u);
  EXPECT_EQ(count('v'), 3u);
  EXPECT_EQ(shown("", everything), "a=3 c=2");
  EXPECT_EQ(shown("", everything, 6), "a=3");
  EXPECT_EQ(shown("", everything, 7), "a=3 c=1");
  EXPECT_TRUE(is(range("a", "", 5).error(), ec::expired));
  EXPECT_EQ(told(7), "7:c=1 8:c=2");
  history_request request;
  request.from = {5, 0};
  EXPECT_EQ(look()->history(request)->compacted, 6u);
}

TEST_F(Compaction, TheLastRevisionGivenUpIsStillWhole) {
  put("a", "1"); // 2
  put("b", "1"); // 3
  erase("a");    // 4
  put("b", "2"); // 5
  erase("b");    // 6
  EXPECT_FALSE(compact(4));
  scrub_all(1);
  EXPECT_EQ(told(4), "4:-a 5:b=2 6:-b");
  EXPECT_EQ(shown("", everything, 4), "b=1");
  EXPECT_FALSE(compact(6));
  scrub_all(1);
  EXPECT_EQ(told(6), "6:-b");
  EXPECT_EQ(count('h'), 1u);
  put("c", "1"); // 7
  EXPECT_FALSE(compact(7));
  scrub_all(1);
  EXPECT_EQ(count('h'), 1u);
  EXPECT_EQ(count('v'), 1u);
}

TEST_F(Compaction, PreviousValuesOfWhatIsLeftAreLeft) {
  put("a", "1");
  put("b", "1");
  put("a", "2"); // 4
  EXPECT_FALSE(compact(3));
  scrub_all();
  history_request request;
  request.from = {4, 0};
  request.want_previous = true;
  auto page = look()->history(request);
  ASSERT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->events[0].event.previous().value(), "1");
}

TEST_F(Compaction, LooksAtEachChangeOnce) {
  for (int i = 0; i < 20; ++i)
    put("k" + std::to_string(i % 3), "v");
  EXPECT_FALSE(compact(10));
  scrub_all();
  open();
  EXPECT_TRUE(scrub(state)->done);
  EXPECT_EQ(scrub(state)->removed, 0u);
  EXPECT_FALSE(compact(21));
  scrub_all(1);
  EXPECT_EQ(count('h'), 3u);
}

TEST_F(Compaction, RefusesTheFutureAndThePast) {
  put("a", "1");
  put("a", "2");
  EXPECT_TRUE(is(compact(4), ec::bad_request));
  EXPECT_FALSE(compact(2));
  EXPECT_TRUE(is(compact(2), ec::expired));
  EXPECT_TRUE(is(compact(1), ec::expired));
}

} // namespace troupe::store
