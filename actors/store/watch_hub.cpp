#include "actors/store/watch_hub.hpp"

#include "actors/system/describing.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using namespace store_api;
using pointer = watch_hub_actor::stateful_pointer<watch_hub_state>;

constexpr size_t most_events = 256;
constexpr size_t most_bytes = size_t{1} << 20;
/// Revisions after which a quiet watch is told where the store stands.
constexpr uint64_t quiet_distance = 1'000;

void pump(pointer self, store_watch& watch);

/// Sends a batch that ends where the watch now stands.
void tell(pointer self, store_watch& watch, WatchBatch batch) {
  batch.set_id(watch.id);
  batch.set_number(++watch.number);
  // In the middle of a revision, that one is not told yet; and a watch from a
  // revision that is yet to come was told nothing beyond the present.
  batch.set_revision(std::min(watch.next.revision - 1,
                              std::max(self->state.revision, watch.seen)));
  watch.told = batch.revision();
  if (watch.live && watch.progress != 0) {
    batch.set_progress(watch.progress);
    watch.progress = 0;
  }
  watch.credit -= std::min<uint64_t>(watch.credit,
                                     static_cast<size_t>(batch.events_size()));
  self->send(watch.watcher, pb<WatchBatch>{std::move(batch)});
}

void forget(pointer self, const watch_hub_state::key& key) {
  auto& st = self->state;
  if (st.watches.erase(key) == 0)
    return;
  auto watcher = st.watchers.find(key.first);
  if (watcher != st.watchers.end() && --watcher->second == 0) {
    self->demonitor(key.first);
    st.watchers.erase(watcher);
  }
}

// -- catching up --------------------------------------------------------------

void on_page(pointer self, const watch_hub_state::key& key, store_watch& watch,
             const store::history_page& page) {
  WatchBatch batch;
  if (page.compacted != 0) {
    batch.set_compacted(page.compacted);
    tell(self, watch, std::move(batch));
    forget(self, key);
    return;
  }
  for (const auto& placed : page.events)
    *batch.add_events() = placed.event;
  watch.next = page.next;
  watch.seen = watch.next.revision - 1;
  watch.live = page.complete && watch.next.revision > self->state.revision;
  if (batch.events_size() > 0 || (watch.live && watch.progress != 0))
    tell(self, watch, std::move(batch));
  pump(self, watch);
}

void on_no_page(pointer self, const watch_hub_state::key& key,
                store_watch& watch, const caf::error& err) {
  WatchBatch batch;
  batch.set_error(message_of(err));
  tell(self, watch, std::move(batch));
  forget(self, key);
}

/// Asks a reader for what comes next, if there is something to tell it with.
void pump(pointer self, store_watch& watch) {
  if (watch.live || watch.reading || watch.credit == 0 || self->state.jumped)
    return;
  watch.reading = true;
  store::history_request request;
  request.from = watch.next;
  request.range = watch.range;
  request.want_previous = watch.want_previous;
  request.max_events = std::min<uint64_t>(watch.credit, most_events);
  request.max_bytes = most_bytes;
  watch_hub_state::key key{watch.watcher.address(), watch.id};
  auto serial = watch.serial;
  auto resume = [self, key, serial](auto&& use) {
    auto i = self->state.watches.find(key);
    if (i == self->state.watches.end() || i->second.serial != serial)
      return;
    i->second.reading = false;
    use(i->second);
  };
  self->request(self->state.history, caf::infinite, std::move(request))
      .then(
          [self, resume, key](const page_handle& page) {
            resume([&](store_watch& w) { on_page(self, key, w, *page); });
          },
          [self, resume, key](const caf::error& err) {
            resume([&](store_watch& w) { on_no_page(self, key, w, err); });
          });
}

// -- live ---------------------------------------------------------------------

/// Takes from `events` what is new to the watch and in its range.
void tell_live(pointer self, store_watch& watch,
               const applied_events& applied) {
  WatchBatch batch;
  size_t bytes = 0;
  for (const auto& [at, event] : applied.events) {
    if (at < watch.next || !watch.range.contains(event.kv().key()))
      continue;
    auto size = static_cast<size_t>(batch.events_size());
    if (watch.want_previous || size >= watch.credit || size >= most_events
        || bytes >= most_bytes) {
      watch.live = false;
      watch.next = at;
      break;
    }
    bytes += event.kv().key().size() + event.kv().value().size();
    *batch.add_events() = event;
  }
  if (watch.live && watch.next.revision <= applied.revision)
    watch.next = {applied.revision + 1, 0};
  auto quiet = watch.live && watch.told + quiet_distance <= applied.revision
               && watch.next.revision == applied.revision + 1;
  if (batch.events_size() > 0 || quiet)
    tell(self, watch, std::move(batch));
  pump(self, watch);
}

