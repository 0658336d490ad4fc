#pragma once

#include "actors/system/directory.hpp"
#include "actors/system/view.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/simulated_world.hpp"
#include "tests/actors/store/store_fixture.hpp"

#include <caf/actor_cast.hpp>

namespace troupe {

struct heard_changes_state {
  static inline const char* name = "heard_changes";
};

/// A view of ConfigMaps over a real store, step by step in virtual time.
struct view_fixture : store_fixture {
  directory_actor directory_;
  view_actor view_;

  /// A reader, and what it heard. Takes batches only when told to.
  struct reading {
    watcher_actor to;
    uint64_t stream = 1;
    std::shared_ptr<std::vector<changes>> heard =
        std::make_shared<std::vector<changes>>();
    size_t taken = 0;

    /// "+a=1 a=2 -a": what happened, one word for each change.
    std::string told() const {
      std::string text;
      for (auto& batch : *heard) {
        if (batch.reset)
          text += "reset ";
        for (auto& c : batch.items) {
          text += c.type == change_type::added     ? "+"
                  : c.type == change_type::deleted ? "-"
                                                   : "";
          text += c.what.name() + "="
                  + c.what.as<core::v1::ConfigMap>().data().at("v") + " ";
        }
        if (batch.complete)
          text += "complete ";
        if (!batch.ended.empty()) {
          meta::v1::Status status;
          status.ParseFromString(batch.ended);
          text += "ended:" + status.reason() + " ";
        }
      }
      if (!text.empty())
        text.pop_back();
      return text;
    }

    uint64_t revision() const { return heard->back().revision; }

    void expect_numbered_and_in_order() const {
      uint64_t last = 0;
      for (size_t i = 0; i < heard->size(); ++i) {
        EXPECT_EQ((*heard)[i].sequence, i + 1);
        EXPECT_GE((*heard)[i].revision, last);
        last = (*heard)[i].revision;
      }
    }
  };

  void SetUp() override {
    store_fixture::SetUp();
    directory_ = sys.spawn(directory);
    announce_store();
    start_view();
  }

  void TearDown() override {
    for (auto& to : readers_)
      self->send_exit(to, caf::exit_reason::user_shutdown);
    self->send_exit(view_, caf::exit_reason::user_shutdown);
    self->send_exit(directory_, caf::exit_reason::user_shutdown);
    readers_.clear();
    view_ = nullptr;
    directory_ = nullptr;
    sched.run();
    store_fixture::TearDown();
  }

  void announce_store() {
    system::Started msg;
    msg.set_path("store/replica");
    self->send(directory_, pb<system::Started>{msg},
               caf::actor_cast<caf::actor>(subject));
    sched.run();
  }

  void start_view() {
    auto world = simulated_world(1, [] { return std::chrono::nanoseconds{0}; });
    context ctx{world,
                std::make_shared<edges>(),
                std::make_shared<cluster_config>(),
                directory_,
                "apiserver/view/configmaps",
                1};
    view_ = sys.spawn(view, ctx, &kind_of<core::v1::ConfigMap>());
    sched.run();
  }

  void restart_view() {
    self->send_exit(view_, caf::exit_reason::kill);
    sched.run();
    start_view();
  }

  void restart_store() {
    stop();
    start();
    announce_store();
  }

  uint64_t put_map(const std::string& name, const std::string& value,
                   const std::string& app = "web",
                   const std::string& ns = "default") {
    core::v1::ConfigMap map;
    map.mutable_metadata()->set_name(name);
    map.mutable_metadata()->set_namespace_(ns);
    (*map.mutable_metadata()->mutable_labels())["app"] = app;
    (*map.mutable_data())["v"] = value;
    return put(storage_key(kind_of<core::v1::ConfigMap>(), ns, name),
               object::of(map).bytes());
  }

  uint64_t delete_map(const std::string& name) {
    auto done = txn(delete_request(
        storage_key(kind_of<core::v1::ConfigMap>(), "default", name)));
    EXPECT_TRUE(done);
    return done->revision();
  }

  void compact(uint64_t revision) {
    store_api::CompactRequest msg;
    msg.set_revision(revision);
    EXPECT_TRUE(ask<store_api::CompactResponse>(std::move(msg)));
  }

  static watcher_actor::behavior_type
  hear(watcher_actor::stateful_pointer<heard_changes_state>,
       std::shared_ptr<std::vector<changes>> heard) {
    return {[heard](const changes& x) { heard->push_back(x); }};
  }

  /// Follows; `version` as in Watch.
  reading follow(const std::string& version = {}, call::Watch msg = {}) {
    reading result;
    result.to = sys.spawn(hear, result.heard);
    readers_.push_back(result.to);
    again(result, version, std::move(msg));
    return result;
  }

  /// Lets a reader subscribe once more.
  void again(reading& r, const std::string& version, call::Watch msg = {}) {
    msg.set_stream(r.stream);
    msg.set_resource_version(version);
    auto request =
        self->request(view_, caf::infinite, pb<call::Watch>{msg}, r.to);
    sched.run();
    request.receive([](const pb<call::WatchStarted>&) {},
                    [&](const caf::error& err) { refused_ = err; });
  }

  /// Takes what it heard, and what comes then, until nothing does.
  void take_all(reading& r) {
    while (r.taken < r.heard->size())
      take_one(r);
  }

  void take_one(reading& r) {
    call::Ack ack;
    ack.set_stream(r.stream);
    ack.set_sequence(++r.taken);
    self->send(view_, pb<call::Ack>{std::move(ack)}, r.to);
    sched.run();
  }

  /// What the view remembers; nothing runs meanwhile.
  const view_state& state() const {
    auto* plain = caf::actor_cast<caf::abstract_actor*>(view_);
    return dynamic_cast<view_actor::stateful_pointer<view_state>>(plain)->state;
  }

  expected<std::pair<call::Response, std::vector<object>>>
  read(call::Request msg) {
    expected<std::pair<call::Response, std::vector<object>>> result{
        caf::sec::runtime_error};
    auto request =
        self->request(view_, caf::infinite, pb<call::Request>{msg}, object{});
    sched.run();
    request.receive(
        [&](const pb<call::Response>& response,
            const std::vector<object>& found) {
          result = std::make_pair(*response, found);
        },
        [&](const caf::error& err) { result = err; });
    return result;
  }

  caf::error refused_;

private:
  std::vector<watcher_actor> readers_;
};

} // namespace troupe
