#include "actors/etcd/etcd_steps.hpp"
#include "runtime/etcd/wire.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

// All watches of clients are fed by few of etcd.
namespace troupe::etcd_steps {

namespace {

using namespace store_api;
using watch_key = etcd_client_state::watch_key;

constexpr size_t most_events = 256;
constexpr size_t most_bytes = size_t{1} << 20;
/// Events that wait for a watcher's credit; beyond, it is fed from history.
constexpr size_t most_buffered = 1'024;
/// Revisions after which a quiet watch is told where the store stands.
constexpr uint64_t quiet_distance = 1'000;

void place(pointer self, const watch_key& key, etcd_watch& watch);

// -- feeds --------------------------------------------------------------------

void open_stream(pointer self) {
  auto& st = self->state;
  auto id = st.watching_id = ++st.last_id;
  auto me = caf::actor_cast<caf::actor>(self);
  // A member that has lost its majority must say so.
  st.watching = st.channel->open(
      etcd::watch_method, {{"hasleader", "true"}},
      [id, me](std::string body) {
        caf::anon_send(me, rpc_heard{id, std::move(body)});
      },
      [id, me](rpc::status how) {
        caf::anon_send(me, rpc_ended{id, std::move(how)});
      });
}

uint64_t open_feed(pointer self, etcd_feed what) {
  auto& st = self->state;
  auto id = ++st.last_feed;
  auto next = what.next;
  st.feeds.emplace(id, std::move(what));
  if (!st.ready)
    return id; // as soon as there is a connection
  if (!st.watching)
    open_stream(self);
  st.watching->send(etcd::encode_watch(id, next));
  return id;
}

void close_feed(pointer self, uint64_t id) {
  auto& st = self->state;
  if (st.feeds.erase(id) > 0 && st.watching)
    st.watching->send(etcd::encode_watch_cancel(id));
}

/// The first revision that whoever is up to date was not told.
uint64_t shared_next(const etcd_client_state& st) {
  auto i = st.feeds.find(st.shared);
  return i == st.feeds.end() ? 0 : i->second.next;
}

// -- one watch ----------------------------------------------------------------

etcd_watch* find(pointer self, const watch_key& key) {
  auto i = self->state.watches.find(key);
  return i == self->state.watches.end() ? nullptr : &i->second;
}

/// Where a watch stands: everything up to here has been told.
uint64_t stand_of(const etcd_client_state& st, const etcd_watch& watch) {
  if (!watch.buffer.empty())
    return watch.buffer.front().kv().mod_revision() - 1;
  auto seen = std::max(shared_next(st), uint64_t{1}) - 1;
  return std::min(std::max(watch.next, uint64_t{1}) - 1,
                  std::max(watch.heard, seen));
}

/// Sends a batch that ends where the watch now stands.
void tell(pointer self, etcd_watch& watch, WatchBatch batch) {
  auto& st = self->state;
  batch.set_id(watch.id);
  batch.set_number(++watch.number);
  batch.set_revision(stand_of(st, watch));
  watch.told = batch.revision();
  auto due = watch.live && watch.buffer.empty() && watch.token != 0
             && shared_next(st) > watch.token_at;
  if (due)
    batch.set_progress(std::exchange(watch.token, 0));
  watch.credit -= std::min<uint64_t>(watch.credit,
                                     static_cast<size_t>(batch.events_size()));
  self->send(watch.watcher, pb<WatchBatch>{std::move(batch)});
}

void forget(pointer self, const watch_key& key) {
  auto& st = self->state;
  auto i = st.watches.find(key);
  if (i == st.watches.end())
    return;
  if (i->second.feed != 0)
    close_feed(self, i->second.feed);
  st.watches.erase(i);
  auto watcher = st.watchers.find(key.first);
  if (watcher != st.watchers.end() && --watcher->second == 0) {
    self->demonitor(key.first);
    st.watchers.erase(watcher);
  }
  if (st.watches.empty() && st.shared != 0) {
    close_feed(self, std::exchange(st.shared, 0));
    st.watching.reset();
  }
}

/// Ends a watch with what its last batch says.
void end(pointer self, const watch_key& key, uint64_t compacted,
         const std::string& why) {
  auto* watch = find(self, key);
  if (watch == nullptr)
    return;
  WatchBatch batch;
  batch.set_compacted(compacted);
  if (compacted == 0)
    batch.set_error(why);
  tell(self, *watch, std::move(batch));
  forget(self, key);
}

/// Tells what there is credit for.
void pump(pointer self, const watch_key& key, etcd_watch& watch) {
  auto& st = self->state;
  while (!watch.buffer.empty() && watch.credit > 0) {
    WatchBatch batch;
    size_t bytes = 0;
    while (!watch.buffer.empty() && bytes < most_bytes
           && static_cast<size_t>(batch.events_size())
                  < std::min<uint64_t>(watch.credit, most_events)) {
      auto& event = *batch.add_events();
      event = std::move(watch.buffer.front());
      watch.buffer.pop_front();
      bytes += event.kv().key().size() + event.kv().value().size();
    }
    tell(self, watch, std::move(batch));
  }
  if (!watch.buffer.empty())
    return;
  if (std::exchange(watch.behind, false))
    place(self, key, watch);
  auto due = watch.live && watch.token != 0 && shared_next(st) > watch.token_at;
  if (due || (watch.live && watch.told + quiet_distance < shared_next(st)))
    tell(self, watch, {});
}

/// Takes from a page what is new to the watch and in its range; or nothing, if
/// too much waits already.
void offer(pointer self, const watch_key& key, etcd_watch& watch,
           const std::vector<Event>& page) {
  auto last = page.back().kv().mod_revision();
  if (last >= watch.next && watch.buffer.size() >= most_buffered) {
    watch.behind = true;
    watch.live = false;
    if (watch.feed != 0)
      close_feed(self, std::exchange(watch.feed, 0));
    return;
  }
  for (auto& event : page) {
    auto& kv = event.kv();
    if (kv.mod_revision() < watch.next || !watch.range.contains(kv.key()))
      continue;
    auto& added = watch.buffer.emplace_back(event);
    if (!watch.want_previous)
      added.clear_previous();
  }
  watch.heard = std::max(watch.heard, last);
  watch.next = std::max(watch.next, last + 1);
  pump(self, key, watch);
}

/// Finds the feed for what a watch was not told yet.
void place(pointer self, const watch_key& key, etcd_watch& watch) {
  watch.live = watch.next >= shared_next(self->state);
  if (!watch.live)
    watch.feed = open_feed(self, {watch.next, key});
}

// -- beginning ----------------------------------------------------------------

/// Gives a watch its place, now that the present is known.
void begin(pointer self, const watch_key& key, uint64_t present) {
  auto& st = self->state;
  auto* watch = find(self, key);
  if (watch->next == 0)
    watch->next = present + 1;
  if (st.shared == 0)
    st.shared = open_feed(self, {std::min(watch->next, present + 1), {}});
  place(self, key, *watch);
  tell(self, *watch, {});
  pump(self, key, *watch);
}

/// Runs `use` for the watch, if it is still that one, with the present
/// revision.
void once_known(pointer self, const watch_key& key,
                std::function<void(etcd_watch&, uint64_t)> use) {
  auto serial = find(self, key)->serial;
  with_revision(self, [=](const expected<uint64_t>& present) {
    auto* watch = find(self, key);
    if (watch == nullptr || watch->serial != serial)
      return;
    if (present)
      use(*watch, *present);
    else
      end(self, key, 0, message_of(present.error()));
  });
}

// -- pages --------------------------------------------------------------------

/// A feed that cannot go on takes along whom it alone can serve.
void on_feed_ended(pointer self, uint64_t id, const etcd::watch_page& page) {
  auto& st = self->state;
  auto feed = st.feeds.extract(id).mapped();
  if (feed.only) {
    if (auto* watch = find(self, *feed.only))
      watch->feed = 0;
    end(self, *feed.only, page.compacted, page.reason);
    return;
  }
  // Those that are beyond what is compacted go on by feeds of their own.
  st.shared = 0;
  std::vector<watch_key> keys;
  for (auto& [key, watch] : st.watches)
    if (watch.live)
      keys.push_back(key);
  for (auto& key : keys) {
    auto* watch = find(self, key);
    if (page.compacted == 0 || watch->next < page.compacted) {
      end(self, key, page.compacted, page.reason);
      continue;
    }
    watch->live = false;
    once_known(self, key, [=](etcd_watch& x, uint64_t present) {
      if (self->state.shared == 0)
        self->state.shared = open_feed(self, {present + 1, {}});
      place(self, key, x);
      pump(self, key, x);
    });
  }
}

void on_shared(pointer self, const std::vector<Event>& page) {
  // A watch that is offered something may end, but no other one.
  auto& watches = self->state.watches;
  for (auto i = watches.begin(); i != watches.end();) {
    auto& [key, watch] = *i++;
    if (watch.live)
      offer(self, key, watch, page);
  }
}

void on_own(pointer self, uint64_t id, const watch_key& key,
            const std::vector<Event>& page) {
  auto* watch = find(self, key);
  offer(self, key, *watch, page);
  auto& st = self->state;
  if (watch->feed != id || watch->next < shared_next(st))
    return;
  watch->feed = 0;
  watch->live = true;
  if (st.shared == 0) {
    st.shared = id;
    st.feeds.find(id)->second.only.reset();
  } else {
    close_feed(self, id);
  }
  pump(self, key, *watch);
}

} // namespace

void on_watch_page(pointer self, const rpc_heard& what) {
  auto& st = self->state;
  st.watching->took();
  auto page = etcd::decode_watch(what.body);
  if (!page) {
    self->quit(page.error());
    return;
  }
  auto feed = st.feeds.find(page->id);
  if (feed == st.feeds.end())
    return;
  if (page->ended) {
    on_feed_ended(self, page->id, *page);
    return;
  }
  if (page->events.empty())
    return;
  feed->second.next = page->events.back().kv().mod_revision() + 1;
  if (auto only = feed->second.only)
    on_own(self, page->id, *only, page->events);
  else
    on_shared(self, page->events);
}

void resume_feeds(pointer self) {
  auto& st = self->state;
  if (st.feeds.empty())
    return;
  open_stream(self);
  for (auto& [id, feed] : st.feeds)
    st.watching->send(etcd::encode_watch(id, feed.next));
}

void on_watch(pointer self, const WatchRequest& request,
              const store_watcher_actor& watcher) {
  auto& st = self->state;
  watch_key key{watcher.address(), request.id()};
  forget(self, key);
  etcd_watch watch;
  watch.watcher = watcher;
  watch.id = request.id();
  watch.serial = ++st.serials;
  watch.range = {request.key(), request.range_end()};
  watch.want_previous = request.want_previous();
  watch.credit = request.credit();
  watch.next = request.from_revision();
  if (st.watchers[key.first]++ == 0)
    self->monitor(watcher);
  st.watches.insert_or_assign(key, std::move(watch));
  once_known(self, key,
             [=](etcd_watch&, uint64_t present) { begin(self, key, present); });
}

void on_credit(pointer self, const WatchCredit& more,
               const store_watcher_actor& watcher) {
  watch_key key{watcher.address(), more.id()};
  if (auto* watch = find(self, key)) {
    watch->credit += more.credit();
    pump(self, key, *watch);
  }
}

void on_cancel(pointer self, const WatchCancel& what,
               const store_watcher_actor& watcher) {
  forget(self, {watcher.address(), what.id()});
}

void on_progress(pointer self, const WatchProgress& request,
                 const store_watcher_actor& watcher) {
  watch_key key{watcher.address(), request.id()};
  if (find(self, key) == nullptr)
    return;
  auto token = request.token();
  once_known(self, key, [=](etcd_watch& watch, uint64_t present) {
    watch.token = std::max(watch.token, token);
    watch.token_at = std::max(watch.token_at, present);
    pump(self, key, watch);
  });
}

void on_watcher_down(pointer self, const caf::down_msg& down) {
  std::vector<watch_key> gone;
  auto& watches = self->state.watches;
  for (auto i = watches.lower_bound({down.source, 0});
       i != watches.end() && i->first.first == down.source; ++i)
    gone.push_back(i->first);
  for (auto& key : gone)
    forget(self, key);
}

} // namespace troupe::etcd_steps
