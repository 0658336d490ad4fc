#include "actors/system/server_renewal.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"
#include "runtime/system/edges.hpp"
#include "runtime/system/server_links.hpp"
#include "runtime/text/timestamp.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using pointer = server_renewal_actor::stateful_pointer<server_renewal_state>;

constexpr std::chrono::minutes first_pause{1};
constexpr std::chrono::minutes longest_pause{60};
/// Longer waits are made of several: a clock may be set.
constexpr std::chrono::hours longest_sleep{24};

void set_timer(pointer self) {
  auto& st = self->state;
  auto left = std::clamp<time_point::duration>(
      st.due - st.ctx->now(), time_point::duration{0}, longest_sleep);
  system::Tick msg;
  msg.set_what("renew");
  self->delayed_send(self, left, pb<system::Tick>{std::move(msg)});
}

/// Somewhere in the last third, but not at its end: processes that share a
/// certificate do not all come at once.
void plan(pointer self, time_point last_third) {
  auto& st = self->state;
  if (st.last_third != time_point{} && st.last_third != last_third) {
    ++st.renewed;
    spdlog::info("certificate of the server renewed due={}",
                 text::time_text(last_third));
  }
  st.failures = 0;
  st.last_third = last_third;
  auto part =
      std::max(last_third - st.ctx->now(), time_point::duration{0}) / 4 / 1000;
  auto jitter = part * static_cast<int64_t>(st.ctx->random() % 1000);
  st.due = std::max(last_third + jitter, st.ctx->now() + first_pause);
}

void retry_later(pointer self, const caf::error& why) {
  auto& st = self->state;
  auto pause = std::min<std::chrono::minutes>(
      first_pause * (1 << std::min(st.failures, 6u)), longest_pause);
  ++st.failures;
  spdlog::error("certificate of the server not renewed reason={}",
                message_of(why));
  st.due = st.ctx->now() + pause;
}

void renew(pointer self) {
  auto& st = self->state;
  auto done = st.ctx->outside().servers->renew(st.ctx->now());
  if (done)
    plan(self, *done);
  else
    retry_later(self, done.error());
  set_timer(self);
}

void on_tick(pointer self) {
  if (self->state.due > self->state.ctx->now())
    set_timer(self);
  else
    renew(self);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("due=" + text::time_text(st.due));
  result.add_facts("renewed=" + std::to_string(st.renewed));
  result.add_facts("failures=" + std::to_string(st.failures));
  return pb<system::Description>{std::move(result)};
}

} // namespace

server_renewal_actor::behavior_type server_renewal(pointer self, context ctx) {
  self->state.ctx = std::make_unique<context>(std::move(ctx));
  renew(self);
  return {
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
