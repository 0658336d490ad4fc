#include "actors/kubelet/pod_worker.hpp"

#include "actors/kubelet/pod_acts.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/fields.hpp"
#include "messages/kubelet.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/volume_edge.hpp"
#include "runtime/rules/pod_adoption.hpp"
#include "runtime/rules/pod_late.hpp"
#include "runtime/rules/pod_remarks.hpp"
#include "runtime/rules/pod_volumes.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = pod_worker_pointer;
using core::v1::Pod;
using rules::container_step;
using rules::probe_kind;
using rules::seconds;

// A status that will be another one in a moment is held back so long at most.
constexpr std::chrono::milliseconds report_patience{100};

constexpr size_t trace_length = 12;

const Pod& pod_of(pointer self) {
  return self->state.pod.as<Pod>();
}

pb<system::Tick> tick(const char* what, uint64_t number = 0) {
  system::Tick msg;
  msg.set_what(what);
  msg.set_number(number);
  return pb<system::Tick>{std::move(msg)};
}

void note(pointer self, std::string text) {
  auto& st = self->state;
  st.trace.push_back(std::move(text));
  if (st.trace.size() > trace_length)
    st.trace.pop_front();
}

// -- status -------------------------------------------------------------------

// Whether a step is under way that takes no longer than a moment.
bool in_motion(const rules::pod_state& life) {
  if (life.sandbox == rules::sandbox_step::creating
      || life.sandbox == rules::sandbox_step::stopping
      || life.volumes == rules::volume_step::preparing
      || life.volumes == rules::volume_step::cleaning)
    return true;
  return std::any_of(life.containers.begin(), life.containers.end(),
                     [](const auto& c) {
                       return c.step > container_step::absent
                              && c.step < container_step::running;
                     });
}

void finish_if_gone(pointer self) {
  auto& st = self->state;
  if (!st.life.erased || st.left || (st.awaiting && !st.orphaned))
    return;
  st.left = true;
  if (!st.node->simulated && st.ctx->outside().volumes)
    return st.ctx->outside().volumes->remove(pod_folder(self),
                                             finish(self, "gone"));
  kubelet_api::Gone msg;
  msg.set_uid(st.pod.uid());
  self->send(st.kubelet, pb<kubelet_api::Gone>{std::move(msg)});
}

// All that an update of the status reads of its object.
object with_status(const Pod& pod, core::v1::PodStatus status) {
  auto result = std::make_unique<Pod>();
  *result->mutable_metadata() = pod.metadata();
  *result->mutable_status() = std::move(status);
  return object::of(std::move(result));
}

void report(pointer self, bool now) {
  auto& st = self->state;
  // Nobody reads the status of an object that is gone.
  if (st.orphaned)
    return finish_if_gone(self);
  if (!st.attended || st.awaiting)
    return;
  if (!now && in_motion(st.life)) {
    if (!st.report_due) {
      st.report_due = true;
      self->delayed_send(self, report_patience, tick("report"));
    }
    return;
  }
  const auto& pod = pod_of(self);
  auto status = rules::pod_status(pod, st.life, st.node->node, now_of(self));
  if (!canonical_equal(status, pod.status())) {
    st.awaiting = true;
    for (auto& each : rules::remarks_of_waiting(pod, status))
      remark(self, each.type, each.reason, each.message);
    self->send(st.kubelet, pb<kubelet_api::Report>{kubelet_api::Report{}},
               with_status(pod, std::move(status)));
  }
  finish_if_gone(self);
}

// -- probes -------------------------------------------------------------------

bool has_probes(const core::v1::Container& c) {
  return c.has_startup_probe() || c.has_liveness_probe()
         || c.has_readiness_probe();
}

void start_prober(pointer self) {
  auto& st = self->state;
  if (st.prober)
    return;
  auto ctx = st.ctx->child("prober", st.ctx->random());
  auto path = ctx.path();
  st.prober = self->system().spawn(troupe::prober, std::move(ctx), st.runtime,
                                   caf::actor_cast<probe_listener_actor>(self));
  auto handle = caf::actor_cast<caf::actor>(st.prober);
  self->monitor(handle);
  st.children.add(handle);
  if (const auto& dir = st.ctx->directory()) {
    system::Started msg;
    msg.set_path(path);
    self->send(dir, pb<system::Started>{std::move(msg)}, handle);
  }
}

