#include "actors/system/view_parts.hpp"
#include "messages/system.pb.h"
#include "runtime/rules/versions.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe::viewing {

namespace {

/// Events that the store may send ahead.
constexpr uint64_t store_credit = 4'096;
/// Objects in one page of the first load.
constexpr uint64_t load_page = 1'000;
/// Until a store is asked again that refused.
constexpr auto retry_after = std::chrono::seconds(1);

std::string object_key(const view_state& st, const std::string& key) {
  return key.substr(st.prefix.size());
}

/// Takes one change of the store into the view.
void take(pointer self, const store_api::Event& event) {
  auto& st = self->state;
  auto key = object_key(st, event.kv().key());
  auto known = st.objects.find(key);
  view_change x;
  x.revision = event.kv().mod_revision();
  if (known != st.objects.end())
    x.before = known->second;
  if (event.type() == store_api::Event::DELETE) {
    if (!x.before)
      return;
    x.type = change_type::deleted;
    x.now = x.before;
    drop(st, key);
  } else {
    x.now = parse(st, event.kv());
    if (!x.now)
      return;
    x.type = x.before ? change_type::modified : change_type::added;
    keep(st, key, x.now);
  }
  tell_readers(self, x);
  st.history.add(std::move(x));
  note_shown(self, 1);
}

void answer_reads(view_state& st, uint64_t token) {
  auto due = std::partition(
      st.reads.begin(), st.reads.end(),
      [&](const view_state::waiting_read& r) { return r.token > token; });
  std::vector<view_state::waiting_read> ready{
      std::make_move_iterator(due), std::make_move_iterator(st.reads.end())};
  st.reads.erase(due, st.reads.end());
  for (auto& r : ready)
    r.answer();
}

void give_credit(pointer self, int events) {
  store_api::WatchCredit credit;
  credit.set_id(self->state.watch);
  credit.set_credit(static_cast<uint64_t>(events));
  self->send(self->state.store, pb<store_api::WatchCredit>{std::move(credit)},
             store_watcher_actor{self});
}

void begin_watch(pointer self) {
  auto& st = self->state;
  st.watch = ++st.last_watch;
  store_api::WatchRequest msg;
  msg.set_id(st.watch);
  msg.set_key(st.prefix);
  msg.set_range_end(prefix_end(st.prefix));
  msg.set_from_revision(st.revision + 1);
  msg.set_credit(store_credit);
  self->send(st.store, pb<store_api::WatchRequest>{std::move(msg)},
             store_watcher_actor{self});
  feeds_resume(self);
  st.asked = false;
  ask_progress(self);
}

/// There is all to read.
void release(pointer self) {
  auto& st = self->state;
  st.trouble = caf::none;
  for (auto& f : std::exchange(st.at_load, {}))
    f();
}

/// The store lives and does not serve. It tells nobody when it does again.
void on_refusal(pointer self, const caf::error& why) {
  auto& st = self->state;
  st.trouble = why;
  st.asked = false;
  st.watch = 0;
  feeds_lost(self);
  for (auto& f : std::exchange(st.at_load, {}))
    f();
  for (auto& read : std::exchange(st.reads, {}))
    read.answer();
  system::Tick tick;
  tick.set_number(++st.refusals);
  self->delayed_send(self, retry_after, pb<system::Tick>{std::move(tick)});
}

void loaded(pointer self) {
  auto& st = self->state;
  st.loaded = true;
  st.history.begin(st.revision);
  begin_watch(self);
  release(self);
}

void load_from(pointer self, std::string from) {
  auto& st = self->state;
  store_api::RangeRequest msg;
  msg.set_key(from.empty() ? st.prefix : from);
  msg.set_range_end(prefix_end(st.prefix));
  msg.set_limit(load_page);
  if (!from.empty())
    msg.set_revision(st.revision);
  st.requests.ask<pb<store_api::RangeResponse>>(
      st.store,
      [self](const pb<store_api::RangeResponse>& page) {
        auto& state = self->state;
        state.revision = page->revision();
        for (auto& kv : page->kvs())
          if (auto what = parse(state, kv))
            keep(state, object_key(state, kv.key()), what);
        if (page->more())
          load_from(self, page->kvs(page->kvs_size() - 1).key() + '\0');
        else
          loaded(self);
      },
      [self](const caf::error& err) {
        // Where it went down, on_down finds the next one.
        if (self->state.store)
          on_refusal(self, err);
      },
      pb<store_api::RangeRequest>{std::move(msg)});
}

/// Reads everything anew. Nobody can tell the readers what they missed.
void load(pointer self) {
  auto& st = self->state;
  st.loaded = false;
  st.objects.clear();
  st.of_node.clear();
  end_all(self, make_error(ec::expired, "history was compacted"));
  load_from(self, {});
}

} // namespace

