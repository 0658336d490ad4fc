#include "actors/proxy/kube_proxy.hpp"

#include "actors/proxy/dns.hpp"
#include "actors/proxy/tunnels.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/kinds.hpp"
#include "messages/proxy.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/endpointslice_plan.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using pointer = kube_proxy_actor::stateful_pointer<kube_proxy_state>;

constexpr uint32_t max_doublings = 6; // of the second between two tries

// -- places that cannot be opened ---------------------------------------------

void plan_retry(pointer self) {
  auto& st = self->state;
  if (st.problems.empty())
    st.retries = 0;
  if (st.problems.empty() || st.retry_planned)
    return;
  st.retry_planned = true;
  system::Tick msg;
  msg.set_what("retry");
  self->delayed_send(self, 1s * (1 << std::min(st.retries++, max_doublings)),
                     pb<system::Tick>{std::move(msg)});
}

void on_retry(pointer self) {
  auto& st = self->state;
  st.retry_planned = false;
  if (!st.problems.empty())
    st.edge->update({}, {}); // tries again what failed
  plan_retry(self);
}

void on_report(pointer self, const proxy::PlaceReport& msg) {
  auto& st = self->state;
  net::listener_key key{msg.udp() ? net::protocol::udp : net::protocol::tcp,
                        {{msg.address()}, static_cast<uint16_t>(msg.port())}};
  if (msg.problem().empty()) {
    st.problems.erase(key);
    return plan_retry(self);
  }
  auto owner = st.services.find(st.table.owner(key));
  if (owner == st.services.end())
    return; // taken away while the report was on its way
  st.problems[key] = msg.problem();
  st.api.emit(owner->second, "Warning", "FailedToListen",
              "cannot listen at " + to_string(key) + ": " + msg.problem());
  plan_retry(self);
}

/// The edge outlives us, so it holds our address, not us.
net::service_edge::report reporter(pointer self) {
  return [to = self->address()](const net::listener_key& key,
                                const std::string& problem) {
    auto handle = caf::actor_cast<caf::actor>(to);
    if (!handle)
      return;
    proxy::PlaceReport msg;
    msg.set_udp(key.kind == net::protocol::udp);
    msg.set_address(key.at.address.value);
    msg.set_port(key.at.port);
    msg.set_problem(problem);
    caf::anon_send(handle, pb<proxy::PlaceReport>{std::move(msg)});
  };
}

// -- services -----------------------------------------------------------------

/// Events about a service, each once until there are others.
void tell_users(kube_proxy_state& st, const std::string& key,
                const std::vector<rules::event_note>& events) {
  std::vector<std::string> messages;
  for (auto& event : events)
    messages.push_back(event.message);
  auto before = std::exchange(st.told[key], messages);
  for (auto& event : events)
    if (std::find(before.begin(), before.end(), event.message) == before.end())
      st.api.emit(event.about, event.warning ? "Warning" : "Normal",
                  event.reason, event.message);
  if (messages.empty())
    st.told.erase(key);
}

/// Returns what changes for the edge because of one service.
rules::proxy_table::difference reconcile(kube_proxy_state& st,
                                         const std::string& key) {
  auto service = st.services.find(key);
  if (service == st.services.end()) {
    st.notes.erase(key);
    st.told.erase(key);
    return st.table.set(key, {});
  }
  std::vector<object> slices;
  if (auto found = st.slices.find(key); found != st.slices.end())
    for (auto& [name, slice] : found->second)
      slices.push_back(slice);
  auto plan = rules::plan_service_proxy(service->second, slices, st.nodes,
                                        st.ctx->config().lowest_port);
  st.notes[key] = std::move(plan.notes);
  tell_users(st, key, plan.events);
  return st.table.set(key, std::move(plan.listeners));
}

void tell_denied(kube_proxy_state& st, const std::string& key) {
  auto service = st.services.find(key);
  if (service == st.services.end())
    return;
  for (auto& place : st.table.denied(key))
    st.api.emit(service->second, "Warning", "AddressInUse",
                to_string(place) + " is served for " + st.table.owner(place));
}

void replace_all(pointer self) {
  auto& st = self->state;
  st.table = {};
  st.notes.clear();
  st.problems.clear();
  st.dirty.clear();
  for (auto& [key, service] : st.services)
    reconcile(st, key);
  for (auto& [key, service] : st.services)
    tell_denied(st, key);
  st.replaced = true;
  st.edge->replace(st.table.all(), reporter(self));
}

void update_dirty(kube_proxy_state& st) {
  rules::proxy_table::difference all;
  auto dirty = std::exchange(st.dirty, {});
  for (auto& key : dirty) {
    auto one = reconcile(st, key);
    std::move(one.changed.begin(), one.changed.end(),
              std::back_inserter(all.changed));
    // A place that one service leaves another may take in the same turn.
    std::move(one.removed.begin(), one.removed.end(),
              std::back_inserter(all.removed));
  }
  for (auto& key : dirty)
    tell_denied(st, key);
  std::erase_if(all.removed,
                [&](auto& key) { return !st.table.owner(key).empty(); });
  std::erase_if(all.changed,
                [&](auto& x) { return st.table.owner(x.key).empty(); });
  for (auto& key : all.removed)
    st.problems.erase(key);
  if (!all.empty())
    st.edge->update(std::move(all.changed), std::move(all.removed));
}

