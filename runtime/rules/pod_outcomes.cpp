#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_lifecycle.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Pod;

// Notes a failure; each in a row doubles the wait.
void hold_back(std::unique_ptr<hold>& held, std::string reason,
               std::string message, time_point now) {
  auto delay = held && held->delay > seconds{0}
                   ? std::min(2 * held->delay, longest_delay)
                   : first_delay;
  held = std::make_unique<hold>();
  held->reason = std::move(reason);
  held->message = std::move(message);
  held->since = now;
  held->until = now + delay;
  held->delay = delay;
}

void mark_started(const Pod& pod, container_state& c, size_t i) {
  c.started = true;
  if (!container_at(pod, i).has_readiness_probe())
    c.ready = true;
}

void mark_unhealthy(container_state& c, seconds grace, std::string why,
                    time_point now) {
  if (c.unhealthy || c.step != container_step::running)
    return;
  c.unhealthy = true;
  c.ready = false;
  c.why = std::move(why);
  c.stop_by = now + grace;
}

seconds grace_of(const Pod& pod) {
  return seconds{pod.spec().termination_grace_period_seconds()};
}

seconds grace_of(const Pod& pod, const core::v1::Probe& probe) {
  return probe.has_termination_grace_period_seconds()
             ? seconds{probe.termination_grace_period_seconds()}
             : grace_of(pod);
}

} // namespace

void on_volumes_ready(pod_state& state) {
  if (state.volumes != volume_step::preparing)
    return;
  state.volumes = volume_step::ready;
  state.held.reset();
}

void on_volumes_failed(pod_state& state, std::string message, time_point now) {
  if (state.volumes != volume_step::preparing)
    return;
  state.volumes = volume_step::absent;
  hold_back(state.held, "FailedMount", std::move(message), now);
}

void on_volumes_clean(pod_state& state) {
  state.volumes = volume_step::clean;
}

void on_sandbox_ready(pod_state& state, std::string id,
                      std::vector<std::string> ips) {
  if (state.sandbox != sandbox_step::creating)
    return;
  state.sandbox = sandbox_step::ready;
  state.sandbox_id = std::move(id);
  state.ips = std::move(ips);
  state.held.reset();
}

void on_sandbox_failed(pod_state& state, std::string message, time_point now,
                       std::string id) {
  if (state.sandbox != sandbox_step::creating)
    return;
  state.sandbox = id.empty() ? sandbox_step::absent : sandbox_step::found;
  state.sandbox_id = std::move(id);
  hold_back(state.held, "FailedCreatePodSandBox", std::move(message), now);
}

void on_sandbox_lost(const Pod& pod, pod_state& state, time_point now) {
  if (state.sandbox != sandbox_step::ready
      && state.sandbox != sandbox_step::found)
    return;
  state.sandbox = sandbox_step::lost;
  for (size_t i = 0; i < container_count(pod); ++i) {
    auto& c = state.containers[i];
    if (c.step == container_step::exited)
      continue;
    if (c.step < container_step::starting) {
      c.step = container_step::absent;
      continue;
    }
    container_end end;
    end.id = c.id;
    end.exit_code = 137;
    end.reason = "ContainerStatusUnknown";
    end.message = "The sandbox ended and the container with it";
    end.started_at = c.started_at;
    end.finished_at = now;
    on_exited(state, i, std::move(end));
  }
}

void on_sandbox_stopped(pod_state& state) {
  if (state.sandbox == sandbox_step::stopping)
    state.sandbox = sandbox_step::stopped;
}

void on_sandbox_removed(pod_state& state) {
  if (state.sandbox == sandbox_step::removing)
    state.sandbox = sandbox_step::removed;
}

void on_pulled(pod_state& state, size_t i, std::string image_id) {
  auto& c = state.containers[i];
  if (c.step != container_step::pulling)
    return;
  c.step = container_step::pulled;
  c.image_id = std::move(image_id);
  if (c.held && c.held->reason.rfind("Create", 0) != 0)
    c.held.reset();
}

void on_pull_failed(pod_state& state, size_t i, std::string reason,
                    std::string message, time_point now) {
  auto& c = state.containers[i];
  if (c.step != container_step::pulling)
    return;
  c.step = container_step::absent;
  hold_back(c.held, std::move(reason), std::move(message), now);
}

void on_created(pod_state& state, size_t i, std::string id) {
  auto& c = state.containers[i];
  if (c.step != container_step::creating)
    return;
  c.step = container_step::created;
  c.id = std::move(id);
  c.held.reset();
}

void on_create_failed(pod_state& state, size_t i, std::string reason,
                      std::string message, time_point now) {
  auto& c = state.containers[i];
  if (c.step != container_step::creating)
    return;
  c.step = container_step::absent;
  hold_back(c.held, std::move(reason), std::move(message), now);
}

