#include "actors/apiserver/bootstrap.hpp"

#include "actors/apiserver/processes.hpp"
#include "actors/system/describing.hpp"
#include "actors/system/election.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/cluster_info.hpp"
#include "runtime/rules/default_flow.hpp"
#include "runtime/rules/default_policy.hpp"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/election.hpp"
#include "runtime/rules/escalation.hpp"
#include "runtime/rules/first_objects.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe {

namespace {

using core::v1::ConfigMap;
using core::v1::Namespace;
using pointer = bootstrap_actor::stateful_pointer<bootstrap_state>;

/// Writes under way at once: the store takes them together.
constexpr size_t most_busy = 256;

/// How long the process's list of the others may take.
constexpr std::chrono::milliseconds answer_patience{2'000};

constexpr auto rbac_suffix = ".rbac.authorization.k8s.io ";

const std::string dns_key =
    std::string{rules::dns_service_namespace} + "/" + rules::dns_service_name;

std::string place_of(const object& what) {
  return what.kind().qualified_plural() + " " + what.key();
}

/// Whether the cluster's DNS is its own, and not that of pods.
bool answers_dns(const bootstrap_state& st) {
  auto& services = st.views.at(&kind_of<core::v1::Service>()).objects;
  auto own = services.find(dns_key);
  return own == services.end() || rules::is_answered_here(own->second);
}

/// Returns what is to be written for a wanted object; none when it is there.
object missing(const bootstrap_state& st, const object& wanted) {
  if (st.refused.count(place_of(wanted)) != 0)
    return {};
  if (rules::tells_where_dns_is(wanted) && !answers_dns(st))
    return {};
  auto& objects = st.views.at(&wanted.kind()).objects;
  auto stored = objects.find(wanted.key());
  if (stored == objects.end())
    return rules::marks_flow(wanted) && !st.suggested.empty() ? object{}
                                                              : wanted;
  auto& process = st.api.ctx().config().process;
  if (rules::tells_where_api_is(wanted)
      && (!st.election_seen
          || !rules::leads_to_api(st.holder, process, st.present)))
    return {};
  return rules::corrected(stored->second, wanted);
}

bool is_ready(const bootstrap_state& st) {
  return std::all_of(st.views.begin(), st.views.end(), [](auto& view) {
    auto& all = view.second.complete;
    return std::all_of(all.begin(), all.end(),
                       [](auto& x) { return x.second; });
  });
}

/// Whether there is the place where it goes.
bool has_place(const bootstrap_state& st, const object& what) {
  return what.ns().empty()
         || st.views.at(&kind_of<Namespace>()).objects.count(what.ns()) > 0;
}

void go_on(pointer self, const kind_info& kind);

void written(pointer self, const object& what, const expected<answer>& result) {
  auto& st = self->state;
  auto place = place_of(what);
  st.busy.erase(place);
  // What was written counts at once; the view shows it later. Down: the
  // same once more. Anything else, such as a namespace that ends, waits for
  // a change.
  if (result) {
    ++st.written;
    if (auto now = result->one(); now && st.views.count(&what.kind()) > 0)
      st.views[&what.kind()].objects[what.key()] = now;
  } else if (!is(result.error(), ec::service_unavailable)) {
    st.refused.insert(place);
  } else if (rules::gives_rights(what.kind())) {
    st.policy.push_back(what.with_revision(0));
  }
  go_on(self, what.kind());
}

/// Writes one object unless that is under way; returns false when there is no
/// room for it now.
bool write(pointer self, const object& what) {
  auto& st = self->state;
  if (st.busy.size() >= most_busy || !has_place(st, what))
    return false;
  if (!st.busy.insert(place_of(what)).second)
    return true;
  auto done = [self, what](const expected<answer>& result) {
    written(self, what, result);
  };
  if (what.revision() == 0)
    st.api.create(what, done);
  else
    st.api.update(what, done);
  return true;
}

/// A binding cannot be led to another role: it is made anew.
void replace(pointer self, const object& what) {
  self->state.busy.insert(place_of(what));
  self->state.api.remove({&what.kind(), what.ns(), what.name()}, {},
                         [self, what](const expected<answer>&) {
                           self->state.busy.erase(place_of(what));
                           if (!write(self, what))
                             self->state.policy.push_back(what);
                         });
}

/// Looks at default roles once each.
void write_policy(pointer self) {
  auto& st = self->state;
  std::erase_if(st.policy, [&](const object& wanted) {
    auto& objects = st.views.at(&wanted.kind()).objects;
    auto stored = objects.find(wanted.key());
    if (stored == objects.end())
      return write(self, wanted);
    auto todo = rules::reconciled(stored->second, wanted);
    if (!todo)
      return true;
    if (todo.revision() != 0)
      return write(self, todo);
    replace(self, todo);
    return true;
  });
}

/// Nothing is to be done about roles any more.
void forget_policy(pointer self) {
  auto& st = self->state;
  for (auto stream : std::exchange(st.policy_streams, {}))
    st.api.unsubscribe(stream);
  std::erase_if(st.views,
                [](auto& view) { return rules::gives_rights(*view.first); });
}

/// Where the API server is, for whoever joins: told as its Endpoints are.
void write_info(pointer self) {
  auto& st = self->state;
  auto& config = st.api.ctx().config();
  if (!st.info_seen || config.api_port == 0 || !st.election_seen
      || !rules::leads_to_api(st.holder, config.process, st.present))
    return;
  auto wanted = rules::cluster_info("https://" + config.api_address + ":"
                                        + std::to_string(config.api_port),
                                    config.ca_certificate);
  if (st.refused.count(place_of(wanted)) != 0)
    return;
  if (!st.info)
    write(self, wanted);
  else if (auto todo = rules::corrected_cluster_info(st.info, wanted))
    write(self, todo);
}

void on_info(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.info = {};
    st.info_seen = false;
  }
  for (auto& c : batch.items) {
    st.refused.erase(place_of(c.what));
    st.info = c.type == change_type::deleted ? object{} : c.what;
  }
  st.info_seen = st.info_seen || batch.complete;
  if (is_ready(st))
    write_info(self);
}

void write_authentication(pointer self) {
  auto& st = self->state;
  if (!st.authentication_seen)
    return;
  auto wanted = rules::authentication_map(st.api.ctx().config().ca_certificate);
  if (st.refused.count(place_of(wanted)) != 0)
    return;
  if (!st.authentication)
    write(self, wanted);
  else if (auto todo = rules::corrected(st.authentication, wanted))
    write(self, todo);
}

void on_authentication(pointer self, const changes& batch) {
  auto& st = self->state;
  if (batch.reset) {
    st.authentication = {};
    st.authentication_seen = false;
  }
  for (auto& c : batch.items) {
    st.refused.erase(place_of(c.what));
    st.authentication = c.type == change_type::deleted ? object{} : c.what;
  }
  st.authentication_seen = st.authentication_seen || batch.complete;
  if (is_ready(st))
    write_authentication(self);
}

/// Pods answer for DNS now: clients must not be led to us as well.
void take_back_dns(pointer self) {
  auto& st = self->state;
  auto& kind = kind_of<discovery::v1::EndpointSlice>();
  auto& slices = st.views.at(&kind).objects;
  auto own = slices.find(dns_key);
  if (own == slices.end() || answers_dns(st))
    return;
  auto place = place_of(own->second);
  if (st.refused.count(place) != 0 || !st.busy.insert(place).second)
    return;
  auto name = object_ref{&kind, own->second.ns(), own->second.name()};
  st.api.remove(name, {}, [self, place](const expected<answer>& result) {
    self->state.busy.erase(place);
    if (!result)
      self->state.refused.insert(place);
  });
}

/// Kubernetes: suggests flow control to a cluster that has none yet; what
/// users make of it later is theirs.
void write_suggested(pointer self) {
  auto& st = self->state;
  auto is_there = [&](const object& each) {
    return st.views.at(&each.kind()).objects.count(each.key()) > 0
           || st.refused.count(place_of(each)) > 0;
  };
  if (!std::exchange(st.flow_seen, true)
      && std::none_of(st.first.begin(), st.first.end(), [&](auto& each) {
           return rules::marks_flow(each) && is_there(each);
         }))
    st.suggested = rules::suggested_flow();
  std::erase_if(st.suggested, is_there);
  for (auto& wanted : st.suggested)
    write(self, wanted);
}

void write_all(pointer self) {
  auto& st = self->state;
  take_back_dns(self);
  write_suggested(self);
  for (auto& wanted : st.first)
    if (auto todo = missing(st, wanted))
      write(self, todo);
  auto& authority = st.api.ctx().config().ca_certificate;
  for (auto& [name, space] : st.views.at(&kind_of<Namespace>()).objects)
    if (!space.meta().has_deletion_timestamp())
      if (auto todo = missing(st, rules::authority_map(name, authority)))
        write(self, todo);
  write_info(self);
  write_authentication(self);
}

/// What there is to do after something of a kind has changed.
void go_on(pointer self, const kind_info& kind) {
  auto& st = self->state;
  st.look_at_all = st.look_at_all || !rules::gives_rights(kind);
  if (!is_ready(st))
    return;
  if (std::exchange(st.look_at_all, false))
    write_all(self);
  if (!st.policy.empty())
    write_policy(self);
  auto writes = [](auto& place) {
    return place.find(rbac_suffix) != std::string::npos;
  };
  if (st.policy.empty() && !st.policy_streams.empty()
      && std::none_of(st.busy.begin(), st.busy.end(), writes))
    forget_policy(self);
}

/// `only` is the key that the selection is limited to, "" for none.
void on_batch(pointer self, const kind_info& kind, const std::string& only,
              const changes& batch) {
  auto& st = self->state;
  auto& view = st.views[&kind];
  if (batch.reset) {
    view.complete[only] = false;
    std::erase_if(view.objects, [&](auto& each) {
      return only.empty() || each.first == only;
    });
  }
  for (auto& c : batch.items) {
    st.refused.clear();
    if (c.type == change_type::deleted)
      view.objects.erase(c.what.key());
    else
      view.objects[c.what.key()] = c.what;
  }
  view.complete[only] |= batch.complete;
  go_on(self, kind);
}

void on_present(pointer self, const system::Deciders& now) {
  auto& st = self->state;
  std::vector<std::string> present{now.processes().begin(),
                                   now.processes().end()};
  if (std::exchange(st.present, present) == present)
    return;
  st.refused.clear();
  go_on(self, kind_of<coordination::v1::Lease>());
}

/// The first server may go while controllers apart stay active.
void ask_who_is_there(pointer self) {
  auto& st = self->state;
  if (!rules::is_apart(st.holder) || std::exchange(st.asks_who_is_there, true))
    return;
  auto& ctx = st.api.ctx();
  auto failed = [self](const caf::error&) {
    self->state.asks_who_is_there = false;
  };
  system::Resolve where;
  where.set_path(ctx.beside("apiserver/processes"));
  where.set_patience_ms(answer_patience.count());
  self->request(ctx.directory(), answer_patience, pb<system::Resolve>{where})
      .then(
          [self, failed](const caf::actor& found) {
            self->request(caf::actor_cast<processes_actor>(found),
                          answer_patience,
                          pb<system::ListDeciders>{system::ListDeciders{}})
                .then(
                    [self](const pb<system::Deciders>& now) {
                      self->state.asks_who_is_there = false;
                      on_present(self, *now);
                    },
                    failed);
          },
          failed);
}

/// A Lease changes each time that it is renewed; who holds it, seldom.
void on_election(pointer self, const changes& batch) {
  auto& st = self->state;
  auto holder = batch.reset ? std::nullopt : st.holder;
  for (auto& c : batch.items)
    if (c.type == change_type::deleted)
      holder = std::nullopt;
    else
      holder = rules::holder_of(c.what);
  auto seen = (st.election_seen && !batch.reset) || batch.complete;
  auto changed = holder != st.holder || seen != st.election_seen;
  st.holder = std::move(holder);
  st.election_seen = seen;
  if (changed) {
    st.refused.clear();
    go_on(self, kind_of<coordination::v1::Lease>());
  }
  ask_who_is_there(self);
}

template <class T>
uint64_t follow(pointer self, const std::string& ns = {},
                const std::string& name = {}) {
  auto& kind = kind_of<T>();
  // One name in all namespaces is no key, and the kind's only selection.
  auto only = ns.empty() ? std::string{} : ns + "/" + name;
  self->state.views[&kind].complete[only] = false;
  return self->state.api.subscribe(
      {&kind, ns, {}, name.empty() ? name : "metadata.name=" + name},
      [self, &kind, only](const changes& batch) {
        on_batch(self, kind, only, batch);
      });
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("written=" + std::to_string(self->state.written));
  return pb<system::Description>{std::move(result)};
}

} // namespace

