#include "actors/etcd/etcd_client.hpp"
#include "messages/codec.hpp"
#include "messages/store.pb.h"
#include "runtime/etcd/wire.hpp"
#include "simulated_etcd.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <optional>

namespace troupe::test {

namespace {

using namespace store_api;
using namespace std::chrono_literals;

/// The client of three servers, `a`, `b` and `c`, under virtual time.
struct EtcdClient : ::testing::Test {
  struct config : caf::actor_system_config {
    config() {
      register_types(*this);
      set("scheduler.policy", caf::atom("testing"));
    }
  };

  template <class T>
  using later = std::shared_ptr<std::optional<expected<T>>>;

  config cfg;
  caf::actor_system sys{cfg};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  caf::scoped_actor self{sys};
  std::shared_ptr<simulated_etcd> etcd = std::make_shared<simulated_etcd>();
  store_actor subject;
  std::vector<WatchBatch> heard;
  store_watcher_actor watcher;

  void SetUp() override {
    etcd_setup setup;
    setup.where = *etcd::parse_place("etcd://a:1,b:1,c:1");
    setup.edge = etcd;
    setup.entropy = [] { return uint64_t{0}; };
    subject = sys.spawn(etcd_client, std::move(setup));
    watcher = sys.spawn([this](store_watcher_actor::pointer)
                            -> store_watcher_actor::behavior_type {
      return {[this](const pb<WatchBatch>& x) { heard.push_back(*x); }};
    });
    sched.run();
  }

  void TearDown() override {
    self->send_exit(subject, caf::exit_reason::user_shutdown);
    self->send_exit(watcher, caf::exit_reason::user_shutdown);
    subject = nullptr;
    watcher = nullptr;
    sched.run();
    // Calls in flight know whom to tell.
    etcd->calls.clear();
    etcd->streams.clear();
  }

  void advance(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 10ms) {
      sched.advance_time(10ms);
      sched.run();
    }
  }

  template <class Response, class Request>
  later<Response> ask(Request request) {
    auto result = std::make_shared<std::optional<expected<Response>>>();
    sys.spawn([=, to = subject](caf::event_based_actor* me) {
      me->request(to, caf::infinite, pb<Request>{request})
          .then(
              [=](const pb<Response>& x) { *result = expected<Response>{*x}; },
              [=](const caf::error& err) {
                *result = expected<Response>{err};
              });
    });
    sched.run();
    return result;
  }

  later<RangeResponse> get(const std::string& key) {
    RangeRequest request;
    request.set_key(key);
    return ask<RangeResponse>(std::move(request));
  }

  void welcome(uint64_t revision) {
    etcd->welcome(revision);
    sched.run();
  }

  void fail(rpc::code code, const std::string& message, bool sent = true) {
    etcd->fail(code, message, sent);
    sched.run();
  }

  void watch(uint64_t from) {
    WatchRequest request;
    request.set_id(1);
    request.set_key("k");
    request.set_from_revision(from);
    request.set_credit(100);
    self->send(subject, pb<WatchRequest>{std::move(request)}, watcher);
    sched.run();
  }

  /// Tells the newest stream of revisions, each of which puts `k`.
  void tell(uint64_t feed, uint64_t first, uint64_t last) {
    etcd::WatchResponse page;
    page.set_id(feed);
    for (auto i = first; i <= last; ++i) {
      auto& kv = *page.add_events()->mutable_kv();
      kv.set_key("k");
      kv.set_mod_revision(i);
    }
    etcd->streams.back()->heard(page.SerializeAsString());
    sched.run();
  }

  void break_stream(const std::string& why = "connection reset") {
    etcd->streams.back()->ended({rpc::code::unavailable, why, true});
    sched.run();
  }

  /// What the newest stream was asked last.
  etcd::WatchCreate last_watch() const {
    etcd::WatchRequest request;
    if (etcd->streams.empty() || etcd->streams.back()->sent.empty())
      return {};
    request.ParseFromString(etcd->streams.back()->sent.back());
    return request.create();
  }

  std::vector<uint64_t> told() const {
    std::vector<uint64_t> result;
    for (auto& batch : heard)
      for (auto& event : batch.events())
        result.push_back(event.kv().mod_revision());
    return result;
  }
};

} // namespace

TEST_F(EtcdClient, TriesOneServerAfterTheOtherThenPauses) {
  auto down = [this] {
    ASSERT_EQ(etcd->calls.size(), 1u);
    fail(rpc::code::unavailable, "connection refused", false);
    advance(10ms);
  };
  for (int i = 0; i < 3; ++i)
    down();
  EXPECT_EQ(etcd->connects, (std::vector<std::string>{"a", "b", "c"}));
  advance(80ms);
  EXPECT_EQ(etcd->connects.size(), 3u);
  advance(20ms);
  EXPECT_EQ(etcd->connects.back(), "a");
  for (int i = 0; i < 3; ++i)
    down();
  advance(180ms);
  EXPECT_EQ(etcd->connects.size(), 6u);
  advance(20ms);
  EXPECT_EQ(etcd->connects.size(), 7u);
  auto found = get("x");
  welcome(5);
  ASSERT_EQ(etcd->calls.size(), 1u);
  EXPECT_EQ(etcd->calls[0].server, "a");
  etcd->answer(etcd::RangeResult{});
  sched.run();
  EXPECT_TRUE(*found);
}

