#include "history_fixture.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdio>
#include <cstdlib>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;
using kind = register_call::kind;

namespace {

constexpr size_t key_count = 4;
constexpr auto step = 5ms;

/// Hears one watch after another.
struct follower_state {
  static inline const char* name = "follower";

  std::shared_ptr<std::vector<told>> heard;
  std::shared_ptr<uint64_t> id; ///< of the watch that counts
};

store_watcher_actor::behavior_type
follower(store_watcher_actor::stateful_pointer<follower_state> self,
         std::shared_ptr<std::vector<told>> heard,
         std::shared_ptr<uint64_t> id) {
  self->state.heard = std::move(heard);
  self->state.id = std::move(id);
  return {[self](const pb<WatchBatch>& batch) {
    if (batch->id() != *self->state.id)
      return;
    // One that was removed says so; nothing else ends a watch.
    auto& error = batch->error();
    EXPECT_TRUE(error.empty() || error.find("was removed") < error.size())
        << error;
    for (auto& event : batch->events())
      self->state.heard->push_back(
          {event.kv().mod_revision(), event.kv().key(), event.kv().value()});
  }};
}

} // namespace

std::vector<uint64_t> history_seeds(uint64_t few) {
  const char* given = std::getenv("TROUPE_SEEDS");
  auto count = given != nullptr ? std::strtoull(given, nullptr, 10) : few;
  std::vector<uint64_t> result;
  for (uint64_t i = 1; i <= count; ++i)
    result.push_back(i);
  return result;
}

store_history::store_history() {
  const char* given = std::getenv("TROUPE_SEED");
  seed = given != nullptr ? std::strtoull(given, nullptr, 10) : GetParam();
  random.seed(seed);
}

void store_history::SetUp() {
  found(3);
}

void store_history::found(size_t servers, const store_options& options) {
  group = std::make_unique<store_group>(servers, seed, options);
  watcher = group->system().spawn(follower, heard, watch_id);
}

void store_history::TearDown() {
  if (HasFailure())
    std::printf("repeat: TROUPE_SEED=%llu build/test_actors_store "
                "--gtest_filter='*%s*/0'\n",
                static_cast<unsigned long long>(seed),
                ::testing::UnitTest::GetInstance()
                    ->current_test_info()
                    ->test_suite_name());
  caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
  watcher = nullptr;
  group.reset();
}

uint64_t store_history::now() {
  return ++moments;
}

void store_history::begin(client& x) {
  auto server = below(group->size());
  if (!group->is_up(server))
    return;
  x.key = "k" + std::to_string(below(key_count));
  x.call = {};
  x.call.begin = now();
  auto dice = below(10);
  auto fresh = std::to_string(++values);
  if (dice < 5) {
    RangeRequest request;
    request.set_key(x.key);
    x.found = group->ask<RangeResponse>(server, request);
    return;
  }
  auto request = put_request(x.key, fresh);
  x.call.value = fresh;
  x.call.what = kind::write;
  if (dice < 7) {
    // Against what somebody wrote there not long ago.
    x.call.what = kind::swap;
    auto& past = histories[x.key];
    if (!past.empty())
      x.call.expected = past.back().value;
    auto& compare = *request.add_compares();
    compare.set_key(x.key);
    compare.set_target(x.call.expected.empty() ? Compare::VERSION
                                               : Compare::VALUE);
    compare.set_value(x.call.expected);
  }
  x.changed = group->ask<TxnResponse>(server, request);
}

void store_history::end(client& x) {
  x.call.end = now();
  auto keep = true;
  if (x.found) {
    auto& answer = **x.found;
    keep = static_cast<bool>(answer); // a read that failed says nothing
    if (keep && answer->kvs_size() > 0)
      x.call.value = answer->kvs(0).value();
  } else {
    auto& answer = **x.changed;
    x.call.open = !answer;
    x.call.swapped = answer && answer->succeeded();
  }
  if (keep) {
    histories[x.key].push_back(x.call);
    ++answered;
  }
  x.found = nullptr;
  x.changed = nullptr;
}

