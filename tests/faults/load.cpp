#include "load.hpp"

#include "messages/codec.hpp"
#include "messages/store.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;
using kind = register_call::kind;

namespace {

constexpr size_t keys_at_once = 8;
/// Who watches everything.
constexpr size_t followers = 4;
/// A server that is silent for so long is left; what was asked stays open.
constexpr auto patience = 2s;
const std::string prefix = "~faults/";
const std::string prefix_end = "~faults0";

uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
}

} // namespace

load::load(server_members& stores, std::vector<std::string> servers,
           size_t clients, uint64_t seed)
    : stores_(stores), servers_(std::move(servers)), seed_(seed) {
  for (size_t i = 0; i < clients; ++i)
    threads_.emplace_back([this, i] { use(i); });
  followed_ = std::vector<followed>(followers);
  for (size_t i = 0; i < followers; ++i)
    watching_.emplace_back([this, i] { follow(i); });
}

load::~load() {
  over_ = true;
  heard_ = true;
  for (auto* all : {&threads_, &watching_})
    for (auto& thread : *all)
      thread.join();
}

/// One client, which has one call at a time.
struct load::client {
  caf::scoped_actor self;
  std::mt19937_64 chance;
  size_t number = 0;
  store_actor store;
  uint64_t count = 0;
  std::map<std::string, std::string> found; ///< last, by key
};

bool load::read(client& x, const std::string& key) {
  RangeRequest request;
  request.set_key(key);
  register_call call;
  auto answered = false;
  call.begin = now();
  x.self->request(x.store, patience, pb<RangeRequest>{std::move(request)})
      .receive(
          [&](const pb<RangeResponse>& answer) {
            answered = true;
            if (answer->kvs_size() > 0)
              call.value = answer->kvs(0).value();
          },
          [](const caf::error&) {});
  call.end = now();
  if (!answered)
    return false;
  x.found[key] = call.value;
  std::lock_guard guard{mutex_};
  histories_[key].push_back(call);
  return true;
}

bool load::change(client& x, const std::string& key, bool swap) {
  register_call call;
  call.what = swap ? kind::swap : kind::write;
  call.value = std::to_string(x.number) + "." + std::to_string(++x.count);
  auto request = put_request(key, call.value);
  if (swap) {
    call.expected = x.found[key];
    auto& compare = *request.add_compares();
    compare.set_key(key);
    compare.set_target(call.expected.empty() ? Compare::VERSION
                                             : Compare::VALUE);
    compare.set_value(call.expected);
  }
  uint64_t revision = 0;
  call.open = true;
  call.begin = now();
  x.self->request(x.store, patience, pb<TxnRequest>{std::move(request)})
      .receive(
          [&](const pb<TxnResponse>& answer) {
            call.open = false;
            call.swapped = answer->succeeded();
            revision = answer->succeeded() ? answer->revision() : 0;
          },
          [](const caf::error&) {});
  call.end = now();
  // The search for an order takes longer with each of them.
  if (call.open && ++open_ >= 2 * keys_at_once)
    next_keys();
  std::lock_guard guard{mutex_};
  histories_[key].push_back(call);
  acknowledged_ += call.open ? 0 : 1;
  if (revision != 0)
    given_twice_ += revisions_.emplace(revision, call.value).second ? 0 : 1;
  return !call.open;
}

void load::use(size_t number) {
  client x{caf::scoped_actor{stores_.system()},
           std::mt19937_64{seed_ * 1'000 + number},
           number,
           {},
           0,
           {}};
  while (!over_) {
    // A client stays with a server for a while.
    if (!x.store || x.chance() % 100 == 0)
      x.store = stores_.find(servers_[x.chance() % servers_.size()]);
    if (!x.store)
      continue;
    auto key = prefix + std::to_string(phase_) + "-"
               + std::to_string(x.chance() % keys_at_once);
    auto dice = x.chance() % 10;
    if (!(dice < 5 ? read(x, key) : change(x, key, dice >= 8)))
      x.store = nullptr;
  }
}

void load::hear(const std::string& server, std::vector<heard>& into,
                uint64_t last, std::atomic<uint64_t>* come_to) {
  auto store = stores_.find(server);
  if (!store)
    return;
  caf::scoped_actor self{stores_.system()};
  self->monitor(store);
  WatchRequest request;
  request.set_id(1);
  request.set_key(prefix);
  request.set_range_end(prefix_end);
  request.set_from_revision(into.empty() ? 2 : into.back().revision + 1);
  request.set_credit(100'000'000);
  self->send(store, pb<WatchRequest>{std::move(request)},
             caf::actor_cast<store_watcher_actor>(self));
  auto good = true;
  auto quiet = 0;
  while (good && (last != 0 || !heard_)
         && (last == 0 || into.empty() || into.back().revision < last))
    self->receive(
        [&](const pb<WatchBatch>& batch) {
          quiet = 0;
          good = batch->error().empty() && batch->compacted() == 0;
          for (auto& event : batch->events())
            into.push_back({event.kv().mod_revision(), event.kv().key(),
                            event.kv().value()});
          if (come_to != nullptr && !into.empty())
            *come_to = into.back().revision;
        },
        [&](const caf::down_msg&) { good = false; },
        caf::after(100ms) >> [&] { good = ++quiet < 20; });
}

void load::follow(size_t number) {
  std::mt19937_64 chance{seed_ + number};
  auto& own = followed_[number];
  while (!heard_)
    hear(servers_[chance() % servers_.size()], own.events, 0, &own.to);
}

void load::settle() {
  over_ = true;
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
  ASSERT_FALSE(revisions_.empty());
  // Who follows hears of all that was acknowledged, without asking anew.
  auto newest = revisions_.rbegin()->first;
  for (auto& each : followed_)
    EXPECT_TRUE(wait_until([&] { return each.to >= newest; }))
        << "a watch has come to " << each.to << " of " << newest;
  heard_ = true;
  for (auto& thread : watching_)
    thread.join();
  watching_.clear();
  size_t calls = 0;
  size_t open = 0;
  for (auto& [key, history] : histories_) {
    EXPECT_TRUE(is_linearizable(history))
        << key << ", " << history.size() << " calls";
    calls += history.size();
    for (auto& call : history)
      open += call.open ? 1 : 0;
  }
  std::printf("%zu calls on %zu keys, %zu without an answer, %zu events\n",
              calls, histories_.size(), open, followed_.front().events.size());
  EXPECT_EQ(given_twice_, 0u) << "a revision was given twice";
  // Every acknowledged change is in the history of every server, and whoever
  // watched through all of it heard the same.
  auto last = newest;
  for (auto& each : followed_)
    last = std::max(last, each.to.load());
  for (auto& server : servers_) {
    std::vector<heard> whole;
    for (auto begin = std::chrono::steady_clock::now();
         (whole.empty() || whole.back().revision < last)
         && std::chrono::steady_clock::now() - begin < 20s;)
      hear(server, whole, last, nullptr);
    std::map<uint64_t, std::string> there;
    for (auto& event : whole)
      EXPECT_TRUE(there.emplace(event.revision, event.value).second);
    for (auto& [revision, value] : revisions_)
      EXPECT_EQ(there[revision], value) << "of " << server;
    for (auto& each : followed_) {
      ASSERT_GE(whole.size(), each.events.size()) << server;
      EXPECT_TRUE(
          std::equal(each.events.begin(), each.events.end(), whole.begin()))
          << "a watch missed or repeated something that " << server << " has";
    }
  }
}

} // namespace troupe::test
