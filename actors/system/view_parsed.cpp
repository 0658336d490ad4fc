#include "actors/system/view_parts.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

// What was parsed of a view's objects is let go after a while. Whoever holds an
// object keeps what it has parsed; only the view's own hold on it ends.
namespace troupe::viewing {

namespace {

/// Fewer are not worth the work: a cluster at rest wakes nobody for this.
constexpr size_t least_shown = 256;
/// For those who ask again.
constexpr auto patience = std::chrono::seconds(1);
/// Objects in one turn, so that nobody waits long.
constexpr size_t most_per_turn = 5'000;

/// What the tick says that is about this; refusals count from 1.
constexpr uint64_t tick_number = 0;

pb<system::Tick> tick() {
  system::Tick msg;
  msg.set_number(tick_number);
  return pb<system::Tick>{std::move(msg)};
}

} // namespace

void note_shown(pointer self, size_t count) {
  auto& st = self->state;
  st.shown += count;
  if (st.shown < least_shown || std::exchange(st.tidies, true))
    return;
  self->delayed_send(self, patience, tick());
}

void tidy(pointer self) {
  auto& st = self->state;
  auto i = st.tidied.empty() ? st.objects.begin()
                             : st.objects.upper_bound(st.tidied);
  if (st.tidied.empty()) {
    st.shown = 0;
    st.history.forget_parsed();
  }
  for (size_t n = 0; n < most_per_turn && i != st.objects.end(); ++n, ++i) {
    i->second = unparsed(i->second);
    st.tidied = i->first;
  }
  if (i != st.objects.end()) {
    self->send(self, tick());
    return;
  }
  st.tidied.clear();
  st.tidies = false;
  note_shown(self, 0);
}

} // namespace troupe::viewing
