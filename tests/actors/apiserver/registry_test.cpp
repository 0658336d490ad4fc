#include "actors/apiserver/registry.hpp"
#include "messages/api/apps.pb.h"
#include "runtime/rules/election.hpp"
#include "tests/actors/system/view_fixture.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

struct slow_view_state {
  static inline const char* name = "slow_view";
};

/// What a view that lags has to show; none while it does not lag.
using past = std::shared_ptr<object>;

/// Answers who takes any revision with the past.
api_actor::behavior_type
slow_view(api_actor::stateful_pointer<slow_view_state> self, api_actor newest,
          past shown) {
  return {
      [=](const pb<call::Request>& msg, const object& body)
          -> caf::result<pb<call::Response>, std::vector<object>> {
        if (*shown && msg->resource_version() == "0")
          return {pb<call::Response>{call::Response{}},
                  std::vector<object>{*shown}};
        return self->delegate(newest, msg, body);
      },
      [=](const pb<call::Watch>& msg, const watcher_actor& to) {
        return self->delegate(newest, msg, to);
      },
      [](const pb<call::Ack>&, const watcher_actor&) {
        // nop
      },
      [](const pb<call::StopWatch>&, const watcher_actor&) {
        // nop
      },
  };
}

/// Tells the first who asks of the past, and nobody of what changes.
api_actor::behavior_type
behind(api_actor::stateful_pointer<slow_view_state> self, api_actor newest,
       past shown) {
  return {
      [=](const pb<call::Request>& msg, const object& body)
          -> caf::result<pb<call::Response>, std::vector<object>> {
        if (auto known = std::exchange(*shown, {}))
          return {pb<call::Response>{call::Response{}},
                  std::vector<object>{known}};
        return self->delegate(newest, msg, body);
      },
      [](const pb<call::Watch>&, const watcher_actor&) {
        return pb<call::WatchStarted>{call::WatchStarted{}};
      },
      [](const pb<call::Ack>&, const watcher_actor&) {
        // nop
      },
      [](const pb<call::StopWatch>&, const watcher_actor&) {
        // nop
      },
  };
}

struct Registry : view_fixture {
  past shown = std::make_shared<object>();
  past space = std::make_shared<object>();
  api_actor slow;
  view_actor spaces;
  view_actor quotas;
  api_actor old_spaces;
  registry_actor registry_;

  void enter(const std::string& path, const caf::actor& actor) {
    system::Started msg;
    msg.set_path(path);
    self->send(directory_, pb<system::Started>{msg}, actor);
  }

  context at(const std::string& path) {
    return {simulated_world(1, [] { return std::chrono::nanoseconds{0}; }),
            std::make_shared<edges>(),
            std::make_shared<cluster_config>(),
            directory_,
            path,
            1};
  }

  uint64_t put_space(bool ending) {
    core::v1::Namespace made;
    made.mutable_metadata()->set_name("default");
    made.mutable_status()->set_phase(ending ? "Terminating" : "Active");
    return put(storage_key(kind_of<core::v1::Namespace>(), {}, "default"),
               object::of(made).bytes());
  }

  void SetUp() override {
    view_fixture::SetUp();
    auto& kind = kind_of<core::v1::ConfigMap>();
    auto& space_kind = kind_of<core::v1::Namespace>();
    slow = sys.spawn(slow_view, api_actor{view_}, shown);
    spaces =
        sys.spawn(view, at(resource_path("view", space_kind)), &space_kind);
    auto& quota_kind = kind_of<core::v1::ResourceQuota>();
    quotas =
        sys.spawn(view, at(resource_path("view", quota_kind)), &quota_kind);
    old_spaces = sys.spawn(behind, api_actor{spaces}, space);
    enter(resource_path("view", quota_kind),
          caf::actor_cast<caf::actor>(quotas));
    enter(resource_path("view", kind), caf::actor_cast<caf::actor>(slow));
    enter(resource_path("view", space_kind),
          caf::actor_cast<caf::actor>(old_spaces));
    registry_ = sys.spawn(registry, at(resource_path("registry", kind)), &kind);
    sched.run();
  }

