#include "actors/store/log_writer.hpp"

#include "actors/store/reopen.hpp"
#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using namespace store_api;
using pointer = log_writer_actor::stateful_pointer<log_writer_state>;

constexpr size_t page_bytes = size_t{1} << 20;

pb<LogOpened> described(const store::log& log) {
  LogOpened result;
  result.set_start(log.start());
  result.set_last(log.last());
  result.set_last_term(log.last_term());
  result.mutable_hard()->set_term(log.hard().term);
  result.mutable_hard()->set_voted_for(log.hard().voted_for);
  return result;
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
  st.opening.deliver(described(*st.log));
}

caf::result<pb<LogOpened>> on_open(pointer self) {
  auto& st = self->state;
  if (st.log)
    return described(*st.log);
  st.opening = self->make_response_promise<pb<LogOpened>>();
  auto result = st.opening;
  open_log(self);
  return result;
}

/// The log's end on disk is not known after a failed write: whoever comes
/// after this actor reads it anew.
void give_up(pointer self, const caf::error& err) {
  for (auto& promise : self->state.waiting)
    promise.deliver(err);
  self->state.waiting.clear();
  self->quit(err);
}

// The tick that flushes lies behind every write that is in the mailbox now, so
// that one sync serves them all.
caf::result<pb<LogWritten>> on_write(pointer self, const WriteLog& request,
                                     const LogEntries& batch) {
  auto& st = self->state;
  if (!st.log)
    return make_error(ec::service_unavailable, "the log is not open");
  auto promise = self->make_response_promise<pb<LogWritten>>();
  st.waiting.push_back(promise);
  if (request.has_hard())
    st.log->stage({request.hard().term(), request.hard().voted_for()});
  for (const auto& entry : batch.entries()) {
    if (auto err = st.log->stage(entry)) {
      give_up(self, err);
      return promise;
    }
  }
  st.log->stage_trim(request.trim());
  if (!st.flushing) {
    st.flushing = true;
    self->send(self, pb<system::Tick>{});
  }
  return promise;
}

void flush(pointer self) {
  auto& st = self->state;
  st.flushing = false;
  if (auto err = st.log->commit()) {
    give_up(self, err);
    return;
  }
  ++st.writes;
  LogWritten result;
  result.set_last(st.log->last());
  pb<LogWritten> shared{std::move(result)};
  for (auto& promise : st.waiting)
    promise.deliver(shared);
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

caf::result<pb<LogEntries>> on_read(pointer self, const ReadLog& request) {
  auto& st = self->state;
  if (!st.log)
    return make_error(ec::service_unavailable, "the log is not open");
  LogEntries result;
  size_t bytes = 0;
  auto full = make_error(ec::too_large, "enough for one message");
  auto err = st.log->read(request.first(), [&](LogEntry entry) {
    if (bytes >= page_bytes)
      return full;
    bytes += entry.payload().size();
    *result.add_entries() = std::move(entry);
    return caf::error{};
  });
  if (err && err != full)
    return err;
  return pb<LogEntries>{std::move(result)};
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
log_writer(pointer self, std::shared_ptr<store::database_slot> slot) {
  self->state.slot = std::move(slot);
  return {
      [self](const pb<OpenLog>&) { return on_open(self); },
      [self](const pb<WriteLog>& x, const pb<LogEntries>& entries) {
        return on_write(self, *x, *entries);
      },
      [self](const pb<ReadLog>& x) { return on_read(self, *x); },
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