void stop_probing(pointer self, size_t i) {
  auto& st = self->state;
  if (i >= st.probed.size() || st.probed[i].empty())
    return;
  st.probed[i].clear();
  if (!st.prober)
    return;
  kubelet_api::StopProbing msg;
  msg.set_container(static_cast<uint32_t>(i));
  self->send(st.prober, pb<kubelet_api::StopProbing>{std::move(msg)});
}

void start_probing(pointer self, size_t i) {
  auto& st = self->state;
  const auto& c = st.life.containers[i];
  start_prober(self);
  st.probed.resize(st.life.containers.size());
  st.probed[i] = c.id;
  kubelet_api::ProbeContainer msg;
  msg.set_container(static_cast<uint32_t>(i));
  msg.set_id(c.id);
  msg.set_started_at(std::chrono::duration_cast<std::chrono::nanoseconds>(
                         c.started_at.time_since_epoch())
                         .count());
  msg.set_started(c.started);
  msg.set_ip(st.life.ips.empty() ? std::string{} : st.life.ips.front());
  self->send(st.prober, pb<kubelet_api::ProbeContainer>{std::move(msg)},
             st.pod);
}

// Sees to it that exactly what runs and has probes is probed.
void keep_probing(pointer self) {
  auto& st = self->state;
  for (size_t i = 0; i < st.life.containers.size(); ++i) {
    const auto& c = st.life.containers[i];
    if (!has_probes(rules::container_at(pod_of(self), i)))
      continue;
    bool wanted = c.step == container_step::running && !c.unhealthy
                  && c.post_start != rules::hook_step::running && !st.life.stop;
    if (!wanted)
      stop_probing(self, i);
    else if (i >= st.probed.size() || st.probed[i] != c.id)
      start_probing(self, i);
  }
}

void on_verdict(pointer self, const kubelet_api::Verdict& msg) {
  auto& st = self->state;
  size_t i = msg.container();
  if (i >= st.life.containers.size() || st.life.containers[i].id != msg.id())
    return;
  if (!msg.ok()) {
    const char* word = msg.kind() == kubelet_api::STARTUP    ? "Startup"
                       : msg.kind() == kubelet_api::LIVENESS ? "Liveness"
                                                             : "Readiness";
    remark(self, "Warning", "Unhealthy",
           word + std::string{" probe failed: "} + msg.message());
  }
  if (msg.unchanged())
    return;
  note(self, rules::container_at(pod_of(self), i).name() + ": "
                 + kubelet_api::ProbeKind_Name(msg.kind()) + " probe says "
                 + (msg.ok() ? "well" : "unwell"));
  rules::on_probe(pod_of(self), st.life, i, static_cast<probe_kind>(msg.kind()),
                  msg.ok(), now_of(self));
  drive(self);
}

// -- the pod's object ---------------------------------------------------------

// How long the pod has to end: from now on, or, for one that was found being
// deleted, what is left of it.
void stop_as_told(pointer self, bool found) {
  auto& st = self->state;
  const auto& pod = pod_of(self);
  const auto& meta = pod.metadata();
  rules::stop_state stop;
  stop.since = now_of(self);
  if (meta.has_deletion_timestamp()) {
    stop.purge = true;
    stop.grace = seconds{std::max<int64_t>(
        0, meta.has_deletion_grace_period_seconds()
               ? meta.deletion_grace_period_seconds()
               : pod.spec().termination_grace_period_seconds())};
    if (found)
      stop.since = std::min(stop.since,
                            from_time(meta.deletion_timestamp()) - stop.grace);
  } else if (rules::is_final(pod.status().phase())) {
    stop.completed = true;
    stop.grace = seconds{pod.spec().termination_grace_period_seconds()};
  } else {
    return;
  }
  if (!st.life.stop || (stop.purge && !st.life.stop->purge))
    note(self, "stop, grace " + std::to_string(stop.grace.count()) + "s");
  rules::on_stop(st.life, std::move(stop));
}

