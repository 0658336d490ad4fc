#include "runtime/store/machine.hpp"
#include "state_fixture.hpp"

namespace troupe::store {

using namespace store_api;

using Machine = state_fixture;

namespace {

caf::error error_of(const outcome& out, size_t i = 0) {
  const auto* err = std::get_if<caf::error>(&out.answers.at(i));
  return err == nullptr ? caf::error{} : *err;
}

} // namespace

TEST_F(Machine, AnEmptyStoreStandsAtRevisionOne) {
  EXPECT_EQ(look()->revision(), 1u);
  EXPECT_EQ(range("a")->revision(), 1u);
  EXPECT_EQ(put("a", "1"), 2u);
}

TEST_F(Machine, APutCountsRevisionsAndVersions) {
  put("a", "1");
  put("b", "2");
  put("a", "3");
  auto kv = range("a")->kvs(0);
  EXPECT_EQ(kv.value(), "3");
  EXPECT_EQ(kv.create_revision(), 2u);
  EXPECT_EQ(kv.mod_revision(), 4u);
  EXPECT_EQ(kv.version(), 2u);
}

TEST_F(Machine, ADeletedKeyStartsAnewWhenCreatedAgain) {
  put("a", "1");
  EXPECT_EQ(erase("a"), 3u);
  EXPECT_EQ(shown("a"), "");
  put("a", "2");
  auto kv = range("a")->kvs(0);
  EXPECT_EQ(kv.create_revision(), 4u);
  EXPECT_EQ(kv.version(), 1u);
}

TEST_F(Machine, DeletingNothingMakesNoRevision) {
  put("a", "1");
  EXPECT_EQ(erase("b"), 2u);
  EXPECT_EQ(look()->revision(), 2u);
}

TEST_F(Machine, ReadsOlderRevisions) {
  put("a", "1");
  put("b", "1");
  put("a", "2");
  erase("b");
  put("c", "1");
  EXPECT_EQ(shown("", everything), "a=2 c=1");
  EXPECT_EQ(shown("", everything, 1), "");
  EXPECT_EQ(shown("", everything, 2), "a=1");
  EXPECT_EQ(shown("", everything, 3), "a=1 b=1");
  EXPECT_EQ(shown("", everything, 4), "a=2 b=1");
  EXPECT_EQ(shown("", everything, 5), "a=2");
  EXPECT_EQ(shown("b", "c", 4), "b=1");
  EXPECT_EQ(shown("a", "", 3), "a=1");
}

TEST_F(Machine, RefusesARevisionThatIsYetToCome) {
  put("a", "1");
  auto result = range("a", "", 3);
  ASSERT_FALSE(result);
  EXPECT_TRUE(is(result.error(), ec::bad_request));
}

TEST_F(Machine, KeysWithZeroBytesKeepTheirOrder) {
  using namespace std::string_literals;
  put("a\0"s, "2");
  put("a", "1");
  put("a\0\xff"s, "3");
  put("a\1"s, "4");
  for (uint64_t revision : {0, 5}) {
    auto result = range("a", "b", revision);
    ASSERT_EQ(result->kvs_size(), 4);
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(result->kvs(i).value(), std::to_string(i + 1));
  }
}

TEST_F(Machine, LimitsAndCounts) {
  for (int i = 0; i < 10; ++i)
    put("k" + std::to_string(i), "v");
  put("other", "v");
  for (uint64_t revision : {0, 11}) {
    RangeRequest request;
    request.set_key("k");
    request.set_range_end(prefix_end("k"));
    request.set_revision(revision);
    request.set_limit(3);
    auto page = look()->range(request);
    EXPECT_EQ(page->kvs_size(), 3);
    EXPECT_TRUE(page->more());
    EXPECT_EQ(page->count(), 0u);
    request.set_with_count(true);
    EXPECT_EQ(look()->range(request)->count(), 10u);
    request.set_limit(10);
    EXPECT_FALSE(look()->range(request)->more());
    request.set_count_only(true);
    page = look()->range(request);
    EXPECT_EQ(page->kvs_size(), 0);
    EXPECT_EQ(page->count(), 10u);
    request.set_count_only(false);
    request.set_keys_only(true);
    EXPECT_EQ(look()->range(request)->kvs(9).value(), "");
    EXPECT_EQ(look()->range(request)->kvs(9).version(), 1u);
  }
}

TEST_F(Machine, ComparesEveryProperty) {
  put("a", "1");
  put("a", "2"); // version 2, created at 2, changed at 3
  struct row {
    const char* key;
    Compare::Target target;
    Compare::Result result;
    uint64_t number;
    const char* value;
    bool holds;
  };
  const row rows[] = {
      {"a", Compare::VERSION, Compare::EQUAL, 2, "", true},
      {"a", Compare::VERSION, Compare::EQUAL, 1, "", false},
      {"a", Compare::VERSION, Compare::NOT_EQUAL, 1, "", true},
      {"a", Compare::CREATE_REVISION, Compare::EQUAL, 2, "", true},
      {"a", Compare::CREATE_REVISION, Compare::LESS, 2, "", false},
      {"a", Compare::MOD_REVISION, Compare::EQUAL, 3, "", true},
      {"a", Compare::MOD_REVISION, Compare::GREATER, 2, "", true},
      {"a", Compare::MOD_REVISION, Compare::GREATER, 3, "", false},
      {"a", Compare::LEASE, Compare::EQUAL, 0, "", true},
      {"a", Compare::VALUE, Compare::EQUAL, 0, "2", true},
      {"a", Compare::VALUE, Compare::LESS, 0, "10", false},
      {"b", Compare::VERSION, Compare::EQUAL, 0, "", true},
      {"b", Compare::MOD_REVISION, Compare::EQUAL, 0, "", true},
      {"b", Compare::VALUE, Compare::EQUAL, 0, "", false},
      {"b", Compare::VALUE, Compare::NOT_EQUAL, 0, "x", false},
  };
  for (const auto& r : rows) {
    TxnRequest request;
    auto& compare = *request.add_compares();
    compare.set_key(r.key);
    compare.set_target(r.target);
    compare.set_result(r.result);
    compare.set_number(r.number);
    compare.set_value(r.value);
    EXPECT_EQ(txn(request).succeeded(), r.holds) << compare.ShortDebugString();
  }
  EXPECT_EQ(look()->revision(), 3u);
}

TEST_F(Machine, PutIfWritesOnceAndBringsWhatIsThere) {
  EXPECT_TRUE(txn(put_if_request("a", "1", 0)).succeeded());
  auto lost = txn(put_if_request("a", "2", 0));
  EXPECT_FALSE(lost.succeeded());
  EXPECT_EQ(lost.results(0).range().kvs(0).value(), "1");
  EXPECT_EQ(lost.revision(), 2u);
  EXPECT_TRUE(txn(put_if_request("a", "2", 2)).succeeded());
  EXPECT_FALSE(txn(delete_if_request("a", 2)).succeeded());
  EXPECT_TRUE(txn(delete_if_request("a", 3)).succeeded());
  EXPECT_EQ(shown("", everything), "");
}

TEST_F(Machine, OperationsOfATransactionSeeThoseBeforeThem) {
  put("a", "0");
  put("d", "0");
  TxnRequest request;
  *request.add_then() = put_request("b", "1").then(0);
  auto& all = *request.add_then()->mutable_range();
  all.set_key("a");
  all.set_range_end("z");
  *request.add_then() = delete_request("a").then(0);
  *request.add_then()->mutable_range() = all;
  auto response = txn(request);
  EXPECT_EQ(response.revision(), 4u);
  EXPECT_EQ(response.results(0).changed(), 1u);
  const auto& first = response.results(1).range();
  ASSERT_EQ(first.kvs_size(), 3);
  EXPECT_EQ(first.kvs(1).value(), "1");
  EXPECT_EQ(first.kvs(1).mod_revision(), 4u);
  ASSERT_EQ(response.results(3).range().kvs_size(), 2);
  EXPECT_EQ(told(4), "4:b=1 4:-a");
}

TEST_F(Machine, CommandsOfOneEntrySeeThoseBeforeThem) {
  auto out = apply(put_if_request("a", "1", 0), put_if_request("a", "2", 0),
                   put_if_request("a", "3", 2), delete_request("a"),
                   put_if_request("a", "4", 0));
  std::vector<bool> succeeded;
  for (const auto& one : out.answers)
    succeeded.push_back(std::get<TxnResponse>(one).succeeded());
  EXPECT_EQ(succeeded, (std::vector<bool>{true, false, true, true, true}));
  EXPECT_EQ(out.revision, 5u);
  EXPECT_EQ(told(2), "2:a=1 3:a=3 4:-a 5:a=4");
  EXPECT_EQ(shown("a"), "a=4");
  EXPECT_EQ(out.events.size(), 4u);
}

TEST_F(Machine, DeletesARangeAndBringsWhatItHeld) {
  put("a1", "1");
  put("a2", "2");
  put("b", "3");
  TxnRequest request;
  auto& del = *request.add_then()->mutable_delete_range();
  del.set_key("a");
  del.set_range_end(prefix_end("a"));
  del.set_want_previous(true);
  auto response = txn(request);
  EXPECT_EQ(response.results(0).changed(), 2u);
  EXPECT_EQ(response.results(0).previous(1).value(), "2");
  EXPECT_EQ(shown("", everything), "b=3");
  EXPECT_EQ(told(5), "5:-a1 5:-a2");
}

TEST_F(Machine, HistoryTellsPreviousValuesAndGoesOnInPages) {
  put("a", "1");
  put("b", "1");
  put("a", "2");
  erase("a");
  history_request request;
  request.from = {2, 0};
  request.range = {"a", ""};
  request.want_previous = true;
  request.max_events = 2;
  auto page = look()->history(request);
  ASSERT_EQ(page->events.size(), 2u);
  EXPECT_FALSE(page->complete);
  EXPECT_FALSE(page->events[0].event.has_previous());
  EXPECT_EQ(page->events[1].event.previous().value(), "1");
  request.from = page->next;
  page = look()->history(request);
  ASSERT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->events[0].event.type(), Event::DELETE);
  EXPECT_EQ(page->events[0].event.previous().value(), "2");
  EXPECT_EQ(page->events[0].event.kv().mod_revision(), 5u);
  EXPECT_TRUE(page->complete);
  EXPECT_EQ(page->next, (position{6, 0}));
}

