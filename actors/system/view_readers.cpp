#include "actors/system/view_parts.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/text/wire_fields.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe::viewing {

namespace {

/// Batches that a reader may have without having acknowledged them.
constexpr uint64_t window = 16;
/// Objects in one batch, and their bytes but for the last: all batches of a
/// window may wait for a connection at the same time.
constexpr size_t batch_limit = 500;
constexpr size_t batch_bytes = size_t{256} << 10;
/// Changes that wait for a slow reader before it is fed from history. More
/// than the view keeps itself, so that whoever joins has room for those.
constexpr size_t pending_limit = 4'000;
/// Revisions after which a quiet reader is told how far the stream has come.
constexpr uint64_t bookmark_distance = 1'000;

/// Returns what a message's bytes hold of a field that they hold once, as
/// canonical ones do.
std::string_view bytes_of_field(std::string_view message, uint32_t number) {
  text::wire_field each;
  while (text::take_field(message, each))
    if (each.number == number)
      return each.data;
  return {};
}

std::optional<std::string> node_of(const view_state& st, const reader& r) {
  return st.kind == &kind_of<core::v1::Pod>() ? r.filter.node() : std::nullopt;
}

/// Returns the live readers among whom this one belongs: those that most
/// changes are of no interest to are not asked about each.
view_state::reader_set& companions(view_state& st, const reader& r) {
  if (auto node = node_of(st, r))
    return st.by_node[*node];
  if (auto name = r.filter.name())
    return st.by_name[*name];
  return st.others;
}

void attach(view_state& st, reader& r) {
  r.live = true;
  companions(st, r).insert(&r);
}

void detach(view_state& st, reader& r) {
  r.live = false;
  auto& set = companions(st, r);
  set.erase(&r);
  if (!set.empty())
    return;
  if (auto node = node_of(st, r))
    st.by_node.erase(*node);
  else if (auto name = r.filter.name())
    st.by_name.erase(*name);
}

/// Up to here the reader knows all, or has it in `pending`.
uint64_t known(const view_state& st, const reader& r) {
  return r.live ? std::max(st.revision, r.from) : r.from;
}

bool first_left(const reader& r) {
  return r.first_sent < r.first.size();
}

/// A revision is told whole or not at all.
bool has_next(const view_state& st, const reader& r) {
  return first_left(r) || r.complete_due
         || (!r.pending.empty()
             && r.pending.front().what.revision() <= known(st, r));
}

/// A batch that is being filled.
class filling {
public:
  explicit filling(changes& batch) : batch_(batch) {}

  bool full() const {
    return batch_.items.size() >= batch_limit || bytes_ >= batch_bytes;
  }

  void add(change x) {
    bytes_ += x.what.bytes().size();
    batch_.items.push_back(std::move(x));
  }

private:
  changes& batch_;
  size_t bytes_ = 0;
};

void take_first(reader& r, changes& batch, filling& into) {
  while (first_left(r) && !into.full())
    into.add({change_type::added, std::move(r.first[r.first_sent++])});
  if (first_left(r))
    return;
  r.first = {};
  r.first_sent = 0;
  batch.complete = std::exchange(r.complete_due, false);
}

void take_pending(const view_state& st, reader& r, filling& into) {
  auto end = known(st, r);
  uint64_t last = 0;
  while (!r.pending.empty()) {
    auto revision = r.pending.front().what.revision();
    if ((into.full() && revision != last) || revision > end)
      break;
    last = revision;
    into.add(std::move(r.pending.front()));
    r.pending.pop_front();
  }
  if (!r.pending.empty())
    end = std::min(end, r.pending.front().what.revision() - 1);
  r.told = std::max(r.told, end);
}

void send_batch(pointer self, reader& r) {
  changes batch;
  batch.stream = r.stream;
  batch.sequence = ++r.sent;
  batch.reset = std::exchange(r.reset_due, false);
  filling into{batch};
  take_first(r, batch, into);
  if (!first_left(r))
    take_pending(self->state, r, into);
  batch.revision = r.told;
  self->send(r.to, std::move(batch));
}

/// Drops what waits for a slow reader; history has it.
void fall_behind(view_state& st, reader& r) {
  detach(st, r);
  r.from = std::max(r.from, r.told);
  r.pending = {};
}

void tell(const view_state::reader_set& readers, const view_change& x,
          std::vector<reader*>& touched) {
  for (auto* r : readers) {
    if (x.revision <= r->from)
      continue;
    auto c = seen_through(r->filter, x);
    if (!c)
      continue;
    r->pending.push_back(std::move(*c));
    if (!r->touched) {
      r->touched = true;
      touched.push_back(r);
    }
  }
}

} // namespace