// Kubernetes: a running container whose image was changed is replaced.
void compare_images(pointer self, const Pod& old) {
  auto& st = self->state;
  for (size_t i = 0; i < rules::container_count(old); ++i)
    if (rules::container_at(old, i).image()
        != rules::container_at(pod_of(self), i).image())
      rules::on_image_changed(pod_of(self), st.life, i, now_of(self));
}

bool has_other_words(const Pod& a, const Pod& b) {
  auto same = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [&](const auto& entry, const auto&) {
                        auto i = y.find(entry.first);
                        return i != y.end() && i->second == entry.second;
                      })
           && x.size() == y.size();
  };
  return !same(a.metadata().labels(), b.metadata().labels())
         || !same(a.metadata().annotations(), b.metadata().annotations());
}

// The pod as it is on its node, where what joined it later runs like the rest.
object on_node(const object& pod, const object& before) {
  auto& as_told = pod.as<Pod>();
  if (as_told.spec().ephemeral_containers().empty())
    return pod;
  auto& known = before ? before.as<Pod>() : Pod::default_instance();
  return object::of(rules::with_late_containers(as_told, known))
      .with_revision(pod.revision());
}

void on_pod(pointer self, const object& pod) {
  auto& st = self->state;
  auto old = std::exchange(st.pod, on_node(pod, st.pod));
  // The same once more, in the form that is shared with others. One with
  // containers that joined it was made anew, so that nobody can tell: that it
  // is told again may mean that its status was not taken.
  auto joined = !pod_of(self).spec().ephemeral_containers().empty();
  if (!joined && old.revision() == pod.revision() && pod.revision() != 0
      && !old.same_cell(pod))
    return;
  st.awaiting = false;
  if (!st.attended)
    return;
  stop_as_told(self, false);
  rules::welcome(pod_of(self), st.life);
  if (!st.life.stop) {
    compare_images(self, old.as<Pod>());
    if (st.life.volumes == rules::volume_step::ready
        && has_other_words(old.as<Pod>(), pod_of(self))
        && rules::has_changing_volumes(pod_of(self)))
      write_volumes(self);
  }
  drive(self);
}

void on_references_changed(pointer self) {
  auto& st = self->state;
  if (!st.attended)
    return;
  rules::on_hint(st.life, now_of(self));
  if (!st.life.stop && st.life.volumes == rules::volume_step::ready
      && rules::has_changing_volumes(pod_of(self)))
    write_volumes(self);
  drive(self);
}

void on_leave(pointer self, const kubelet_api::Leave& msg) {
  auto& st = self->state;
  rules::stop_state stop;
  stop.since = now_of(self);
  stop.grace = seconds{msg.grace_seconds()};
  stop.reason = msg.reason();
  stop.message = msg.message();
  stop.purge = msg.purge();
  st.orphaned = st.orphaned || msg.purge();
  note(self, "stop, grace " + std::to_string(stop.grace.count()) + "s");
  rules::on_stop(st.life, std::move(stop));
  drive(self);
}

// -- the runtime --------------------------------------------------------------

// Begins with what the runtime has. What was decided before stays decided.
void on_attend(pointer self, const kubelet_api::Attend& msg,
               const container_runtime_actor& runtime) {
  auto& st = self->state;
  auto before = std::move(st.life);
  bool first = !st.runtime;
  auto pod = pod_of(self);
  if (!first)
    *pod.mutable_status() =
        rules::pod_status(pod, before, st.node->node, now_of(self));
  st.runtime = runtime;
  st.life = rules::adopt_pod(pod, msg.seen(), now_of(self));
  st.attended = true;
  st.prepared.clear();
  st.joining.clear();
  // Also before the first: the object may be gone, and say nothing any more.
  st.life.stop = std::move(before.stop);
  if (!first) {
    st.life.volumes = before.volumes == rules::volume_step::preparing
                          ? rules::volume_step::absent
                          : before.volumes;
    // The prober speaks to the old runtime.
    if (st.prober)
      self->send_exit(caf::actor_cast<caf::actor>(st.prober),
                      caf::exit_reason::user_shutdown);
  }
  if (st.life.sandbox != rules::sandbox_step::absent)
    note(self, "take over from runtime");
  stop_as_told(self, true);
  drive(self);
}

