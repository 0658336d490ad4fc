#include "messages/api/apps.pb.h"
#include "runtime/rules/election.hpp"
#include "tests/actors/apiserver/registry_fixture.hpp"

namespace troupe {

TEST_F(Registry, CreatesNothingInANamespaceThatBeganToEnd) {
  remember_space(put_space(false));
  put_space(true);
  auto refused = create_map(*this);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::forbidden))
      << message_of(refused.error());
  EXPECT_FALSE(now());
}

TEST_F(Registry, CreatesInANamespaceThatChangedMeanwhile) {
  remember_space(put_space(false));
  put_space(false);
  auto made = create_map(*this);
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_TRUE(now());
}

TEST_F(Registry, PaysForWhatItCreatesFromTheQuotaInTheSameTransaction) {
  remember_space(put_space(false));
  put_quota("1", "2");
  auto made = create_map(*this);
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(used_of_quota(), "2");
}

TEST_F(Registry, CreatesNothingThatTheQuotaDoesNotAllow) {
  remember_space(put_space(false));
  put_quota("2", "2");
  auto refused = create_map(*this);
  ASSERT_FALSE(refused);
  EXPECT_EQ(message_of(refused.error()),
            "configmaps \"one\" is forbidden: exceeded quota: q, requested: "
            "configmaps=1, used: configmaps=2, limited: configmaps=2");
  EXPECT_EQ(used_of_quota(), "2");
  EXPECT_FALSE(now());
}

TEST_F(Registry, PaysInTurnForManyThatComeAtOnce) {
  remember_space(put_space(false));
  put_quota("0", "3");
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_namespace_("default");
  size_t made = 0;
  size_t refused = 0;
  using answer_type = decltype(self->request(registry_, caf::infinite,
                                             pb<call::Request>{msg}, object{}));
  std::vector<answer_type> asked;
  for (int i = 0; i < 30; ++i) {
    auto map = a_map().copy<core::v1::ConfigMap>();
    map.mutable_metadata()->set_name("m" + std::to_string(i));
    asked.push_back(self->request(registry_, caf::infinite,
                                  pb<call::Request>{msg}, object::of(map)));
  }
  sched.run();
  for (auto& one : asked)
    one.receive(
        [&](const pb<call::Response>&, const std::vector<object>&) { ++made; },
        [&](const caf::error& err) {
          EXPECT_TRUE(is(err, ec::forbidden)) << message_of(err);
          ++refused;
        });
  EXPECT_EQ(made, 3u);
  EXPECT_EQ(refused, 27u);
  EXPECT_EQ(used_of_quota(), "3");
}

TEST_F(Registry, WritesTheOldValueAgainThoughItsViewHasNotSeenTheNewOne) {
  put_map("one", "old");
  *shown = now();
  ASSERT_TRUE(patch_value("new"));
  auto written = patch_value("old");
  ASSERT_TRUE(written) << message_of(written.error());
  EXPECT_EQ(value_of(*written), "old");
  EXPECT_EQ(value_of(now()), "old");
}

TEST_F(Registry, TakesAPatchOfARevisionThatItsViewHasNotSeen) {
  put_map("one", "1");
  *shown = now();
  auto second = patch_value("2");
  ASSERT_TRUE(second);
  auto third = patch(R"({"metadata": {"resourceVersion": ")"
                     + std::to_string(second->revision())
                     + R"("}, "data": {"v": "3"}})");
  ASSERT_TRUE(third) << message_of(third.error());
  EXPECT_EQ(value_of(now()), "3");
}

TEST_F(Registry, RefusesAPatchOfAnOldRevision) {
  put_map("one", "1");
  *shown = now();
  ASSERT_TRUE(patch_value("2"));
  auto late = patch(R"({"metadata": {"resourceVersion": ")"
                    + std::to_string((*shown).revision())
                    + R"("}, "data": {"v": "3"}})");
  ASSERT_FALSE(late);
  EXPECT_TRUE(is(late.error(), ec::conflict)) << message_of(late.error());
  EXPECT_EQ(value_of(now()), "2");
}

TEST_F(Registry, TestsAJsonPatchAgainstWhatIsStored) {
  put_map("one", "1");
  *shown = now();
  ASSERT_TRUE(patch_value("2"));
  auto written = patch(R"([{"op": "test", "path": "/data/v", "value": "2"},
                           {"op": "replace", "path": "/data/v", "value": "3"}])",
                       call::JSON);
  ASSERT_TRUE(written) << message_of(written.error());
  EXPECT_EQ(value_of(now()), "3");
}

