#include "state_fixture.hpp"

namespace troupe::store {

namespace {

using store_api::Alarm;

struct Alarms : state_fixture {
  outcome set(Alarm::Kind kind, uint64_t member, bool on) {
    store_api::AlarmChange what;
    what.mutable_alarm()->set_kind(kind);
    what.mutable_alarm()->set_member(member);
    what.set_on(on);
    return apply(what);
  }

  static std::string error_of(const outcome& out) {
    auto* err = std::get_if<caf::error>(&out.answers.at(0));
    return err == nullptr ? "" : message_of(*err);
  }
};

} // namespace

TEST_F(Alarms, AreRememberedUntilTheyEnd) {
  set(Alarm::SPACE, 2, true);
  set(Alarm::CORRUPTION, 3, true);
  open();
  EXPECT_EQ(apply_to->alarms(),
            (alarm_set{{Alarm::SPACE, 2}, {Alarm::CORRUPTION, 3}}));
  set(Alarm::SPACE, 2, false);
  set(Alarm::SPACE, 9, false);
  open();
  EXPECT_EQ(apply_to->alarms(), (alarm_set{{Alarm::CORRUPTION, 3}}));
}

TEST_F(Alarms, EndWithTheMember) {
  set(Alarm::SPACE, 2, true);
  set(Alarm::SPACE, 1, true);
  raft::configuration left{{{1, true, "a"}}};
  raft::entry change{{1, apply_to->applied() + 1},
                     raft::entry_kind::change,
                     std::make_shared<const std::string>(left.encode())};
  ASSERT_TRUE(apply_to->apply(change));
  EXPECT_EQ(apply_to->alarms(), (alarm_set{{Alarm::SPACE, 1}}));
}

TEST_F(Alarms, WithoutSpaceNothingIsPut) {
  put("a", "1");
  store_api::LeaseGrantRequest grant;
  grant.set_id(5);
  grant.set_ttl_seconds(10);
  apply(grant);
  set(Alarm::SPACE, 2, true);
  EXPECT_NE(error_of(apply(put_request("a", "2"))).find("member 2"),
            std::string::npos);
  grant.set_id(6);
  EXPECT_NE(error_of(apply(grant)).find("no space"), std::string::npos);
  // A branch that is not taken puts nothing.
  store_api::TxnRequest other;
  other.add_then()->mutable_range()->set_key("a");
  other.add_otherwise()->mutable_put()->set_key("a");
  EXPECT_EQ(error_of(apply(other)), "");
  EXPECT_EQ(error_of(apply(delete_request("a"))), "");
  store_api::LeaseRevokeRequest revoke;
  revoke.set_id(5);
  EXPECT_EQ(error_of(apply(revoke)), "");
  store_api::CompactRequest compact;
  compact.set_revision(2);
  EXPECT_EQ(error_of(apply(compact)), "");
  set(Alarm::SPACE, 2, false);
  EXPECT_EQ(error_of(apply(put_request("a", "2"))), "");
}

TEST_F(Alarms, AStateThatWasStoppedStaysSo) {
  EXPECT_FALSE(apply_to->stopped());
  ASSERT_FALSE(apply_to->stop({true, "it is not what it was"}));
  open();
  ASSERT_TRUE(apply_to->stopped());
  EXPECT_TRUE(apply_to->stopped()->damaged);
  EXPECT_EQ(apply_to->stopped()->reason, "it is not what it was");
}

} // namespace troupe::store
