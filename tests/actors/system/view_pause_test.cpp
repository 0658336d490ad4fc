// A view that hears nothing of what happens, while the store goes on.

#include "tests/actors/system/view_fixture.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <deque>
#include <map>

namespace troupe {

namespace {

using namespace store_api;

/// What passes between the store and one who watches it.
struct held_stream {
  bool held = false;
  std::deque<std::function<void()>> waiting;
};

struct relay_state {
  static inline const char* name = "relay";
};

store_watcher_actor::behavior_type
relay(store_watcher_actor::stateful_pointer<relay_state> self,
      store_watcher_actor to, std::shared_ptr<held_stream> stream) {
  return {[=](const pb<WatchBatch>& batch) {
    auto pass = [=] { self->send(to, batch); };
    if (stream->held)
      stream->waiting.push_back(pass);
    else
      pass();
  }};
}

struct slow_state {
  static inline const char* name = "slow_store";

  std::map<caf::actor_addr, store_watcher_actor> relays;
};

/// The store, whose answers come at once and whose watches may be held back.
store_actor::behavior_type
slow_store(store_actor::stateful_pointer<slow_state> self,
           const store_actor& real,
           const std::shared_ptr<held_stream>& stream) {
  auto ask = [=](auto request, auto response) {
    using request_type = decltype(request);
    using response_type = decltype(response);
    return [=](const request_type& x) -> caf::result<response_type> {
      return self->delegate(real, x);
    };
  };
  auto tell = [=](auto request) {
    using request_type = decltype(request);
    return [=](const request_type& x, const store_watcher_actor& to) {
      auto& between = self->state.relays[to.address()];
      if (!between)
        between = self->spawn(relay, to, stream);
      self->send(real, x, between);
    };
  };
  return {
      ask(pb<RangeRequest>{}, pb<RangeResponse>{}),
      ask(pb<TxnRequest>{}, pb<TxnResponse>{}),
      tell(pb<WatchRequest>{}),
      tell(pb<WatchCredit>{}),
      tell(pb<WatchCancel>{}),
      tell(pb<WatchProgress>{}),
      ask(pb<LeaseGrantRequest>{}, pb<LeaseResponse>{}),
      ask(pb<LeaseRevokeRequest>{}, pb<LeaseResponse>{}),
      ask(pb<LeaseKeepAliveRequest>{}, pb<LeaseResponse>{}),
      ask(pb<LeaseTimeToLiveRequest>{}, pb<LeaseResponse>{}),
      ask(pb<CompactRequest>{}, pb<CompactResponse>{}),
      ask(pb<StatusRequest>{}, pb<StatusResponse>{}),
  };
}

struct PausedView : view_fixture {
  std::shared_ptr<held_stream> stream = std::make_shared<held_stream>();
  store_actor between;

  void SetUp() override {
    view_fixture::SetUp();
    self->send_exit(view_, caf::exit_reason::kill);
    between = sys.spawn(slow_store, subject, stream);
    system::Started msg;
    msg.set_path("store/replica");
    self->send(directory_, pb<system::Started>{msg},
               caf::actor_cast<caf::actor>(between));
    sched.run();
    start_view();
  }

  void TearDown() override {
    go_on();
    self->send_exit(between, caf::exit_reason::kill);
    between = nullptr;
    view_fixture::TearDown();
  }

  void go_on() {
    stream->held = false;
    for (auto& pass : std::exchange(stream->waiting, {}))
      pass();
    sched.run();
  }

  call::Request get(const std::string& version) {
    call::Request msg;
    msg.set_verb(call::GET);
    msg.set_api_version("v1");
    msg.set_kind("ConfigMap");
    msg.set_namespace_("default");
    msg.set_name("a");
    msg.set_resource_version(version);
    return msg;
  }

  /// The value that a get answers; "" while it waits.
  std::shared_ptr<std::string> value(const std::string& version = {}) {
    auto result = std::make_shared<std::string>();
    sys.spawn([this, result, msg = get(version)](caf::event_based_actor* me) {
      me->request(view_, caf::infinite, pb<call::Request>{msg}, object{})
          .then(
              [result](const pb<call::Response>&,
                       const std::vector<object>& found) {
                *result =
                    found.front().as<core::v1::ConfigMap>().data().at("v");
              },
              [result](const caf::error& err) { *result = message_of(err); });
    });
    sched.run();
    return result;
  }
};

} // namespace

TEST_F(PausedView, WaitsRatherThanAnswersWhatIsOld) {
  put_map("a", "old");
  ASSERT_EQ(*value(), "old");
  stream->held = true;
  // Through another server, say.
  put_map("a", "new");
  auto fresh = value();
  EXPECT_EQ(*fresh, "");
  advance(std::chrono::seconds(20));
  EXPECT_EQ(*fresh, "");
  // Who asks for anything gets what is there.
  EXPECT_EQ(*value("0"), "old");
  go_on();
  EXPECT_EQ(*fresh, "new");
  EXPECT_EQ(*value(), "new");
}

} // namespace troupe