  void TearDown() override {
    for (auto& actor : {caf::actor_cast<caf::actor>(slow),
                        caf::actor_cast<caf::actor>(spaces),
                        caf::actor_cast<caf::actor>(quotas),
                        caf::actor_cast<caf::actor>(old_spaces),
                        caf::actor_cast<caf::actor>(registry_)})
      self->send_exit(actor, caf::exit_reason::user_shutdown);
    slow = nullptr;
    spaces = nullptr;
    quotas = nullptr;
    old_spaces = nullptr;
    registry_ = nullptr;
    view_fixture::TearDown();
  }

  /// What the registry is told first, whatever comes then.
  void remember_space(uint64_t revision) {
    auto& kind = kind_of<core::v1::Namespace>();
    *space =
        *object::parse(kind, get(storage_key(kind, {}, "default")), revision);
  }

  /// A quota of the namespace that counts ConfigMaps.
  void put_quota(const std::string& used, const std::string& hard) {
    core::v1::ResourceQuota quota;
    quota.mutable_metadata()->set_name("q");
    quota.mutable_metadata()->set_namespace_("default");
    (*quota.mutable_spec()->mutable_hard())["configmaps"].set_string(hard);
    auto& status = *quota.mutable_status();
    (*status.mutable_hard())["configmaps"].set_string(hard);
    (*status.mutable_used())["configmaps"].set_string(used);
    put(quota_key(), object::of(quota).bytes());
    sched.run();
  }

  static std::string quota_key() {
    return storage_key(kind_of<core::v1::ResourceQuota>(), "default", "q");
  }

  std::string used_of_quota() {
    auto found =
        object::parse(kind_of<core::v1::ResourceQuota>(), get(quota_key()), 1);
    return found->as<core::v1::ResourceQuota>()
        .status()
        .used()
        .at("configmaps")
        .string();
  }

  expected<object> write(call::Request msg, const object& body = {}) {
    msg.set_namespace_("default");
    msg.set_name("one");
    expected<object> result{caf::sec::runtime_error};
    auto request =
        self->request(registry_, caf::infinite, pb<call::Request>{msg}, body);
    sched.run();
    request.receive(
        [&](const pb<call::Response>&, const std::vector<object>& written) {
          result = written.front();
        },
        [&](const caf::error& err) { result = err; });
    return result;
  }

  expected<object> patch(const std::string& document,
                         call::PatchType type = call::MERGE) {
    call::Request msg;
    msg.set_verb(call::PATCH);
    msg.set_patch_type(type);
    msg.set_patch(document);
    return write(std::move(msg));
  }

  expected<object> patch_value(const std::string& value) {
    return patch(R"({"data": {"v": ")" + value + R"("}})");
  }

  expected<object> in_term(uint64_t term, const std::string& value) {
    call::Request msg;
    msg.set_verb(call::PATCH);
    msg.set_patch_type(call::MERGE);
    msg.set_patch(R"({"data": {"v": ")" + value + R"("}})");
    msg.set_election("test");
    msg.set_term(term);
    return write(std::move(msg));
  }

  object now() {
    call::Request msg;
    msg.set_verb(call::GET);
    msg.set_namespace_("default");
    msg.set_name("one");
    auto found = read(std::move(msg));
    return found ? found->second.front() : object{};
  }

  static std::string value_of(const object& map) {
    return map ? map.as<core::v1::ConfigMap>().data().at("v") : "none";
  }
};

object a_map() {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("one");
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["v"] = "1";
  return object::of(map);
}

expected<object> create_map(Registry& r) {
  call::Request msg;
  msg.set_verb(call::CREATE);
  return r.write(std::move(msg), a_map());
}

} // namespace

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
