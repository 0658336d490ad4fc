#include "actors/system/view.hpp"

#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/field_labels.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

using pointer = view_actor::stateful_pointer<view_state>;
using reader = view_state::reader;
using answer_promise =
    caf::typed_response_promise<pb<call::Response>, std::vector<object>>;

/// Batches that a reader may have without having acknowledged them.
constexpr uint64_t window = 16;
/// Objects in one batch.
constexpr size_t batch_limit = 500;
/// Changes that wait for a slow reader before it is told to begin anew.
constexpr size_t pending_limit = 20'000;
/// Changes kept for readers that begin at an older revision.
constexpr size_t history_limit = 2'000;
/// Events that the store may send ahead.
constexpr uint64_t store_credit = 4'096;
/// Objects in one page of the first load.
constexpr uint64_t load_page = 1'000;

std::string object_key(const view_state& st, const std::string& key) {
  return key.substr(st.prefix.size());
}

std::string node_of(const object& what) {
  return rules::field_label_value(what, "spec.nodeName");
}

bool is_pod(const view_state& st) {
  return st.kind->plural == "pods";
}

// -- what readers are told ---------------------------------------------------

void end_stream(pointer self, reader& r, const caf::error& why) {
  changes batch;
  batch.stream = r.stream;
  batch.sequence = ++r.sent;
  batch.ended = to_status(why).SerializeAsString();
  self->send(r.to, std::move(batch));
}

void forget(pointer self, const view_state::reader_key& key) {
  auto& st = self->state;
  auto it = st.readers.find(key);
  if (it == st.readers.end())
    return;
  auto* r = it->second.get();
  st.others.erase(r);
  if (auto node = r->filter.node(); node && is_pod(st)) {
    auto found = st.by_node.find(*node);
    if (found != st.by_node.end()) {
      found->second.erase(r);
      if (found->second.empty())
        st.by_node.erase(found);
    }
  }
  st.readers.erase(it);
}

/// Sends what waits for a reader, as far as its window allows.
void flush(pointer self, reader& r) {
  auto& st = self->state;
  size_t from = 0;
  while ((from < r.pending.size() || r.complete_due)
         && r.sent - r.taken < window) {
    changes batch;
    batch.stream = r.stream;
    batch.sequence = ++r.sent;
    batch.revision = st.revision;
    batch.reset = std::exchange(r.reset_due, false);
    auto count = std::min(batch_limit, r.pending.size() - from);
    batch.items.assign(
        std::make_move_iterator(r.pending.begin()
                                + static_cast<ptrdiff_t>(from)),
        std::make_move_iterator(r.pending.begin()
                                + static_cast<ptrdiff_t>(from + count)));
    from += count;
    if (r.complete_due && from == r.pending.size()) {
      batch.complete = true;
      r.complete_due = false;
    }
    self->send(r.to, std::move(batch));
  }
  r.pending.erase(r.pending.begin(),
                  r.pending.begin() + static_cast<ptrdiff_t>(from));
}

/// Returns what one change of an object is to a filter; nothing when the
/// filter never saw it.
caf::optional<change> seen_through(const selection_filter& filter,
                                   const view_state::past& p) {
  auto before = p.before && filter.matches(p.before);
  auto now = p.type != change_type::deleted && filter.matches(p.now);
  if (now)
    return change{before ? change_type::modified : change_type::added, p.now};
  if (before)
    return change{change_type::deleted, p.now.with_revision(p.revision)};
  return caf::none;
}

void tell(pointer self, const std::set<reader*>& readers,
          const view_state::past& p, std::vector<reader*>& touched) {
  (void)self;
  for (auto* r : readers) {
    auto c = seen_through(r->filter, p);
    if (!c)
      continue;
    r->pending.push_back(std::move(*c));
    if (!r->touched) {
      r->touched = true;
      touched.push_back(r);
    }
  }
}

void tell_readers(pointer self, const view_state::past& p,
                  std::vector<reader*>& touched) {
  auto& st = self->state;
  tell(self, st.others, p, touched);
  if (st.by_node.empty())
    return;
  auto tell_node = [&](const std::string& node) {
    if (auto it = st.by_node.find(node); it != st.by_node.end())
      tell(self, it->second, p, touched);
  };
  auto now = node_of(p.now);
  tell_node(now);
  if (p.before)
    if (auto before = node_of(p.before); before != now)
      tell_node(before);
}

