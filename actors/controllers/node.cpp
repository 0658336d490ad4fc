#include "actors/controllers/node.hpp"

#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/lost_node.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using coordination::v1::Lease;
using core::v1::Node;
using core::v1::Pod;
using pointer = node_actor::stateful_pointer<node_state>;

constexpr auto lease_namespace = "kube-node-lease";

instant moment(pointer self) {
  return {self->state.loop.now(), self->clock().now()};
}

// -- witnesses ----------------------------------------------------------------

void watch_kubelet(pointer self, const std::string& node);

void on_kubelet(pointer self, const std::string& node,
                const caf::actor& handle) {
  auto& st = self->state;
  auto witness = st.witnesses.find(node);
  if (witness == st.witnesses.end())
    return;
  if (witness->second.lost) {
    witness->second.lost.reset();
    witness->second.heard = self->clock().now();
    st.loop.mark(node);
  }
  st.kubelets[handle.address()] = node;
  self->monitor(handle);
}

void watch_kubelet(pointer self, const std::string& node) {
  system::Resolve msg;
  msg.set_path("kubelet/" + node);
  self->state.asked.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, node](const caf::actor& handle) {
        on_kubelet(self, node, handle);
      },
      // The directory's end is the end of all who use it.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.asked.on_down(down);
  st.loop.on_down(down);
  auto found = st.kubelets.find(down.source);
  if (found == st.kubelets.end())
    return;
  auto node = std::move(found->second);
  st.kubelets.erase(found);
  auto witness = st.witnesses.find(node);
  if (witness == st.witnesses.end())
    return;
  witness->second.lost = self->clock().now();
  st.loop.mark(node);
  watch_kubelet(self, node);
}

/// Another server, or one in another process, says that a kubelet there is
/// gone. A kubelet of ours was seen to go, and is seen to come.
void on_mark(pointer self, const std::string& node, const Lease& lease) {
  auto& st = self->state;
  auto witness = st.witnesses.find(node);
  if (witness == st.witnesses.end())
    return;
  auto& lost = witness->second.lost;
  if (rules::is_marked_lost(lease)) {
    if (!lost)
      lost = self->clock().now();
  } else if (lost && st.marked.count(node) > 0) {
    lost.reset();
  } else {
    return;
  }
  if (lost)
    st.marked.insert(node);
  else
    st.marked.erase(node);
  st.loop.mark(node);
}

void heard(pointer self, const std::string& node) {
  auto found = self->state.witnesses.find(node);
  if (found != self->state.witnesses.end())
    found->second.heard = self->clock().now();
}

bool is_renewed(const object& before, const object& now) {
  auto& time = now.as<Lease>().spec().renew_time();
  return !before
         || from_time(before.as<Lease>().spec().renew_time())
                != from_time(time);
}

void on_lease(pointer self, const object& before, const object& now) {
  // A mark in it is no sign of life.
  if (is_renewed(before, now))
    heard(self, now.name());
  on_mark(self, now.name(), now.as<Lease>());
}

// -- what changed -------------------------------------------------------------

int64_t heartbeat(const object& node) {
  const auto* ready =
      rules::find_condition(node.as<Node>().status().conditions(), "Ready");
  return ready ? ready->last_heartbeat_time().seconds() : 0;
}

/// Kubernetes: region and zone together.
std::string zone_of(const object& node) {
  auto& labels = node.meta().labels();
  auto value = [&](const char* key) {
    auto found = labels.find(key);
    return found == labels.end() ? std::string{} : found->second;
  };
  return value("topology.kubernetes.io/region") + "/"
         + value("topology.kubernetes.io/zone");
}

void count_zone(node_state& st, const object& node, int by) {
  auto zone = st.zones.try_emplace(zone_of(node)).first;
  auto& count = rules::is_node_ready(node.as<Node>()) ? zone->second.ready
                                                      : zone->second.away;
  count += static_cast<size_t>(by); // -1 wraps around and back
  if (zone->second.ready + zone->second.away == 0)
    st.zones.erase(zone);
}

bool is_ready(const object& node) {
  return node && rules::is_node_ready(node.as<Node>());
}

