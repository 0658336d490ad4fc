#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <utility>

// Reads that see everything that was answered before them (thesis, 6.4).
namespace troupe::replica_steps {

void once_current(pointer self, std::function<void()> use,
                  std::function<void(const caf::error&)> failed) {
  auto& st = self->state;
  st.reads_next.push_back(
      {std::move(use), std::move(failed), self->clock().now()});
  if (!st.asking)
    advance(self);
}

void ask_for_reads(pointer self) {
  auto& st = self->state;
  if (st.asking || st.reads_next.empty())
    return;
  st.asking = true;
  st.reads_asked = std::exchange(st.reads_next, {});
  st.raft->read(++st.read_token);
}

void on_read_state(pointer self, const raft::read_state& known) {
  auto& st = self->state;
  if (known.token != st.read_token)
    return;
  st.asking = false;
  for (auto& read : std::exchange(st.reads_asked, {})) {
    if (known.index <= st.applied)
      read.use();
    else
      st.reads_due.emplace(known.index, std::move(read));
  }
}

void run_due_reads(pointer self) {
  auto& st = self->state;
  auto end = st.reads_due.upper_bound(st.applied);
  std::vector<replica_state::waiting> due;
  for (auto i = st.reads_due.begin(); i != end; ++i)
    due.push_back(std::move(i->second));
  st.reads_due.erase(st.reads_due.begin(), end);
  for (auto& read : due)
    read.use();
}

} // namespace troupe::replica_steps