void on_started(const Pod& pod, pod_state& state, size_t i,
                time_point started_at) {
  auto& c = state.containers[i];
  if (c.step != container_step::starting)
    return;
  c.step = container_step::running;
  c.started_at = started_at;
  const auto& container = container_at(pod, i);
  if (!container.has_startup_probe() && !container.lifecycle().has_post_start())
    mark_started(pod, c, i);
}

void on_start_failed(pod_state& state, size_t i, std::string message,
                     time_point now) {
  auto& c = state.containers[i];
  if (c.step != container_step::starting)
    return;
  container_end end;
  end.id = c.id;
  end.exit_code = 128;
  end.reason = "StartError";
  end.message = std::move(message);
  end.started_at = now;
  end.finished_at = now;
  on_exited(state, i, std::move(end));
}

void on_exited(pod_state& state, size_t i, container_end end) {
  auto& c = state.containers[i];
  if (c.step == container_step::exited) {
    // The true end of one that was given up for lost.
    if (c.end->id == end.id && c.end->reason == "ContainerStatusUnknown")
      *c.end = std::move(end);
    return;
  }
  if (c.id != end.id)
    return;
  c.step = container_step::exited;
  c.started = false;
  c.ready = false;
  c.unhealthy = false;
  c.stop_sent = false;
  c.post_start = hook_step::done;
  c.pre_stop = hook_step::done;
  c.end = std::make_unique<container_end>(std::move(end));
  c.set_since = {};
}

void on_post_start(const Pod& pod, pod_state& state, size_t i, bool ok,
                   std::string message, time_point now) {
  auto& c = state.containers[i];
  if (c.post_start != hook_step::running)
    return;
  c.post_start = hook_step::done;
  if (!ok)
    return mark_unhealthy(c, grace_of(pod),
                          "PostStart hook failed: " + std::move(message), now);
  if (!container_at(pod, i).has_startup_probe())
    mark_started(pod, c, i);
}

void on_pre_stop(pod_state& state, size_t i) {
  if (state.containers[i].pre_stop == hook_step::running)
    state.containers[i].pre_stop = hook_step::done;
}

void on_probe(const Pod& pod, pod_state& state, size_t i, probe_kind kind,
              bool ok, time_point now) {
  auto& c = state.containers[i];
  if (c.step != container_step::running || c.unhealthy)
    return;
  const auto& container = container_at(pod, i);
  switch (kind) {
    case probe_kind::startup:
      if (ok)
        mark_started(pod, c, i);
      else
        mark_unhealthy(c, grace_of(pod, container.startup_probe()),
                       "failed startup probe", now);
      break;
    case probe_kind::liveness:
      if (!ok)
        mark_unhealthy(c, grace_of(pod, container.liveness_probe()),
                       "failed liveness probe", now);
      break;
    case probe_kind::readiness:
      c.ready = ok && c.started;
      break;
  }
}

void on_image_changed(const Pod& pod, pod_state& state, size_t i,
                      time_point now) {
  auto& c = state.containers[i];
  if (c.step < container_step::starting)
    c.held.reset();
  mark_unhealthy(c, grace_of(pod), "definition changed", now);
}

void on_stop(pod_state& state, stop_state stop) {
  if (!state.stop) {
    state.stop = std::move(stop);
    return;
  }
  auto& old = *state.stop;
  if (stop.since + stop.grace < old.since + old.grace)
    old.grace = std::max(seconds{0}, std::chrono::ceil<seconds>(
                                         stop.since + stop.grace - old.since));
  old.purge = old.purge || stop.purge;
  if (old.reason.empty() && !old.completed) {
    old.reason = std::move(stop.reason);
    old.message = std::move(stop.message);
  }
}

void on_clock_set(pod_state& state, time_point::duration by) {
  auto move_hold = [by](std::unique_ptr<hold>& held) {
    if (!held)
      return;
    held->since += by;
    held->until += by;
  };
  auto move = [by](time_point& when) {
    if (when != time_point{})
      when += by;
  };
  move_hold(state.held);
  if (state.stop)
    state.stop->since += by;
  for (auto& c : state.containers) {
    move_hold(c.held);
    move(c.crash_since);
    move(c.stop_by);
    move(c.stop_due);
    if (c.end)
      c.set_since += by;
  }
}

void on_hint(pod_state& state, time_point now) {
  if (state.held && state.held->reason == "FailedMount")
    state.held->until = now;
  for (auto& c : state.containers)
    if (c.held && c.held->reason == "CreateContainerConfigError")
      c.held->until = now;
}

} // namespace troupe::rules