void flush_all(pointer self, std::vector<reader*>& touched) {
  for (auto* r : touched) {
    r->touched = false;
    flush(self, *r);
    if (r->pending.size() > pending_limit) {
      end_stream(self, *r, make_error(ec::expired, "the watcher is too slow"));
      forget(self, {r->to.address(), r->stream});
    }
  }
}

// -- what the store says -----------------------------------------------------

void remember(view_state& st, view_state::past p) {
  st.history.push_back(std::move(p));
  if (st.history.size() > history_limit) {
    st.beginning = st.history.front().revision;
    st.history.pop_front();
  }
}

/// Takes one change of the store into the view.
void take(pointer self, const store_api::Event& event,
          std::vector<reader*>& touched) {
  auto& st = self->state;
  auto key = object_key(st, event.kv().key());
  auto known = st.objects.find(key);
  view_state::past p;
  p.revision = event.kv().mod_revision();
  if (known != st.objects.end())
    p.before = known->second;
  if (event.type() == store_api::Event::DELETE) {
    if (!p.before)
      return;
    p.type = change_type::deleted;
    p.now = p.before;
    st.objects.erase(known);
  } else {
    auto parsed =
        object::parse(*st.kind, event.kv().value(), event.kv().mod_revision());
    if (!parsed)
      return;
    p.type = p.before ? change_type::modified : change_type::added;
    p.now = std::move(*parsed);
    st.objects[key] = p.now;
  }
  tell_readers(self, p, touched);
  remember(st, std::move(p));
}

void load(pointer self, std::string from);

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

/// Asks the store for its present revision, once for all who wait now.
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
  if (batch.id() != st.watch)
    return;
  if (batch.compacted() != 0) {
    load(self, {});
    return;
  }
  std::vector<reader*> touched;
  for (auto& event : batch.events())
    take(self, event, touched);
  st.revision = std::max(st.revision, batch.revision());
  flush_all(self, touched);
  if (batch.events_size() > 0) {
    store_api::WatchCredit credit;
    credit.set_id(st.watch);
    credit.set_credit(static_cast<uint64_t>(batch.events_size()));
    self->send(st.store, pb<store_api::WatchCredit>{std::move(credit)},
               store_watcher_actor{self});
  }
  if (batch.progress() != 0) {
    if (batch.progress() == st.last_token)
      st.asked = false;
    answer_reads(st, batch.progress());
    ask_progress(self);
  }
}

void begin_watch(pointer self) {
  auto& st = self->state;
  store_api::WatchRequest msg;
  msg.set_id(++st.watch);
  msg.set_key(st.prefix);
  msg.set_range_end(prefix_end(st.prefix));
  msg.set_from_revision(st.revision + 1);
  msg.set_credit(store_credit);
  self->send(st.store, pb<store_api::WatchRequest>{std::move(msg)},
             store_watcher_actor{self});
  st.asked = false;
  ask_progress(self);
}

/// Everything is there: readers that have a view of what was may be wrong
/// about what went meanwhile, so they begin anew.
void loaded(pointer self) {
  auto& st = self->state;
  st.loaded = true;
  st.beginning = st.revision;
  begin_watch(self);
  auto waiting = std::move(st.at_load);
  st.at_load.clear();
  for (auto& f : waiting)
    f();
}

void load(pointer self, std::string from) {
  auto& st = self->state;
  if (from.empty()) {
    st.loaded = false;
    st.objects.clear();
    st.history.clear();
    while (!st.readers.empty()) {
      auto& [key, r] = *st.readers.begin();
      end_stream(self, *r, make_error(ec::expired, "history was compacted"));
      forget(self, view_state::reader_key{key});
    }
  }
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
        for (auto& kv : page->kvs()) {
          auto parsed =
              object::parse(*state.kind, kv.value(), kv.mod_revision());
          if (parsed)
            state.objects[object_key(state, kv.key())] = std::move(*parsed);
        }
        if (page->more())
          load(self, page->kvs(page->kvs_size() - 1).key() + '\0');
        else
          loaded(self);
      },
      [self](const caf::error& err) {
        // The store went down: on_down finds the next one. Any other refusal
        // is a broken invariant.
        if (!is(err, ec::service_unavailable))
          self->quit(err);
      },
      pb<store_api::RangeRequest>{std::move(msg)});
}