void on_zones(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  if (now)
    count_zone(st, now, 1);
  if (before)
    count_zone(st, before, -1);
  if (!now) {
    st.emptied.erase(before.name());
    st.held.erase(before.name());
  }
  // Whose turn it is depends on how many are away.
  if (is_ready(before) != is_ready(now))
    for (const auto& name : st.held)
      st.loop.mark(name);
}

void on_well(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  auto none = st.well.empty();
  if (now && rules::is_node_ready(now.as<Node>()))
    st.well.insert(now.name());
  else
    st.well.erase((now ? now : before).name());
  // Whether silence evicts depends on the other nodes.
  if (none != st.well.empty())
    for (const auto& [name, node] : st.nodes->all())
      st.loop.mark(name);
}

void on_node(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  const auto& name = (now ? now : before).name();
  if (before)
    st.subnets.release(before.as<Node>().spec().pod_cidr());
  if (now)
    st.subnets.take(now.as<Node>().spec().pod_cidr());
  if (!now) {
    st.witnesses.erase(name);
    st.marked.erase(name);
  } else if (!before) {
    st.witnesses[name] = {self->clock().now(), {}, {}};
    watch_kubelet(self, name);
  } else if (heartbeat(now) != heartbeat(before)) {
    heard(self, name);
  }
  if (now)
    rules::note_taints(now.as<Node>(), st.witnesses[name], moment(self));
  on_well(self, before, now);
  on_zones(self, before, now);
  st.loop.mark(name);
}

void on_pod(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  if (before) {
    const auto& node = before.as<Pod>().spec().node_name();
    auto found = st.pods.find(node);
    if (found != st.pods.end()) {
      found->second.erase(before.key());
      if (found->second.empty())
        st.pods.erase(found);
    }
  }
  if (!now)
    return;
  const auto& node = now.as<Pod>().spec().node_name();
  if (node.empty())
    return;
  st.pods[node][now.key()] = now;
  // Only a node with something wrong does anything about its pods.
  auto found = st.nodes->find(node);
  if (found
      && (st.well.count(node) == 0
          || found.as<Node>().spec().taints_size() > 0))
    st.loop.mark(node);
}

// -- carrying a plan out ------------------------------------------------------

using plan_ptr = std::shared_ptr<rules::node_plan>;

bool is_gone(const caf::error& err) {
  return is(err, ec::not_found);
}

void write_pods(pointer self, const std::string& key, const plan_ptr& plan) {
  auto& loop = self->state.loop;
  gathering all{[self, key](const caf::error& err) {
    self->state.loop.finish(key, err);
  }};
  for (const auto& pod : plan->not_ready)
    loop.update_status(key, pod, all.expect(is_gone));
  for (const auto& pod : plan->evicted) {
    delete_options options;
    options.precondition_uid = pod.uid();
    loop.remove(key, pod, options, all.expect([](const caf::error& err) {
      return is_gone(err) || is(err, ec::conflict);
    }));
  }
  loop.tell(plan->events);
  all.close();
}

void write_taints(pointer self, const std::string& key, const plan_ptr& plan,
                  uint64_t revision) {
  if (!plan->tainted)
    return write_pods(self, key, plan);
  self->state.loop.update(key, plan->tainted->with_revision(revision),
                          [self, key, plan](expected<answer> result) {
                            if (result)
                              write_pods(self, key, plan);
                            else
                              self->state.loop.finish(key, result.error());
                          });
}

void write_status(pointer self, const std::string& key, const plan_ptr& plan,
                  uint64_t revision) {
  if (!plan->status)
    return write_taints(self, key, plan, revision);
  self->state.loop.update_status(
      key, *plan->status, [self, key, plan](expected<answer> result) {
        if (!result)
          return self->state.loop.finish(key, result.error());
        auto written = result->one();
        write_taints(self, key, plan,
                     written ? written.revision() : result->revision());
      });
}

