#include "actors/apiserver/bootstrap.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/addresses.hpp"
#include "runtime/system/config.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = bootstrap_actor::stateful_pointer<bootstrap_state>;

/// Kubernetes' two classes for what a cluster cannot do without.
constexpr int32_t cluster_critical = 2'000'000'000;
constexpr int32_t node_critical = 2'000'001'000;

object a_namespace(const std::string& name) {
  core::v1::Namespace ns;
  ns.mutable_metadata()->set_name(name);
  return object::of(ns);
}

object a_priority_class(const std::string& name, int32_t value,
                        const std::string& text) {
  scheduling::v1::PriorityClass c;
  c.mutable_metadata()->set_name(name);
  c.set_value(value);
  c.set_description(text);
  return object::of(c);
}

/// Kubernetes: the API server has the first address of the range.
std::string first_address(const std::string& cidr) {
  auto range = rules::ip_range::parse(cidr);
  if (!range)
    throw std::runtime_error("no range of addresses: " + cidr);
  auto address = range->base;
  ++address.bytes[address.v6 ? 15 : 3];
  return address.str();
}

object kubernetes_service(const cluster_config& config) {
  core::v1::Service service;
  auto& meta = *service.mutable_metadata();
  meta.set_name("kubernetes");
  meta.set_namespace_("default");
  (*meta.mutable_labels())["component"] = "apiserver";
  (*meta.mutable_labels())["provider"] = "kubernetes";
  auto& spec = *service.mutable_spec();
  spec.set_type("ClusterIP");
  spec.set_cluster_ip(first_address(config.service_cidr));
  auto& port = *spec.add_ports();
  port.set_name("https");
  port.set_protocol("TCP");
  port.set_port(443);
  port.mutable_target_port()->set_int_val(6443);
  return object::of(service);
}

object authority_map(const std::string& ns, const std::string& certificate) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("kube-root-ca.crt");
  map.mutable_metadata()->set_namespace_(ns);
  (*map.mutable_data())["ca.crt"] = certificate;
  return object::of(map);
}

void create_next(pointer self) {
  auto& st = self->state;
  if (st.busy || st.todo.empty())
    return;
  st.busy = true;
  st.api.create(st.todo.front(), [self](expected<answer> result) {
    auto& state = self->state;
    state.busy = false;
    if (result)
      ++state.created;
    // Down: the same once more, with the next session. A namespace that ends,
    // and everything that is there already, needs nothing.
    if (result || !is(result.error(), ec::service_unavailable))
      state.todo.pop_front();
    create_next(self);
  });
}

void on_namespaces(pointer self, const changes& batch) {
  auto& st = self->state;
  auto& certificate = st.api.ctx().config().ca_certificate;
  if (certificate.empty())
    return;
  for (auto& c : batch.items)
    if (c.type == change_type::added)
      st.todo.push_back(authority_map(c.what.name(), certificate));
  create_next(self);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  system::Description result;
  result.add_facts("created=" + std::to_string(st.created));
  result.add_facts("waiting=" + std::to_string(st.todo.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

bootstrap_actor::behavior_type bootstrap(pointer self, context ctx) {
  auto& st = self->state;
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  for (auto name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    st.todo.push_back(a_namespace(name));
  st.todo.push_back(a_priority_class(
      "system-cluster-critical", cluster_critical,
      "What a cluster cannot do without; may run on any node."));
  st.todo.push_back(
      a_priority_class("system-node-critical", node_critical,
                       "What a node cannot do without; stays where it is."));
  st.todo.push_back(kubernetes_service(ctx.config()));
  st.api.open(self, ctx, "system:apiserver", {"system:masters"});
  st.api.subscribe(
      {&kind_of<core::v1::Namespace>(), {}, {}, {}},
      [self](const changes& batch) { on_namespaces(self, batch); });
  create_next(self);
  return {
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
