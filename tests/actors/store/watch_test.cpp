#include "store_fixture.hpp"

namespace troupe {

using namespace store_api;

struct StoreWatch : store_fixture {};

TEST_F(StoreWatch, BeginsWithWhereItStands) {
  put("a", "1");
  auto now = watch("a");
  ASSERT_EQ(now.heard->size(), 1u);
  EXPECT_EQ(now.last().revision(), 2u);
  EXPECT_EQ(now.last().events_size(), 0);
  auto past = watch("a", 2);
  EXPECT_EQ(past.heard->front()->revision(), 1u);
  EXPECT_EQ(past.told(), "a=1");
  EXPECT_EQ(past.last().revision(), 2u);
}

TEST_F(StoreWatch, TellsEveryChangeOfItsRangeInOrder) {
  auto heard = watch("a");
  put("a1", "1");
  put("b", "1");
  put("a2", "2");
  txn(delete_request("a1"));
  EXPECT_EQ(heard.told(), "a1=1 a2=2 -a1");
  EXPECT_EQ(heard.last().revision(), 5u);
  EXPECT_EQ(heard.last().events(0).kv().mod_revision(), 5u);
  heard.expect_numbered();
}

TEST_F(StoreWatch, BringsPreviousValuesWhenAsked) {
  put("a", "1");
  auto heard = watch("a", 0, 1000, true);
  put("a", "2");
  txn(delete_request("a"));
  put("a", "3");
  EXPECT_EQ(heard.told(), "a=2(1) -a(2) a=3");
  heard.expect_numbered();
}

TEST_F(StoreWatch, NeverSendsMoreThanItsCredit) {
  auto heard = watch("a", 0, 3);
  for (int i = 0; i < 10; ++i)
    put("a", std::to_string(i));
  EXPECT_EQ(heard.told(), "a=0 a=1 a=2");
  add_credit(heard, 2);
  EXPECT_EQ(heard.told(), "a=0 a=1 a=2 a=3 a=4");
  add_credit(heard, 100);
  EXPECT_EQ(heard.told(), "a=0 a=1 a=2 a=3 a=4 a=5 a=6 a=7 a=8 a=9");
  put("a", "live");
  EXPECT_EQ(heard.last().events_size(), 1);
  heard.expect_numbered();
}

TEST_F(StoreWatch, ALongRevisionIsToldInPartsAndNamedOnceWhole) {
  auto heard = watch("k", 0, 2);
  TxnRequest request;
  for (int i = 0; i < 5; ++i)
    *request.add_then() = put_request("k" + std::to_string(i), "v").then(0);
  txn(request); // revision 2
  EXPECT_EQ(heard.last().events_size(), 2);
  EXPECT_EQ(heard.last().revision(), 1u);
  add_credit(heard, 3);
  EXPECT_EQ(heard.told(), "k0=v k1=v k2=v k3=v k4=v");
  EXPECT_EQ(heard.last().revision(), 2u);
}

TEST_F(StoreWatch, ProgressComesAfterEverythingUpToNow) {
  auto heard = watch("a", 0, 1);
  put("b", "1");
  ask_progress(heard, 7);
  EXPECT_EQ(heard.last().progress(), 7u);
  EXPECT_EQ(heard.last().revision(), 2u);
  put("a", "1");
  put("a", "2");
  put("b", "2");
  ask_progress(heard, 8);
  ask_progress(heard, 9);
  EXPECT_EQ(heard.told(), "a=1");
  EXPECT_EQ(heard.last().progress(), 0u);
  add_credit(heard, 5);
  EXPECT_EQ(heard.told(), "a=1 a=2");
  EXPECT_EQ(heard.last().progress(), 9u);
  EXPECT_EQ(heard.last().revision(), 5u);
  heard.expect_numbered();
}

TEST_F(StoreWatch, FromTheFutureItWaits) {
  auto heard = watch("a", 4);
  put("a", "2");
  put("a", "3");
  EXPECT_EQ(heard.told(), "");
  ask_progress(heard, 1);
  EXPECT_EQ(heard.last().revision(), 3u);
  put("a", "4");
  EXPECT_EQ(heard.told(), "a=4");
}

TEST_F(StoreWatch, OlderThanCompactionIsToldSo) {
  for (int i = 0; i < 5; ++i)
    put("a", std::to_string(i));
  CompactRequest compact;
  compact.set_revision(4);
  EXPECT_TRUE(ask<CompactResponse>(std::move(compact)));
  auto heard = watch("a", 3);
  EXPECT_EQ(heard.last().compacted(), 4u);
  EXPECT_EQ(heard.told(), "");
  auto fine = watch("a", 5);
  EXPECT_EQ(fine.told(), "a=3 a=4");
}

TEST_F(StoreWatch, ASlowReaderIsOvertakenByCompaction) {
  auto heard = watch("a", 0, 1);
  for (int i = 0; i < 5; ++i)
    put("a", std::to_string(i));
  CompactRequest compact;
  compact.set_revision(5);
  EXPECT_TRUE(ask<CompactResponse>(std::move(compact)));
  add_credit(heard, 10);
  EXPECT_EQ(heard.told(), "a=0");
  EXPECT_EQ(heard.last().compacted(), 5u);
  auto before = heard.heard->size();
  put("a", "x");
  EXPECT_EQ(heard.heard->size(), before);
  EXPECT_EQ(status().watches(), 0u);
}

TEST_F(StoreWatch, IsForgottenWithItsWatcherOrWhenCancelled) {
  auto gone = watch("a");
  auto cancelled = watch("a");
  EXPECT_EQ(status().watches(), 2u);
  self->send_exit(gone.watcher, caf::exit_reason::kill);
  sched.run();
  EXPECT_EQ(status().watches(), 1u);
  WatchCancel cancel;
  cancel.set_id(1);
  self->send(subject, pb<WatchCancel>{cancel}, cancelled.watcher);
  sched.run();
  EXPECT_EQ(status().watches(), 0u);
}

TEST_F(StoreWatch, ManyReadersSlowAndFastHearTheSame) {
  std::vector<watching> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(watch("a", 2, i == 0 ? 1000 : 1));
  for (int i = 0; i < 300; ++i) {
    put("a" + std::to_string(i % 7), std::to_string(i));
    add_credit(all[1 + i % 9], 3);
  }
  for (auto& one : all)
    add_credit(one, 1000);
  for (auto& one : all) {
    EXPECT_EQ(one.told(), all[0].told());
    one.expect_numbered();
  }
}

} // namespace troupe
