#include "actors/kubelet/kubelet.hpp"

#include "actors/kubelet/node_upkeep.hpp"
#include "actors/kubelet/pod_keeping.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = kubelet_pointer;

constexpr std::chrono::milliseconds try_again{1000};

// -- the runtime --------------------------------------------------------------

void make_facts(pointer self) {
  auto& st = self->state;
  auto facts = std::make_shared<node_facts>();
  facts->node.name = st.options.machine.name;
  facts->node.ips = st.options.machine.addresses;
  facts->node.runtime = st.health.runtime;
  facts->status = std::make_shared<core::v1::NodeStatus>(
      rules::node_status({}, st.options.machine, st.health, st.ctx->now()));
  facts->pods_folder = st.options.pods_folder;
  facts->own_networks = st.options.own_networks;
  facts->lowest_port = st.options.machine.lowest_port;
  facts->simulated = st.options.simulated;
  st.facts = std::move(facts);
}

void on_runtime_status(pointer self, const container::RuntimeStatus& status) {
  auto& st = self->state;
  st.health.runtime = status.name();
  st.health.runtime_version = status.version();
  st.health.runtime_ready = status.ready();
  st.health.runtime_message = status.message();
  if (!st.facts)
    make_facts(self);
  if (!status.ready())
    wake_later(self, "runtime", try_again);
  if (!st.node_ready)
    register_node(self);
  else
    write_node_status(self);
}

void runtime_failed(pointer self) {
  self->state.runtime = nullptr;
  wake_later(self, "runtime", try_again);
}

void subscribe_runtime(pointer self) {
  auto& st = self->state;
  st.asks.ask<pb<container::State>>(
      st.runtime,
      [self](const pb<container::State>& state) {
        on_runtime_state(self, *state);
      },
      [self](const caf::error&) {
        if (self->state.runtime)
          runtime_failed(self);
      },
      pb<container::Subscribe>{container::Subscribe{}},
      caf::actor_cast<container_listener_actor>(self));
}

void greet_runtime(pointer self, const caf::actor& handle) {
  auto& st = self->state;
  st.runtime = caf::actor_cast<container_runtime_actor>(handle);
  self->monitor(st.runtime);
  st.asks.ask<pb<container::RuntimeStatus>>(
      st.runtime,
      [self](const pb<container::RuntimeStatus>& status) {
        on_runtime_status(self, *status);
        if (status->ready())
          subscribe_runtime(self);
      },
      [self](const caf::error&) {
        if (self->state.runtime)
          runtime_failed(self);
      },
      pb<container::Probe>{container::Probe{}});
}

