#include "actors/proxy/dns.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/kinds.hpp"
#include "messages/proxy.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/dns_service.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = dns_actor::stateful_pointer<dns_state>;

const std::string own_service =
    std::string{rules::dns_service_namespace} + "/" + rules::dns_service_name;

// -- places that cannot be opened ---------------------------------------------

void on_retry(pointer self) {
  auto& st = self->state;
  st.problems.begin_retry();
  if (!st.problems.all().empty())
    st.edge->listen(st.places); // tries again what failed
  plan_retry(self);
}

void on_report(pointer self, const proxy::PlaceReport& msg) {
  auto& st = self->state;
  auto key = place_of(msg);
  if (msg.problem().empty()) {
    st.problems.all().erase(key);
    return plan_retry(self);
  }
  auto* service = st.book.find(own_service);
  if (service == nullptr
      || std::find(st.places.begin(), st.places.end(), key) == st.places.end())
    return; // taken away while the report was on its way
  st.problems.all()[key] = msg.problem();
  st.api.emit(*service, "Warning", "FailedToListen",
              "cannot listen at " + to_string(key) + ": " + msg.problem());
  plan_retry(self);
}

// -- names --------------------------------------------------------------------

std::optional<dns::service_names> names_of(const dns_state& st,
                                           const std::string& key) {
  auto* service = st.book.find(key);
  if (service == nullptr)
    return std::nullopt;
  return rules::names_of(*service, st.book.slices_of(key));
}

/// Adds what changes for the edge because of one service.
void reconcile(dns_state& st, const std::string& key, net::dns_change& out) {
  if (auto names = names_of(st, key)) {
    st.told.insert(key);
    out.set.push_back(std::move(*names));
  } else if (st.told.erase(key) > 0) {
    auto slash = key.find('/');
    out.removed.emplace_back(key.substr(0, slash), key.substr(slash + 1));
  }
}

/// A resolv.conf names no port: who may not open 53 serves no pods.
void tell_moved(dns_state& st, const object& service) {
  auto moved = std::find_if(st.places.begin(), st.places.end(), [](auto& x) {
    return x.at.port != rules::dns_port;
  });
  if (moved == st.places.end() || std::exchange(st.moved_told, true))
    return;
  st.api.emit(service, "Warning", "MissingClusterDNS",
              "DNS answers at " + to_string(*moved)
                  + ", which no resolv.conf can say: pods are given that of "
                    "their machine");
}

void listen(pointer self) {
  auto& st = self->state;
  auto* service = st.book.find(own_service);
  std::vector<net::listener_key> places;
  if (service != nullptr)
    places = rules::dns_places(*service, st.ctx->config().lowest_port);
  if (places == st.places && st.replaced)
    return;
  st.places = places;
  std::erase_if(st.problems.all(), [&](auto& x) {
    return std::find(places.begin(), places.end(), x.first) == places.end();
  });
  st.edge->listen(std::move(places));
  if (service != nullptr)
    tell_moved(st, *service);
}

net::dns_settings settings_of(const cluster_config& config) {
  net::dns_settings out;
  auto server =
      rules::ip_address::parse(rules::dns_address(config.service_cidr));
  if (server)
    out.server = *server;
  for (auto& text : {config.service_cidr, config.pod_cidr})
    if (auto range = rules::ip_range::parse(text))
      out.ranges.push_back(*range);
  return out;
}

void replace_all(pointer self) {
  auto& st = self->state;
  net::dns_change all;
  st.problems.all().clear();
  st.book.take_dirty();
  st.told.clear();
  st.spaces_todo = {};
  for (auto& [key, service] : st.book.services())
    reconcile(st, key, all);
  all.spaces.assign(st.spaces.begin(), st.spaces.end());
  st.edge->replace(settings_of(st.ctx->config()), std::move(all),
                   report_places_to(self->address()));
  listen(self);
  st.replaced = true;
}

void go_on(pointer self) {
  auto& st = self->state;
  if (!st.book.complete() || !st.spaces_complete)
    return;
  if (!st.replaced)
    return replace_all(self);
  auto todo = std::exchange(st.spaces_todo, {});
  for (auto& key : st.book.take_dirty())
    reconcile(st, key, todo);
  if (!todo.empty())
    st.edge->update(std::move(todo));
  listen(self);
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

void on_spaces(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.spaces.clear();
    st.spaces_complete = st.replaced = false;
  }
  for (auto& item : batch.items) {
    auto name = item.what.name();
    auto gone = item.type == change_type::deleted;
    auto& todo = st.spaces_todo;
    std::erase(gone ? todo.spaces : todo.removed_spaces, name);
    if (gone && st.spaces.erase(name) > 0)
      todo.removed_spaces.push_back(name);
    else if (!gone && st.spaces.insert(name).second)
      todo.spaces.push_back(name);
  }
  st.spaces_complete |= batch.complete;
  go_on(self);
}

// -- questions ----------------------------------------------------------------

std::string label_of(const dns::service_names& names) {
  return names.service + "." + names.space + ".svc." + rules::cluster_domain;
}

std::string explained(const dns::service_names& names) {
  auto label = label_of(names);
  if (!names.elsewhere.empty())
    return label + " is another name for " + names.elsewhere;
  if (names.headless && names.endpoints.empty())
    return label + " is no name while no endpoint is ready";
  if (names.headless)
    return label + " leads to " + std::to_string(names.endpoints.size())
           + " endpoints";
  std::string out = label + " leads to";
  for (auto& address : names.addresses)
    out += " " + address.str();
  return out;
}

pb<system::Explanation> on_explain(pointer self, const system::Explain& msg) {
  auto& st = self->state;
  system::Explanation out;
  auto known = st.book.find(msg.key()) != nullptr;
  if ((!msg.kind().empty() && msg.kind() != "Service") || !known)
    return pb<system::Explanation>{std::move(out)};
  if (!st.replaced)
    out.add_decisions("waits until DNS knows the cluster");
  if (auto names = names_of(st, msg.key()))
    out.add_decisions(explained(*names));
  if (msg.key() == own_service)
    for (auto& [place, problem] : st.problems.all())
      out.add_decisions("does not answer at " + to_string(place) + ": "
                        + problem);
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
  add("listening=", stats.listening);
  add("connections=", stats.connections);
  add("queries=", stats.queries);
  add("forwarded=", stats.forwarded);
  add("unanswered=", stats.unanswered);
  add("cached=", stats.cached);
  add("problems=", st.problems.all().size());
  return pb<system::Description>{std::move(out)};
}

} // namespace

dns_actor::behavior_type cluster_dns(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(ctx);
  st.edge = ctx.outside().names;
  if (!st.edge)
    st.edge = std::make_shared<net::simulated_dns>();
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  st.api.subscribe({&kind_of<core::v1::Service>(), {}, {}, {}},
                   [self](const changes& batch) { on_services(self, batch); });
  st.api.subscribe({&kind_of<discovery::v1::EndpointSlice>(), {}, {}, {}},
                   [self](const changes& batch) { on_slices(self, batch); });
  st.api.subscribe({&kind_of<core::v1::Namespace>(), {}, {}, {}},
                   [self](const changes& batch) { on_spaces(self, batch); });
  st.api.open(self, ctx, "system:kube-proxy");
  return {
      [self](const pb<proxy::PlaceReport>& msg) { on_report(self, *msg); },
      [self](const pb<system::Tick>&) { on_retry(self); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Explain>& msg) { return on_explain(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec dns_spec() {
  child_spec spec;
  spec.name = "dns";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(cluster_dns, ctx));
  };
  return spec;
}

} // namespace troupe
