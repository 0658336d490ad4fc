#include "actors/system/view_parts.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe::viewing {

namespace {

/// Events that the store may send ahead to one reader.
constexpr uint64_t feed_credit = 256;

void open_feed(pointer self, reader& r) {
  auto& st = self->state;
  if (!st.store || !st.loaded)
    return;
  r.feed = ++st.last_watch;
  r.owed = 0;
  r.split = false;
  st.feeds[r.feed] = &r;
  store_api::WatchRequest msg;
  msg.set_id(r.feed);
  msg.set_key(st.prefix);
  msg.set_range_end(prefix_end(st.prefix));
  msg.set_from_revision(r.from + 1);
  msg.set_credit(feed_credit);
  msg.set_want_previous(true);
  self->send(st.store, pb<store_api::WatchRequest>{std::move(msg)},
             store_watcher_actor{self});
  // Where nothing is left to tell, this says that it has caught up.
  store_api::WatchProgress progress;
  progress.set_id(r.feed);
  progress.set_token(1);
  self->send(st.store, pb<store_api::WatchProgress>{std::move(progress)},
             store_watcher_actor{self});
}

void pay(pointer self, reader& r) {
  if (r.owed == 0)
    return;
  store_api::WatchCredit msg;
  msg.set_id(r.feed);
  msg.set_credit(std::exchange(r.owed, 0));
  self->send(self->state.store, pb<store_api::WatchCredit>{std::move(msg)},
             store_watcher_actor{self});
}

std::optional<view_change> change_of(const view_state& st,
                                     const store_api::Event& event) {
  view_change x;
  x.revision = event.kv().mod_revision();
  if (event.has_previous())
    x.before = parse(st, event.previous());
  if (event.type() == store_api::Event::DELETE) {
    if (!x.before)
      return std::nullopt;
    x.type = change_type::deleted;
    x.now = x.before;
    return x;
  }
  x.now = parse(st, event.kv());
  if (!x.now)
    return std::nullopt;
  x.type = x.before ? change_type::modified : change_type::added;
  return x;
}

void take(pointer self, reader& r, const store_api::WatchBatch& batch) {
  auto& st = self->state;
  for (auto& event : batch.events()) {
    auto x = change_of(st, event);
    if (!x)
      continue;
    if (auto c = seen_through(r.filter, *x))
      r.pending.push_back(std::move(*c));
  }
  auto count = batch.events_size();
  r.owed += static_cast<uint64_t>(count);
  r.from = std::max(r.from, batch.revision());
  if (count > 0)
    r.split = batch.events(count - 1).kv().mod_revision() > r.from;
}

caf::error ended(const view_state& st, const reader& r,
                 const store_api::WatchBatch& batch) {
  if (batch.compacted() != 0)
    return make_error(ec::expired,
                      "too old resource version: " + std::to_string(r.from)
                          + " (" + std::to_string(batch.compacted()) + ")");
  if (!batch.error().empty())
    return make_error(ec::service_unavailable,
                      st.kind->qualified_plural() + ": " + batch.error());
  return caf::none;
}

} // namespace

void close_feed(pointer self, reader& r) {
  auto& st = self->state;
  if (r.feed == 0)
    return;
  if (st.store) {
    store_api::WatchCancel msg;
    msg.set_id(r.feed);
    self->send(st.store, pb<store_api::WatchCancel>{std::move(msg)},
               store_watcher_actor{self});
  }
  st.feeds.erase(r.feed);
  r.feed = 0;
  r.split = false;
}

void advance(pointer self, reader& r) {
  if (!r.split && self->state.history.covers(r.from)) {
    join(self, r);
    flush(self, r);
  } else if (r.feed == 0) {
    open_feed(self, r);
  } else {
    pay(self, r);
  }
}

bool on_feed(pointer self, const store_api::WatchBatch& batch) {
  auto& st = self->state;
  auto found = st.feeds.find(batch.id());
  if (found == st.feeds.end())
    return false;
  auto& r = *found->second;
  if (auto why = ended(st, r, batch)) {
    end_stream(self, r, why);
    forget(self, {r.to.address(), r.stream});
    return true;
  }
  take(self, r, batch);
  flush(self, r);
  if (r.pending.empty() || r.split
      || st.history.covers(r.from)) // whatever waits then comes before
    advance(self, r);
  return true;
}

void feeds_lost(pointer self) {
  auto& st = self->state;
  st.feeds.clear();
  for (auto& [key, r] : st.readers) {
    r->feed = 0;
    r->split = false;
    // The next feed tells the whole of a revision again.
    while (!r->live && !r->pending.empty()
           && r->pending.back().what.revision() > r->from)
      r->pending.pop_back();
  }
}

void feeds_resume(pointer self) {
  for (auto& [key, r] : self->state.readers)
    if (!r->live && r->feed == 0 && r->pending.empty())
      advance(self, *r);
}

} // namespace troupe::viewing