void find_runtime(pointer self) {
  auto& st = self->state;
  if (st.runtime)
    return;
  system::Resolve msg;
  msg.set_path(st.options.runtime_path);
  st.asks.ask<caf::actor>(
      st.ctx->directory(),
      [self](const caf::actor& handle) { greet_runtime(self, handle); },
      // The directory's end is the end of all who use it.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

void on_runtime_down(pointer self) {
  auto& st = self->state;
  st.runtime = nullptr;
  st.runtime_known = false;
  st.seen.clear();
  find_runtime(self);
}

// -- timers -------------------------------------------------------------------

void on_tick(pointer self, const system::Tick& tick) {
  const auto& what = tick.what();
  auto& st = self->state;
  if (what == "lease") {
    wake_later(self, "lease", st.options.lease_period);
    renew_lease(self);
  } else if (what == "node")
    st.node_ready ? write_node_status(self) : register_node(self);
  else if (what == "runtime" && st.runtime && !st.runtime_known)
    greet_runtime(self, caf::actor_cast<caf::actor>(st.runtime));
  else if (what == "runtime")
    find_runtime(self);
  else
    on_pod_tick(self, what);
}

// -- telling ------------------------------------------------------------------

caf::result<pb<system::Explanation>>
on_explain(pointer self, const pb<system::Explain>& msg) {
  if (auto* entry = find_pod(self, msg->key()); entry && entry->worker)
    return self->delegate(entry->worker, msg);
  return pb<system::Explanation>{system::Explanation{}};
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("pods=" + std::to_string(st.pods.size()));
  result.add_facts("runtime="
                   + (st.runtime ? st.health.runtime : std::string{"none"}));
  if (!st.pods_complete)
    result.add_facts("waits for its pods");
  if (st.runtime && !st.runtime_known)
    result.add_facts("waits for what runs");
  return result;
}

/// Whether the address is that of this pod, or of any when none is named.
bool is_address_of(pointer self, net::ipv4 ip, const std::string& key) {
  auto& st = self->state;
  auto pooled = st.addresses && st.addresses->is_taken(ip);
  if (key.empty())
    return pooled;
  auto* entry = find_pod(self, key);
  if (entry == nullptr)
    return false;
  auto& pod = entry->pod.as<core::v1::Pod>();
  return (pooled || pod.spec().host_network())
         && pod.status().pod_ip() == to_string(ip);
}

caf::result<pb<kubelet_api::Address>>
on_check_address(pointer self, const kubelet_api::CheckAddress& msg) {
  auto ip = net::parse_ipv4(msg.ip());
  if (!ip || !is_address_of(self, *ip, msg.pod()))
    return make_error(ec::not_found, "no pod of this node has " + msg.ip());
  kubelet_api::Address out;
  out.set_ip(msg.ip());
  auto* entry = msg.pod().empty() ? nullptr : find_pod(self, msg.pod());
  if (entry == nullptr || !self->state.runtime)
    return pb<kubelet_api::Address>{std::move(out)};
  auto promise = self->make_response_promise<pb<kubelet_api::Address>>();
  container::ListPodSandbox question;
  question.set_uid(entry->pod.uid());
  self->state.asks.ask<pb<container::SandboxList>>(
      self->state.runtime,
      [promise, out](const pb<container::SandboxList>& found) mutable {
        for (auto& box : found->items())
          if (box.state() == container::READY
              && box.network() == container::OWN)
            out.set_network(box.network_path());
        promise.deliver(pb<kubelet_api::Address>{std::move(out)});
      },
      [promise, out](const caf::error&) mutable {
        promise.deliver(pb<kubelet_api::Address>{std::move(out)});
      },
      pb<container::ListPodSandbox>{std::move(question)});
  return promise;
}

template <class Msg>
caf::result<pb<container::StreamOpened>, stream_source_actor>
pass_on(pointer self, const pb<Msg>& msg, const container_stream_actor& to) {
  const auto& target = msg->target();
  auto* entry = find_pod(self, target.namespace_() + "/" + target.name());
  if (entry == nullptr || !entry->worker)
    return make_error(ec::not_found, "pod " + target.namespace_() + "/"
                                         + target.name()
                                         + " is not on this node");
  return self->delegate(entry->worker, msg, to);
}

void start(pointer self) {
  auto& st = self->state;
  const auto& name = st.options.machine.name;
  st.api.open(self, *st.ctx, "system:node:" + name, {"system:nodes"});
  st.book.open(
      &st.api, st.options.simulated,
      [self](const std::set<std::string>& uids) {
        on_references_changed(self, uids);
      },
      [self](const std::string& uid) {
        wake_later(self, "tokens " + uid, try_again);
      },
      [self](const std::string& uid, std::chrono::seconds wait) {
        wake_later(self, "renew " + uid, wait);
      });
  if (auto range = net::parse_cidr(st.options.pod_range))
    st.addresses.emplace(*range);
  find_runtime(self);
  st.api.subscribe(
      {&kind_of<core::v1::Node>(), {}, {}, "metadata.name=" + name},
      [self](const changes& batch) { on_node_changes(self, batch); });
  st.api.subscribe(
      {&kind_of<core::v1::Pod>(), {}, {}, "spec.nodeName=" + name},
      [self](const changes& batch) { on_pod_changes(self, batch); });
  // Many nodes that start together do not renew together.
  renew_lease(self);
  auto period = std::chrono::milliseconds{st.options.lease_period};
  wake_later(self, "lease",
             std::chrono::milliseconds{
                 st.ctx->random() % static_cast<uint64_t>(period.count())});
}

} // namespace

kubelet_actor::behavior_type kubelet(pointer self, context ctx,
                                     kubelet_options options) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.options = std::move(options);
  if (st.options.runtime_path.empty())
    st.options.runtime_path = st.ctx->path() + "/runtime";
  st.health.remarks = st.options.remarks;
  st.asks = calls{self};
  st.children = brood{self};
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& state = self->state;
    bool runtime = state.runtime && down.source == state.runtime.address();
    if (runtime)
      on_runtime_down(self);
    state.asks.on_down(down);
    state.api.on_down(down);
    on_worker_down(self, down);
  });
  start(self);
  return {
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<container::Event>& event) { on_event(self, event); },
      [self](const pb<kubelet_api::Report>&, const object& pod) {
        on_report(self, pod);
      },
      [self](const pb<kubelet_api::Gone>& msg) { on_gone(self, msg->uid()); },
      [self](const pb<kubelet_api::Remark>& msg) { on_remark(self, *msg); },
      [self](const pb<kubelet_api::WantReferences>& msg) {
        return on_want_references(self, *msg);
      },
      [self](const pb<kubelet_api::WantAddress>& msg) {
        return on_want_address(self, msg->uid());
      },
      [self](const pb<kubelet_api::CheckAddress>& msg) {
        return on_check_address(self, *msg);
      },
      [self](const pb<kubelet_api::PodLogs>& msg,
             const container_stream_actor& to) {
        return pass_on(self, msg, to);
      },
      [self](const pb<kubelet_api::PodExec>& msg,
             const container_stream_actor& to) {
        return pass_on(self, msg, to);
      },
      [self](const pb<kubelet_api::PodAttach>& msg,
             const container_stream_actor& to) {
        return pass_on(self, msg, to);
      },
      [self](const pb<system::Explain>& msg) { return on_explain(self, msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec kubelet_spec(kubelet_options options) {
  child_spec spec;
  spec.name = options.machine.name;
  spec.start = [options = std::move(options)](caf::actor_system& sys,
                                              const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(kubelet, ctx, options));
  };
  return spec;
}

} // namespace troupe
