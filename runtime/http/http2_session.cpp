#include "runtime/http/http2_machine.hpp"

#include <algorithm>

namespace troupe::http {

http2_session::http2_session(http2_limits limits)
    : machine_(std::make_unique<machine>(limits)) {
  // nop
}

http2_session::~http2_session() = default;

void http2_session::take(std::string_view bytes, time_point now) {
  machine_->take(bytes, now);
}

std::vector<event> http2_session::take_events() {
  return machine_->take_events();
}

std::string http2_session::output(size_t most, time_point now) {
  return machine_->output(most, now);
}

void http2_session::answer(uint64_t exchange, const response_head& head,
                           std::string body) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || s->begun)
    return;
  // These have no body, and so no length.
  auto bare = head.status == 204 || head.status == 304;
  auto size = body.size();
  if (!bare && !s->head_only && !body.empty())
    machine_->add(*s, std::move(body));
  machine_->note_end(exchange, *s);
  machine_->begin(exchange, *s, head, bare ? nullptr : &size);
}

void http2_session::begin(uint64_t exchange, const response_head& head) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || s->begun)
    return;
  s->in_pieces = true;
  s->ended = s->head_only;
  machine_->begin(exchange, *s, head, nullptr);
  // Whoever answers in pieces is to hear that nobody waits for them.
  if (s->head_only)
    s->said = false;
}

void http2_session::send(uint64_t exchange, std::string piece) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || !s->begun || !s->in_pieces)
    return;
  if (s->ended || piece.empty()) {
    ++s->taken;
    return;
  }
  machine_->add(*s, std::move(piece));
  machine_->go_on(exchange);
}

void http2_session::end(uint64_t exchange, bool broken) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || !s->begun || s->ended)
    return;
  machine_->note_end(exchange, *s);
  s->broken = broken;
  machine_->go_on(exchange);
}

void http2_session::allow(uint64_t exchange, uint32_t pieces) {
  if (auto* s = machine_->find(exchange))
    machine_->allow(*s, pieces);
}

void http2_session::finish() {
  machine_->finish();
}

size_t http2_session::open() const {
  return machine_->streams_.size();
}

std::optional<http2_session::time_point> http2_session::waits_since() const {
  std::optional<time_point> result;
  for (auto& [id, s] : machine_->streams_)
    if (!s.whole && (!s.streams || s.ended) && s.since != time_point{})
      result = std::min(result.value_or(s.since), s.since);
  return result;
}

std::optional<http2_session::time_point> http2_session::stalled_since() const {
  std::optional<time_point> result;
  for (auto& [id, s] : machine_->streams_)
    if (!s.out.empty() && s.moved != time_point{})
      result = std::min(result.value_or(s.moved), s.moved);
  return result;
}

void http2_session::drop_stalled(time_point since) {
  machine_->drop_stalled(since);
}

bool http2_session::is_over() const {
  return machine_->is_over();
}

} // namespace troupe::http