TEST_F(Machine, ALeaseEndsWithItsKeys) {
  LeaseGrantRequest grant;
  grant.set_id(7);
  grant.set_ttl_seconds(10);
  apply(grant);
  EXPECT_TRUE(is(error_of(apply(grant)), ec::already_exists));
  auto request = put_request("a", "1");
  request.mutable_then(0)->mutable_put()->set_lease(7);
  txn(request);
  put("b", "1");
  auto moved = put_request("c", "1");
  moved.mutable_then(0)->mutable_put()->set_lease(7);
  txn(moved);
  put("c", "2"); // without a lease: no longer attached
  EXPECT_EQ(*look()->keys_of(7), std::vector<std::string>{"a"});
  LeaseRevokeRequest revoke;
  revoke.set_id(7);
  auto out = apply(revoke);
  EXPECT_EQ(out.events.size(), 1u);
  EXPECT_EQ(shown("", everything), "b=1 c=2");
  EXPECT_TRUE(look()->leases()->empty());
  EXPECT_TRUE(is(error_of(apply(revoke)), ec::not_found));
  EXPECT_TRUE(is(error_of(apply(request)), ec::not_found));
}

TEST_F(Machine, ALeaseRevokedInTheEntryThatAttachedItTakesItsKeys) {
  LeaseGrantRequest grant;
  grant.set_id(7);
  grant.set_ttl_seconds(10);
  auto request = put_request("a", "1");
  request.mutable_then(0)->mutable_put()->set_lease(7);
  LeaseRevokeRequest revoke;
  revoke.set_id(7);
  auto out = apply(grant, request, revoke);
  EXPECT_EQ(out.events.size(), 2u);
  EXPECT_EQ(shown("", everything), "");
  EXPECT_TRUE(look()->keys_of(7)->empty());
}