void on_event(pointer self, const container::Event& event) {
  auto& st = self->state;
  if (!st.attended)
    return;
  if (event.type() == container::SANDBOX_LOST) {
    if (event.sandbox().id() != st.life.sandbox_id)
      return;
    note(self, "sandbox lost");
    rules::on_sandbox_lost(pod_of(self), st.life, now_of(self));
  } else if (event.type() == container::CONTAINER_EXITED) {
    auto i = rules::find_container(pod_of(self), event.container().name());
    if (!i)
      return;
    auto end = rules::end_of(event.container());
    if (st.life.containers[*i].id == end.id
        && st.life.containers[*i].step != container_step::exited)
      note(self, event.container().name() + " exits "
                     + std::to_string(end.exit_code));
    rules::on_exited(st.life, *i, std::move(end));
  }
  drive(self);
}

// -- timers and edges ---------------------------------------------------------

void on_volumes(pointer self, const std::string& problem) {
  auto& st = self->state;
  st.writing = false;
  if (st.life.volumes == rules::volume_step::preparing) {
    if (problem.empty()) {
      rules::on_volumes_ready(st.life);
    } else {
      remark(self, "Warning", "FailedMount", problem);
      rules::on_volumes_failed(st.life, problem, now_of(self));
    }
  } else if (!problem.empty()) {
    remark(self, "Warning", "FailedMount", problem);
  }
  if (std::exchange(st.rewrite, false))
    write_volumes(self);
}

void on_finished(pointer self, const kubelet_api::Finished& msg) {
  auto& st = self->state;
  if (msg.what() == "volumes") {
    on_volumes(self, msg.problem());
  } else if (msg.what() == "clean") {
    rules::on_volumes_clean(st.life);
  } else if (msg.what() == "join") {
    on_joined(self, msg.problem());
  } else if (msg.what() == "folders") {
    create_prepared(self, msg.number(), msg.problem());
  } else if (msg.what() == "post start" || msg.what() == "pre stop") {
    hook_done(self, msg.number(), msg.what() == "post start", msg.problem());
  } else if (msg.what() == "gone") {
    kubelet_api::Gone gone;
    gone.set_uid(st.pod.uid());
    self->send(st.kubelet, pb<kubelet_api::Gone>{std::move(gone)});
  }
  drive(self);
}

void on_tick(pointer self, const system::Tick& msg) {
  auto& st = self->state;
  const auto& what = msg.what();
  if (what == "report") {
    st.report_due = false;
    return report(self, true);
  }
  if (what == "alarm") {
    if (msg.number() != st.alarm)
      return;
    st.alarm_at = time_point{};
  } else if (what == "post start" || what == "pre stop") {
    hook_done(self, msg.number(), what == "post start", {});
  } else if (what == "stop sandbox") {
    if (st.life.sandbox == rules::sandbox_step::stopping)
      st.life.sandbox = rules::sandbox_step::ready;
  } else if (what == "remove sandbox") {
    if (st.life.sandbox == rules::sandbox_step::removing)
      st.life.sandbox = rules::sandbox_step::stopped;
  } else if (what == "stop containers") {
    for (auto& c : st.life.containers)
      c.stop_sent = false;
  }
  drive(self);
}

void set_alarm(pointer self, time_point wake) {
  auto& st = self->state;
  if (wake == time_point::max()
      || (st.alarm_at != time_point{} && st.alarm_at <= wake))
    return;
  st.alarm_at = wake;
  // A little late rather than a little early: the wall clock may lag.
  auto wait = std::max(wake - now_of(self), time_point::duration{0})
              + std::chrono::milliseconds{1};
  self->delayed_send(self, wait, tick("alarm", ++st.alarm));
}

