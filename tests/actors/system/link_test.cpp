#include "actors/client/api_session.hpp"
#include "actors/system/link.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/simulated_wires.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

auto& maps = kind_of<core::v1::ConfigMap>();

/// A component that has nothing but a session.
struct component_state {
  static inline const char* name = "component";
  api_session api;
};

/// What it was told.
struct told {
  std::vector<std::string> seen; ///< names in batches, "reset" for beginnings
  std::vector<std::string> answers;
};

using component_actor = watcher_actor::extend<
    // Ask for the map of this name.
    caf::reacts_to<std::string>>;
using pointer = component_actor::stateful_pointer<component_state>;

component_actor::behavior_type component(pointer self, context ctx,
                                         std::shared_ptr<told> out) {
  auto& api = self->state.api;
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  api.open(self, ctx, "system:node:node-1");
  api.subscribe({&maps, {}, {}, {}}, [out](const changes& batch) {
    if (batch.reset)
      out->seen.push_back("reset");
    for (auto& item : batch.items)
      out->seen.push_back(item.what.name());
  });
  return {
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self, out](const std::string& name) {
        self->state.api.get(
            {&maps, "default", name}, [out](expected<answer> result) {
              out->answers.push_back(result ? result->one().name()
                                            : message_of(result.error()));
            });
      },
  };
}

core::v1::ConfigMap a_map(const std::string& name) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name(name);
  map.mutable_metadata()->set_namespace_("default");
  return map;
}

struct Link : ::testing::Test {
  test::fake_world world;
  std::shared_ptr<simulated_wires> wires;
  caf::actor link_handle;
  caf::actor client;
  std::shared_ptr<told> out = std::make_shared<told>();

  void begin(bool apart) {
    if (apart) {
      wires = std::make_shared<simulated_wires>(world.system(), 1);
      world.outside().wires = wires;
    }
    start_link();
    client = caf::actor_cast<caf::actor>(
        world.system().spawn(component, world.at("kubelet/node-1"), out));
    world.run();
  }

  void start_link() {
    link_handle = caf::actor_cast<caf::actor>(
        world.system().spawn(link, world.at("link")));
    world.enter("link", link_handle);
  }

  void TearDown() override {
    if (client)
      world.end(client);
    if (link_handle)
      world.end(link_handle);
    client = link_handle = nullptr;
    world.advance(100ms);
    world.outside().wires = nullptr;
  }

  api_session& api() { return caf::actor_cast<pointer>(client)->state.api; }

  void get(const std::string& name) {
    caf::anon_send(client, name);
    world.run();
  }

  std::vector<std::string> facts() { return world.facts_of(link_handle); }
};

} // namespace

TEST_F(Link, GivesTheSessionItselfWithinAProcess) {
  world.api()->put(a_map("one"));
  begin(false);
  EXPECT_TRUE(api().is_open());
  EXPECT_EQ(out->seen, (std::vector<std::string>{"reset", "one"}));
  EXPECT_EQ(facts().front(), "lines=0");
  // The link is out of the way: sessions outlive it.
  caf::anon_send_exit(link_handle, caf::exit_reason::kill);
  world.run();
  world.api()->put(a_map("two"));
  world.run();
  EXPECT_EQ(out->seen, (std::vector<std::string>{"reset", "one", "two"}));
}

TEST_F(Link, LeadsOverALineWhereTheFrontDoorIsElsewhere) {
  world.api()->put(a_map("one"));
  begin(true);
  EXPECT_TRUE(api().is_open());
  EXPECT_EQ(facts().front(), "lines=1");
  EXPECT_EQ(wires->connections(), 1u);
  get("one");
  world.api()->put(a_map("two"));
  world.run();
  EXPECT_EQ(out->answers, std::vector<std::string>{"one"});
  EXPECT_EQ(out->seen, (std::vector<std::string>{"reset", "one", "two"}));
}

TEST_F(Link, OpensAnotherLineWhenOneBreaks) {
  world.api()->put(a_map("one"));
  begin(true);
  wires->reset("kubelet/node-1", "apiserver");
  world.run();
  EXPECT_FALSE(api().is_open());
  world.advance(1s);
  EXPECT_TRUE(api().is_open());
  EXPECT_EQ(facts().front(), "lines=1");
  EXPECT_EQ(out->seen,
            (std::vector<std::string>{"reset", "one", "reset", "one"}));
}

TEST_F(Link, FailsWhatIsInFlightWhenALineBreaks) {
  begin(true);
  world.api()->mute = true;
  get("one");
  EXPECT_TRUE(out->answers.empty());
  wires->reset("kubelet/node-1", "apiserver");
  world.run();
  EXPECT_EQ(out->answers,
            std::vector<std::string>{"the component that was asked went down"});
}

TEST_F(Link, EndsARequestThatNobodyAnswers) {
  begin(true);
  world.api()->mute = true;
  get("one");
  world.advance(59s);
  EXPECT_TRUE(out->answers.empty());
  world.advance(10s);
  ASSERT_EQ(out->answers.size(), 1u);
  EXPECT_EQ(out->answers.front(),
            "no answer in 60 s; whether it was done is not known");
  EXPECT_TRUE(api().is_open());
  world.api()->mute = false;
  world.api()->put(a_map("one"));
  get("one");
  EXPECT_EQ(out->answers.back(), "one");
}

TEST_F(Link, HoldsRequestsBackBeyondAWindow) {
  constexpr size_t window = 256;
  world.api()->put(a_map("one"));
  begin(true);
  wires->set({10ms, 10ms, 0, 10s});
  for (int i = 0; i < 600; ++i)
    caf::anon_send(client, std::string{"one"});
  world.advance(15ms);
  EXPECT_EQ(world.api()->requests.size(), window);
  EXPECT_TRUE(out->answers.empty());
  world.advance(20ms);
  EXPECT_EQ(world.api()->requests.size(), 2 * window);
  EXPECT_EQ(out->answers.size(), window);
  world.advance(40ms);
  EXPECT_EQ(out->answers, std::vector<std::string>(600, "one"));
}

TEST_F(Link, SendsNothingThatWaitedTooLong) {
  begin(true);
  world.api()->mute = true;
  for (int i = 0; i < 600; ++i)
    caf::anon_send(client, std::string{"one"});
  world.advance(70s);
  EXPECT_EQ(world.api()->requests.size(), 256u);
  EXPECT_EQ(out->answers.size(), 600u);
  EXPECT_EQ(out->answers.back(),
            "no answer in 60 s; whether it was done is not known");
}

TEST_F(Link, PausesLongerWhileItCannotConnect) {
  begin(true);
  wires->set({0ms, 0ms, 0, 1s});
  wires->cut("kubelet/node-1", "apiserver");
  world.advance(2s);
  EXPECT_FALSE(api().is_open());
  world.advance(120s);
  EXPECT_LE(wires->connections(), 1u);
  wires->heal();
  world.advance(10s);
  EXPECT_TRUE(api().is_open());
}

TEST_F(Link, AKilledLinkTakesItsLinesAlong) {
  begin(true);
  caf::anon_send_exit(link_handle, caf::exit_reason::kill);
  world.run();
  EXPECT_FALSE(api().is_open());
  start_link();
  world.advance(100ms);
  EXPECT_TRUE(api().is_open());
}

TEST_F(Link, ALineEndsWithItsComponent) {
  begin(true);
  world.end(client);
  client = nullptr;
  world.advance(100ms);
  EXPECT_EQ(facts().front(), "lines=0");
  EXPECT_EQ(wires->connections(), 0u);
}

} // namespace troupe
