#include "actors/system/supervisor.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

using pointer = supervisor_actor::stateful_pointer<supervisor_state>;
using slot = supervisor_state::slot;

constexpr auto stop_patience = std::chrono::seconds(5);
constexpr auto first_pause = std::chrono::milliseconds(50);

void start(pointer self, slot& child) {
  auto& st = self->state;
  auto base = st.rules.transparent ? context{*st.ctx}.at_top() : *st.ctx;
  auto ctx = base.child(child.spec.name, ++child.incarnation);
  child.handle = child.spec.start(self->system(), ctx);
  child.now = slot::running;
  child.started = self->clock().now();
  self->monitor(child.handle);
  st.children.add(child.handle);
  if (child.spec.directory) {
    *st.ctx =
        st.ctx->with_directory(caf::actor_cast<directory_actor>(child.handle));
    // Nobody above could tell it where this supervisor itself is.
    system::Started self_started;
    self_started.set_path(st.ctx->path());
    self_started.set_supervisor(true);
    self->send(st.ctx->directory(),
               pb<system::Started>{std::move(self_started)},
               caf::actor_cast<caf::actor>(self));
  }
  if (auto& dir = st.ctx->directory()) {
    system::Started msg;
    msg.set_path(ctx.path());
    msg.set_restarts(child.restarts);
    msg.set_last_failure(child.failure);
    msg.set_supervisor(child.spec.supervisor);
    msg.set_kept(true);
    self->send(dir, pb<system::Started>{std::move(msg)}, child.handle);
  }
}

std::string path_of(pointer self, const slot& child) {
  auto& st = self->state;
  auto base = st.rules.transparent ? context{*st.ctx}.at_top() : *st.ctx;
  return base.child(child.spec.name, child.incarnation).path();
}

/// The phase that the child is in shall not last longer.
void limit_phase(pointer self, slot& child, std::chrono::nanoseconds most) {
  child.timer = ++self->state.timers;
  system::Tick tick;
  tick.set_number(child.timer);
  self->delayed_send(self, most, pb<system::Tick>{std::move(tick)});
}

/// Lets the child be started after `pause`.
void start_later(pointer self, slot& child, std::chrono::nanoseconds pause) {
  child.now = slot::pausing;
  limit_phase(self, child, pause);
}