std::string node_of(const object& what) {
  if (&what.kind() != &kind_of<core::v1::Pod>())
    return {};
  return std::string{bytes_of_field(
      bytes_of_field(what.bytes(), core::v1::Pod::kSpecFieldNumber),
      core::v1::PodSpec::kNodeNameFieldNumber)};
}

void flush(pointer self, reader& r) {
  while (has_next(self->state, r) && r.sent - r.taken < window)
    send_batch(self, r);
}

void end_stream(pointer self, reader& r, const caf::error& why) {
  changes batch;
  batch.stream = r.stream;
  batch.sequence = ++r.sent;
  batch.revision = r.told;
  batch.ended = to_status(why).SerializeAsString();
  self->send(r.to, std::move(batch));
}

void forget(pointer self, view_state::reader_key key) {
  auto& st = self->state;
  auto it = st.readers.find(key);
  if (it == st.readers.end())
    return;
  auto& r = *it->second;
  close_feed(self, r);
  detach(st, r);
  if (r.touched)
    st.touched.erase(std::find(st.touched.begin(), st.touched.end(), &r));
  st.readers.erase(it);
}

void end_all(pointer self, const caf::error& why) {
  auto& readers = self->state.readers;
  while (!readers.empty()) {
    end_stream(self, *readers.begin()->second, why);
    forget(self, readers.begin()->first);
  }
}

void join(pointer self, reader& r) {
  auto& st = self->state;
  close_feed(self, r);
  for (auto i = st.history.after(r.from); i != st.history.changes().end(); ++i)
    if (auto c = seen_through(r.filter, *i))
      r.pending.push_back(std::move(*c));
  attach(st, r);
}

void add_reader(pointer self, std::unique_ptr<reader> fresh,
                std::optional<uint64_t> after) {
  auto& st = self->state;
  view_state::reader_key key{fresh->to.address(), fresh->stream};
  forget(self, key);
  auto& r = *(st.readers[key] = std::move(fresh));
  r.number = ++st.last_reader;
  if (st.monitored.insert(key.first).second)
    self->monitor(r.to);
  if (after) {
    r.from = r.told = *after;
    advance(self, r);
    flush(self, r);
    return;
  }
  r.from = st.revision;
  r.reset_due = r.complete_due = true;
  size_t seen = 0;
  each_candidate(st, r.filter, {}, [&](const object& x) {
    ++seen;
    if (r.filter.matches(x))
      r.first.push_back(x);
    return true;
  });
  note_shown(self, seen);
  attach(st, r);
  flush(self, r);
}

void on_ack(pointer self, const call::Ack& ack, const watcher_actor& from) {
  auto it = self->state.readers.find({from.address(), ack.stream()});
  if (it == self->state.readers.end())
    return;
  auto& r = *it->second;
  r.taken = std::max(r.taken, std::min(ack.sequence(), r.sent));
  flush(self, r);
  if (!r.live && !has_next(self->state, r))
    advance(self, r);
}

void tell_readers(pointer self, const view_change& x) {
  auto& st = self->state;
  tell(st.others, x, st.touched);
  if (auto it = st.by_name.find(x.now.name()); it != st.by_name.end())
    tell(it->second, x, st.touched);
  if (st.by_node.empty())
    return;
  auto tell_node = [&](const std::string& node) {
    if (auto it = st.by_node.find(node); it != st.by_node.end())
      tell(it->second, x, st.touched);
  };
  auto now = node_of(x.now);
  tell_node(now);
  if (x.before)
    if (auto before = node_of(x.before); before != now)
      tell_node(before);
}

void flush_touched(pointer self) {
  auto& st = self->state;
  for (auto* r : std::exchange(st.touched, {})) {
    flush(self, *r);
    // The rest of its last revision is not here yet: another batch brings it.
    r->touched = r->live && !r->pending.empty()
                 && r->pending.back().what.revision() > known(st, *r);
    if (r->touched)
      st.touched.push_back(r);
    else if (r->pending.size() > pending_limit)
      fall_behind(st, *r);
  }
}

void send_bookmarks(pointer self) {
  auto& st = self->state;
  if (st.revision < st.swept + bookmark_distance)
    return;
  st.swept = st.revision;
  for (auto& [key, r] : st.readers)
    if (r->bookmarks && r->live && r->pending.empty() && !first_left(*r)
        && !r->complete_due && r->sent - r->taken < window
        && r->told + bookmark_distance <= st.revision)
      send_batch(self, *r);
}

} // namespace troupe::viewing
