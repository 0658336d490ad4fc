#include "actors/kubelet/simulated_steps.hpp"
#include "messages/container.pb.h"
#include "runtime/process/log_stream.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

// What flows out of a simulated container: its log, and the output of
// commands in it.
namespace troupe::simulated_steps {

namespace {

using namespace container;
using stream = simulated_runtime_state::stream;

constexpr size_t longest_chunk = 64 * 1024;

void put(stream& s, uint64_t id, Channel channel, const std::string& text) {
  for (size_t at = 0; at < text.size(); at += longest_chunk) {
    StreamData data;
    data.set_stream(id);
    data.set_channel(channel);
    data.set_data(text.substr(at, longest_chunk));
    s.waiting.emplace_back(std::move(data));
  }
}

/// Sends what credit allows; the stream may be over then.
void pump(pointer self, uint64_t id) {
  auto at = self->state.streams.find(id);
  if (at == self->state.streams.end())
    return;
  auto& s = at->second;
  while (s.credit > 0 && !s.waiting.empty()) {
    --s.credit;
    self->send(s.to, s.waiting.front());
    s.waiting.pop_front();
  }
  if (!s.ended || !s.waiting.empty())
    return;
  StreamEnd end;
  end.set_stream(id);
  end.set_exit_code(s.code);
  self->send(s.to, pb<StreamEnd>{std::move(end)});
  self->state.streams.erase(at);
}

/// Takes what the container wrote since.
void feed(pointer self, uint64_t id, stream& s) {
  auto lines = self->state.machine->log(s.container);
  if (!lines)
    return;
  std::string text;
  for (; s.position < lines->size(); ++s.position) {
    auto& line = (*lines)[s.position];
    if (s.timestamps)
      text += process::format_instant(line.at) + " ";
    text += *line.text + "\n";
  }
  if (s.room) {
    text.resize(std::min(text.size(), *s.room));
    *s.room -= text.size();
  }
  put(s, id, STDOUT, text);
}

/// Answers the opening of a stream; what follows comes behind the answer.
promise<StreamOpened> open(pointer self, stream s, uint64_t& id) {
  auto& st = self->state;
  id = ++st.last_stream;
  self->monitor(s.to);
  st.streams[id] = std::move(s);
  auto rp = self->make_response_promise<pb<StreamOpened>>();
  StreamOpened opened;
  opened.set_stream(id);
  rp.deliver(pb<StreamOpened>{std::move(opened)});
  return rp;
}

promise<StreamOpened> refuse(pointer self, caf::error err) {
  auto rp = self->make_response_promise<pb<StreamOpened>>();
  rp.deliver(std::move(err));
  return rp;
}

void give_credit(pointer self, const stream& s, uint64_t id, uint32_t chunks) {
  StreamCredit credit;
  credit.set_stream(id);
  credit.set_chunks(chunks);
  self->send(s.to, pb<StreamCredit>{std::move(credit)});
}

} // namespace

void feed_all(pointer self) {
  auto& streams = self->state.streams;
  for (auto at = streams.begin(); at != streams.end();) {
    auto id = at->first;
    auto& s = (at++)->second;
    if (!s.log || s.ended)
      continue;
    auto status = self->state.machine->status(s.container);
    auto over = !status || status->state() == EXITED;
    feed(self, id, s);
    s.ended = over || !s.follow || s.room == size_t{0};
    if (s.attached && status)
      s.code = status->exit_code();
    pump(self, id);
  }
}

promise<StreamOpened> on_exec(pointer self, const Exec& x,
                              const container_stream_actor& to) {
  auto rule = self->state.machine->exec(x.container_id(), joined(x.command()));
  if (!rule)
    return refuse(self, std::move(rule.error()));
  stream s;
  s.to = to;
  s.container = x.container_id();
  s.credit = x.credit();
  uint64_t id = 0;
  auto rp = open(self, std::move(s), id);
  if (x.stdin())
    give_credit(self, self->state.streams[id], id, 4);
  after(self, rule->delay, [self, id, what = *rule] {
    auto at = self->state.streams.find(id);
    if (at == self->state.streams.end())
      return;
    put(at->second, id, STDOUT, what.output);
    put(at->second, id, STDERR, what.errors);
    at->second.ended = true;
    at->second.code = what.exit_code;
    pump(self, id);
  });
  return rp;
}

promise<StreamOpened> on_attach(pointer self, const Attach& x,
                                const container_stream_actor& to) {
  auto lines = self->state.machine->log(x.container_id());
  if (!lines)
    return refuse(self, std::move(lines.error()));
  stream s;
  s.to = to;
  s.container = x.container_id();
  s.log = s.follow = s.attached = true;
  s.position = lines->size();
  s.credit = x.credit();
  uint64_t id = 0;
  auto rp = open(self, std::move(s), id);
  if (x.stdin())
    give_credit(self, self->state.streams[id], id, 4);
  settle(self);
  return rp;
}

promise<StreamOpened> on_logs(pointer self, const Logs& x,
                              const container_stream_actor& to) {
  auto lines = self->state.machine->log(x.container_id());
  if (!lines)
    return refuse(self, std::move(lines.error()));
  stream s;
  s.to = to;
  s.container = x.container_id();
  s.log = true;
  s.follow = x.follow();
  s.timestamps = x.timestamps();
  if (x.limit_bytes() > 0)
    s.room = static_cast<size_t>(x.limit_bytes());
  s.credit = x.credit();
  while (s.position < lines->size() && (*lines)[s.position].at < x.since())
    ++s.position;
  if (x.has_tail_lines()) {
    auto tail = static_cast<size_t>(std::max<int64_t>(x.tail_lines(), 0));
    if (lines->size() > tail)
      s.position = std::max(s.position, lines->size() - tail);
  }
  uint64_t id = 0;
  auto rp = open(self, std::move(s), id);
  feed_all(self);
  return rp;
}

void on_credit(pointer self, const StreamCredit& x) {
  auto at = self->state.streams.find(x.stream());
  if (at == self->state.streams.end())
    return;
  at->second.credit += x.chunks();
  pump(self, x.stream());
}

/// Nobody reads it; whoever sends may go on.
void on_input(pointer self, const StreamData& x) {
  auto at = self->state.streams.find(x.stream());
  if (at != self->state.streams.end())
    give_credit(self, at->second, x.stream(), 1);
}

} // namespace troupe::simulated_steps