void find_store(pointer self) {
  auto& st = self->state;
  system::Resolve msg;
  msg.set_path("store/replica");
  st.requests.ask<caf::actor>(
      st.ctx->directory(),
      [self](const caf::actor& store) {
        auto& state = self->state;
        state.store = caf::actor_cast<store_actor>(store);
        self->monitor(state.store);
        if (state.loaded)
          begin_watch(self);
        else
          load(self, {});
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

// -- what readers ask --------------------------------------------------------

caf::error not_found(const view_state& st, const std::string& name) {
  meta::v1::StatusDetails details;
  details.set_name(name);
  details.set_group(std::string{st.kind->group});
  details.set_kind(std::string{st.kind->plural});
  return make_error(ec::not_found,
                    st.kind->qualified_plural() + " \"" + name + "\" not found",
                    details);
}

void answer_get(pointer self, const call::Request& msg,
                answer_promise promise) {
  auto& st = self->state;
  auto key = msg.namespace_().empty() ? msg.name()
                                      : msg.namespace_() + "/" + msg.name();
  auto it = st.objects.find(key);
  if (it == st.objects.end()) {
    promise.deliver(not_found(st, msg.name()));
    return;
  }
  call::Response response;
  response.set_revision(st.revision);
  promise.deliver(pb<call::Response>{std::move(response)},
                  std::vector<object>{it->second});
}

void answer_list(pointer self, const call::Request& msg,
                 const selection_filter& filter, answer_promise promise) {
  auto& st = self->state;
  auto from = filter.ns().empty() ? st.objects.begin()
                                  : st.objects.lower_bound(filter.ns() + "/");
  if (!msg.continue_token().empty())
    from = st.objects.upper_bound(msg.continue_token());
  call::Response response;
  response.set_revision(st.revision);
  std::vector<object> found;
  for (auto it = from; it != st.objects.end(); ++it) {
    if (!filter.ns().empty() && it->second.ns() != filter.ns())
      break;
    if (!filter.matches(it->second))
      continue;
    if (msg.limit() > 0 && found.size() == static_cast<size_t>(msg.limit())) {
      response.set_continue_token(found.back().key());
      break;
    }
    found.push_back(it->second);
  }
  promise.deliver(pb<call::Response>{std::move(response)}, std::move(found));
}

/// Runs a read when the view has reached the revision it asks for.
void when_fresh(pointer self, const std::string& version,
                std::function<void()> read) {
  auto& st = self->state;
  if (!st.loaded) {
    st.at_load.push_back(
        [self, version, read] { when_fresh(self, version, read); });
    return;
  }
  if (version == "0") {
    read();
    return;
  }
  // A progress request on its way may be older than this read.
  st.reads.push_back({st.last_token + 1, std::move(read)});
  ask_progress(self);
}

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const pb<call::Request>& msg) {
  auto promise =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  if (msg->verb() == call::GET) {
    when_fresh(self, msg->resource_version(),
               [self, msg, promise] { answer_get(self, *msg, promise); });
    return promise;
  }
  if (msg->verb() != call::LIST)
    return make_error(ec::method_not_allowed, "a view only reads");
  auto filter =
      selection_filter::parse(*self->state.kind, msg->namespace_(),
                              msg->label_selector(), msg->field_selector());
  if (!filter)
    return filter.error();
  when_fresh(self, msg->resource_version(),
             [self, msg, promise, filter = std::move(*filter)] {
               answer_list(self, *msg, filter, promise);
             });
  return promise;
}

/// Fills a new reader with what is there, or with what came after a revision.
caf::error fill(view_state& st, reader& r, const std::string& version) {
  if (version.empty() || version == "0") {
    r.reset_due = true;
    r.complete_due = true;
    auto from = r.filter.ns().empty()
                    ? st.objects.begin()
                    : st.objects.lower_bound(r.filter.ns() + "/");
    for (auto it = from; it != st.objects.end(); ++it) {
      if (!r.filter.ns().empty() && it->second.ns() != r.filter.ns())
        break;
      if (r.filter.matches(it->second))
        r.pending.push_back({change_type::added, it->second});
    }
    return caf::none;
  }
  uint64_t after = 0;
  auto [end, bad] =
      std::from_chars(version.data(), version.data() + version.size(), after);
  if (bad != std::errc{} || end != version.data() + version.size())
    return make_error(ec::bad_request, "resourceVersion: Invalid value: \""
                                           + version + "\": not a number");
  if (after < st.beginning)
    return make_error(ec::expired, "too old resource version: " + version + " ("
                                       + std::to_string(st.beginning) + ")");
  for (auto& p : st.history)
    if (p.revision > after)
      if (auto c = seen_through(r.filter, p))
        r.pending.push_back(std::move(*c));
  return caf::none;
}

caf::result<pb<call::WatchStarted>>
on_watch(pointer self, const pb<call::Watch>& msg, const watcher_actor& to) {
  auto& st = self->state;
  auto promise = self->make_response_promise<pb<call::WatchStarted>>();
  auto filter =
      selection_filter::parse(*st.kind, msg->namespace_(),
                              msg->label_selector(), msg->field_selector());
  if (!filter)
    return filter.error();
  auto start = [self, msg, to, promise, filter = std::move(*filter)]() mutable {
    auto& state = self->state;
    auto fresh = std::make_unique<reader>();
    fresh->to = to;
    fresh->stream = msg->stream();
    fresh->filter = filter;
    if (auto err = fill(state, *fresh, msg->resource_version())) {
      promise.deliver(std::move(err));
      return;
    }
    view_state::reader_key key{to.address(), msg->stream()};
    forget(self, key);
    auto* r = fresh.get();
    state.readers[key] = std::move(fresh);
    if (auto node = r->filter.node(); node && is_pod(state))
      state.by_node[*node].insert(r);
    else
      state.others.insert(r);
    if (state.monitored.insert(to.address()).second)
      self->monitor(to);
    call::WatchStarted started;
    started.set_revision(state.revision);
    promise.deliver(pb<call::WatchStarted>{std::move(started)});
    flush(self, *r);
  };
  if (st.loaded)
    start();
  else
    st.at_load.push_back(std::move(start));
  return promise;
}

void on_ack(pointer self, const call::Ack& ack, const watcher_actor& from) {
  auto it = self->state.readers.find({from.address(), ack.stream()});
  if (it == self->state.readers.end())
    return;
  it->second->taken = std::max(it->second->taken, ack.sequence());
  if (!it->second->pending.empty() || it->second->complete_due)
    flush(self, *it->second);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  if (st.store && st.store.address() == down.source) {
    st.store = nullptr;
    st.asked = false;
    find_store(self);
    return;
  }
  if (st.monitored.erase(down.source) == 0)
    return;
  while (true) {
    auto it = st.readers.lower_bound({down.source, 0});
    if (it == st.readers.end() || it->first.first != down.source)
      return;
    forget(self, view_state::reader_key{it->first});
  }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  system::Description result;
  result.add_facts("objects=" + std::to_string(st.objects.size()));
  result.add_facts("readers=" + std::to_string(st.readers.size()));
  result.add_facts("revision=" + std::to_string(st.revision));
  return result;
}

} // namespace

std::string storage_key(const kind_info& kind, const std::string& ns,
                        const std::string& name) {
  auto key = "/registry/" + std::string{kind.group} + "/"
             + std::string{kind.plural} + "/";
  if (!ns.empty())
    key += ns + "/";
  return key + name;
}

view_actor::behavior_type view(pointer self, context ctx,
                               const kind_info* kind) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.kind = kind;
  st.prefix = storage_key(*kind, {}, {});
  st.requests = calls{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  find_store(self);
  return {
      [self](const pb<call::Request>& msg, const object&) {
        return on_request(self, msg);
      },
      [self](const pb<call::Watch>& msg, const watcher_actor& to) {
        return on_watch(self, msg, to);
      },
      [self](const pb<call::Ack>& ack, const watcher_actor& from) {
        on_ack(self, *ack, from);
      },
      [self](const pb<call::StopWatch>& msg, const watcher_actor& from) {
        forget(self, {from.address(), msg->stream()});
      },
      [self](const pb<store_api::WatchBatch>& batch) {
        on_batch(self, *batch);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
