#include "behaviour_fixture.hpp"

namespace troupe::test {

using namespace store_api;

TEST_P(StoreBehaviour, AKeyKnowsItsRevisionsAndVersion) {
  auto first = put("a", "1");
  auto second = put("a", "2");
  EXPECT_EQ(second, first + 1);
  auto found = range(all());
  ASSERT_TRUE(found) << message_of(found.error());
  ASSERT_EQ(found->kvs_size(), 1);
  auto& kv = found->kvs(0);
  EXPECT_EQ(kv.create_revision(), first);
  EXPECT_EQ(kv.mod_revision(), second);
  EXPECT_EQ(kv.version(), 2u);
  EXPECT_EQ(kv.lease(), 0u);
  EXPECT_EQ(found->revision(), second);
  remove("a");
  auto again = put("a", "3");
  found = range(all());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kvs(0).create_revision(), again);
  EXPECT_EQ(found->kvs(0).version(), 1u);
}

TEST_P(StoreBehaviour, APutBringsWhatWasThere) {
  auto request = put_request(key("a"), "1");
  request.mutable_then(0)->mutable_put()->set_want_previous(true);
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  ASSERT_EQ(done->results_size(), 1);
  EXPECT_EQ(done->results(0).changed(), 1u);
  EXPECT_EQ(done->results(0).previous_size(), 0);
  request.mutable_then(0)->mutable_put()->set_value("2");
  auto second = txn(request);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->results(0).previous_size(), 1);
  auto& was = second->results(0).previous(0);
  EXPECT_EQ(was.value(), "1");
  EXPECT_EQ(was.mod_revision(), done->revision());
  EXPECT_EQ(was.version(), 1u);
}

TEST_P(StoreBehaviour, ADeletionCountsAndBringsWhatItDeleted) {
  put("a", "1");
  put("b", "2");
  auto last = put("c", "3");
  TxnRequest request;
  auto& gone = *request.add_then()->mutable_delete_range();
  gone.set_key(key("a"));
  gone.set_range_end(key("c"));
  gone.set_want_previous(true);
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(done->revision(), last + 1);
  EXPECT_EQ(done->results(0).changed(), 2u);
  ASSERT_EQ(done->results(0).previous_size(), 2);
  EXPECT_EQ(done->results(0).previous(0).value(), "1");
  EXPECT_EQ(done->results(0).previous(1).value(), "2");
  EXPECT_EQ(contents(), "c=3");
  // What is not there is no change.
  done = txn(request);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->revision(), last + 1);
  EXPECT_EQ(done->results(0).changed(), 0u);
}

TEST_P(StoreBehaviour, ATransactionIsOneRevision) {
  auto before = put("a", "0");
  TxnRequest request;
  *request.add_then() = put_request(key("a"), "1").then(0);
  *request.add_then() = put_request(key("b"), "1").then(0);
  request.add_then()->mutable_delete_range()->set_key(key("none"));
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_TRUE(done->succeeded());
  EXPECT_EQ(done->revision(), before + 1);
  EXPECT_EQ(done->results_size(), 3);
  auto found = range(all());
  ASSERT_TRUE(found);
  EXPECT_EQ(shown(*found), "a=1 b=1");
  for (auto& kv : found->kvs())
    EXPECT_EQ(kv.mod_revision(), before + 1);
}

TEST_P(StoreBehaviour, ATransactionThatOnlyReadsIsNoRevision) {
  auto before = put("a", "1");
  TxnRequest request;
  *request.add_then()->mutable_range() = all();
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(done->revision(), before);
  ASSERT_EQ(done->results_size(), 1);
  EXPECT_EQ(done->results(0).range().revision(), before);
  EXPECT_EQ(shown(done->results(0).range()), "a=1");
  auto nothing = txn(TxnRequest{});
  ASSERT_TRUE(nothing) << message_of(nothing.error());
  EXPECT_TRUE(nothing->succeeded());
  EXPECT_EQ(nothing->revision(), before);
}

TEST_P(StoreBehaviour, AReadInATransactionSeesWhatIsBeforeItThere) {
  auto before = put("a", "1");
  put("b", "1");
  TxnRequest request;
  *request.add_then()->mutable_range() = all();
  *request.add_then() = put_request(key("c"), "2").then(0);
  request.add_then()->mutable_delete_range()->set_key(key("a"));
  *request.add_then()->mutable_range() = all();
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(shown(done->results(0).range()), "a=1 b=1");
  EXPECT_EQ(done->results(0).range().revision(), before + 1);
  EXPECT_EQ(shown(done->results(3).range()), "b=1 c=2");
  EXPECT_EQ(done->results(3).range().revision(), before + 2);
}

