#include "store_fixture.hpp"

namespace troupe {

using namespace store_api;

namespace {

struct StoreCompaction : store_fixture {
  void keep(uint64_t revisions, std::chrono::seconds time) {
    stop();
    options.keep_revisions = revisions;
    options.keep_time = time;
    start();
  }

  void put_many(int count) {
    for (int i = 0; i < count; ++i) {
      self->send(subject, pb<TxnRequest>{put_request("k", std::to_string(i))});
      if (i % 100 == 99)
        sched.run();
    }
    sched.run();
  }
};

} // namespace

TEST_F(StoreCompaction, HistoryDoesNotGrowWithoutBound) {
  keep(1500, std::chrono::seconds(0));
  put_many(7000);
  auto now = status();
  EXPECT_EQ(now.revision(), 7001u);
  EXPECT_GT(now.compacted_revision(), 2000u);
  RangeRequest request;
  request.set_key("k");
  request.set_revision(1000);
  EXPECT_TRUE(is(ask<RangeResponse>(std::move(request)).error(), ec::expired));
  auto heard = watch("k", now.compacted_revision() + 1, 1'000'000);
  EXPECT_EQ(heard.last().revision(), 7001u);
}

TEST_F(StoreCompaction, WhatIsYoungIsKept) {
  keep(1500, std::chrono::minutes(1));
  put_many(7000);
  EXPECT_EQ(status().compacted_revision(), 0u);
  advance(std::chrono::seconds(61));
  put_many(1100);
  auto compacted = status().compacted_revision();
  EXPECT_GT(compacted, 5000u);
  EXPECT_LE(compacted, 8101u - 1500u);
}

TEST_F(StoreCompaction, ButNotWithoutBound) {
  keep(1500, std::chrono::minutes(1));
  put_many(20'000);
  auto now = status();
  EXPECT_GT(now.compacted_revision(), now.revision() - 15'000);
  EXPECT_LT(now.compacted_revision(), now.revision() - 10'000);
}

} // namespace troupe
