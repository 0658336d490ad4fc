#include "actors/proxy/kube_proxy.hpp"

#include "actors/proxy/dns.hpp"
#include "actors/proxy/tunnels.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/kinds.hpp"
#include "messages/proxy.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = kube_proxy_actor::stateful_pointer<kube_proxy_state>;

// -- places that cannot be opened ---------------------------------------------

void on_retry(pointer self) {
  auto& st = self->state;
  st.problems.begin_retry();
  if (!st.problems.all().empty())
    st.edge->update({}, {}); // tries again what failed
  plan_retry(self);
}

void on_report(pointer self, const proxy::PlaceReport& msg) {
  auto& st = self->state;
  auto key = place_of(msg);
  if (msg.problem().empty()) {
    st.problems.all().erase(key);
    return plan_retry(self);
  }
  auto* owner = st.book.find(st.table.owner(key));
  if (owner == nullptr)
    return; // taken away while the report was on its way
  st.problems.all()[key] = msg.problem();
  st.api.emit(*owner, "Warning", "FailedToListen",
              "cannot listen at " + to_string(key) + ": " + msg.problem());
  plan_retry(self);
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
  auto* service = st.book.find(key);
  if (service == nullptr) {
    st.notes.erase(key);
    st.told.erase(key);
    return st.table.set(key, {});
  }
  auto plan = rules::plan_service_proxy(*service, st.book.slices_of(key),
                                        st.nodes, st.ctx->config().lowest_port);
  st.notes[key] = std::move(plan.notes);
  tell_users(st, key, plan.events);
  return st.table.set(key, std::move(plan.listeners));
}

void tell_denied(kube_proxy_state& st, const std::string& key) {
  auto* service = st.book.find(key);
  if (service == nullptr)
    return;
  for (auto& place : st.table.denied(key))
    st.api.emit(*service, "Warning", "AddressInUse",
                to_string(place) + " is served for " + st.table.owner(place));
}

void replace_all(pointer self) {
  auto& st = self->state;
  st.table = {};
  st.notes.clear();
  st.problems.all().clear();
  st.book.take_dirty();
  for (auto& [key, service] : st.book.services())
    reconcile(st, key);
  for (auto& [key, service] : st.book.services())
    tell_denied(st, key);
  st.replaced = true;
  st.edge->replace(st.table.all(), report_places_to(self->address()));
}

void update_dirty(kube_proxy_state& st) {
  rules::proxy_table::difference all;
  auto dirty = st.book.take_dirty();
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
    st.problems.all().erase(key);
  if (!all.empty())
    st.edge->update(std::move(all.changed), std::move(all.removed));
}

void go_on(pointer self) {
  auto& st = self->state;
  if (!st.book.complete())
    return;
  if (!st.replaced)
    replace_all(self);
  else if (st.book.is_dirty())
    update_dirty(st);
}

// -- what changed -------------------------------------------------------------

void on_services(pointer self, const changes& batch) {
  auto& st = self->state;
  if (st.book.take_services(batch))
    st.replaced = false;
  go_on(self);
}

void on_slices(pointer self, const changes& batch) {
  auto& st = self->state;
  if (st.book.take_slices(batch))
    st.replaced = false;
  go_on(self);
}

// -- questions ----------------------------------------------------------------

pb<system::Explanation> on_explain(pointer self, const system::Explain& msg) {
  auto& st = self->state;
  system::Explanation out;
  auto known = st.book.find(msg.key()) != nullptr;
  if ((!msg.kind().empty() && msg.kind() != "Service") || !known)
    return pb<system::Explanation>{std::move(out)};
  if (!st.replaced)
    out.add_decisions("waits until the proxy knows the cluster");
  for (auto& [place, problem] : st.problems.all())
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
  add("services=", st.book.services().size());
  add("places=", st.table.size());
  add("listening=", stats.listening);
  add("connections=", stats.connections);
  add("accepted=", stats.accepted);
  add("failed=", stats.failed);
  add("problems=", st.problems.all().size());
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