void on_events(pointer self, const applied_events& applied) {
  auto& st = self->state;
  st.revision = std::max(st.revision, applied.revision);
  st.jumped = st.jumped || applied.jumped;
  for (auto& [key, watch] : st.watches)
    if (applied.jumped && watch.next.revision <= st.revision)
      watch.live = false; // until the reader has that state, see on_reached
    else if (watch.live)
      tell_live(self, watch, applied);
}

/// The store serves no more: whoever watches must go elsewhere.
void on_fault(pointer self, const store_fault& fault) {
  auto all = self->state.watches;
  for (auto& [key, watch] : all)
    on_no_page(self, key, self->state.watches[key], fault.why);
}

/// The reader has the state: what a watch was not told is in its history.
void on_reached(pointer self, const Reached& now) {
  auto& st = self->state;
  st.revision = std::max(st.revision, now.revision());
  st.jumped = false;
  for (auto& [key, watch] : st.watches) {
    watch.live = watch.live && watch.next.revision > st.revision;
    pump(self, watch);
  }
}

// -- requests -----------------------------------------------------------------

store_watch* find(pointer self, const store_watcher_actor& watcher,
                  uint64_t id) {
  auto i = self->state.watches.find({watcher.address(), id});
  return i == self->state.watches.end() ? nullptr : &i->second;
}

void on_watch(pointer self, const WatchRequest& request,
              const store_watcher_actor& watcher) {
  auto& st = self->state;
  watch_hub_state::key key{watcher.address(), request.id()};
  forget(self, key);
  store_watch watch;
  watch.watcher = watcher;
  watch.id = request.id();
  watch.serial = ++st.serials;
  watch.range = {request.key(), request.range_end()};
  watch.want_previous = request.want_previous();
  watch.credit = request.credit();
  watch.next = {request.from_revision() != 0 ? request.from_revision()
                                             : st.revision + 1,
                0};
  watch.live = watch.next.revision > st.revision;
  if (st.watchers[key.first]++ == 0)
    self->monitor(watcher);
  auto& stored =
      st.watches.insert_or_assign(key, std::move(watch)).first->second;
  tell(self, stored, {});
  pump(self, stored);
}

void on_credit(pointer self, const WatchCredit& more,
               const store_watcher_actor& watcher) {
  if (auto* watch = find(self, watcher, more.id())) {
    watch->credit += more.credit();
    pump(self, *watch);
  }
}

void on_progress(pointer self, const WatchProgress& request,
                 const store_watcher_actor& watcher) {
  if (auto* watch = find(self, watcher, request.id())) {
    watch->progress = std::max(watch->progress, request.token());
    if (watch->live)
      tell(self, *watch, {});
  }
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.watchers.erase(down.source);
  auto first = st.watches.lower_bound({down.source, 0});
  auto last = first;
  while (last != st.watches.end() && last->first.first == down.source)
    ++last;
  st.watches.erase(first, last);
}

pb<StatusResponse> on_status(pointer self) {
  StatusResponse result;
  result.set_watches(self->state.watches.size());
  return result;
}

pb<system::Description> on_describe(pointer self) {
  auto& watches = self->state.watches;
  auto behind = std::count_if(watches.begin(), watches.end(),
                              [](auto& i) { return !i.second.live; });
  auto result = begin_description(self);
  result.add_facts("watches=" + std::to_string(watches.size()));
  result.add_facts("behind=" + std::to_string(behind));
  return result;
}

} // namespace

watch_hub_actor::behavior_type watch_hub(pointer self, reader_actor history) {
  self->state.history = std::move(history);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const pb<Reached>& x) { on_reached(self, *x); },
      [self](const pb<WatchRequest>& x, const store_watcher_actor& watcher) {
        on_watch(self, *x, watcher);
      },
      [self](const pb<WatchCredit>& x, const store_watcher_actor& watcher) {
        on_credit(self, *x, watcher);
      },
      [self](const pb<WatchCancel>& x, const store_watcher_actor& watcher) {
        forget(self, {watcher.address(), x->id()});
      },
      [self](const pb<WatchProgress>& x, const store_watcher_actor& watcher) {
        on_progress(self, *x, watcher);
      },
      [self](const pb<StatusRequest>&) { return on_status(self); },
      [self](const events_handle& x) { on_events(self, *x); },
      [self](const store_fault& x) { on_fault(self, x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
