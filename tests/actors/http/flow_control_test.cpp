#include "actors/http/flow_control.hpp"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/flow_table.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::test {

namespace {

using namespace flowcontrol::v1;
using std::chrono::milliseconds;
using testing::ElementsAre;

struct reader_state {
  static inline const char* name = "reader";
};

using tables = std::vector<flow_news>;

flow_reader_actor::behavior_type
reader(flow_reader_actor::stateful_pointer<reader_state>,
       std::shared_ptr<tables> heard) {
  return {[heard](const flow_news& news) { heard->push_back(news); }};
}

/// Writes the condition of the patch, as the API server does.
object patched(fake_api& api, const fake_api::asked& what) {
  auto msg = api.find("FlowSchema", what.msg.name()).clone();
  auto& status = *dynamic_cast<FlowSchema&>(*msg).mutable_status();
  auto patch = nlohmann::json::parse(what.msg.patch());
  auto& from = patch["status"]["conditions"][0];
  status.clear_conditions();
  auto& to = *status.add_conditions();
  to.set_type(from["type"]);
  to.set_status(from["status"]);
  to.set_reason(from["reason"]);
  to.set_message(from["message"]);
  api.put(object::of(std::move(msg)));
  return api.find("FlowSchema", what.msg.name());
}

class FlowControl : public testing::Test {
protected:
  FlowControl() {
    auto api = api_;
    api_->writes = [api](const fake_api::asked& what) {
      return patched(*api, what);
    };
    put_level("l");
    put_schema("s", "l");
    reader_ = world_.system().spawn(reader, heard_);
    start();
  }

  ~FlowControl() override {
    world_.end(control_);
    world_.end(caf::actor_cast<caf::actor>(reader_));
  }

  void start() {
    if (control_)
      world_.end(control_);
    control_ = caf::actor_cast<caf::actor>(world_.system().spawn(
        flow_control, world_.at("http/flow_control"), reader_));
    world_.run();
  }

  void put_level(const std::string& name, int shares = 1) {
    PriorityLevelConfiguration level;
    level.mutable_metadata()->set_name(name);
    level.mutable_metadata()->set_uid("uid-" + name);
    level.mutable_metadata()->set_generation(shares);
    level.mutable_spec()->mutable_limited()->set_nominal_concurrency_shares(
        shares);
    api_->put(level);
    world_.run();
  }

  /// All requests of administrators belong to it.
  void put_schema(const std::string& name, const std::string& level,
                  int64_t generation = 1) {
    FlowSchema schema;
    schema.mutable_metadata()->set_name(name);
    schema.mutable_metadata()->set_uid("uid-" + name);
    schema.mutable_metadata()->set_generation(generation);
    schema.mutable_spec()->mutable_priority_level_configuration()->set_name(
        level);
    auto& rule = *schema.mutable_spec()->add_rules();
    auto& subject = *rule.add_subjects();
    subject.set_kind("Group");
    subject.mutable_group()->set_name("system:masters");
    auto& pages = *rule.add_non_resource_rules();
    pages.add_verbs("*");
    pages.add_non_resource_urls("*");
    api_->put(schema);
    world_.run();
  }

  /// "False Found", "" for none.
  std::string dangling(const std::string& name) {
    auto found = api_->find("FlowSchema", name);
    for (auto& each : found.as<FlowSchema>().status().conditions())
      if (each.type() == "Dangling")
        return each.status() + " " + each.reason();
    return {};
  }

  /// The level of what administrators ask, by the last table.
  std::string level() {
    rules::flow_request what;
    what.verb = "get";
    what.path = "/version";
    auto* found = heard_->back().table->find({"a", {"system:masters"}}, what);
    return found == nullptr ? "none" : found->level_uid;
  }

  size_t patches() {
    return api_->of(call::PATCH, "FlowSchema", "status").size();
  }

  fake_world world_;
  std::shared_ptr<fake_api> api_ = world_.api();
  std::shared_ptr<tables> heard_ = std::make_shared<tables>();
  flow_reader_actor reader_;
  caf::actor control_;
};

} // namespace

TEST_F(FlowControl, SaysWhetherTheLevelIsThere) {
  EXPECT_EQ(dangling("s"), "False Found");
  EXPECT_EQ(level(), "uid-l");
  api_->remove("PriorityLevelConfiguration", "l");
  world_.run();
  EXPECT_EQ(dangling("s"), "True NotFound");
  EXPECT_EQ(level(), "none");
  put_level("l");
  EXPECT_EQ(dangling("s"), "False Found");
  EXPECT_EQ(patches(), 3u) << "no more than is new";
}

TEST_F(FlowControl, TellsATableOnlyWhereItIsAnother) {
  EXPECT_EQ(heard_->size(), 1u) << "its own status is nothing new";
  put_level("l", 2);
  EXPECT_EQ(heard_->size(), 1u);
  put_level("m");
  EXPECT_EQ(heard_->size(), 2u);
  put_schema("s", "m", 2);
  EXPECT_EQ(heard_->size(), 3u);
  EXPECT_EQ(level(), "uid-m");
  api_->remove("FlowSchema", "s");
  world_.run();
  EXPECT_EQ(heard_->size(), 4u);
  EXPECT_EQ(level(), "none");
}

TEST_F(FlowControl, TriesAgainOnceForAllThatWereRefused) {
  api_->refuse = [](const fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::PATCH && what.msg.name() != "s")
      return make_error(ec::service_unavailable, "not now");
    return std::nullopt;
  };
  // All that are due at once.
  api_->remove("PriorityLevelConfiguration", "l");
  world_.run();
  for (auto* name : {"a", "b", "c"})
    put_schema(name, "l");
  auto tried = patches();
  EXPECT_EQ(tried, 3u) << "s twice, and the first of the others";
  world_.advance(milliseconds(1000));
  EXPECT_EQ(patches(), tried + 3);
  world_.advance(milliseconds(1000));
  EXPECT_EQ(patches(), tried + 6) << "one try for each, not one by each";
  api_->refuse = nullptr;
  world_.advance(milliseconds(1000));
  EXPECT_EQ(patches(), tried + 9);
  EXPECT_EQ(dangling("c"), "True NotFound");
  world_.advance(milliseconds(5000));
  EXPECT_EQ(patches(), tried + 9);
}

TEST_F(FlowControl, ASuccessDoesNotBringBackWhatJustFailed) {
  api_->refuse = [](const fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::PATCH && what.msg.name() == "a")
      return make_error(ec::service_unavailable, "not now");
    return std::nullopt;
  };
  put_schema("a", "l");
  auto tried = patches();
  // Both write; one succeeds.
  world_.advance(milliseconds(1000));
  EXPECT_EQ(patches(), tried + 1);
  put_schema("b", "l");
  EXPECT_EQ(patches(), tried + 1) << "all wait";
  world_.advance(milliseconds(1000));
  EXPECT_EQ(patches(), tried + 3);
  EXPECT_EQ(dangling("b"), "False Found");
}

TEST_F(FlowControl, FollowsBothAnewAfterARestart) {
  auto tried = patches();
  start();
  EXPECT_EQ(heard_->size(), 2u);
  EXPECT_EQ(level(), "uid-l");
  EXPECT_EQ(patches(), tried) << "it was said";
  world_.break_sessions();
  put_schema("t", "none");
  EXPECT_EQ(dangling("t"), "True NotFound");
}

} // namespace troupe::test