TEST_F(Machine, ChoosesLeaseNumbersThatDiffer) {
  LeaseGrantRequest grant;
  grant.set_ttl_seconds(10);
  auto out = apply(grant, grant);
  auto a = std::get<LeaseResponse>(out.answers[0]).id();
  auto b = std::get<LeaseResponse>(out.answers[1]).id();
  EXPECT_NE(a, 0u);
  EXPECT_NE(a, b);
}

TEST_F(Machine, KeepsTheLeaseWhenAsked) {
  LeaseGrantRequest grant;
  grant.set_id(7);
  grant.set_ttl_seconds(10);
  auto first = put_request("a", "1");
  first.mutable_then(0)->mutable_put()->set_lease(7);
  auto second = put_request("a", "2");
  second.mutable_then(0)->mutable_put()->set_keep_lease(true);
  apply(grant, first, second);
  EXPECT_EQ(range("a")->kvs(0).lease(), 7u);
}

TEST_F(Machine, AnEntryIsAppliedOnce) {
  std::string payload;
  append(payload, put_request("a", "1"));
  raft::entry entry{{1, 1},
                    raft::entry_kind::commands,
                    std::make_shared<const std::string>(payload)};
  EXPECT_EQ(apply_to->apply(entry)->answers.size(), 1u);
  EXPECT_EQ(apply_to->apply(entry)->answers.size(), 0u);
  open();
  EXPECT_EQ(apply_to->apply(entry)->answers.size(), 0u);
  EXPECT_EQ(range("a")->kvs(0).version(), 1u);
  entry.at.index = 3;
  EXPECT_FALSE(apply_to->apply(entry));
  entry.at.index = 2;
  entry.data = std::make_shared<const std::string>("nonsense");
  EXPECT_FALSE(apply_to->apply(entry));
  EXPECT_EQ(apply_to->applied(), 1u);
}

