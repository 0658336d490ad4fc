#include "actors/kubelet/pod_acts.hpp"

#include "actors/kubelet/container_acts.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/volume_edge.hpp"
#include "runtime/net/dns_edge.hpp"
#include "runtime/net/pod_network.hpp"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/pod_adoption.hpp"
#include "runtime/rules/pod_config.hpp"
#include "runtime/rules/pod_dns.hpp"
#include "runtime/rules/pod_references.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

using pointer = pod_worker_pointer;
using core::v1::Pod;

namespace {

rules::pod_references references_from(const pb<kubelet_api::References>& msg,
                                      const std::vector<object>& objects) {
  rules::pod_references known;
  for (const auto& token : msg->tokens())
    known.tokens[token.audience()] = token.value();
  for (const auto& o : objects) {
    if (o.kind().kind == "ConfigMap")
      known.config_maps[o.name()] = o;
    else if (o.kind().kind == "Secret")
      known.secrets[o.name()] = o;
    else
      known.services.push_back(o);
  }
  return known;
}

} // namespace

const Pod& pod_of(pointer self) {
  return self->state.pod.as<Pod>();
}

void retry_soon(pointer self, const char* what) {
  system::Tick tick;
  tick.set_what(what);
  self->delayed_send(self, std::chrono::seconds{1},
                     pb<system::Tick>{std::move(tick)});
}

void with_references(pointer self, bool services,
                     std::function<void(const rules::pod_references&)> use) {
  auto& st = self->state;
  services = services && !st.node->simulated;
  if (!services && rules::references_of(pod_of(self)).empty())
    return use({});
  kubelet_api::WantReferences msg;
  msg.set_uid(st.pod.uid());
  msg.set_services(services);
  st.asks.ask<pb<kubelet_api::References>, std::vector<object>>(
      st.kubelet,
      [self, use = std::move(use)](const pb<kubelet_api::References>& refs,
                                   const std::vector<object>& objects) {
        auto known = references_from(refs, objects);
        known.lowest_port = self->state.node->lowest_port;
        use(known);
      },
      // The kubelet's end is ours.
      [](const caf::error&) {},
      pb<kubelet_api::WantReferences>{std::move(msg)});
}

Pod with_addresses(pointer self) {
  auto& st = self->state;
  auto pod = st.pod.copy<Pod>();
  auto status = rules::pod_status(pod, st.life, st.node->node, now_of(self));
  *pod.mutable_status() = std::move(status);
  return pod;
}

namespace {

// -- volumes ------------------------------------------------------------------

void prepare_volumes(pointer self) {
  if (pod_of(self).spec().volumes_size() == 0)
    return rules::on_volumes_ready(self->state.life);
  write_volumes(self);
}

void clean_volumes(pointer self) {
  auto& st = self->state;
  if (pod_of(self).spec().volumes_size() == 0 || !st.ctx->outside().volumes)
    return rules::on_volumes_clean(st.life);
  st.ctx->outside().volumes->remove(pod_folder(self) + "/volumes",
                                    finish(self, "clean"));
}

// -- sandbox ------------------------------------------------------------------

void fail_sandbox(pointer self, const std::string& why, std::string id = {}) {
  auto message = "Failed to create pod sandbox: " + why;
  remark(self, "Warning", "FailedCreatePodSandBox", message);
  rules::on_sandbox_failed(self->state.life, std::move(message), now_of(self),
                           std::move(id));
}

// A sandbox with a network of its own has no address yet.
void on_sandbox(pointer self, const container::Sandbox& box) {
  auto& st = self->state;
  const auto& network = st.ctx->outside().pods;
  st.life.ips = {box.address()};
  if (!network || box.network_path().empty())
    return rules::on_sandbox_ready(st.life, box.id(), {box.address()});
  st.joining = box.id();
  network->join(st.pod.uid(), box.address(), box.network_path(),
                finish(self, "join"));
}

// One that a worker of before asked for when its kubelet had gone already: by
// now its address may be another pod's.
void replace_sandbox(pointer self, const container::Sandbox& box) {
  auto& life = self->state.life;
  rules::on_sandbox_ready(life, box.id(), {});
  rules::on_sandbox_lost(pod_of(self), life, now_of(self));
}

/// Where nobody answers names here, pods ask whom the machine asks.
rules::name_facts name_facts_of(pointer self) {
  auto& st = self->state;
  auto& edge = st.ctx->outside().names;
  if (!edge || st.node->simulated)
    return {};
  return {rules::dns_address_of_pods(st.ctx->config().service_cidr,
                                     st.node->lowest_port),
          edge->machine().asks};
}

void run_sandbox_at(pointer self, const std::string& ip) {
  auto& st = self->state;
  container::RunPodSandbox msg;
  *msg.mutable_config() = rules::sandbox_config(
      pod_of(self), st.life.sandbox_attempt, ip, st.node->own_networks,
      pod_folder(self) + "/logs", name_facts_of(self));
  ask_runtime<container::Sandbox>(
      self, std::move(msg),
      [self, ip](const container::Sandbox& box) {
        if (ip.empty() || box.address() == ip)
          on_sandbox(self, box);
        else
          replace_sandbox(self, box);
      },
      [self](const caf::error& err) { fail_sandbox(self, message_of(err)); });
}

void run_sandbox(pointer self) {
  auto& st = self->state;
  if (pod_of(self).spec().host_network())
    return run_sandbox_at(self, st.node->node.ips.empty()
                                    ? std::string{}
                                    : st.node->node.ips.front());
  kubelet_api::WantAddress msg;
  msg.set_uid(st.pod.uid());
  st.asks.ask<pb<kubelet_api::Address>>(
      st.kubelet,
      [self](const pb<kubelet_api::Address>& address) {
        if (self->state.attended)
          run_sandbox_at(self, address->ip());
      },
      [self](const caf::error& err) {
        fail_sandbox(self, message_of(err));
        drive(self);
      },
      pb<kubelet_api::WantAddress>{std::move(msg)});
}

void stop_sandbox(pointer self) {
  if (const auto& network = self->state.ctx->outside().pods)
    network->leave(self->state.pod.uid());
  container::StopPodSandbox msg;
  msg.set_sandbox_id(self->state.life.sandbox_id);
  ask_runtime<container::Done>(
      self, std::move(msg),
      [self](const container::Done&) {
        rules::on_sandbox_stopped(self->state.life);
      },
      [self](const caf::error& err) {
        if (is(err, ec::not_found))
          rules::on_sandbox_stopped(self->state.life);
        else
          retry_soon(self, "stop sandbox");
      });
}

void remove_sandbox(pointer self, const std::string& id) {
  container::RemovePodSandbox msg;
  msg.set_sandbox_id(id);
  ask_runtime<container::Done>(
      self, std::move(msg),
      [self](const container::Done&) {
        rules::on_sandbox_removed(self->state.life);
      },
      [self](const caf::error& err) {
        if (is(err, ec::not_found))
          rules::on_sandbox_removed(self->state.life);
        else
          retry_soon(self, "remove sandbox");
      });
}

} // namespace

