#include "messages/store_interface.hpp"
#include "runtime/store/commands.hpp"

#include <gtest/gtest.h>

namespace troupe::store {

using namespace store_api;

TEST(Commands, ReadBackAsWritten) {
  std::string payload;
  append(payload, put_request("a", std::string(1000, 'x')));
  LeaseGrantRequest grant;
  grant.set_ttl_seconds(5);
  append(payload, grant);
  append(payload, LeaseRevokeRequest{});
  append(payload, LeaseCheckpoint{});
  CompactRequest compact;
  compact.set_revision(9);
  append(payload, compact);
  auto commands = read_payload(payload);
  ASSERT_TRUE(commands);
  ASSERT_EQ(commands->size(), 5u);
  EXPECT_EQ(std::get<TxnRequest>((*commands)[0]).then(0).put().key(), "a");
  EXPECT_EQ(std::get<LeaseGrantRequest>((*commands)[1]).ttl_seconds(), 5u);
  EXPECT_EQ(std::get<CompactRequest>((*commands)[4]).revision(), 9u);
  EXPECT_FALSE(read_payload(payload.substr(0, payload.size() - 1)));
  EXPECT_FALSE(read_payload("\x09\x01z"));
}

TEST(Commands, RefusesWhatNoStateCouldAccept) {
  auto refused = [](const TxnRequest& request) {
    return message_of(check(request));
  };
  EXPECT_FALSE(check(put_request("a", "1")));
  EXPECT_EQ(refused(put_request("", "1")),
            "then[0].put.key: must not be empty");
  EXPECT_TRUE(
      is(check(put_request("a", std::string(2'000'000, 'v'))), ec::too_large));
  auto twice = put_request("a", "1");
  *twice.add_then() = twice.then(0);
  EXPECT_EQ(refused(twice), "then: changes the key a twice");
  auto both = put_request("b", "1");
  auto& del = *both.add_then()->mutable_delete_range();
  del.set_key("a");
  del.set_range_end("c");
  EXPECT_EQ(refused(both), "then: puts and deletes the key b");
  // A range that ends before it begins holds nothing.
  del.set_range_end("Z");
  EXPECT_FALSE(check(both));
  TxnRequest empty;
  empty.add_otherwise();
  EXPECT_EQ(refused(empty), "otherwise[0]: has no operation");
  TxnRequest older;
  older.add_then()->mutable_range()->set_key("a");
  older.mutable_then(0)->mutable_range()->set_revision(4);
  EXPECT_TRUE(is(check(older), ec::bad_request));
  TxnRequest many;
  for (int i = 0; i <= max_operations; ++i)
    *many.add_then() = put_request("k" + std::to_string(i), "").then(0);
  EXPECT_TRUE(is(check(many), ec::too_large));
  EXPECT_TRUE(is(check(LeaseGrantRequest{}), ec::bad_request));
}

TEST(Commands, ThePrefixEndIsAboveAllThatBeginWithIt) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end("a\xff"), "b");
  EXPECT_EQ(prefix_end("\xff\xff"), std::string(1, '\0'));
  EXPECT_EQ(prefix_end(""), std::string(1, '\0'));
}

TEST(Commands, SayWhoseTheyAre) {
  std::string payload;
  EXPECT_FALSE(origin_of(payload));
  set_origin(payload, {7, 1});
  append(payload, put_request("a", "1"));
  set_origin(payload, {7, 2});
  ASSERT_TRUE(origin_of(payload));
  EXPECT_EQ(origin_of(payload)->life, 7u);
  EXPECT_EQ(origin_of(payload)->number, 2u);
  auto commands = read_payload(payload);
  ASSERT_TRUE(commands);
  EXPECT_EQ(commands->size(), 1u);
  EXPECT_FALSE(origin_of(payload.substr(0, 9)));
}

} // namespace troupe::store