TEST_P(StoreBehaviour, ComparesEveryPropertyInEveryWay) {
  put("a", "x");
  auto made = range(all());
  ASSERT_TRUE(made);
  auto created = made->kvs(0).create_revision();
  auto modified = put("a", "m");
  auto holds = [&](Compare::Target target, Compare::Result how, uint64_t number,
                   const std::string& value = {}) {
    TxnRequest request;
    auto& compare = *request.add_compares();
    compare.set_key(key("a"));
    compare.set_target(target);
    compare.set_result(how);
    compare.set_number(number);
    compare.set_value(value);
    auto done = txn(request);
    EXPECT_TRUE(done) << message_of(done.error());
    return done && done->succeeded();
  };
  struct row {
    Compare::Target target;
    uint64_t is;
  };
  for (auto [target, is] :
       {row{Compare::VERSION, 2}, row{Compare::CREATE_REVISION, created},
        row{Compare::MOD_REVISION, modified}}) {
    SCOPED_TRACE(Compare::Target_Name(target));
    EXPECT_TRUE(holds(target, Compare::EQUAL, is));
    EXPECT_FALSE(holds(target, Compare::EQUAL, is + 1));
    EXPECT_FALSE(holds(target, Compare::NOT_EQUAL, is));
    EXPECT_TRUE(holds(target, Compare::GREATER, is - 1));
    EXPECT_FALSE(holds(target, Compare::GREATER, is));
    EXPECT_TRUE(holds(target, Compare::LESS, is + 1));
    EXPECT_FALSE(holds(target, Compare::LESS, is));
  }
  EXPECT_TRUE(holds(Compare::LEASE, Compare::EQUAL, 0));
  EXPECT_TRUE(holds(Compare::LEASE, Compare::LESS, 7));
  EXPECT_TRUE(holds(Compare::VALUE, Compare::EQUAL, 0, "m"));
  EXPECT_FALSE(holds(Compare::VALUE, Compare::NOT_EQUAL, 0, "m"));
  EXPECT_TRUE(holds(Compare::VALUE, Compare::GREATER, 0, "a"));
  EXPECT_TRUE(holds(Compare::VALUE, Compare::LESS, 0, "ma"));
}

TEST_P(StoreBehaviour, AnAbsentKeyHasZerosAndNoValue) {
  auto holds = [&](Compare::Target target, Compare::Result how,
                   const std::string& value = {}) {
    TxnRequest request;
    auto& compare = *request.add_compares();
    compare.set_key(key("none"));
    compare.set_target(target);
    compare.set_result(how);
    compare.set_value(value);
    auto done = txn(request);
    EXPECT_TRUE(done) << message_of(done.error());
    return done && done->succeeded();
  };
  EXPECT_TRUE(holds(Compare::VERSION, Compare::EQUAL));
  EXPECT_TRUE(holds(Compare::CREATE_REVISION, Compare::EQUAL));
  EXPECT_TRUE(holds(Compare::MOD_REVISION, Compare::EQUAL));
  EXPECT_TRUE(holds(Compare::LEASE, Compare::EQUAL));
  EXPECT_FALSE(holds(Compare::VERSION, Compare::GREATER));
  // No value is neither equal to, nor other than, any.
  EXPECT_FALSE(holds(Compare::VALUE, Compare::EQUAL));
  EXPECT_FALSE(holds(Compare::VALUE, Compare::EQUAL, "x"));
  EXPECT_FALSE(holds(Compare::VALUE, Compare::NOT_EQUAL, "x"));
}

TEST_P(StoreBehaviour, OneCompareThatFailsTakesTheOtherBranch) {
  auto revision = put("a", "1");
  auto request = put_if_request(key("a"), "2", revision);
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_TRUE(done->succeeded());
  auto again = txn(request);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->succeeded());
  EXPECT_EQ(again->revision(), done->revision());
  ASSERT_EQ(again->results_size(), 1);
  EXPECT_EQ(shown(again->results(0).range()), "a=2");
}

TEST_P(StoreBehaviour, AKeyMayBeChangedOnceInABranch) {
  TxnRequest twice;
  *twice.add_then() = put_request(key("a"), "1").then(0);
  *twice.add_then() = put_request(key("a"), "2").then(0);
  EXPECT_TRUE(refused(txn(twice), ec::bad_request));
  TxnRequest both;
  *both.add_then() = put_request(key("b"), "1").then(0);
  auto& gone = *both.add_then()->mutable_delete_range();
  gone.set_key(key("a"));
  gone.set_range_end(key("c"));
  EXPECT_TRUE(refused(txn(both), ec::bad_request));
  // Two branches never meet, and two deletions may.
  TxnRequest apart;
  *apart.add_then() = put_request(key("a"), "1").then(0);
  *apart.add_otherwise() = put_request(key("a"), "2").then(0);
  EXPECT_TRUE(txn(apart));
  TxnRequest deletions;
  *deletions.add_then() = delete_request(key("a")).then(0);
  *deletions.add_then() = delete_request(key("a")).then(0);
  auto done = txn(deletions);
  ASSERT_TRUE(done) << message_of(done.error());
  EXPECT_EQ(done->results(0).changed(), 1u);
  EXPECT_EQ(done->results(1).changed(), 0u);
}

TEST_P(StoreBehaviour, AnEmptyKeyIsRefused) {
  EXPECT_TRUE(refused(txn(put_request("", "1")), ec::bad_request));
  EXPECT_TRUE(refused(txn(delete_request("")), ec::bad_request));
  EXPECT_TRUE(refused(range(RangeRequest{}), ec::bad_request));
  RangeRequest open;
  open.set_range_end("b");
  EXPECT_TRUE(refused(range(open), ec::bad_request));
  TxnRequest request;
  request.add_compares()->set_target(Compare::VERSION);
  EXPECT_TRUE(refused(txn(request), ec::bad_request));
}

TEST_P(StoreBehaviour, ARequestThatIsTooLargeIsRefused) {
  auto before = put("a", "1");
  auto large = put_request(key("b"), std::string(1'600'000, 'v'));
  EXPECT_TRUE(refused(txn(large), ec::too_large));
  auto larger = put_request(key("b"), std::string(4'000'000, 'v'));
  EXPECT_TRUE(refused(txn(larger), ec::too_large));
  TxnRequest many;
  for (int i = 0; i < 5'000; ++i)
    *many.add_then() = put_request(key(std::to_string(i)), "").then(0);
  EXPECT_TRUE(refused(txn(many), ec::too_large));
  EXPECT_EQ(put("c", std::string(1'500'000, 'v')), before + 1);
}

TEST_P(StoreBehaviour, AKeyMayBeLong) {
  auto name = std::string(10'000, 'k');
  put(name, "1");
  EXPECT_EQ(contents(), name + "=1");
}

} // namespace troupe::test
