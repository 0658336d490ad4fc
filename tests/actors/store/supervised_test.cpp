// The branch of the tree as it ships, on real threads: every part is killed
// again and again while a client writes and a watcher listens.

#include "actors/store/store.hpp"
#include "actors/system/calls.hpp"
#include "actors/system/directory.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/codec.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/store/database.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/context.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <set>

namespace troupe {

namespace {

using namespace store_api;
namespace fs = std::filesystem;

struct threaded_config : caf::actor_system_config {
  threaded_config() {
    register_types(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
  }
};

/// Writes numbered keys, each until it is acknowledged, and tells `judge` the
/// number. Resolves the store again whenever it goes down.
struct writer_state {
  uint64_t number = 0;
  calls asks;
  directory_actor directory;
  caf::actor judge;
};

using writer_pointer = caf::stateful_actor<writer_state>*;

void write_next(writer_pointer self) {
  auto& st = self->state;
  system::Resolve resolve;
  resolve.set_path("store/replica");
  auto again = [self](const caf::error&) { write_next(self); };
  st.asks.ask<caf::actor>(
      st.directory,
      [self, again](caf::actor& found) {
        auto& state = self->state;
        auto store = caf::actor_cast<store_actor>(found);
        auto request = put_request("k" + std::to_string(state.number), "v");
        state.asks.ask<pb<TxnResponse>>(
            store,
            [self](pb<TxnResponse>&) {
              self->send(self->state.judge, self->state.number++);
              write_next(self);
            },
            again, pb<TxnRequest>{std::move(request)});
      },
      again, pb<system::Resolve>{std::move(resolve)});
}

caf::behavior writer(writer_pointer self, directory_actor dir,
                     caf::actor judge) {
  self->state.asks = calls{self};
  self->state.directory = std::move(dir);
  self->state.judge = std::move(judge);
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.asks.on_down(down); });
  write_next(self);
  return {[](const caf::ok_atom&) {}};
}

/// Follows the store from revision to revision and notes every event; a
/// revision it hears twice or out of order is a fault.
struct follower_state {
  uint64_t revision = 1; ///< told up to here
  uint64_t id = 0;
  std::set<std::string> keys;
  bool orderly = true;
  directory_actor directory;
};

using follower_actor = store_watcher_actor::extend<
    caf::reacts_to<caf::ok_atom>,
    caf::replies_to<caf::get_atom>::with<uint64_t, bool>>;
using follower_pointer = follower_actor::stateful_pointer<follower_state>;

void follow(follower_pointer self) {
  system::Resolve resolve;
  resolve.set_path("store/replica");
  self->request(self->state.directory, caf::infinite,
                pb<system::Resolve>{std::move(resolve)})
      .then(
          [self](caf::actor& found) {
            self->monitor(found);
            WatchRequest request;
            request.set_id(++self->state.id);
            request.set_key("k");
            request.set_range_end("l");
            request.set_from_revision(self->state.revision + 1);
            request.set_credit(1'000'000);
            self->send(caf::actor_cast<store_actor>(found),
                       pb<WatchRequest>{std::move(request)},
                       caf::actor_cast<store_watcher_actor>(self));
          },
          [self](const caf::error&) { follow(self); });
}

void on_batch(follower_pointer self, const WatchBatch& batch) {
  auto& st = self->state;
  if (batch.id() != st.id)
    return;
  for (const auto& event : batch.events()) {
    st.orderly = st.orderly && event.kv().mod_revision() > st.revision
                 && batch.compacted() == 0 && batch.error().empty();
    st.revision = event.kv().mod_revision();
    st.keys.insert(event.kv().key());
  }
}

follower_actor::behavior_type follower(follower_pointer self,
                                       directory_actor dir) {
  self->state.directory = std::move(dir);
  self->set_down_handler([self](const caf::down_msg&) { follow(self); });
  follow(self);
  return {
      [self](const pb<WatchBatch>& batch) { on_batch(self, *batch); },
      [](caf::ok_atom) {},
      [self](caf::get_atom) {
        return std::make_tuple(uint64_t{self->state.keys.size()},
                               self->state.orderly);
      },
  };
}

struct SupervisedStore : ::testing::Test {
  fs::path folder;

  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "troupe-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }

  void TearDown() override { fs::remove_all(folder); }

  context make_context() {
    auto outside = std::make_shared<edges>();
    outside->disk = leveldb::Env::Default();
    auto config = std::make_shared<cluster_config>();
    config->data_dir = folder;
    return {real_world(), outside, config, directory_actor{}, "", 1};
  }
};

} // namespace

TEST_F(SupervisedStore, LosesNothingWhenItsPartsAreKilled) {
  threaded_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  std::mt19937_64 random{7};
  auto dir = sys.spawn(directory);
  supervision rules;
  rules.intensity = 1'000;
  auto root = sys.spawn(supervisor, make_context().with_directory(dir), rules,
                        std::vector<child_spec>{store_branch({})});
  auto busy = sys.spawn(writer, dir, caf::actor_cast<caf::actor>(self));
  auto listening = sys.spawn(follower, dir);
  const std::vector<std::string> victims{
      "store/replica",   "store/log_writer", "store/applier",
      "store/reader-1",  "store/reader-2",   "store/scrubber",
      "store/watch_hub", "store/leases",     "store/compactor",
      "store/snapshots", "store/fetcher",    "store/peers",
      "store",
  };
  uint64_t written = 0;
  auto wait_for = [&](uint64_t number) {
    while (written < number) {
      bool timely = true;
      self->receive([&](uint64_t n) { written = n + 1; },
                    caf::after(std::chrono::seconds(60)) >>
                        [&] { timely = false; });
      ASSERT_TRUE(timely) << "no write was answered for a minute";
    }
  };
  for (int i = 0; i < 48 && !HasFailure(); ++i) {
    system::Kill kill;
    kill.set_path(victims[i % victims.size()]);
    self->send(dir, pb<system::Kill>{std::move(kill)});
    wait_for(written + 1 + random() % 20);
  }
  wait_for(written + 10);
  self->send_exit(busy, caf::exit_reason::user_shutdown);
  // Everything acknowledged is heard, in the end, by the one who follows.
  for (uint64_t heard = 0; heard < written && !HasFailure();) {
    self->request(listening, std::chrono::seconds(60), caf::get_atom::value)
        .receive(
            [&](uint64_t keys, bool orderly) {
              heard = keys;
              EXPECT_TRUE(orderly);
            },
            [](const caf::error& err) { FAIL() << message_of(err); });
  }
  self->send_exit(listening, caf::exit_reason::user_shutdown);
  self->send_exit(root, caf::exit_reason::user_shutdown);
  self->wait_for(root);
  self->send_exit(dir, caf::exit_reason::user_shutdown);
}

} // namespace troupe
