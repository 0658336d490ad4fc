#include "behaviour_fixture.hpp"

namespace troupe::test {

using namespace store_api;

TEST_P(StoreBehaviour, ARangeIsInTheOrderOfItsKeys) {
  for (auto name : {"b", "a/x", "c", "a", "B"})
    put(name, "1");
  EXPECT_EQ(contents(), "B=1 a=1 a/x=1 b=1 c=1");
  auto request = all();
  request.set_limit(2);
  auto found = range(request);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(shown(*found), "B=1 a=1");
  EXPECT_TRUE(found->more());
  EXPECT_EQ(found->count(), 0u);
  request.set_limit(5);
  request.set_with_count(true);
  found = range(request);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->more());
  EXPECT_EQ(found->count(), 5u);
}

TEST_P(StoreBehaviour, ARangeMayBeOneKeyOrSomeOrAllBeyond) {
  for (auto name : {"a", "b", "c"})
    put(name, "1");
  auto keys = [&](const std::string& begin, const std::string& end) {
    RangeRequest request;
    request.set_key(begin);
    request.set_range_end(end);
    auto found = range(request);
    return found ? shown(*found) : message_of(found.error());
  };
  EXPECT_EQ(keys(key("b"), ""), "b=1");
  EXPECT_EQ(keys(key("a"), key("c")), "a=1 b=1");
  EXPECT_EQ(keys(key("c"), key("a")), "");
  EXPECT_EQ(keys(key("b"), key("b")), "");
  EXPECT_EQ(keys(key("b"), std::string(1, '\0')), "b=1 c=1");
  TxnRequest backwards;
  auto& gone = *backwards.add_then()->mutable_delete_range();
  gone.set_key(key("c"));
  gone.set_range_end(key("a"));
  auto done = txn(backwards);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(done->results(0).changed(), 0u);
}

TEST_P(StoreBehaviour, ARangeMayLeaveOutValuesOrKeys) {
  put("a", "1");
  auto revision = put("b", "2");
  auto request = all();
  request.set_keys_only(true);
  auto found = range(request);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(shown(*found), "a= b=");
  EXPECT_EQ(found->kvs(1).mod_revision(), revision);
  request.set_keys_only(false);
  request.set_count_only(true);
  found = range(request);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kvs_size(), 0);
  EXPECT_EQ(found->count(), 2u);
  EXPECT_FALSE(found->more());
  // The limit does not limit what is counted.
  request.set_limit(1);
  found = range(request);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count(), 2u);
}

TEST_P(StoreBehaviour, ARangeAtAnOldRevisionIsAsItWasThen) {
  put("a", "1");
  auto two = put("b", "1");
  put("a", "2");
  auto four = remove("b");
  put("c", "1");
  EXPECT_EQ(contents(two), "a=1 b=1");
  EXPECT_EQ(contents(two + 1), "a=2 b=1");
  EXPECT_EQ(contents(four), "a=2");
  EXPECT_EQ(contents(), "a=2 c=1");
  auto request = all();
  request.set_revision(two);
  request.set_limit(1);
  request.set_with_count(true);
  auto found = range(request);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(found->revision(), two);
  EXPECT_EQ(shown(*found), "a=1");
  EXPECT_TRUE(found->more());
  EXPECT_EQ(found->count(), 2u);
  request.set_keys_only(true);
  found = range(request);
  ASSERT_TRUE(found);
  EXPECT_EQ(shown(*found), "a=");
  EXPECT_EQ(found->kvs(0).version(), 1u);
  request.set_count_only(true);
  found = range(request);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count(), 2u);
  EXPECT_EQ(found->kvs_size(), 0);
}

TEST_P(StoreBehaviour, PagesOfOneRevisionFitTogether) {
  for (int i = 0; i < 10; ++i)
    put(std::to_string(i), "old");
  auto request = all();
  request.set_limit(4);
  auto first = range(request);
  ASSERT_TRUE(first) << message_of(first.error());
  for (int i = 0; i < 10; i += 2)
    put(std::to_string(i), "new");
  remove("9");
  std::string seen = shown(*first);
  auto last = first->kvs(first->kvs_size() - 1).key();
  for (auto more = true; more;) {
    request.set_revision(first->revision());
    request.set_key(last + '\0');
    auto page = range(request);
    ASSERT_TRUE(page) << message_of(page.error());
    seen += " " + shown(*page);
    last = page->kvs(page->kvs_size() - 1).key();
    more = page->more();
  }
  EXPECT_EQ(seen, "0=old 1=old 2=old 3=old 4=old 5=old 6=old 7=old 8=old "
                  "9=old");
}

TEST_P(StoreBehaviour, KeysMayHoldAnyBytes) {
  using namespace std::string_literals;
  const std::vector<std::string> names{"\0"s,   "\0\0"s,    "\0\xff"s,  "a"s,
                                       "a\0"s,  "a\0\0b"s,  "a\0\xff"s, "ab"s,
                                       "\xff"s, "\xff\xff"s};
  for (auto i = names.rbegin(); i != names.rend(); ++i)
    put(*i, "1");
  auto found = range(all());
  ASSERT_TRUE(found) << message_of(found.error());
  auto then = found->revision();
  remove("a\0"s);
  for (uint64_t revision : {uint64_t{0}, then}) {
    auto request = all();
    request.set_revision(revision);
    found = range(request);
    ASSERT_TRUE(found);
    std::vector<std::string> seen;
    for (auto& kv : found->kvs())
      seen.push_back(kv.key().substr(key("").size()));
    auto wanted = names;
    if (revision == 0)
      wanted.erase(wanted.begin() + 4);
    EXPECT_EQ(seen, wanted);
  }
}

TEST_P(StoreBehaviour, AFutureRevisionIsRefused) {
  auto now = put("a", "1");
  auto request = all();
  request.set_revision(now + 1'000'000);
  EXPECT_TRUE(refused(range(request), ec::bad_request));
}

TEST_P(StoreBehaviour, CompactionTakesHistoryAway) {
  auto one = put("a", "1");
  put("b", "1");
  put("a", "2");
  auto four = remove("b");
  put("a", "3");
  EXPECT_TRUE(compact(four));
  EXPECT_EQ(contents(), "a=3");
  EXPECT_EQ(contents(four), "a=2");
  auto request = all();
  request.set_revision(one);
  EXPECT_TRUE(refused(range(request), ec::expired));
  EXPECT_TRUE(refused(compact(four), ec::expired));
  EXPECT_TRUE(refused(compact(one), ec::expired));
  EXPECT_TRUE(refused(compact(four + 1'000'000), ec::bad_request));
  // Neither a compaction nor a refused one is a revision.
  EXPECT_EQ(put("a", "4"), four + 2);
}

TEST_P(StoreBehaviour, ItSaysHowItIs) {
  auto revision = put("a", "1");
  auto status = ask<StatusResponse>(StatusRequest{});
  ASSERT_TRUE(status) << message_of(status.error());
  EXPECT_EQ(status->errors_size(), 0);
  EXPECT_GE(status->revision(), revision - 1);
  EXPECT_GT(status->applied_index(), 0u);
  EXPECT_GT(status->term(), 0u);
  EXPECT_NE(status->leader(), 0u);
  EXPECT_NE(status->member(), 0u);
  EXPECT_EQ(status->members_size(),
            std::string{GetParam()}.find("Three") != std::string::npos ? 3 : 1);
  for (auto& member : status->members())
    EXPECT_TRUE(member.voter());
}

} // namespace troupe::test
