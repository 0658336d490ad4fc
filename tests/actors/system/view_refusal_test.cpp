#include "tests/actors/system/view_fixture.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using namespace store_api;

struct moody_state {
  static inline const char* name = "moody_store";
};

/// Passes everything on to a store while it serves; refuses otherwise, as a
/// store does whose disk is full.
store_actor::behavior_type
moody(store_actor::stateful_pointer<moody_state> self, store_actor real,
      std::shared_ptr<caf::error> refusal) {
  auto ask = [=](auto request, auto response) {
    using request_type = decltype(request);
    using response_type = decltype(response);
    return [=](const request_type& x) -> caf::result<response_type> {
      if (*refusal)
        return *refusal;
      return self->delegate(real, x);
    };
  };
  auto tell = [=](auto request) {
    using request_type = decltype(request);
    return [=](const request_type& x, const store_watcher_actor& to) {
      if (!*refusal) {
        self->send(real, x, to);
        return;
      }
      WatchBatch batch;
      batch.set_id(x->id());
      batch.set_number(1);
      batch.set_error(message_of(*refusal));
      self->send(to, pb<WatchBatch>{std::move(batch)});
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

struct ViewOfMoodyStore : view_fixture {
  void TearDown() override {
    if (moody_)
      self->send_exit(moody_, caf::exit_reason::user_shutdown);
    moody_ = nullptr;
    view_fixture::TearDown();
  }

  /// From now on the view sees another store, which refuses at first.
  void change_store() {
    *refusal_ = full_;
    moody_ = sys.spawn(moody, subject, refusal_);
    system::Started msg;
    msg.set_path("store/replica");
    self->send(directory_, pb<system::Started>{msg},
               caf::actor_cast<caf::actor>(moody_));
    sched.run();
  }

  call::Request list() {
    call::Request msg;
    msg.set_verb(call::LIST);
    msg.set_api_version("v1");
    msg.set_kind("ConfigMap");
    return msg;
  }

  caf::error full_ = make_error(ec::service_unavailable, "the disk is full");
  std::shared_ptr<caf::error> refusal_ = std::make_shared<caf::error>();
  store_actor moody_;
};

} // namespace

TEST_F(ViewOfMoodyStore, SaysWhyNothingCanBeReadAndGoesOn) {
  put_map("a", "1");
  auto reader = follow();
  take_all(reader);
  // The store goes down, and the next one refuses.
  stop();
  start();
  change_store();
  auto refused = read(list());
  ASSERT_FALSE(refused);
  EXPECT_EQ(message_of(refused.error()), "the disk is full");
  // There is room again.
  *refusal_ = caf::none;
  put_map("b", "2");
  advance(std::chrono::seconds(1));
  auto found = read(list());
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(found->second.size(), 2u);
  take_all(reader);
  EXPECT_EQ(reader.told(), "reset +a=1 complete +b=2");
}

TEST_F(ViewOfMoodyStore, BeginsOnceTheStoreServes) {
  put_map("a", "1");
  self->send_exit(view_, caf::exit_reason::kill);
  sched.run();
  change_store();
  start_view();
  auto refused = read(list());
  ASSERT_FALSE(refused);
  EXPECT_EQ(message_of(refused.error()), "the disk is full");
  *refusal_ = caf::none;
  advance(std::chrono::seconds(1));
  auto found = read(list());
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(found->second.size(), 1u);
}

} // namespace troupe