TEST_F(Registry, DeletesWhatWasMadeAfterWhatItsViewHasSeen) {
  put_map("one", "1");
  *shown = now();
  delete_map("one");
  core::v1::ConfigMap second;
  second.mutable_metadata()->set_name("one");
  second.mutable_metadata()->set_namespace_("default");
  second.mutable_metadata()->set_uid("second");
  put(storage_key(kind_of<core::v1::ConfigMap>(), "default", "one"),
      object::of(second).bytes());
  call::Request msg;
  msg.set_verb(call::DELETE);
  msg.set_precondition_uid("second");
  auto gone = write(std::move(msg));
  ASSERT_TRUE(gone) << message_of(gone.error());
  EXPECT_FALSE(now());
}

TEST_F(Registry, KeepsWhatADeleteMeantAnother) {
  put_map("one", "1");
  call::Request msg;
  msg.set_verb(call::DELETE);
  for (auto version : {"1", "x"}) {
    msg.set_precondition_resource_version(version);
    auto kept = write(msg);
    ASSERT_FALSE(kept) << version;
    EXPECT_TRUE(is(kept.error(), ec::conflict)) << message_of(kept.error());
  }
  EXPECT_TRUE(now());
}

// Kubernetes: whoever deletes a collection is told of the list that went.
TEST_F(Registry, TellsTheRevisionOfACollectionThatItDeletes) {
  put_map("one", "1");
  auto last = put_map("two", "1");
  call::Request msg;
  msg.set_verb(call::DELETE_COLLECTION);
  msg.set_namespace_("default");
  auto asked =
      self->request(registry_, caf::infinite, pb<call::Request>{msg}, object{});
  sched.run();
  asked.receive(
      [&](const pb<call::Response>& listed, const std::vector<object>& gone) {
        EXPECT_EQ(gone.size(), 2u);
        EXPECT_EQ(listed->revision(), last);
      },
      [&](const caf::error& err) { FAIL() << message_of(err); });
  EXPECT_FALSE(now());
}

TEST_F(Registry, ShowsADryRunWhatIsStored) {
  put_map("one", "1");
  *shown = now();
  ASSERT_TRUE(patch_value("2"));
  call::Request msg;
  msg.set_verb(call::PATCH);
  msg.set_patch_type(call::MERGE);
  msg.set_patch(R"({"metadata": {"labels": {"a": "b"}}})");
  msg.set_dry_run(true);
  auto tried = write(std::move(msg));
  ASSERT_TRUE(tried);
  EXPECT_EQ(value_of(*tried), "2");
}

TEST_F(Registry, RefusesADryRunThatCreatesWhatIsThere) {
  remember_space(put_space(false));
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_dry_run(true);
  ASSERT_TRUE(write(msg, a_map()));
  EXPECT_FALSE(now());
  ASSERT_TRUE(create_map(*this));
  auto tried = write(msg, a_map());
  ASSERT_FALSE(tried);
  EXPECT_TRUE(is(tried.error(), ec::already_exists))
      << message_of(tried.error());
}

TEST_F(Registry, WritesInATermThatLasts) {
  auto term = put("/troupe/elections/test", "a");
  put_map("one", "1");
  ASSERT_TRUE(in_term(term, "2"));
  EXPECT_EQ(value_of(now()), "2");
  EXPECT_TRUE(in_term(term, "3")) << "other writes end no term";
}

TEST_F(Registry, RefusesEveryWriteOfATermThatIsOver) {
  auto term = put("/troupe/elections/test", "a");
  put_space(false);
  put_map("one", "1");
  put("/troupe/elections/test", "b");
  call::Request remove;
  remove.set_verb(call::DELETE);
  remove.set_election("test");
  remove.set_term(term);
  auto create = remove;
  create.set_verb(call::CREATE);
  std::vector<expected<object>> all{in_term(term, "2"), write(remove)};
  delete_map("one");
  all.push_back(write(create, a_map()));
  for (auto& refused : all) {
    ASSERT_FALSE(refused);
    EXPECT_TRUE(rules::is_term_over(refused.error()))
        << message_of(refused.error());
  }
  EXPECT_FALSE(now());
}

TEST_F(Registry, RefusesWritesOfAnElectionThatNobodyWon) {
  put_map("one", "1");
  auto refused = in_term(1, "2");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(rules::is_term_over(refused.error()));
}

TEST_F(Registry, TellsAWriteThatCameLateFromOneWhoseTermIsOver) {
  auto term = put("/troupe/elections/test", "a");
  put_map("one", "1");
  *shown = now();
  ASSERT_TRUE(patch_value("2"));
  // Its view is behind: it meets the newer state, and tries again.
  EXPECT_TRUE(in_term(term, "3"));
  EXPECT_EQ(value_of(now()), "3");
}

} // namespace troupe