/// Whoever looks for a child that is kept away shall see that it is.
void tell_away(pointer self, const slot& child) {
  auto& dir = self->state.ctx->directory();
  auto left = child.away_until - self->clock().now();
  if (!dir || left.count() <= 0)
    return;
  system::Stopped msg;
  msg.set_path(path_of(self, child));
  msg.set_away_ms(
      std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
  msg.set_restarts(child.restarts);
  msg.set_last_failure(child.failure);
  msg.set_supervisor(child.spec.supervisor);
  self->send(dir, pb<system::Stopped>{std::move(msg)});
}

void stop(pointer self, size_t index) {
  auto& child = self->state.slots[index];
  if (child.now != slot::running)
    return;
  child.now = slot::stopping;
  self->send_exit(child.handle, caf::exit_reason::user_shutdown);
  limit_phase(self, child, stop_patience);
}

/// Starts what is idle once nothing is on its way down any more.
void settle(pointer self) {
  auto& st = self->state;
  auto busy = [](const slot& s) { return s.now == slot::stopping; };
  if (std::any_of(st.slots.begin(), st.slots.end(), busy))
    return;
  for (auto& child : st.slots) {
    if (child.now == slot::pausing) {
      // Who comes later may need it, if the order means anything.
      if (st.rules.how != strategy::one_for_one)
        return;
      continue;
    }
    if (child.now == slot::idle)
      start(self, child);
  }
}

/// Ends the last child that still runs; quits when there is none.
void wind_down(pointer self, const caf::error& reason) {
  auto& st = self->state;
  for (size_t i = st.slots.size(); i-- > 0;) {
    if (st.slots[i].now == slot::stopping)
      return;
    if (st.slots[i].now == slot::running) {
      stop(self, i);
      return;
    }
  }
  self->quit(reason);
}

/// Returns the pause before this child may start again; zero for at once.
/// Nothing when it is time to give up. Pauses thin failures out, so that only a
/// child that lasts is taken for well again.
caf::optional<std::chrono::milliseconds> pause_for(pointer self, slot& child) {
  auto& rules = self->state.rules;
  auto now = self->clock().now();
  if (now - child.started > rules.period)
    child.pauses = 0;
  child.recent.push_back(now);
  while (now - child.recent.front() > rules.period)
    child.recent.pop_front();
  if (child.pauses == 0 && child.recent.size() <= rules.intensity)
    return std::chrono::milliseconds{0};
  if (child.pauses >= rules.intensity)
    return caf::none;
  auto pause = first_pause * (1 << std::min(child.pauses++, 10u));
  return std::min<std::chrono::milliseconds>(pause, rules.period);
}

void stop_companions(pointer self, size_t failed) {
  auto& st = self->state;
  if (st.rules.how == strategy::one_for_one)
    return;
  auto first = st.rules.how == strategy::one_for_all ? 0 : failed + 1;
  for (size_t i = st.slots.size(); i-- > first;)
    stop(self, i);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  auto it = std::find_if(st.slots.begin(), st.slots.end(), [&](slot& s) {
    return s.handle && s.handle.address() == down.source;
  });
  if (it == st.slots.end())
    return;
  auto was_told = it->now == slot::stopping;
  st.children.remove(down.source);
  it->handle = nullptr;
  it->now = slot::idle;
  if (st.ending) {
    wind_down(self, caf::exit_reason::user_shutdown);
    return;
  }
  ++it->restarts;
  auto pause = std::chrono::nanoseconds{0};
  if (!was_told) {
    it->failure = message_of(down.reason);
    spdlog::warn("actor went down path={} restarts={} reason={}",
                 path_of(self, *it), it->restarts, it->failure);
    auto after_failure = pause_for(self, *it);
    if (!after_failure) {
      // Gives up: what is above decides.
      spdlog::error("supervisor gives up path={} child={}", st.ctx->path(),
                    it->spec.name);
      self->quit(caf::exit_reason::unhandled_exception);
      return;
    }
    pause = *after_failure;
  }
  pause = std::max<std::chrono::nanoseconds>(pause, it->away_until
                                                        - self->clock().now());
  if (pause.count() > 0)
    start_later(self, *it, pause);
  tell_away(self, *it);
  if (!was_told)
    stop_companions(self, static_cast<size_t>(it - st.slots.begin()));
  settle(self);
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& st = self->state;
  auto child = std::find_if(st.slots.begin(), st.slots.end(),
                            [&](auto& s) { return s.timer == tick.number(); });
  if (child == st.slots.end())
    return;
  if (child->now == slot::pausing) {
    child->now = slot::idle;
    if (!st.ending)
      settle(self);
  } else if (child->now == slot::stopping) {
    self->send_exit(child->handle, caf::exit_reason::kill);
  }
}

void on_keep_away(pointer self, const system::KeepAway& msg) {
  auto& st = self->state;
  auto child =
      std::find_if(st.slots.begin(), st.slots.end(), [&](const slot& s) {
        return path_of(self, s) == msg.path();
      });
  if (st.ending || child == st.slots.end())
    return;
  auto pause = std::chrono::milliseconds{msg.away_ms()};
  child->away_until = self->clock().now() + pause;
  if (child->now == slot::running) {
    self->send_exit(child->handle, caf::exit_reason::kill);
  } else if (child->now == slot::pausing) {
    start_later(self, *child, pause);
    tell_away(self, *child);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto& slots = self->state.slots;
  auto alive = std::count_if(slots.begin(), slots.end(), [](auto& child) {
    return child.now == slot::running;
  });
  auto result = begin_description(self);
  result.add_facts("children=" + std::to_string(alive));
  if (auto away = static_cast<ptrdiff_t>(slots.size()) - alive; away > 0)
    result.add_facts("away=" + std::to_string(away));
  return result;
}

} // namespace

supervisor_actor::behavior_type supervisor(pointer self, context ctx,
                                           supervision rules,
                                           std::vector<child_spec> specs) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.rules = rules;
  st.children = brood{self};
  for (auto& spec : specs) {
    st.slots.emplace_back();
    st.slots.back().spec = std::move(spec);
  }
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](const caf::exit_msg& exit) {
    self->state.ending = true;
    wind_down(self, exit.reason);
  });
  settle(self);
  return {
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::KeepAway>& msg) { on_keep_away(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec branch(std::string name, supervision rules,
                  std::vector<child_spec> specs) {
  child_spec result;
  result.name = std::move(name);
  result.supervisor = true;
  result.start = [rules, specs](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(
        sys.spawn(supervisor, ctx, rules, specs));
  };
  return result;
}

} // namespace troupe