void go_on(pointer self) {
  auto& st = self->state;
  if (!st.services_complete || !st.slices_complete)
    return;
  if (!st.replaced)
    replace_all(self);
  else if (!st.dirty.empty())
    update_dirty(st);
}

// -- what changed -------------------------------------------------------------

void on_services(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.services.clear();
    st.services_complete = st.replaced = false;
  }
  for (auto& item : batch.items) {
    auto key = item.what.key();
    st.dirty.insert(key);
    if (item.type == change_type::deleted)
      st.services.erase(key);
    else
      st.services.insert_or_assign(key, item.what);
  }
  st.services_complete |= batch.complete;
  go_on(self);
}

/// The key of the service that a slice belongs to, "" for none.
std::string service_of(const object& slice) {
  auto& labels = slice.meta().labels();
  auto found = labels.find(rules::slice_service_label);
  return found == labels.end() ? "" : slice.ns() + "/" + found->second;
}

void forget_slice(kube_proxy_state& st, const std::string& key) {
  auto known = st.home.find(key);
  if (known == st.home.end())
    return;
  st.dirty.insert(known->second);
  auto siblings = st.slices.find(known->second);
  siblings->second.erase(key);
  if (siblings->second.empty())
    st.slices.erase(siblings);
  st.home.erase(known);
}

void on_slices(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.slices.clear();
    st.home.clear();
    st.slices_complete = st.replaced = false;
  }
  for (auto& item : batch.items) {
    auto key = item.what.key();
    forget_slice(st, key);
    auto service = service_of(item.what);
    if (item.type == change_type::deleted || service.empty())
      continue;
    st.home[key] = service;
    st.slices[service][key] = item.what;
    st.dirty.insert(service);
  }
  st.slices_complete |= batch.complete;
  go_on(self);
}

// -- questions ----------------------------------------------------------------

pb<system::Explanation> on_explain(pointer self, const system::Explain& msg) {
  auto& st = self->state;
  system::Explanation out;
  auto known = st.services.count(msg.key()) > 0;
  if ((!msg.kind().empty() && msg.kind() != "Service") || !known)
    return pb<system::Explanation>{std::move(out)};
  if (!st.replaced)
    out.add_decisions("waits until the proxy knows the cluster");
  for (auto& [place, problem] : st.problems)
    if (st.table.owner(place) == msg.key())
      out.add_decisions("does not answer at " + to_string(place) + ": "
                        + problem);
  for (auto& place : st.table.denied(msg.key()))
    out.add_decisions("does not answer at " + to_string(place)
                      + ", which is served for " + st.table.owner(place));
  for (auto& note : st.notes[msg.key()])
    out.add_decisions(note);
  return pb<system::Explanation>{std::move(out)};
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto stats = st.edge->stats();
  auto out = begin_description(self);
  auto add = [&](const char* fact, uint64_t n) {
    out.add_facts(fact + std::to_string(n));
  };
  add("services=", st.services.size());
  add("places=", st.table.size());
  add("listening=", stats.listening);
  add("connections=", stats.connections);
  add("accepted=", stats.accepted);
  add("failed=", stats.failed);
  add("problems=", st.problems.size());
  return pb<system::Description>{std::move(out)};
}

} // namespace

kube_proxy_actor::behavior_type
kube_proxy(pointer self, context ctx, std::vector<rules::proxy_node> nodes) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(ctx);
  st.nodes = std::move(nodes);
  st.edge = ctx.outside().services;
  if (!st.edge)
    st.edge = std::make_shared<net::recorded_services>();
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  st.api.subscribe({&kind_of<core::v1::Service>(), {}, {}, {}},
                   [self](const changes& batch) { on_services(self, batch); });
  st.api.subscribe({&kind_of<discovery::v1::EndpointSlice>(), {}, {}, {}},
                   [self](const changes& batch) { on_slices(self, batch); });
  st.api.open(self, ctx, "system:kube-proxy");
  return {
      [self](const pb<proxy::PlaceReport>& msg) { on_report(self, *msg); },
      [self](const pb<system::Tick>&) { on_retry(self); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Explain>& msg) { return on_explain(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec proxy_branch(const cluster_config& config) {
  std::vector<rules::proxy_node> nodes;
  for (auto& node : config.nodes)
    if (auto address = net::parse_ipv4(node.address))
      nodes.push_back({node.name, *address});
  // Where others find the machine, they find its node ports.
  constexpr net::cidr loopback{{0x7f000000}, 8};
  if (auto machine = net::parse_ipv4(config.bind_address);
      machine && !loopback.contains(*machine))
    nodes.push_back({{}, *machine});
  child_spec spec;
  spec.name = "kube_proxy";
  spec.start = [nodes = std::move(nodes)](caf::actor_system& sys,
                                          const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(kube_proxy, ctx, nodes));
  };
  return branch("proxy", {}, {std::move(spec), tunnels_spec(), dns_spec()});
}

} // namespace troupe
