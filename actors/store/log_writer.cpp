#include "actors/store/log_writer.hpp"

#include "actors/store/reopen.hpp"
#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using namespace store_api;
using pointer = log_writer_actor::stateful_pointer<log_writer_state>;

caf::error make_lost(const log_writer_state& st) {
  return make_error(ec::internal_error,
                    "the store of member " + std::to_string(st.member.id)
                        + ", one of a group (says " + st.mark.path()
                        + "), is gone: remove it with `troupe store member "
                          "remove`, and add another one");
}

/// Why what lies there is not the log of this member; copies and exchanged
/// folders would mix what different groups, or members, have promised.
caf::error check_owner(const log_writer_state& st) {
  auto& log = *st.log;
  auto& member = st.member;
  auto& others = member.others;
  std::string is;
  if (log.group() != 0 && member.group != 0 && log.group() != member.group)
    is = "another cluster's";
  else if (std::count(others.begin(), others.end(), log.self()) != 0)
    is = "that of member " + std::to_string(log.self());
  if (is.empty())
    return caf::none;
  return make_error(ec::internal_error,
                    "the store in " + st.slot->options().path + " is " + is
                        + ", not that of member " + std::to_string(member.id)
                        + ": bring back the one that was here, or have another "
                          "member take its place: `troupe store member "
                          "remove`, then `add`. `troupe store restore` makes a "
                          "new cluster of a store's folder");
}

bool is_change(const raft::entry& entry) {
  return entry.kind == raft::entry_kind::change;
}

bool tells_of_several(const raft::restored& log) {
  return log.start.members->members().size() > 1
         || std::any_of(log.entries.begin(), log.entries.end(), is_change);
}

void open_log(pointer self) {
  auto& st = self->state;
  auto opened = st.slot->open(when_freed(self));
  if (!opened) {
    st.opening.deliver(std::move(opened.error()));
    return;
  }
  if (!*opened)
    return;
  auto log = store::log::open(std::move(*opened));
  if (!log) {
    st.opening.deliver(std::move(log.error()));
    return;
  }
  st.log = std::move(*log);
  if (auto err = check_owner(st)) {
    st.log = nullptr;
    st.opening.deliver(std::move(err));
    return;
  }
  auto blank = st.log->self() == 0;
  if (blank && st.mark.is_set()) {
    st.log = nullptr;
    st.opening.deliver(make_lost(st));
    return;
  }
  // On disk with the first write: until then nobody has heard of it.
  if (blank)
    st.log->found(st.member.id, raft::configuration{st.member.founders});
  if (st.log->group() == 0 && st.member.group != 0)
    st.log->stage_group(st.member.group);
  opened_log result;
  result.group = st.log->group();
  result.found = st.log->take_restored();
  st.of_several =
      (blank && st.member.founders.empty()) || tells_of_several(result.found);
  result.self = st.log->self();
  result.state = st.log->state_number();
  st.opening.deliver(std::move(result));
}

caf::result<opened_log> on_open(pointer self) {
  auto& st = self->state;
  // What was found is asked for anew when the state could not be opened.
  st.log = nullptr;
  st.flushing = false;
  for (auto& x : std::exchange(st.waiting, {}))
    x.promise.deliver(make_error(ec::service_unavailable, "opened anew"));
  st.opening = self->make_response_promise<opened_log>();
  auto result = st.opening;
  open_log(self);
  return result;
}

/// The log's end on disk is not known after a failed write: whoever comes
/// after this actor reads it anew.
void give_up(pointer self, const caf::error& err) {
  for (auto& x : self->state.waiting)
    x.promise.deliver(err);
  self->state.waiting.clear();
  // One that is damaged would fail again and again.
  if (store::is_damage(err))
    self->state.log = nullptr;
  else
    self->quit(err);
}

// The tick that flushes lies behind every write that is in the mailbox now, so
// that one sync serves them all.
caf::result<written_log> on_write(pointer self, const raft::write& what,
                                  uint64_t state) {
  auto& st = self->state;
  if (!st.log)
    return make_error(ec::service_unavailable, "the log is not open");
  auto promise = self->make_response_promise<written_log>();
  st.waiting.push_back({what.number, promise});
  st.of_several =
      st.of_several
      || std::any_of(what.entries.begin(), what.entries.end(), is_change);
  if (auto err = st.log->stage(what)) {
    give_up(self, err);
    return promise;
  }
  if (state != st.log->state_number())
    st.log->stage_state(state);
  if (!st.flushing) {
    st.flushing = true;
    self->send(self, pb<system::Tick>{});
  }
  return promise;
}

void flush(pointer self) {
  auto& st = self->state;
  st.flushing = false;
  auto err = st.log->commit();
  // Before anybody is promised anything.
  if (!err && st.of_several)
    err = st.mark.set();
  if (err) {
    give_up(self, err);
    return;
  }
  ++st.writes;
  for (auto& x : st.waiting)
    x.promise.deliver(written_log{x.number});
  st.waiting.clear();
}

void on_tick(pointer self) {
  if (self->state.log) {
    if (self->state.flushing)
      flush(self);
  } else if (self->state.opening.pending()) {
    open_log(self);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  if (st.log) {
    result.add_facts("first=" + std::to_string(st.log->start() + 1));
    result.add_facts("last=" + std::to_string(st.log->last()));
    result.add_facts("writes=" + std::to_string(st.writes));
  }
  return result;
}

} // namespace

log_writer_actor::behavior_type
log_writer(pointer self, std::shared_ptr<store::database_slot> slot,
           store_member member, store::member_mark mark) {
  self->state.slot = std::move(slot);
  self->state.member = std::move(member);
  self->state.mark = std::move(mark);
  return {
      [self](const pb<OpenLog>&) { return on_open(self); },
      [self](const raft::write& x, uint64_t state) {
        return on_write(self, x, state);
      },
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
