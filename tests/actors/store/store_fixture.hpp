#pragma once

#include "actors/store/store.hpp"
#include "messages/codec.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "runtime/store/database.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Notes what it is told.
struct listener_state {
  static inline const char* name = "listener";

  std::shared_ptr<std::vector<pb<store_api::WatchBatch>>> heard;
};

inline store_watcher_actor::behavior_type
listener(store_watcher_actor::stateful_pointer<listener_state> self,
         std::shared_ptr<std::vector<pb<store_api::WatchBatch>>> heard) {
  self->state.heard = std::move(heard);
  return {[self](const pb<store_api::WatchBatch>& batch) {
    self->state.heard->push_back(batch);
  }};
}

/// A store on a disk in memory, run step by step under virtual time.
struct store_fixture : ::testing::Test {
  struct config : caf::actor_system_config {
    config() {
      register_types(*this);
      set("scheduler.policy", caf::atom("testing"));
    }
  };

  using heard_list = std::vector<pb<store_api::WatchBatch>>;

  std::shared_ptr<leveldb::Env> memory = store::make_memory_disk();
  config cfg;
  caf::actor_system sys{cfg};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  caf::scoped_actor self{sys};
  store_options options;
  store_disk disk;
  store_actor subject;

  void SetUp() override {
    options.path = "/store";
    options.env = memory.get();
    options.threads = false;
    disk = make_store_disk(options);
    start();
  }

  void TearDown() override { stop(); }

  void start() {
    subject = spawn_store(sys, options, disk);
    sched.run();
  }

  void stop() {
    if (!subject)
      return;
    self->send_exit(subject, caf::exit_reason::user_shutdown);
    subject = nullptr;
    sched.run();
  }

  void advance(std::chrono::milliseconds time) {
    sched.advance_time(time);
    sched.run();
  }

  template <class Response, class Request>
  expected<Response> ask(Request request) {
    expected<Response> result{caf::sec::runtime_error};
    auto handle =
        self->request(subject, caf::infinite, pb<Request>{std::move(request)});
    sched.run();
    handle.receive([&](const pb<Response>& x) { result = *x; },
                   [&](const caf::error& err) { result = err; });
    return result;
  }

  expected<store_api::TxnResponse> txn(store_api::TxnRequest request) {
    return ask<store_api::TxnResponse>(std::move(request));
  }

  uint64_t put(const std::string& key, const std::string& value) {
    auto done = txn(put_request(key, value));
    EXPECT_TRUE(done) << message_of(done.error());
    return done ? done->revision() : 0;
  }

  std::string get(const std::string& key) {
    store_api::RangeRequest request;
    request.set_key(key);
    auto found = ask<store_api::RangeResponse>(std::move(request));
    if (!found)
      return message_of(found.error());
    return found->kvs_size() == 0 ? "none" : found->kvs(0).value();
  }

  store_api::StatusResponse status() {
    auto result = ask<store_api::StatusResponse>(store_api::StatusRequest{});
    EXPECT_TRUE(result) << message_of(result.error());
    return result ? *result : store_api::StatusResponse{};
  }

  /// A watcher, what it hears, and its requests.
  struct watching {
    store_watcher_actor watcher;
    std::shared_ptr<heard_list> heard = std::make_shared<heard_list>();

    /// "a=1 b=2 -a": all events so far.
    std::string told() const {
      std::string text;
      for (const auto& batch : *heard)
        for (const auto& event : batch->events()) {
          text += text.empty() ? "" : " ";
          text += event.type() == store_api::Event::DELETE
                      ? "-" + event.kv().key()
                      : event.kv().key() + "=" + event.kv().value();
          if (event.has_previous())
            text += "(" + event.previous().value() + ")";
        }
      return text;
    }

    const store_api::WatchBatch& last() const { return *heard->back(); }

    void expect_numbered() const {
      for (size_t i = 0; i < heard->size(); ++i)
        EXPECT_EQ((*heard)[i]->number(), i + 1);
    }
  };

  watching watch(const std::string& prefix, uint64_t from = 0,
                 uint64_t credit = 1000, bool want_previous = false) {
    watching result;
    result.watcher = sys.spawn(listener, result.heard);
    store_api::WatchRequest request;
    request.set_id(1);
    request.set_key(prefix);
    request.set_range_end(prefix_end(prefix));
    request.set_from_revision(from);
    request.set_credit(credit);
    request.set_want_previous(want_previous);
    self->send(subject, pb<store_api::WatchRequest>{std::move(request)},
               result.watcher);
    sched.run();
    return result;
  }

  void add_credit(const watching& to, uint64_t credit) {
    store_api::WatchCredit request;
    request.set_id(1);
    request.set_credit(credit);
    self->send(subject, pb<store_api::WatchCredit>{std::move(request)},
               to.watcher);
    sched.run();
  }

  void ask_progress(const watching& of, uint64_t token) {
    store_api::WatchProgress request;
    request.set_id(1);
    request.set_token(token);
    self->send(subject, pb<store_api::WatchProgress>{std::move(request)},
               of.watcher);
    sched.run();
  }
};

} // namespace troupe