object parse(const view_state& st, const store_api::KeyValue& kv) {
  auto parsed = rules::parse_stored(*st.kind, kv.value(), kv.mod_revision());
  return parsed ? std::move(*parsed) : object{};
}

void keep(view_state& st, const std::string& key, const object& what) {
  drop(st, key);
  st.objects[key] = what;
  if (auto node = node_of(what); !node.empty())
    st.of_node[node].insert(key);
}

void drop(view_state& st, const std::string& key) {
  auto known = st.objects.find(key);
  if (known == st.objects.end())
    return;
  if (auto keys = st.of_node.find(node_of(known->second));
      keys != st.of_node.end()) {
    keys->second.erase(key);
    if (keys->second.empty())
      st.of_node.erase(keys);
  }
  st.objects.erase(known);
}

void ask_progress(pointer self) {
  auto& st = self->state;
  if (st.asked || st.reads.empty() || !st.store || !st.loaded)
    return;
  st.asked = true;
  ++st.last_token;
  store_api::WatchProgress msg;
  msg.set_id(st.watch);
  msg.set_token(st.last_token);
  self->send(st.store, pb<store_api::WatchProgress>{std::move(msg)},
             store_watcher_actor{self});
}

void on_batch(pointer self, const store_api::WatchBatch& batch) {
  auto& st = self->state;
  if (batch.id() != st.watch) {
    on_feed(self, batch);
    return;
  }
  if (!batch.error().empty()) {
    on_refusal(self, make_error(ec::service_unavailable, batch.error()));
    return;
  }
  if (st.trouble)
    release(self);
  if (batch.compacted() != 0) {
    load(self);
    return;
  }
  for (auto& event : batch.events())
    take(self, event);
  st.revision = std::max(st.revision, batch.revision());
  flush_touched(self);
  send_bookmarks(self);
  if (batch.events_size() > 0)
    give_credit(self, batch.events_size());
  if (batch.progress() != 0) {
    if (batch.progress() == st.last_token)
      st.asked = false;
    answer_reads(st, batch.progress());
    ask_progress(self);
  }
}

void store_lost(pointer self) {
  auto& st = self->state;
  st.asked = false;
  st.trouble = caf::none;
  ++st.refusals;
  feeds_lost(self);
  find_store(self);
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& st = self->state;
  // Refusals count from 1.
  if (tick.number() == 0)
    return tidy(self);
  if (tick.number() != st.refusals || !st.store)
    return;
  if (st.loaded)
    begin_watch(self);
  else
    load(self);
}

void find_store(pointer self) {
  auto& st = self->state;
  if (std::exchange(st.seeking, true))
    return;
  system::Resolve msg;
  msg.set_path(st.ctx->beside("store/replica"));
  st.requests.ask<caf::actor>(
      st.ctx->directory(),
      [self](const caf::actor& store) {
        auto& state = self->state;
        state.seeking = false;
        state.store = caf::actor_cast<store_actor>(store);
        self->monitor(state.store);
        if (state.loaded)
          begin_watch(self);
        else
          load(self);
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

} // namespace troupe::viewing
