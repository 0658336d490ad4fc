#include "tests/support/invariants.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/node_plan.hpp"

#include <algorithm>

namespace troupe::test {

namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::ConfigMap;
using core::v1::Endpoints;
using core::v1::Node;
using core::v1::Pod;
using core::v1::Service;

constexpr auto note_prefix = "note-";

bool has_ended(const Pod& pod) {
  return pod.status().phase() == "Succeeded"
         || pod.status().phase() == "Failed";
}

bool is_ready(const object& pod) {
  if (pod.meta().has_deletion_timestamp())
    return false;
  for (auto& c : pod.as<Pod>().status().conditions())
    if (c.type() == "Ready")
      return c.status() == "True";
  return false;
}

std::string number(int64_t value) {
  return std::to_string(value);
}

} // namespace

invariants::invariants(simulated_cluster& cluster)
    : cluster_(cluster), strays_(cluster.strays()) {
  // nop
}

void invariants::write_note() {
  ConfigMap map;
  map.mutable_metadata()->set_name(note_prefix + number(++last_note_));
  map.mutable_metadata()->set_namespace_("default");
  auto made = cluster_.create(object::of(map));
  if (!made)
    return;
  notes_[made->name()] = made->revision();
  newest_ = std::max(newest_, made->revision());
}

/// What cannot be read now is looked at later.
std::vector<object> invariants::all(const kind_info& kind) {
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  auto before = newest_;
  auto found = cluster_.ask(msg);
  if (!found)
    return {};
  // Whoever asks after a write was acknowledged sees it.
  if (found->revision() < before)
    report("the API went back from revision " + number(before) + " to "
           + number(found->revision()));
  newest_ = std::max(newest_, found->revision());
  note_revisions(found->objects);
  return found->objects;
}

void invariants::note_revisions(const std::vector<object>& found) {
  for (auto& what : found) {
    auto& last = revisions_[what.uid()];
    if (what.revision() < last)
      report(what.key() + " went back from revision " + number(last) + " to "
             + number(what.revision()));
    last = std::max(last, what.revision());
    if (what.revision() > newest_)
      report(what.key() + " is of a revision yet to come");
  }
}

std::string invariants::broken() {
  found_.clear();
  check_notes();
  check_sandboxes();
  check_addresses();
  check_services();
  return std::move(found_);
}

std::string invariants::unrest() {
  found_.clear();
  check_notes();
  check_nodes();
  check_sets();
  check_owners();
  check_endpoints();
  check_machines();
  check_actors();
  return std::move(found_);
}

void invariants::check_notes() {
  auto known = notes_;
  auto listed = all(kind_of<ConfigMap>());
  if (listed.empty())
    return;
  std::map<std::string, uint64_t> found;
  for (auto& map : listed)
    if (map.ns() == "default")
      found[map.name()] = map.revision();
  for (auto& [name, revision] : known)
    if (found[name] != revision)
      report("acknowledged write " + name + " at revision " + number(revision)
             + " is lost");
}

/// One pod, by its uid or by its name, has one sandbox anywhere; no two have
/// one address.
void invariants::check_sandboxes() {
  std::map<std::string, std::string> uids, names, addresses;
  auto once = [this](auto& seen, const std::string& what,
                     const std::string& where) {
    auto [at, fresh] = seen.emplace(what, where);
    if (!fresh)
      report(what + " is on " + at->second + " and on " + where);
  };
  for (auto& [node, state] : cluster_.fleet().look())
    for (auto& sandbox : state.sandboxes()) {
      if (sandbox.state() != container::READY)
        continue;
      auto name = sandbox.namespace_() + "/" + sandbox.name();
      once(uids, "sandbox of pod " + sandbox.uid(), node + " (" + name + ")");
      once(names, "sandbox of pod " + name, node + " (" + sandbox.uid() + ")");
      if (!sandbox.address().empty())
        once(addresses, "address " + sandbox.address(),
             node + " (" + name + ")");
    }
}

void invariants::check_addresses() {
  std::map<std::string, std::string> seen;
  std::set<std::string> uids;
  for (auto& pod : all(kind_of<Pod>())) {
    if (!uids.insert(pod.uid()).second)
      report("two pods have the uid " + pod.uid());
    auto& ip = pod.as<Pod>().status().pod_ip();
    if (ip.empty() || pod.meta().has_deletion_timestamp()
        || has_ended(pod.as<Pod>()))
      continue;
    auto [at, fresh] = seen.emplace(ip, pod.key());
    if (!fresh)
      report("address " + ip + " is of " + at->second + " and of " + pod.key());
  }
}

void invariants::check_services() {
  std::map<std::string, std::string> seen;
  auto once = [&](const std::string& what, const object& whose) {
    auto [at, fresh] = seen.emplace(what, whose.key());
    if (!fresh)
      report(what + " is of " + at->second + " and of " + whose.key());
  };
  for (auto& service : all(kind_of<Service>())) {
    auto& spec = service.as<Service>().spec();
    if (!spec.cluster_ip().empty() && spec.cluster_ip() != "None")
      once("cluster IP " + spec.cluster_ip(), service);
    for (auto& port : spec.ports())
      if (port.node_port() != 0)
        once("node port " + number(port.node_port()), service);
  }
}

