#include "tests/actors/system/view_fixture.hpp"

namespace troupe {

namespace {

call::Watch selecting(const std::string& labels) {
  call::Watch msg;
  msg.set_label_selector(labels);
  return msg;
}

std::string str(uint64_t revision) {
  return std::to_string(revision);
}

} // namespace

struct ViewWatch : view_fixture {
  /// So many changes of one map that none before them is kept in memory.
  void change_often(const std::string& name, int times = 2'500) {
    for (int i = 0; i < times; ++i)
      put_map(name, std::to_string(i));
  }
};

TEST_F(ViewWatch, BeginsWithWhatIsThere) {
  put_map("a", "1");
  put_map("b", "1");
  auto r = follow();
  EXPECT_EQ(r.told(), "reset +a=1 +b=1 complete");
  put_map("a", "2");
  delete_map("b");
  put_map("b", "2");
  EXPECT_EQ(r.told(), "reset +a=1 +b=1 complete a=2 -b=1 +b=2");
  EXPECT_EQ(r.revision(), 6u);
}

TEST_F(ViewWatch, SeesWhatWasWrittenBeforeItBegan) {
  // Not told yet when the watch is asked for.
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["v"] = "1";
  self->send(subject,
             pb<store_api::TxnRequest>{put_request(
                 storage_key(kind_of<core::v1::ConfigMap>(), "default", "a"),
                 object::of(map).bytes())});
  auto r = follow();
  take_all(r);
  EXPECT_NE(r.told().find("+a=1"), std::string::npos);
}

TEST_F(ViewWatch, GoesOnFromARevisionItStillHas) {
  auto first = put_map("a", "1");
  put_map("a", "2");
  delete_map("a");
  auto r = follow(str(first));
  EXPECT_EQ(r.told(), "a=2 -a=2");
}

TEST_F(ViewWatch, GoesOnFromHistoryOlderThanItsOwn) {
  auto first = put_map("a", "1");
  put_map("b", "1");
  delete_map("b");
  change_often("c");
  auto r = follow(str(first), selecting("app=web"));
  take_all(r);
  put_map("a", "2");
  take_all(r);
  std::string wanted = "+b=1 -b=1 +c=0";
  for (int i = 1; i < 2'500; ++i)
    wanted += " c=" + std::to_string(i);
  EXPECT_EQ(r.told(), wanted + " a=2");
  r.expect_numbered_and_in_order();
}

TEST_F(ViewWatch, SeesHistoryThroughItsSelector) {
  auto first = put_map("a", "1", "db");
  put_map("a", "2", "web");
  put_map("a", "3", "web");
  put_map("a", "4", "db");
  put_map("a", "5", "web");
  delete_map("a");
  change_often("c");
  auto r = follow(str(first), [] {
    auto msg = selecting("app=web");
    msg.set_field_selector("metadata.name=a");
    return msg;
  }());
  take_all(r);
  EXPECT_EQ(r.told(), "+a=2 a=3 -a=3 +a=5 -a=5");
  put_map("a", "6");
  EXPECT_EQ(r.told(), "+a=2 a=3 -a=3 +a=5 -a=5 +a=6");
}

TEST_F(ViewWatch, TellsWhoHasNothingToHearHowFarItHasCome) {
  auto first = put_map("a", "1");
  change_often("c");
  call::Watch msg = selecting("app=none");
  msg.set_bookmarks(true);
  auto r = follow(str(first), msg);
  take_all(r);
  change_often("c", 1'200);
  take_all(r);
  EXPECT_EQ(r.told(), "");
  ASSERT_FALSE(r.heard->empty());
  EXPECT_GT(r.revision(), first + 2'500);
}

TEST_F(ViewWatch, ToldOfRevisionsOfOtherKindsItsReadersHearOfThem) {
  call::Watch msg;
  msg.set_bookmarks(true);
  auto r = follow({}, msg);
  take_all(r);
  auto quiet = follow();
  take_all(quiet);
  auto before = quiet.heard->size();
  uint64_t last = 0;
  for (int i = 0; i < 2'100; ++i)
    last = put("/registry/other", std::to_string(i));
  EXPECT_GT(r.revision() + 1'100, last);
  EXPECT_EQ(quiet.heard->size(), before);
}

TEST_F(ViewWatch, RefusesWhatTheStoreHasGivenUp) {
  auto first = put_map("a", "1");
  change_often("c");
  compact(first + 100);
  auto r = follow(str(first));
  EXPECT_EQ(r.told(), "ended:Expired");
  auto fine = follow(str(first + 200));
  take_all(fine);
  EXPECT_EQ(fine.told().substr(0, 12), "c=200 c=201 ");
}

TEST_F(ViewWatch, ASlowReaderMissesNothingAndHoldsLittle) {
  auto r = follow();
  for (int i = 0; i < 9'000; ++i)
    put_map("m" + std::to_string(i % 7), std::to_string(i));
  // A window of batches, and no more of the view's memory than its bound.
  EXPECT_LE(r.heard->size(), 16u);
  auto& st = state();
  ASSERT_EQ(st.readers.size(), 1u);
  EXPECT_LE(st.readers.begin()->second->pending.size(), 4'001u);
  take_all(r);
  std::string wanted = "reset complete";
  for (int i = 0; i < 9'000; ++i)
    wanted += (i < 7 ? " +m" : " m") + std::to_string(i % 7) + "="
              + std::to_string(i);
  EXPECT_EQ(r.told(), wanted);
  r.expect_numbered_and_in_order();
  EXPECT_TRUE(st.feeds.empty());
  put_map("m0", "live");
  EXPECT_EQ(r.heard->back().items.size(), 1u);
}

TEST_F(ViewWatch, TellsOfLargeObjectsInSmallBatches) {
  std::string large(100'000, 'x');
  for (int i = 0; i < 9; ++i)
    put_map("m" + std::to_string(i), large);
  auto r = follow();
  take_all(r);
  for (int i = 0; i < 9; ++i)
    put_map("m" + std::to_string(i), large + large);
  take_all(r);
  size_t told = 0;
  for (auto& batch : *r.heard) {
    EXPECT_LE(batch.items.size(), 3u);
    told += batch.items.size();
  }
  EXPECT_EQ(told, 18u);
  r.expect_numbered_and_in_order();
}

TEST_F(ViewWatch, ASlowReaderIsOvertakenByCompactionOnly) {
  auto r = follow();
  uint64_t last = 0;
  for (int i = 0; i < 6'000; ++i)
    last = put_map("m", std::to_string(i));
  compact(last);
  take_all(r);
  EXPECT_EQ(r.heard->back().ended.empty(), false);
  EXPECT_NE(r.told().find("ended:Expired"), std::string::npos);
}

TEST_F(ViewWatch, AfterARestartReadersGoOnWhereTheyWere) {
  auto r = follow();
  take_all(r);
  put_map("a", "1");
  take_all(r);
  auto seen = r.revision();
  put_map("a", "2"); // told, but not known to be taken
  put_map("b", "1");
  restart_view();
  r.stream = 2;
  auto heard = r.heard->size();
  again(r, str(seen));
  std::string told;
  for (auto i = heard; i < r.heard->size(); ++i)
    for (auto& c : (*r.heard)[i].items)
      told += c.what.name() + " ";
  EXPECT_EQ(told, "a b ");
  put_map("c", "1");
  EXPECT_EQ(r.heard->back().items.front().what.name(), "c");
}

TEST_F(ViewWatch, WhoIsFedSurvivesARestartOfTheStore) {
  auto first = put_map("a", "1");
  change_often("c", 6'000);
  auto r = follow(str(first));
  for (int i = 0; i < 3; ++i)
    take_one(r);
  restart_store();
  put_map("a", "2");
  take_all(r);
  std::string wanted = "+c=0";
  for (int i = 1; i < 6'000; ++i)
    wanted += " c=" + std::to_string(i);
  EXPECT_EQ(r.told(), wanted + " a=2");
  r.expect_numbered_and_in_order();
}

TEST_F(ViewWatch, TellsARevisionWholeOrNotAtAll) {
  store_api::TxnRequest request;
  for (int i = 0; i < 1'200; ++i) {
    core::v1::ConfigMap map;
    map.mutable_metadata()->set_name("m" + std::to_string(1'000 + i));
    map.mutable_metadata()->set_namespace_("default");
    (*map.mutable_data())["v"] = "1";
    auto what = object::of(map);
    *request.add_then() =
        put_request(storage_key(what.kind(), what.ns(), what.name()),
                    what.bytes())
            .then(0);
  }
  auto first = put_map("a", "1");
  auto live = follow();
  ASSERT_TRUE(txn(request));
  auto many = first + 1;
  change_often("c");
  auto fed = follow(str(first));
  take_all(fed);
  take_all(live);
  for (auto* r : {&live, &fed}) {
    uint64_t before = 0;
    size_t of_many = 0;
    for (auto& batch : *r->heard) {
      for (auto& c : batch.items) {
        EXPECT_GE(c.what.revision(), before);
        before = c.what.revision();
        of_many += before == many ? 1 : 0;
        EXPECT_LE(before, batch.revision);
      }
      EXPECT_TRUE(of_many == 0 || of_many == 1'200 || batch.revision < many);
    }
    EXPECT_EQ(of_many, 1'200u);
  }
}

TEST_F(ViewWatch, FromARevisionToComeItWaits) {
  auto last = put_map("a", "1");
  auto r = follow(str(last + 1));
  put_map("a", "2");
  EXPECT_EQ(r.told(), "");
  put_map("a", "3");
  EXPECT_EQ(r.told(), "a=3");
}

TEST_F(ViewWatch, RefusesOptionsThatDoNotGoTogether) {
  call::Watch msg;
  msg.set_resource_version_match("NotOlderThan");
  follow("5", msg);
  EXPECT_TRUE(is(refused_, ec::invalid));
  EXPECT_EQ(message_of(refused_),
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: "
            "Forbidden: resourceVersionMatch is forbidden for watch unless "
            "sendInitialEvents is provided");
  follow("x");
  EXPECT_TRUE(is(refused_, ec::bad_request));
}

TEST_F(ViewWatch, SendsWhatIsThereFirstWhenAsked) {
  auto last = put_map("a", "1");
  call::Watch msg;
  msg.set_send_initial_events(true);
  msg.set_resource_version_match("NotOlderThan");
  auto r = follow(str(last), msg);
  EXPECT_EQ(r.told(), "reset +a=1 complete");
}

} // namespace troupe