void store_history::go_on(client& x) {
  if ((x.found && x.found->has_value())
      || (x.changed && x.changed->has_value()))
    end(x);
  if (!x.found && !x.changed)
    begin(x);
}

bool store_history::is_idle(client& x) {
  if ((x.found && x.found->has_value())
      || (x.changed && x.changed->has_value()))
    end(x);
  return !x.found && !x.changed;
}

void store_history::follow(size_t server) {
  auto store = group->store(server);
  if (!store)
    return;
  WatchRequest request;
  request.set_id(++*watch_id);
  request.set_key("k");
  request.set_range_end("l");
  request.set_from_revision(heard->empty() ? 2 : heard->back().revision + 1);
  request.set_credit(1'000'000);
  caf::anon_send(store, pb<WatchRequest>{std::move(request)}, watcher);
}

void store_history::hurt() {
  auto server = below(group->size());
  switch (below(8)) {
    case 0:
    case 1:
      if (group->is_up(server))
        group->crash(server);
      else if (group->id_of(server) != 0)
        group->start(server);
      break;
    case 2:
      group->isolate(server);
      break;
    case 3:
    case 4:
      group->wires().heal();
      break;
    case 5: {
      static const std::vector<std::string> parts{"store/replica",
                                                  "store/log_writer",
                                                  "store/applier",
                                                  "store/watch_hub",
                                                  "store/leases",
                                                  "store/reader-1",
                                                  "store/reader-2",
                                                  "store/compactor",
                                                  "store/snapshots",
                                                  "store/fetcher",
                                                  "store/peers",
                                                  "store/scrubber",
                                                  "store"};
      if (group->is_up(server))
        group->kill(server, parts[below(parts.size())]);
      break;
    }
    case 6: {
      simulated_wires::conditions how;
      how.longest = std::chrono::milliseconds(below(20));
      how.losses = below(2) == 0 ? 0 : 2'000;
      group->wires().set(how);
      break;
    }
    default:
      follow(server);
  }
}

void store_history::live() {
  for (auto& x : clients)
    go_on(x);
  group->advance(step);
  if (below(40) == 0)
    hurt();
}

void store_history::settle() {
  recover();
  ASSERT_TRUE(group->run_until([&] {
    auto idle = true;
    for (auto& x : clients)
      idle = is_idle(x) && idle;
    return idle;
  })) << describe();
  ASSERT_TRUE(group->converge()) << describe();
  EXPECT_GT(answered, 0u);
  follow(group->leader());
  group->advance(1s);
  check();
}

void store_history::recover() {
  group->wires().set({});
  group->wires().heal();
  for (size_t i = 0; i < group->size(); ++i)
    if (!group->is_up(i) && group->id_of(i) != 0)
      group->start(i);
}

std::string store_history::describe() {
  std::string text;
  for (auto& x : clients)
    if (x.found || x.changed)
      text += x.key
              + (x.found ? " is being read since " : " is being written since ")
              + std::to_string(x.call.begin) + " of " + std::to_string(moments)
              + "\n";
  for (size_t i = 0; i < group->size(); ++i)
    text += group->status(i).ShortDebugString() + "\n";
  return text;
}

void store_history::check() {
  for (auto& [key, history] : histories)
    EXPECT_TRUE(is_linearizable(history))
        << key << ", " << history.size() << " calls";
  auto followed = *heard;
  heard->clear();
  follow(group->leader());
  auto last = followed.empty() ? 0 : followed.back().revision;
  ASSERT_TRUE(group->run_until([&] {
    return last == 0 || (!heard->empty() && heard->back().revision >= last);
  })) << "heard "
      << heard->size() << " of " << followed.size() << " up to " << last << "\n"
      << describe();
  EXPECT_TRUE(followed == *heard)
      << "a watch missed or repeated something: " << followed.size() << " of "
      << heard->size();
}

} // namespace troupe::test
