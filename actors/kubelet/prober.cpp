#include "actors/kubelet/prober.hpp"

#include "actors/kubelet/knock.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/system.pb.h"
#include "runtime/net/probe_edge.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <vector>

namespace troupe {

namespace {

using pointer = prober_actor::stateful_pointer<prober_state>;
using probing = prober_state::probing;
using rules::probe_kind;

constexpr probe_kind kinds[] = {probe_kind::startup, probe_kind::liveness,
                                probe_kind::readiness};

bool has_probe(const core::v1::Container& container, probe_kind kind) {
  return kind == probe_kind::startup    ? container.has_startup_probe()
         : kind == probe_kind::liveness ? container.has_liveness_probe()
                                        : container.has_readiness_probe();
}

const core::v1::Probe& probe_of(const object& pod, prober_state::key key) {
  const auto& container =
      rules::container_at(pod.as<core::v1::Pod>(), key.first);
  return key.second == probe_kind::startup    ? container.startup_probe()
         : key.second == probe_kind::liveness ? container.liveness_probe()
                                              : container.readiness_probe();
}

void forget(pointer self, uint32_t container) {
  auto& probes = self->state.probes;
  for (auto kind : kinds)
    probes.erase({container, kind});
}

// -- results ------------------------------------------------------------------

void tell(pointer self, prober_state::key key, const probing& p, bool ok,
          bool unchanged, const std::string& message) {
  kubelet_api::Verdict msg;
  msg.set_container(key.first);
  msg.set_id(p.id);
  msg.set_kind(static_cast<kubelet_api::ProbeKind>(key.second));
  msg.set_ok(ok);
  msg.set_unchanged(unchanged);
  msg.set_message(message);
  self->send(self->state.worker, pb<kubelet_api::Verdict>{std::move(msg)});
}

void open_gates(pointer self, uint32_t container) {
  for (auto& [key, p] : self->state.probes)
    if (key.first == container)
      p.gated = false;
}

void set_alarm(pointer self);

void on_result(pointer self, uint64_t number, bool ok,
               const std::string& message) {
  auto& probes = self->state.probes;
  auto i = std::find_if(probes.begin(), probes.end(), [&](const auto& entry) {
    return entry.second.number == number;
  });
  if (i == probes.end())
    return;
  auto key = i->first;
  auto& p = i->second;
  p.number = 0;
  auto verdict = rules::count_probe(probe_of(p.pod, key), key.second, p.count,
                                    ok, self->clock().now());
  if (verdict || !ok)
    tell(self, key, p, ok, !verdict, message);
  if (key.second == probe_kind::startup && verdict) {
    // Either way its work is done: the container has started, or is killed.
    probes.erase(i);
    if (ok)
      open_gates(self, key.first);
  }
  set_alarm(self);
}

// The runtime went away in the middle: no result, once more a period later.
void on_no_result(pointer self, uint64_t number) {
  auto& st = self->state;
  for (auto& [key, p] : st.probes) {
    if (p.number != number)
      continue;
    p.number = 0;
    p.count.running = false;
    p.count.due = self->clock().now() + rules::seconds{1};
  }
  set_alarm(self);
}

// -- probing ------------------------------------------------------------------

void run_exec(pointer self, const probing& p, const core::v1::Probe& probe) {
  auto& st = self->state;
  container::ExecSync msg;
  msg.set_container_id(p.id);
  *msg.mutable_command() = probe.handler().exec().command();
  msg.set_timeout_ms(rules::probe_timeout(probe).count() * 1000);
  auto number = p.number;
  st.asks.ask<pb<container::ExecResult>>(
      st.runtime,
      [self, number](const pb<container::ExecResult>& result) {
        on_result(self, number, result->exit_code() == 0,
                  result->stdout() + result->stderr());
      },
      [self, number](const caf::error& err) {
        if (is(err, ec::service_unavailable))
          on_no_result(self, number);
        else
          on_result(self, number, false, message_of(err));
      },
      pb<container::ExecSync>{std::move(msg)});
}

void start(pointer self, prober_state::key key, probing& p) {
  auto& st = self->state;
  const auto& probe = probe_of(p.pod, key);
  p.number = ++st.last;
  p.count.running = true;
  if (probe.handler().has_exec())
    return run_exec(self, p, probe);
  auto knock =
      knock_of(p.pod.as<core::v1::Pod>(), key.first, probe.handler(), p.ip);
  if (knock && !st.ctx->outside().probes)
    knock = make_error(ec::service_unavailable, "there is no network here");
  if (!knock)
    return on_result(self, p.number, false, message_of(knock.error()));
  knock->timeout = rules::probe_timeout(probe);
  auto me = caf::actor_cast<caf::actor_addr>(self);
  st.ctx->outside().probes->probe(
      std::move(*knock), [me, number = p.number](net::probe_result result) {
        kubelet_api::Finished msg;
        msg.set_number(number);
        if (!result.ok)
          msg.set_problem(result.message.empty() ? "failed" : result.message);
        if (auto to = caf::actor_cast<prober_actor>(me))
          caf::anon_send(to, pb<kubelet_api::Finished>{std::move(msg)});
      });
}

void set_alarm(pointer self) {
  auto& st = self->state;
  auto due = steady_point::max();
  for (const auto& [key, p] : st.probes)
    if (!p.count.running && !p.gated)
      due = std::min(due, p.count.due);
  if (due == steady_point::max()
      || (st.alarm_at != steady_point{} && st.alarm_at <= due))
    return;
  st.alarm_at = due;
  auto wait = std::max(due - self->clock().now(), steady_point::duration{0});
  system::Tick tick;
  tick.set_number(++st.alarm);
  self->delayed_send(self, wait, pb<system::Tick>{std::move(tick)});
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& st = self->state;
  if (tick.number() != st.alarm)
    return;
  st.alarm_at = steady_point{};
  auto now = self->clock().now();
  std::vector<prober_state::key> due;
  for (const auto& [key, p] : st.probes)
    if (!p.count.running && !p.gated && p.count.due <= now)
      due.push_back(key);
  for (const auto& key : due)
    if (auto i = st.probes.find(key); i != st.probes.end())
      start(self, key, i->second);
  set_alarm(self);
}

void on_probe_container(pointer self, const kubelet_api::ProbeContainer& msg,
                        const object& pod) {
  auto& st = self->state;
  forget(self, msg.container());
  const auto& container =
      rules::container_at(pod.as<core::v1::Pod>(), msg.container());
  time_point on_wall{std::chrono::duration_cast<time_point::duration>(
      std::chrono::nanoseconds{msg.started_at()})};
  instant now{st.ctx->now(), self->clock().now()};
  auto started = std::min(now.steady, now.steady_at(on_wall));
  bool gated = container.has_startup_probe() && !msg.started();
  for (auto kind : kinds) {
    if (!has_probe(container, kind)
        || (kind == probe_kind::startup && msg.started()))
      continue;
    prober_state::key key{msg.container(), kind};
    auto& p = st.probes[key];
    p.id = msg.id();
    p.ip = msg.ip();
    p.pod = pod;
    p.count = rules::first_probe(probe_of(pod, key), started);
    p.gated = gated && kind != probe_kind::startup;
  }
  set_alarm(self);
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("probes=" + std::to_string(self->state.probes.size()));
  return result;
}

} // namespace

prober_actor::behavior_type prober(pointer self, context ctx,
                                   container_runtime_actor runtime,
                                   probe_listener_actor worker) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.runtime = std::move(runtime);
  st.worker = std::move(worker);
  st.asks = calls{self};
  self->monitor(st.worker);
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& state = self->state;
    if (state.worker && down.source == state.worker.address())
      return self->quit(caf::exit_reason::user_shutdown);
    state.asks.on_down(down);
  });
  return {
      [self](const pb<kubelet_api::ProbeContainer>& msg, const object& pod) {
        on_probe_container(self, *msg, pod);
      },
      [self](const pb<kubelet_api::StopProbing>& msg) {
        forget(self, msg->container());
      },
      [self](const pb<kubelet_api::Finished>& msg) {
        on_result(self, msg->number(), msg->problem().empty(), msg->problem());
      },
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