// -- telling ------------------------------------------------------------------

pb<system::Explanation> on_explain(pointer self) {
  auto& st = self->state;
  system::Explanation result;
  if (st.life.held)
    result.add_decisions(st.life.held->reason + ": " + st.life.held->message);
  for (const auto& c : st.life.containers)
    if (c.held)
      result.add_decisions(c.held->reason + ": " + c.held->message);
  for (auto i = st.trace.rbegin(); i != st.trace.rend(); ++i)
    result.add_decisions(*i);
  return result;
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  uint32_t restarts = 0;
  size_t running = 0;
  for (const auto& c : st.life.containers) {
    restarts += c.restarts;
    running += c.step == container_step::running ? 1 : 0;
  }
  result.add_facts("running=" + std::to_string(running) + "/"
                   + std::to_string(st.life.containers.size()));
  if (restarts > 0)
    result.add_facts("restarts=" + std::to_string(restarts));
  if (st.life.stop)
    result.add_facts("stopping");
  return result;
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (down.source == st.kubelet.address())
    return self->quit(caf::exit_reason::user_shutdown);
  if (st.runtime && down.source == st.runtime.address())
    st.attended = false;
  st.asks.on_down(down);
  if (st.prober && down.source == st.prober.address()) {
    st.children.remove(down.source);
    st.prober = nullptr;
    st.probed.clear();
    if (st.attended)
      keep_probing(self);
  }
}

} // namespace

time_point now_of(pointer self) {
  auto& st = self->state;
  auto wall = st.ctx->now();
  auto by = st.clock.moved({wall, self->clock().now()});
  if (by.count() != 0)
    rules::on_clock_set(st.life, by);
  return wall;
}

void drive(pointer self) {
  auto& st = self->state;
  if (!st.attended || st.driving)
    return;
  st.driving = true;
  for (;;) {
    auto plan = rules::advance(pod_of(self), st.life, now_of(self));
    for (const auto& action : plan.actions) {
      note(self, rules::to_text(pod_of(self), action));
      perform(self, action);
    }
    if (plan.actions.empty()) {
      set_alarm(self, plan.wake);
      break;
    }
  }
  st.driving = false;
  keep_probing(self);
  report(self, false);
}

pod_worker_actor::behavior_type
pod_worker(pointer self, context ctx, std::shared_ptr<const node_facts> node,
           pod_keeper_actor kubelet, object pod) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.node = std::move(node);
  st.kubelet = std::move(kubelet);
  st.pod = on_node(pod, {});
  st.asks = calls{self};
  st.children = brood{self};
  self->monitor(st.kubelet);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const pb<kubelet_api::Attend>& msg,
             const container_runtime_actor& runtime) {
        on_attend(self, *msg, runtime);
      },
      [self](const object& newest) { on_pod(self, newest); },
      [self](const pb<kubelet_api::Leave>& msg) { on_leave(self, *msg); },
      [self](const pb<kubelet_api::ReferencesChanged>&) {
        on_references_changed(self);
      },
      [self](const pb<kubelet_api::Finished>& msg) { on_finished(self, *msg); },
      [self](const pb<system::Tick>& msg) { on_tick(self, *msg); },
      [self](const pb<container::Event>& event) { on_event(self, *event); },
      [self](const pb<kubelet_api::Verdict>& msg) { on_verdict(self, *msg); },
      [self](const pb<kubelet_api::PodLogs>& msg,
             const container_stream_actor& to) {
        return on_logs(self, *msg, to);
      },
      [self](const pb<kubelet_api::PodExec>& msg,
             const container_stream_actor& to) {
        return on_exec(self, *msg, to);
      },
      [self](const pb<kubelet_api::PodAttach>& msg,
             const container_stream_actor& to) {
        return on_attach(self, *msg, to);
      },
      [self](const pb<system::Explain>&) { return on_explain(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