void on_joined(pointer self, const std::string& problem) {
  auto& st = self->state;
  auto id = std::exchange(st.joining, {});
  if (id.empty() || !st.attended)
    return;
  if (problem.empty())
    rules::on_sandbox_ready(st.life, std::move(id), std::move(st.life.ips));
  else
    fail_sandbox(self, problem, std::move(id));
}

void perform(pointer self, const rules::pod_action& action) {
  using rules::pod_act;
  auto i = action.container;
  switch (action.what) {
    case pod_act::prepare_volumes:
      return prepare_volumes(self);
    case pod_act::run_sandbox:
      return run_sandbox(self);
    case pod_act::pull_image:
      return pull_image(self, i);
    case pod_act::create_container:
      return create_container(self, i);
    case pod_act::start_container:
      return start_container(self, i);
    case pod_act::post_start:
      return run_hook(self, i, true, rules::seconds{0});
    case pod_act::pre_stop:
      return run_hook(self, i, false, action.grace);
    case pod_act::stop_container:
      return stop_container(self, i, action.grace);
    case pod_act::remove_container:
      return remove_container(self, action.id);
    case pod_act::stop_sandbox:
      return stop_sandbox(self);
    case pod_act::remove_sandbox:
      return remove_sandbox(self, action.id);
    case pod_act::clean_volumes:
      return clean_volumes(self);
  }
}

void write_volumes(pointer self) {
  with_references(self, false, [self](const rules::pod_references& known) {
    auto& st = self->state;
    if (st.writing) {
      st.rewrite = true;
      return;
    }
    auto plans = rules::plan_volumes(pod_of(self), known, *st.node->status);
    auto* edge = st.ctx->outside().volumes.get();
    if (!plans) {
      finish(self, "volumes")(message_of(plans.error()));
    } else if (edge == nullptr) {
      finish(self, "volumes")({});
    } else {
      st.writing = true;
      edge->write(pod_folder(self), std::move(*plans), {},
                  finish(self, "volumes"));
    }
  });
}

void remark(pointer self, const std::string& type, const std::string& reason,
            const std::string& message) {
  auto& st = self->state;
  if (st.node->simulated && type == "Normal")
    return;
  kubelet_api::Remark msg;
  msg.set_uid(st.pod.uid());
  msg.set_type(type);
  msg.set_reason(reason);
  msg.set_message(message);
  self->send(st.kubelet, pb<kubelet_api::Remark>{std::move(msg)});
}

std::function<void(std::string)> finish(pointer self, std::string what,
                                        uint64_t number) {
  return [me = caf::actor_cast<caf::actor_addr>(self), what = std::move(what),
          number](std::string problem) {
    kubelet_api::Finished msg;
    msg.set_what(what);
    msg.set_number(number);
    msg.set_problem(std::move(problem));
    if (auto to = caf::actor_cast<pod_worker_actor>(me))
      caf::anon_send(to, pb<kubelet_api::Finished>{std::move(msg)});
  };
}

std::string pod_folder(pointer self) {
  return self->state.node->pods_folder + "/" + self->state.pod.uid();
}

} // namespace troupe
