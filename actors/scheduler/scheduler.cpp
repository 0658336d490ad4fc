#include "actors/scheduler/scheduler.hpp"

#include "actors/scheduler/conditions.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <vector>

namespace troupe {

namespace {

using namespace scheduling;
using pointer = scheduler_actor::stateful_pointer<scheduler_state>;

constexpr const char* our_name = "default-scheduler";

/// So many pods are placed before other messages get their turn.
constexpr int pods_per_turn = 32;

instant clock_of(pointer self) {
  return self->clock().now().time_since_epoch();
}

pb<system::Tick> tick(const char* what, uint64_t number) {
  system::Tick msg;
  msg.set_what(what);
  msg.set_number(number);
  return pb<system::Tick>{std::move(msg)};
}

bool ready(const scheduler_state& st) {
  return st.nodes_feed.complete && st.pods_feed.complete
         && st.services_feed.complete && st.namespaces_feed.complete;
}

// -- placing ------------------------------------------------------------------

void go_on(pointer self) {
  auto& st = self->state;
  if (st.going_on || !st.api.is_active() || !ready(st))
    return;
  st.going_on = true;
  self->send(self, tick("place", 0));
}

void set_alarm(pointer self) {
  auto& st = self->state;
  auto due = st.queue.next_due();
  if (!due || (st.alarm_at.count() != 0 && st.alarm_at <= *due))
    return;
  st.alarm_at = *due;
  auto wait = std::max(*due - clock_of(self), instant{0});
  self->delayed_send(self, wait, tick("alarm", ++st.alarm));
}

void tell_failure(pointer self, const std::string& key, const char* reason,
                  const std::string& message) {
  auto& st = self->state;
  auto found = st.waiting.find(key);
  if (found == st.waiting.end())
    return;
  const auto& pod = found->second;
  st.api.emit(pod, "Warning", "FailedScheduling", message);
  auto patch =
      unscheduled_patch(pod.as<core::v1::Pod>(), reason, message, st.api.now());
  // A patch that fails is made up for by the next attempt; nobody waits for it.
  if (patch)
    st.api.patch(
        {&pod.kind(), pod.ns(), pod.name()}, patch_type::strategic,
        std::move(*patch), [](const expected<answer>&) {}, "status");
}

void wake(pointer self, happening what, const std::string& node) {
  auto& st = self->state;
  auto info = st.cluster.find(node);
  if (info && st.queue.wake(what, *info, clock_of(self)) > 0)
    go_on(self);
}

/// Only who waits for other pods is helped by one more.
void tell_placed(pointer self, const std::string& node) {
  if (self->state.cluster.affinity().started())
    wake(self, happening::pod_placed, node);
}

void place_one(pointer self, waiting_pod pod) {
  auto& st = self->state;
  auto key = pod.pod->key;
  auto result = st.placer.place(*pod.pod, st.ctx->random());
  if (!result.node.empty()) {
    st.why.set(key, "chose " + result.node + " out of "
                        + std::to_string(result.feasible)
                        + " nodes that could take it, "
                        + std::to_string(result.looked_at) + " looked at, with "
                        + std::to_string(result.score) + " points");
    st.cluster.assume(pod.pod, result.node);
    tell_placed(self, result.node);
    st.binds.start(std::move(pod), result.node);
    return;
  }
  auto message = result.why.message();
  st.why.set(key, message);
  pod.kept_out_by = result.why.kept_out_by;
  st.queue.wait(std::move(pod));
  tell_failure(self, key, "Unschedulable", message);
}

void on_place(pointer self) {
  auto& st = self->state;
  st.going_on = false;
  if (!ready(st) || !st.api.is_active())
    return;
  for (int i = 0; i < pods_per_turn; ++i) {
    if (st.binds.full())
      return; // an answer goes on
    auto pod = st.queue.pop(clock_of(self));
    if (!pod)
      return set_alarm(self);
    place_one(self, std::move(*pod));
  }
  go_on(self);
}

// -- bindings -----------------------------------------------------------------

void on_bound(pointer self, const binding& what) {
  auto& st = self->state;
  const auto& key = what.pod.pod->key;
  auto found = st.waiting.find(key);
  if (found != st.waiting.end())
    st.api.emit(found->second, "Normal", "Scheduled",
                "Successfully assigned " + key + " to " + what.node);
}

void on_bind_failed(pointer self, const binding& what, const caf::error& err) {
  auto& st = self->state;
  auto key = what.pod.pod->key;
  auto reason = message_of(err);
  st.cluster.forget(key);
  st.why.set(key, "binding to " + what.node + " failed: " + reason);
  // Whatever became of it, a pod that is bound shows up with its node in our
  // view before its back-off is over.
  if (st.waiting.count(key)) {
    st.queue.retry(what.pod, clock_of(self));
    if (!is(err, ec::service_unavailable) && !is(err, ec::conflict)
        && !is(err, ec::not_found))
      tell_failure(self, key, "SchedulerError", "binding rejected: " + reason);
  }
  wake(self, happening::pod_left, what.node);
}

// -- what changed -------------------------------------------------------------

void forget_pod(pointer self, const std::string& key) {
  auto& st = self->state;
  st.waiting.erase(key);
  st.queue.erase(key);
  st.binds.settle(key);
  auto node = st.cluster.remove_pod(key);
  if (!node.empty())
    wake(self, happening::pod_left, node);
}

void on_waiting_pod(pointer self, const object& pod, pod_ptr info) {
  auto& st = self->state;
  const auto& key = info->key;
  if (auto bound = st.binds.find(key)) {
    if (bound->pod.pod->uid == info->uid) {
      st.waiting[key] = pod;
      st.binds.refresh(std::move(info));
      return;
    }
    forget_pod(self, key);
  }
  st.waiting[key] = pod;
  st.queue.put(std::move(info), clock_of(self));
}

void on_pod(pointer self, const object& pod) {
  auto& st = self->state;
  auto info = make_pod_info(pod.as<core::v1::Pod>());
  const auto& key = info->key;
  if (info->finished) {
    forget_pod(self, key);
  } else if (!info->node_name.empty()) {
    st.queue.erase(key);
    st.waiting.erase(key);
    auto bound = st.binds.find(key);
    // The answer to our binding may come after what it did. It is told of here
    // then, since nothing is remembered of it afterwards.
    if (bound && !bound->done && bound->node == info->node_name)
      st.api.emit(pod, "Normal", "Scheduled",
                  "Successfully assigned " + key + " to " + bound->node);
    st.binds.settle(key);
    auto fresh = !st.cluster.placed(key);
    auto node = info->node_name;
    st.cluster.place(std::move(info));
    if (fresh)
      tell_placed(self, node);
  } else if (info->scheduler_name == our_name && !info->terminating) {
    on_waiting_pod(self, pod, std::move(info));
  } else {
    forget_pod(self, key);
  }
}

void on_node(pointer self, const object& node) {
  auto change =
      self->state.cluster.set_node(make_node_spec(node.as<core::v1::Node>()));
  if (change == cluster::node_change::added)
    wake(self, happening::node_added, node.name());
  else if (change == cluster::node_change::changed)
    wake(self, happening::node_changed, node.name());
}

void on_service(pointer self, const object& service) {
  label_list selector;
  for (const auto& [key, value] :
       service.as<core::v1::Service>().spec().selector())
    selector.emplace_back(key, value);
  self->state.services.insert(service.key());
  self->state.cluster.spread().set_service(service.ns(), service.name(),
                                           std::move(selector));
}

void forget_service(pointer self, const std::string& key) {
  auto slash = key.find('/');
  self->state.services.erase(key);
  self->state.cluster.spread().remove_service(key.substr(0, slash),
                                              key.substr(slash + 1));
}

void on_namespace(pointer self, const object& space) {
  label_list labels;
  for (const auto& [key, value] : space.meta().labels())
    labels.emplace_back(key, value);
  self->state.namespaces.insert(space.name());
  self->state.cluster.affinity().set_namespace(space.name(), std::move(labels));
}

void forget_namespace(pointer self, const std::string& name) {
  self->state.namespaces.erase(name);
  self->state.cluster.affinity().set_namespace(name, {});
}

/// What one view tells, and what to do about it.
struct handlers {
  feed scheduler_state::*progress;
  void (*changed)(pointer, const object&);
  void (*gone)(pointer, const std::string& key);
  std::vector<std::string> (*known)(const scheduler_state&);
};

void follow(pointer self, const kind_info& kind, handlers h) {
  self->state.api.subscribe({&kind, {}, {}, {}},
                            [self, h](const changes& batch) {
                              auto& st = self->state;
                              auto& progress = st.*h.progress;
                              if (batch.reset) {
                                progress.again = !h.known(st).empty();
                                progress.complete = false;
                                progress.seen.clear();
                              }
                              for (const auto& item : batch.items) {
                                if (item.type == change_type::deleted) {
                                  h.gone(self, item.what.key());
                                  continue;
                                }
                                if (progress.again)
                                  progress.seen.insert(item.what.key());
                                h.changed(self, item.what);
                              }
                              if (batch.complete) {
                                if (progress.again)
                                  for (const auto& key : h.known(st))
                                    if (!progress.seen.count(key))
                                      h.gone(self, key);
                                progress.again = false;
                                progress.complete = true;
                                progress.seen.clear();
                              }
                              go_on(self);
                            });
}

std::vector<std::string> known_pods(const scheduler_state& st) {
  auto result = st.cluster.pod_keys();
  for (const auto& entry : st.waiting)
    result.push_back(entry.first);
  return result;
}

void follow_all(pointer self) {
  follow(self, kind_of<core::v1::Node>(),
         {&scheduler_state::nodes_feed, on_node,
          [](pointer p, const std::string& key) {
            p->state.cluster.remove_node(key);
          },
          [](const scheduler_state& st) { return st.cluster.node_names(); }});
  follow(self, kind_of<core::v1::Service>(),
         {&scheduler_state::services_feed, on_service, forget_service,
          [](const scheduler_state& st) {
            return std::vector<std::string>(st.services.begin(),
                                            st.services.end());
          }});
  follow(self, kind_of<core::v1::Namespace>(),
         {&scheduler_state::namespaces_feed, on_namespace, forget_namespace,
          [](const scheduler_state& st) {
            return std::vector<std::string>(st.namespaces.begin(),
                                            st.namespaces.end());
          }});
  follow(self, kind_of<core::v1::Pod>(),
         {&scheduler_state::pods_feed, on_pod, forget_pod, known_pods});
}

// -- questions ----------------------------------------------------------------

pb<system::Explanation> on_explain(pointer self, const system::Explain& msg) {
  auto& st = self->state;
  if (!st.api.is_active())
    return pb<system::Explanation>{standby_explanation(st.api)};
  const auto& key = msg.key();
  system::Explanation result;
  if (!msg.kind().empty() && msg.kind() != "Pod")
    return result;
  if (auto bound = st.binds.find(key); bound && !bound->done)
    result.add_decisions("is being bound to " + bound->node);
  if (!ready(st) && st.waiting.count(key))
    result.add_decisions("waits until the scheduler knows the cluster");
  else if (st.queue.contains(key))
    result.add_decisions(st.queue.situation(key, clock_of(self)));
  if (const auto& sentence = st.why.of(key); !sentence.empty())
    result.add_decisions(sentence);
  return result;
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  auto add = [&](const char* fact, size_t n) {
    result.add_facts(fact + std::to_string(n));
  };
  result.add_facts(st.api.is_active() ? "active" : "standby");
  add("nodes=", st.cluster.node_count());
  add("pods=", st.cluster.pod_count());
  add("waiting=", st.queue.size());
  add("backing_off=", st.queue.backing_off());
  add("unschedulable=", st.queue.unschedulable());
  add("binding=", st.binds.open_requests());
  return result;
}

void on_tick(pointer self, const system::Tick& msg) {
  auto& st = self->state;
  if (msg.what() == "place") {
    on_place(self);
  } else if (msg.number() == st.alarm) {
    st.alarm_at = instant{0};
    go_on(self);
  }
}

} // namespace

scheduler_actor::behavior_type scheduler(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(ctx);
  st.binds.open(
      st.api, [self](const binding& what) { on_bound(self, what); },
      [self](const binding& what, const caf::error& err) {
        on_bind_failed(self, what, err);
      },
      [self] { go_on(self); });
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  follow_all(self);
  st.api.stand_for("kube-scheduler", [self] { go_on(self); });
  st.api.open(self, ctx, "system:kube-scheduler");
  return {
      [self](const pb<system::Tick>& msg) { on_tick(self, *msg); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Explain>& msg) { return on_explain(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