TEST_F(EtcdClient, AsksAgainElsewhereWhatMayBeAskedAgain) {
  welcome(5);
  auto read = get("x");
  auto write = ask<TxnResponse>(put_request("x", "1"));
  ASSERT_EQ(etcd->calls.size(), 2u);
  fail(rpc::code::unavailable, "connection reset");
  advance(500ms);
  // Nobody knows what became of the change.
  fail(rpc::code::unavailable, "connection reset");
  ASSERT_TRUE(*write);
  EXPECT_TRUE(is((**write).error(), ec::timeout));
  EXPECT_NE(message_of((**write).error()).find("not known"), std::string::npos);
  EXPECT_EQ(etcd->connects, (std::vector<std::string>{"a", "b"}));
  welcome(5);
  ASSERT_EQ(etcd->calls.size(), 1u);
  EXPECT_EQ(etcd->calls[0].server, "b");
  EXPECT_EQ(etcd->calls[0].method, etcd::range_method);
  welcome(5);
  ASSERT_TRUE(*read);
  EXPECT_TRUE(**read);
}

TEST_F(EtcdClient, MakesAChangeThatWasNeverSent) {
  welcome(5);
  auto write = ask<TxnResponse>(put_request("x", "1"));
  fail(rpc::code::unavailable, "no connection", false);
  advance(500ms);
  welcome(5);
  EXPECT_FALSE(*write);
  ASSERT_EQ(etcd->calls.size(), 1u);
  EXPECT_EQ(etcd->calls[0].server, "b");
  etcd::TxnResult done;
  done.set_succeeded(true);
  done.mutable_header()->set_revision(6);
  etcd->answer(done);
  sched.run();
  ASSERT_TRUE(*write);
  EXPECT_EQ((**write)->revision(), 6u);
}

TEST_F(EtcdClient, LeavesAServerThatIsSilent) {
  welcome(5);
  watch(0);
  advance(2s);
  fail(rpc::code::deadline_exceeded, "deadline exceeded");
  advance(10ms);
  EXPECT_EQ(etcd->connects, (std::vector<std::string>{"a", "b"}));
  welcome(5);
  EXPECT_EQ(etcd->calls.at(0).server, "b");
  welcome(5);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].revision(), 5u);
  // The patience of one that had waited long before says nothing of a server.
  auto read = get("x");
  advance(1s);
  fail(rpc::code::deadline_exceeded, "deadline exceeded");
  EXPECT_EQ(etcd->connects.size(), 2u);
  welcome(5);
  EXPECT_TRUE(*read);
}

TEST_F(EtcdClient, NobodyWaitsLongerThanSevenSeconds) {
  auto read = get("x");
  for (int i = 0; i < 7'600 && !*read; i += 10) {
    if (!etcd->calls.empty())
      fail(rpc::code::unavailable, "connection refused", false);
    advance(10ms);
  }
  ASSERT_TRUE(*read);
  EXPECT_TRUE(is((**read).error(), ec::service_unavailable));
  EXPECT_NE(message_of((**read).error()).find("connection refused"),
            std::string::npos);
}

TEST_F(EtcdClient, SaysThatItIsRefused) {
  auto read = get("x");
  fail(rpc::code::invalid_argument, "etcdserver: user name is empty");
  ASSERT_TRUE(*read);
  EXPECT_TRUE(is((**read).error(), ec::unauthorized));
  EXPECT_EQ(message_of((**read).error()),
            "etcd at a:1 refuses us: etcd: user name is empty");
}

TEST_F(EtcdClient, SaysHowItIsOnceEveryServerWasTried) {
  auto status = ask<StatusResponse>(StatusRequest{});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(*status);
    fail(rpc::code::unavailable, "connection refused", false);
    advance(10ms);
  }
  ASSERT_TRUE(*status);
  ASSERT_EQ((**status)->errors_size(), 1);
  EXPECT_EQ((**status)->errors(0),
            "etcd at c:1 does not serve: etcd: connection refused");
}

TEST_F(EtcdClient, AWatchGoesOnElsewhereWithoutGapOrDuplicate) {
  welcome(5);
  watch(0);
  welcome(5);
  EXPECT_EQ(last_watch().start_revision(), 6u);
  tell(last_watch().id(), 6, 8);
  advance(2s);
  break_stream("etcdserver: no leader");
  advance(10ms);
  EXPECT_EQ(etcd->connects.back(), "b");
  welcome(9);
  EXPECT_EQ(last_watch().start_revision(), 9u);
  tell(last_watch().id(), 9, 10);
  EXPECT_EQ(told(), (std::vector<uint64_t>{6, 7, 8, 9, 10}));
  for (size_t i = 0; i < heard.size(); ++i)
    EXPECT_EQ(heard[i].number(), i + 1);
}

