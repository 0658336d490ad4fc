#include "runtime/store/wire.hpp"

#include <gtest/gtest.h>

namespace troupe::store {

namespace {

raft::entry entry(uint64_t term, uint64_t index, raft::entry_kind kind,
                  const std::string& data = {}) {
  return {{term, index},
          kind,
          data.empty() ? nullptr : std::make_shared<const std::string>(data)};
}

const raft::configuration two{{{1, true, "a"}, {2, false, "b"}}};

/// There and back again, as bytes.
std::optional<raft::message> travel(const raft::message_body& body) {
  auto there = to_wire({1, 2, 7, body});
  raft_api::Message back;
  EXPECT_TRUE(back.ParseFromString(there.SerializeAsString()));
  return from_wire(back);
}

} // namespace

TEST(Wire, CarriesEveryKindOfMessage) {
  raft::install_snapshot snapshot;
  snapshot.mark.at = {3, 4};
  snapshot.mark.members = std::make_shared<const raft::configuration>(two);
  const std::vector<raft::message_body> all{
      raft::append_entries{{3, 4}, {}, 2, 1},
      raft::append_result{true, 4, {3, 4}, true},
      raft::request_vote{{3, 4}, true, true},
      raft::vote_result{true, true, true},
      raft::heartbeat{4, 5, 6, 7},
      raft::heartbeat_result{5},
      snapshot,
      raft::timeout_now{},
      raft::read_index{9},
      raft::read_index_result{9, 4},
  };
  for (auto& body : all) {
    auto came = travel(body);
    ASSERT_TRUE(came) << body.index();
    EXPECT_EQ(came->body.index(), body.index());
    EXPECT_EQ(came->from, 1u);
    EXPECT_EQ(came->to, 2u);
    EXPECT_EQ(came->term, 7u);
    EXPECT_EQ(to_wire(*came).SerializeAsString(),
              to_wire({1, 2, 7, body}).SerializeAsString());
  }
  EXPECT_EQ(all.size(), std::variant_size_v<raft::message_body>);
}

TEST(Wire, CarriesEntries) {
  raft::append_entries body{{3, 4}, {}, 2};
  body.entries = {entry(3, 5, raft::entry_kind::noop),
                  entry(4, 6, raft::entry_kind::commands, "abc"),
                  entry(4, 7, raft::entry_kind::change, two.encode())};
  auto came = travel(body);
  ASSERT_TRUE(came);
  auto& entries = std::get<raft::append_entries>(came->body).entries;
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].at, (raft::position{4, 6}));
  EXPECT_EQ(entries[1].bytes(), "abc");
  EXPECT_EQ(entries[2].kind, raft::entry_kind::change);
}

TEST(Wire, RefusesWhatNoMemberWouldSay) {
  EXPECT_FALSE(from_wire(raft_api::Message{}));
  raft::append_entries gap{{3, 4}, {entry(3, 6, raft::entry_kind::noop)}, 2};
  EXPECT_FALSE(travel(gap));
  raft::append_entries old{{3, 4}, {entry(2, 5, raft::entry_kind::noop)}, 2};
  EXPECT_FALSE(travel(old));
  raft::append_entries strange{
      {3, 4}, {entry(3, 5, raft::entry_kind::change, "?")}, 2};
  EXPECT_FALSE(travel(strange));
  auto unknown =
      to_wire({1, 2, 7,
               raft::append_entries{
                   {3, 4}, {entry(3, 5, raft::entry_kind::noop)}, 2, 1}});
  unknown.mutable_append_entries()->mutable_entries(0)->set_kind(9);
  EXPECT_FALSE(from_wire(unknown));
}

} // namespace troupe::store
