#include "actors/store/watch_hub.hpp"
#include "messages/system.pb.h"
#include "store_fixture.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

using namespace store_api;

namespace {

/// A reader that knows one state after another.
struct fake_reader_state {
  static inline const char* name = "fake_reader";

  std::shared_ptr<uint64_t> revision; ///< of the state that it has
};

reader_actor::behavior_type
fake_reader(reader_actor::stateful_pointer<fake_reader_state> self,
            std::shared_ptr<uint64_t> revision) {
  self->state.revision = std::move(revision);
  return {
      [](const state_handle&) {},
      [](const pb<RangeRequest>&) { return pb<RangeResponse>{}; },
      [self](const store::history_request& what) -> caf::result<page_handle> {
        store::history_page page;
        auto last = *self->state.revision;
        for (auto i = what.from.revision; i <= last; ++i) {
          store::placed_event next;
          next.at = {i, 0};
          next.event.mutable_kv()->set_key("k" + std::to_string(i));
          next.event.mutable_kv()->set_value("v");
          page.events.push_back(std::move(next));
        }
        page.next = {std::max(what.from.revision, last + 1), 0};
        page.complete = true;
        return page_handle{
            std::make_shared<store::history_page>(std::move(page))};
      },
      [](const pb<LeaseTimeToLiveRequest>&) { return pb<LeaseResponse>{}; },
      [](const pb<ListLeases>&) { return pb<LeaseList>{}; },
      [](const pb<StatusRequest>&) { return pb<StatusResponse>{}; },
      [](const pb<Scrub>&) { return pb<Scrubbed>{}; },
      [](const pb<system::Describe>&) { return pb<system::Description>{}; },
  };
}

struct WatchHub : ::testing::Test {
  store_fixture::config cfg;
  caf::actor_system sys{cfg};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  caf::scoped_actor self{sys};
  std::shared_ptr<uint64_t> revision = std::make_shared<uint64_t>(5);
  reader_actor reader = sys.spawn(fake_reader, revision);
  watch_hub_actor hub = sys.spawn(watch_hub, reader);
  std::shared_ptr<store_fixture::heard_list> heard =
      std::make_shared<store_fixture::heard_list>();
  store_watcher_actor watcher = sys.spawn(listener, heard);

  void SetUp() override {
    reach(5);
    WatchRequest request;
    request.set_id(1);
    request.set_key("k");
    request.set_range_end("l");
    request.set_credit(1'000);
    self->send(hub, pb<WatchRequest>{std::move(request)}, watcher);
    sched.run();
  }

  void TearDown() override {
    for (auto& x :
         {caf::actor_cast<caf::actor>(hub), caf::actor_cast<caf::actor>(reader),
          caf::actor_cast<caf::actor>(watcher)})
      self->send_exit(x, caf::exit_reason::user_shutdown);
    hub = nullptr;
    reader = nullptr;
    watcher = nullptr;
    sched.run();
  }

  void reach(uint64_t number) {
    Reached now;
    now.set_revision(number);
    self->send(hub, pb<Reached>{std::move(now)});
  }

  void apply(uint64_t number) {
    auto told = std::make_shared<applied_events>();
    told->revision = number;
    told->events.emplace_back().at = {number, 0};
    told->events.back().event.mutable_kv()->set_key("k"
                                                    + std::to_string(number));
    self->send(hub, events_handle{std::move(told)});
  }

  void jump(uint64_t number) {
    auto told = std::make_shared<applied_events>();
    told->revision = number;
    told->jumped = true;
    self->send(hub, events_handle{std::move(told)});
  }

  std::string keys() const {
    std::string result;
    for (auto& batch : *heard)
      for (auto& event : batch->events())
        result += (result.empty() ? "" : " ") + event.kv().key();
    return result;
  }
};

} // namespace

TEST_F(WatchHub, TellsWhatLiesBetweenTwoStatesBeforeWhatFollows) {
  apply(6);
  // Another member's state takes the place of this one, and what is applied to
  // it comes before the news that readers have it.
  jump(9);
  apply(10);
  *revision = 10;
  reach(9);
  sched.run();
  EXPECT_EQ(keys(), "k6 k7 k8 k9 k10");
}

TEST_F(WatchHub, TellsWhoWatchesThatItServesNoMore) {
  self->send(caf::actor_cast<fault_listener_actor>(hub),
             store_fault{store::make_damage("a test"), nullptr});
  sched.run();
  ASSERT_FALSE(heard->empty());
  EXPECT_NE(heard->back()->error().find("a test"), std::string::npos);
  apply(6);
  sched.run();
  EXPECT_EQ(keys(), "");
}

} // namespace troupe