TEST_F(EtcdClient, AWatchFromThePastCatchesUpThenSharesTheFeed) {
  welcome(10);
  watch(0);
  welcome(10);
  auto shared = last_watch().id();
  auto second = heard.size();
  WatchRequest request;
  request.set_id(2);
  request.set_key("k");
  request.set_from_revision(8);
  request.set_credit(100);
  self->send(subject, pb<WatchRequest>{std::move(request)}, watcher);
  sched.run();
  welcome(10);
  auto own = last_watch();
  EXPECT_NE(own.id(), shared);
  EXPECT_EQ(own.start_revision(), 8u);
  // Both feeds tell of revision 11; the watch hears of it once.
  tell(shared, 11, 11);
  tell(own.id(), 8, 11);
  tell(shared, 12, 12);
  std::vector<uint64_t> of_second;
  for (auto i = second; i < heard.size(); ++i)
    if (heard[i].id() == 2)
      for (auto& event : heard[i].events())
        of_second.push_back(event.kv().mod_revision());
  EXPECT_EQ(of_second, (std::vector<uint64_t>{8, 9, 10, 11, 12}));
  etcd::WatchRequest last;
  last.ParseFromString(etcd->streams.back()->sent.back());
  EXPECT_EQ(last.cancel().id(), own.id());
}

TEST_F(EtcdClient, ProgressWaitsForWhatARevisionHasToldOfTheWatch) {
  welcome(5);
  watch(0);
  welcome(5);
  auto feed = last_watch().id();
  WatchProgress progress;
  progress.set_id(1);
  progress.set_token(7);
  self->send(subject, pb<WatchProgress>{progress}, watcher);
  sched.run();
  auto before = heard.size();
  welcome(7);
  EXPECT_EQ(heard.size(), before);
  tell(feed, 6, 6);
  EXPECT_EQ(heard.back().progress(), 0u);
  tell(feed, 7, 7);
  EXPECT_EQ(heard.back().progress(), 7u);
  EXPECT_EQ(heard.back().revision(), 7u);
  EXPECT_EQ(told(), (std::vector<uint64_t>{6, 7}));
}

TEST_F(EtcdClient, RenewsAgainElsewhere) {
  welcome(5);
  LeaseKeepAliveRequest request;
  request.set_id(9);
  auto renewed = ask<LeaseResponse>(std::move(request));
  ASSERT_EQ(etcd->streams.size(), 1u);
  EXPECT_EQ(etcd->streams[0]->sent.size(), 1u);
  break_stream();
  advance(500ms);
  welcome(5);
  ASSERT_EQ(etcd->streams.size(), 2u);
  EXPECT_EQ(etcd->streams[1]->sent, etcd->streams[0]->sent);
  etcd::LeaseResult done;
  done.set_id(9);
  done.set_ttl(60);
  etcd->streams[1]->heard(done.SerializeAsString());
  sched.run();
  ASSERT_TRUE(*renewed);
  EXPECT_EQ((**renewed)->ttl_seconds(), 60u);
}

TEST_F(EtcdClient, EndsWhereEtcdHasForgottenWhatItTold) {
  welcome(50);
  watch(0);
  welcome(50);
  self->monitor(subject);
  advance(2s);
  break_stream();
  advance(10ms);
  welcome(20);
  ASSERT_TRUE(self->has_next_message());
  self->receive([](const caf::down_msg& down) {
    EXPECT_NE(message_of(down.reason).find("has forgotten"), std::string::npos);
  });
}

TEST_F(EtcdClient, WhatIsCompactedEndsOnlyWhoNeedsIt) {
  welcome(5);
  watch(0);
  welcome(5);
  auto feed = last_watch().id();
  WatchRequest request;
  request.set_id(2);
  request.set_key("k");
  request.set_from_revision(30);
  request.set_credit(100);
  self->send(subject, pb<WatchRequest>{std::move(request)}, watcher);
  sched.run();
  welcome(5);
  etcd::WatchResponse page;
  page.set_id(feed);
  page.set_canceled(true);
  page.set_compacted(20);
  etcd->streams.back()->heard(page.SerializeAsString());
  sched.run();
  EXPECT_EQ(heard.back().id(), 1u);
  EXPECT_EQ(heard.back().compacted(), 20u);
  welcome(25);
  EXPECT_EQ(last_watch().start_revision(), 26u);
  tell(last_watch().id(), 29, 31);
  EXPECT_EQ(told(), (std::vector<uint64_t>{30, 31}));
}

} // namespace troupe::test