// Gives the node a range for its pods; returns whether there was one to give.
bool give_range(pointer self, const object& node) {
  auto& st = self->state;
  if (!node.as<Node>().spec().pod_cidr().empty()
      || node.meta().has_deletion_timestamp())
    return false;
  auto range = st.subnets.next();
  if (!range)
    return false;
  auto changed = node.copy<Node>();
  changed.mutable_spec()->set_pod_cidr(*range);
  changed.mutable_spec()->clear_pod_cidrs();
  changed.mutable_spec()->add_pod_cidrs(*range);
  st.loop.update(node.name(), object::of(changed),
                 [self, key = node.name(), range](expected<answer> result) {
                   if (!result)
                     self->state.subnets.release(*range);
                   auto fine = result || is_gone(result.error());
                   self->state.loop.finish(key, fine ? caf::error{}
                                                     : result.error());
                 });
  return true;
}

// Several nodes may have gone silent at once, and only some of them be marked
// so far.
bool others_are_well(const node_state& st, const std::string& key,
                     steady_point steady) {
  return std::any_of(st.well.begin(), st.well.end(), [&](const auto& name) {
    auto witness = st.witnesses.find(name);
    return name != key && witness != st.witnesses.end()
           && !rules::is_silent(st.nodes->find(name), witness->second, {},
                                steady);
  });
}

bool is_emptied(const object& node) {
  auto& taints = node.as<Node>().spec().taints();
  return std::any_of(taints.begin(), taints.end(), [](auto& taint) {
    return taint.effect() == "NoExecute"
           && (taint.key() == "node.kubernetes.io/not-ready"
               || taint.key() == "node.kubernetes.io/unreachable");
  });
}

/// Whether a node that is away may lose its pods now. Kubernetes: one node
/// after the other, and none while nobody is well.
bool may_be_emptied(pointer self, const object& node, steady_point now) {
  auto& st = self->state;
  const auto& name = node.name();
  if (!others_are_well(st, name, now))
    return false;
  if (is_emptied(node) || st.emptied.count(name) != 0)
    return true;
  auto zone = zone_of(node);
  st.pace.set(st.zones, now);
  if (st.pace.take(zone, now)) {
    st.emptied.insert(name);
    return true;
  }
  st.held.insert(name);
  if (auto next = st.pace.next(zone))
    st.loop.mark_at(name, *next);
  return false;
}

/// Whether pods stay for now, whatever the node's silence asks for.
bool is_spared(pointer self, const object& node, steady_point now) {
  auto& st = self->state;
  st.held.erase(node.name());
  if (is_ready(node)
      && !rules::is_silent(node, st.witnesses[node.name()], {}, now)) {
    st.emptied.erase(node.name());
    return false;
  }
  return !may_be_emptied(self, node, now);
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto node = st.nodes->find(key);
  if (!node) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  if (give_range(self, node))
    return;
  std::vector<object> pods;
  if (auto found = st.pods.find(key); found != st.pods.end())
    for (const auto& [name, pod] : found->second)
      pods.push_back(pod);
  auto now = moment(self);
  auto plan = std::make_shared<rules::node_plan>(
      rules::plan_node(node, st.witnesses[key], pods,
                       is_spared(self, node, now.steady), {}, now));
  st.loop.why.set(key, plan->reason);
  if (st.held.count(key) != 0)
    st.loop.why.set(key, plan->reason
                             + " Its pods stay until it is its turn: nodes "
                               "that are away are emptied one by one");
  if (plan->look_again)
    st.loop.mark_at(key, *plan->look_again);
  write_status(self, key, plan, node.revision());
}

void follow_all(pointer self) {
  auto& st = self->state;
  st.nodes = &st.loop.follow({&kind_of<Node>(), {}, {}, {}},
                             [self](const object& before, const object& now) {
                               on_node(self, before, now);
                             });
  st.loop.follow({&kind_of<Pod>(), {}, {}, {}},
                 [self](const object& before, const object& now) {
                   on_pod(self, before, now);
                 });
  st.loop.follow({&kind_of<Lease>(), lease_namespace, {}, {}},
                 [self](const object& before, const object& now) {
                   if (now)
                     on_lease(self, before, now);
                 });
}

} // namespace

node_actor::behavior_type node_controller(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(ctx);
  st.asked = calls{self};
  st.subnets = rules::subnet_pool{ctx.config().pod_cidr};
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  follow_all(self);
  st.loop.open(ctx, rules::controller_user("node-controller"));
  auto result = controller(self);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return result;
}

} // namespace troupe