void invariants::check_nodes() {
  for (auto& node : all(kind_of<Node>())) {
    if (!rules::is_node_ready(node.as<Node>()))
      report("node " + node.name() + " is not ready");
    for (auto& taint : node.as<Node>().spec().taints())
      report("node " + node.name() + " has the taint " + taint.key());
  }
}

void invariants::check_sets() {
  std::map<std::string, int> pods; ///< by their owner's uid
  for (auto& pod : all(kind_of<Pod>())) {
    for (auto& owner : pod.meta().owner_references())
      ++pods[owner.uid()];
    if (!is_ready(pod))
      report("pod " + pod.name() + " on " + pod.as<Pod>().spec().node_name()
             + " is "
             + (pod.meta().has_deletion_timestamp() ? "leaving" : "not ready"));
  }
  for (auto& set : all(kind_of<ReplicaSet>())) {
    auto& x = set.as<ReplicaSet>();
    if (pods[set.uid()] != x.spec().replicas()
        || x.status().replicas() != x.spec().replicas()
        || x.status().ready_replicas() != x.spec().replicas())
      report("replica set " + set.name() + " wishes "
             + number(x.spec().replicas()) + ", has " + number(pods[set.uid()])
             + ", tells of " + number(x.status().replicas()) + ", ready "
             + number(x.status().ready_replicas()));
  }
  for (auto& each : all(kind_of<Deployment>())) {
    auto& x = each.as<Deployment>();
    auto wished = x.spec().replicas();
    auto& told = x.status();
    if (told.observed_generation() != each.meta().generation()
        || told.replicas() != wished || told.updated_replicas() != wished
        || told.available_replicas() != wished)
      report("deployment " + each.name() + " wishes " + number(wished)
             + ", has " + number(told.replicas()) + ", updated "
             + number(told.updated_replicas()) + ", available "
             + number(told.available_replicas()));
  }
}

void invariants::check_owners() {
  std::set<std::string> uids;
  std::vector<object> owned;
  for (auto* kind : {&kind_of<Deployment>(), &kind_of<ReplicaSet>(),
                     &kind_of<Pod>(), &kind_of<Service>()})
    for (auto& what : all(*kind)) {
      uids.insert(what.uid());
      owned.push_back(what);
    }
  for (auto& what : owned)
    for (auto& owner : what.meta().owner_references())
      if (uids.count(owner.uid()) == 0)
        report(what.key() + " has lost its owner " + owner.name());
}

void invariants::check_endpoints() {
  auto pods = all(kind_of<Pod>());
  std::map<std::string, std::set<std::string>> told;
  for (auto& each : all(kind_of<Endpoints>())) {
    auto& addresses = told[each.key()];
    for (auto& subset : each.as<Endpoints>().subsets())
      for (auto& address : subset.addresses())
        addresses.insert(address.ip());
  }
  for (auto& service : all(kind_of<Service>())) {
    auto& selector = service.as<Service>().spec().selector();
    if (selector.empty())
      continue;
    std::set<std::string> ready;
    for (auto& pod : pods) {
      auto& labels = pod.meta().labels();
      auto matches =
          std::all_of(selector.begin(), selector.end(), [&](const auto& want) {
            auto found = labels.find(want.first);
            return found != labels.end() && found->second == want.second;
          });
      if (matches && pod.ns() == service.ns() && is_ready(pod))
        ready.insert(pod.as<Pod>().status().pod_ip());
    }
    if (told[service.key()] != ready)
      report("service " + service.name() + " has "
             + number(static_cast<int64_t>(told[service.key()].size()))
             + " endpoints, not its "
             + number(static_cast<int64_t>(ready.size())) + " ready pods");
  }
}

void invariants::check_machines() {
  std::map<std::string, object> pods; ///< by uid
  for (auto& pod : all(kind_of<Pod>()))
    pods[pod.uid()] = pod;
  std::map<std::string, size_t> running; ///< containers, by the pod's uid
  for (auto& [node, state] : cluster_.fleet().look()) {
    std::map<std::string, std::string> uid_of; ///< by sandbox
    for (auto& sandbox : state.sandboxes()) {
      uid_of[sandbox.id()] = sandbox.uid();
      auto pod = pods.find(sandbox.uid());
      if (pod == pods.end() || pod->second.as<Pod>().spec().node_name() != node)
        report(node + " has a sandbox of no pod of its own: " + sandbox.name());
    }
    for (auto& c : state.containers())
      running[uid_of[c.sandbox_id()]] += c.state() == container::RUNNING;
  }
  for (auto& [uid, pod] : pods)
    if (pod.as<Pod>().status().phase() == "Running"
        && running[uid]
               != static_cast<size_t>(pod.as<Pod>().spec().containers_size()))
      report("pod " + pod.name() + " counts as running but has "
             + number(static_cast<int64_t>(running[uid])) + " containers");
}

void invariants::check_actors() {
  auto strays = cluster_.strays();
  if (strays != strays_)
    report(number(static_cast<int64_t>(strays - strays_))
           + " actors are at no path");
}

} // namespace troupe::test