bootstrap_actor::behavior_type bootstrap(pointer self, context ctx) {
  auto& st = self->state;
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  auto& config = ctx.config();
  st.first = rules::first_objects({config.service_cidr, config.api_address,
                                   config.api_port, config.ca_certificate});
  st.api.open(self, ctx, "system:apiserver", {"system:masters"});
  follow<Namespace>(self);
  follow<scheduling::v1::PriorityClass>(self);
  follow<flowcontrol::v1::FlowSchema>(self);
  follow<flowcontrol::v1::PriorityLevelConfiguration>(self);
  for (auto [ns, name] :
       {std::pair{"default", "kubernetes"},
        {rules::dns_service_namespace, rules::dns_service_name}}) {
    follow<core::v1::Service>(self, ns, name);
    follow<core::v1::Endpoints>(self, ns, name);
    follow<discovery::v1::EndpointSlice>(self, ns, name);
  }
  follow<ConfigMap>(self, {}, rules::authority_map_name);
  st.api.subscribe({&kind_of<coordination::v1::Lease>(),
                    rules::election_namespace,
                    {},
                    std::string{"metadata.name="} + controllers_election},
                   [self](const changes& batch) { on_election(self, batch); });
  st.api.subscribe({&kind_of<ConfigMap>(),
                    rules::cluster_info_namespace,
                    {},
                    std::string{"metadata.name="} + rules::cluster_info_name},
                   [self](const changes& batch) { on_info(self, batch); });
  st.api.subscribe(
      {&kind_of<ConfigMap>(),
       rules::authentication_map_namespace,
       {},
       std::string{"metadata.name="} + rules::authentication_map_name},
      [self](const changes& batch) { on_authentication(self, batch); });
  st.policy = rules::default_policy();
  st.policy_streams = {follow<rbac::v1::ClusterRole>(self),
                       follow<rbac::v1::Role>(self),
                       follow<rbac::v1::ClusterRoleBinding>(self),
                       follow<rbac::v1::RoleBinding>(self)};
  return {
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