TEST_F(Machine, RemembersWhoTakesPart) {
  raft::configuration three{{{1, true, "a"}, {2, true, "b"}, {3, true, "c"}}};
  raft::snapshot_mark start{{1, 1},
                            std::make_shared<const raft::configuration>(three)};
  ASSERT_FALSE(apply_to->found(start));
  EXPECT_EQ(apply_to->applied(), 1u);
  EXPECT_EQ(apply_to->last_member(), 3u);
  auto two = three.after({raft::membership_change::step::remove, 3, {}});
  raft::entry change{{2, 2},
                     raft::entry_kind::change,
                     std::make_shared<const std::string>(two->encode())};
  ASSERT_TRUE(apply_to->apply(change));
  open();
  EXPECT_EQ(apply_to->applied(), 2u);
  EXPECT_EQ(apply_to->last_member(), 3u);
}

TEST_F(Machine, TheSameEntriesMakeTheSameHash) {
  put("a", "1");
  erase("a");
  auto hash = apply_to->hash();
  open();
  EXPECT_EQ(apply_to->hash(), hash);
  close();
  disk = make_memory_disk();
  open();
  put("a", "1");
  EXPECT_NE(apply_to->hash(), hash);
  erase("a");
  EXPECT_EQ(apply_to->hash(), hash);
}

TEST_F(Machine, RefusesAStateOfAnotherFormat) {
  state->db().Put({}, leveldb::Slice{format_key.data(), format_key.size()},
                  encode_number(99));
  auto opened = machine::open(state);
  ASSERT_FALSE(opened);
  EXPECT_NE(message_of(opened.error()).find("format 99"), std::string::npos);
}

} // namespace troupe::store
