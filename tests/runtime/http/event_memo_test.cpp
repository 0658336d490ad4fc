#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/http/event_memo.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace troupe::http {

namespace {

object map_of(const std::string& name, uint64_t revision, size_t size = 1) {
  core::v1::ConfigMap msg;
  msg.mutable_metadata()->set_name(name);
  (*msg.mutable_data())["key"] = std::string(size, 'x');
  return object::of(msg).with_revision(revision);
}

body_form form_of(encoding bytes, shape as = shape::object) {
  body_form how;
  how.form.bytes = bytes;
  how.form.as = as;
  how.form.version = "v1";
  how.now = time_point{std::chrono::seconds{1'000}};
  return how;
}

} // namespace

TEST(EventMemo, EncodesAnEventOnceForEachForm) {
  event_memo memo;
  auto x = map_of("a", 7);
  auto json = form_of(encoding::json);
  auto binary = form_of(encoding::protobuf);
  for (int watcher = 0; watcher < 1000; ++watcher) {
    EXPECT_EQ(*memo.get("ADDED", x, json, false),
              encode_event("ADDED", x, json, false));
    EXPECT_EQ(*memo.get("ADDED", x, binary, false),
              encode_event("ADDED", x, binary, false));
  }
  EXPECT_EQ(memo.asked(), 2000u);
  EXPECT_EQ(memo.made(), 2u);
}

TEST(EventMemo, TakesObjectsOverTheSameBytesForOne) {
  event_memo memo;
  auto x = map_of("a", 7);
  auto json = form_of(encoding::json);
  // As each watcher is told of a deletion.
  for (int watcher = 0; watcher < 10; ++watcher)
    memo.get("DELETED", x.with_revision(9), json, false);
  EXPECT_EQ(memo.made(), 1u);
}

TEST(EventMemo, TellsEventsApart) {
  event_memo memo;
  auto x = map_of("a", 7);
  auto json = form_of(encoding::json);
  memo.get("ADDED", x, json, false);
  auto text = *memo.get("MODIFIED", x, json, false);
  EXPECT_NE(text.find("MODIFIED"), std::string::npos);
  text = *memo.get("MODIFIED", x.with_revision(8), json, false);
  EXPECT_NE(text.find("\"resourceVersion\":\"8\""), std::string::npos);
  memo.get("ADDED", x, form_of(encoding::json, shape::partial), false);
  EXPECT_EQ(memo.made(), 4u);
}

TEST(EventMemo, TellsTheAgesOfATableAnewEachSecond) {
  event_memo memo;
  auto x = map_of("a", 7);
  auto table = form_of(encoding::json, shape::table);
  memo.get("ADDED", x, table, false);
  table.now += std::chrono::milliseconds{10};
  memo.get("ADDED", x, table, false);
  EXPECT_EQ(memo.made(), 1u);
  memo.get("ADDED", x, table, true);
  table.now += std::chrono::seconds{1};
  EXPECT_EQ(*memo.get("ADDED", x, table, false),
            encode_event("ADDED", x, table, false));
  EXPECT_EQ(memo.made(), 3u);
}

TEST(EventMemo, ForgetsWhatIsOldest) {
  event_memo memo{10'000};
  auto json = form_of(encoding::json);
  auto first = map_of("a", 1, 3'000);
  memo.get("ADDED", first, json, false);
  for (uint64_t i = 2; i < 5; ++i)
    memo.get("ADDED", map_of("b", i, 3'000), json, false);
  EXPECT_EQ(memo.made(), 4u);
  memo.get("ADDED", first, json, false);
  EXPECT_EQ(memo.made(), 5u);
  // One that is larger than all that may be kept is shared all the same.
  auto large = map_of("c", 9, 50'000);
  memo.get("ADDED", large, json, false);
  memo.get("ADDED", large, json, false);
  EXPECT_EQ(memo.made(), 6u);
}

TEST(EventMemo, EncodesOnceForThreadsThatAskAtOnce) {
  event_memo memo;
  auto x = map_of("a", 7, 10'000);
  auto json = form_of(encoding::json);
  auto wanted = encode_event("ADDED", x, json, false);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n)
        EXPECT_EQ(*memo.get("ADDED", x, json, false), wanted);
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(memo.asked(), 400u);
  EXPECT_EQ(memo.made(), 1u);
}

} // namespace troupe::http
