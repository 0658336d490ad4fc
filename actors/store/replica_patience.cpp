#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

// A member that has no leader, or whose leader has no majority, must not let
// anybody wait for ever.
namespace troupe::replica_steps {

namespace {

/// As etcd's default.
constexpr auto patience = std::chrono::seconds(7);

using list = std::vector<replica_state::waiting>;

void answer(replica_state& st, replica_state::batch& what,
            const caf::error& err) {
  store::answer refused{err};
  st.pending -= what.waiters.size();
  for (auto& waiter : std::exchange(what.waiters, {}))
    waiter(refused);
}

void fail_late(list& from, replica_state::time begin) {
  auto err =
      make_error(ec::timeout, "no majority of the store's members answers");
  auto kept = std::stable_partition(from.begin(), from.end(),
                                    [&](auto& x) { return x.since <= begin; });
  list late{std::make_move_iterator(from.begin()),
            std::make_move_iterator(kept)};
  from.erase(from.begin(), kept);
  for (auto& x : late)
    x.failed(err);
}

void fail_late(std::multimap<uint64_t, replica_state::waiting>& from,
               replica_state::time begin) {
  list all;
  std::erase_if(from, [&](auto& x) {
    auto late = x.second.since <= begin;
    if (late)
      all.push_back(std::move(x.second));
    return late;
  });
  fail_late(all, begin);
}

} // namespace

void expire(pointer self) {
  auto& st = self->state;
  auto begin = self->clock().now() - patience;
  auto none = make_error(ec::service_unavailable,
                         "the store has no leader that a majority follows");
  while (!st.unplaced.empty() && st.unplaced.front().since <= begin) {
    answer(st, st.unplaced.front(), none);
    st.unplaced.pop_front();
  }
  auto open = make_error(
      ec::timeout, "no majority of the store's members answers: it is not "
                   "known whether the change was made");
  for (auto& [number, x] : st.placed)
    if (x.what.since <= begin)
      answer(st, x.what, open);
  fail_late(st.reads_next, begin);
  fail_late(st.reads_asked, begin);
  fail_late(st.reads_due, begin);
  fail_late(st.when_leading, begin);
  expire_wishes(self, begin);
  expire_surveys(self);
}

} // namespace troupe::replica_steps
