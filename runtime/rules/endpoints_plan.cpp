#include "runtime/rules/endpoints_plan.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/readiness.hpp"
#include "runtime/rules/service_pods.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

namespace troupe::rules {

namespace {

using core::v1::EndpointAddress;
using core::v1::EndpointPort;
using core::v1::Endpoints;
using core::v1::Pod;
using core::v1::Service;

constexpr auto headless_label = "service.kubernetes.io/headless";
constexpr auto manager_label = "endpoints.kubernetes.io/managed-by";
constexpr auto capacity_annotation = "endpoints.kubernetes.io/over-capacity";

// Kubernetes: maxCapacity, the most addresses of one object.
constexpr int capacity = 1000;

// Address and pod uid; ready ones of an address stay apart from others.
using address_key = std::tuple<std::string, std::string, bool>;
using port_key = std::tuple<std::string, int, std::string, std::string>;

EndpointAddress make_address(const Service& service, const object& each,
                             const std::string& ip) {
  const auto& pod = each.as<Pod>();
  EndpointAddress result;
  result.set_ip(ip);
  if (has_name_in(pod, service))
    result.set_hostname(pod.spec().hostname());
  if (!pod.spec().node_name().empty())
    result.set_node_name(pod.spec().node_name());
  auto* target = result.mutable_target_ref();
  target->set_kind("Pod");
  target->set_namespace_(each.ns());
  target->set_name(each.name());
  target->set_uid(each.uid());
  return result;
}

std::set<port_key> ports_of(const Service& service, const Pod& pod) {
  std::set<port_key> result;
  for (const auto& port : service.spec().ports())
    if (auto number = find_port(pod, port))
      result.insert(
          {port.name(), *number, port.protocol(), port.app_protocol()});
  return result;
}

// Kubernetes: RepackSubsets. Ports that have the same addresses share a
// subset.
class subsets {
public:
  void add(const address_key& key, const EndpointAddress& address,
           const std::set<port_key>& ports) {
    addresses_[key] = address;
    for (const auto& port : ports)
      by_port_[port].insert(key);
  }

  /// For headless services without ports.
  void add_without_port(const address_key& key,
                        const EndpointAddress& address) {
    addresses_[key] = address;
    portless_.insert(key);
  }

  void write(Endpoints& to) {
    std::map<std::set<address_key>, std::vector<port_key>> groups;
    for (const auto& [port, keys] : by_port_)
      groups[keys].push_back(port);
    if (!portless_.empty())
      groups[portless_];
    for (const auto& [keys, ports] : groups)
      write(*to.add_subsets(), keys, ports);
  }

  size_t ready() const { return count(true); }
  size_t not_ready() const { return count(false); }

private:
  void write(core::v1::EndpointSubset& to, const std::set<address_key>& keys,
             const std::vector<port_key>& ports) {
    for (const auto& key : keys) {
      auto* slot =
          std::get<2>(key) ? to.add_addresses() : to.add_not_ready_addresses();
      *slot = addresses_[key];
    }
    for (const auto& [name, number, protocol, app] : ports) {
      EndpointPort port;
      port.set_name(name);
      port.set_port(number);
      port.set_protocol(protocol);
      if (!app.empty())
        port.set_app_protocol(app);
      *to.add_ports() = port;
    }
  }

  size_t count(bool ready) const {
    size_t result = 0;
    for (const auto& [key, address] : addresses_)
      result += std::get<2>(key) == ready;
    return result;
  }

  std::map<address_key, EndpointAddress> addresses_;
  std::map<port_key, std::set<address_key>> by_port_;
  std::set<address_key> portless_;
};

subsets gather(const Service& service, std::span<const object> pods) {
  subsets result;
  auto any = service.spec().publish_not_ready_addresses();
  auto family = families_of(service).front();
  for (const auto& each : pods) {
    const auto& pod = each.as<Pod>();
    auto ip = address_of(pod, family);
    if (!has_endpoint(pod, any) || ip.empty())
      continue;
    address_key key{ip, each.uid(), any || is_ready(pod)};
    auto address = make_address(service, each, ip);
    if (service.spec().ports().empty() && is_headless(service))
      result.add_without_port(key, address);
    else if (auto ports = ports_of(service, pod); !ports.empty())
      result.add(key, address, ports);
  }
  return result;
}

// Keeps the first addresses, ready ones before others, up to the capacity.
bool truncate(Endpoints& endpoints) {
  int room = capacity;
  bool cut = false;
  auto shorten = [&](auto& list) {
    auto keep = std::min(room, list.size());
    cut |= keep < list.size();
    list.DeleteSubrange(keep, list.size() - keep);
    room -= keep;
  };
  for (auto& subset : *endpoints.mutable_subsets())
    shorten(*subset.mutable_addresses());
  for (auto& subset : *endpoints.mutable_subsets())
    shorten(*subset.mutable_not_ready_addresses());
  return cut;
}

void label(const Service& service, Endpoints& endpoints) {
  auto& labels = *endpoints.mutable_metadata()->mutable_labels();
  labels = service.metadata().labels();
  labels.erase(headless_label);
  if (is_headless(service))
    labels[headless_label] = "";
  labels[manager_label] = "endpoint-controller";
}

} // namespace

endpoints_plan plan_endpoints(const object& service,
                              std::span<const object> pods,
                              const object& existing) {
  const auto& typed = service.as<Service>();
  if (!selects_pods(typed))
    return {{}, {}, "has no selector: its endpoints are left alone"};
  if (service.meta().has_deletion_timestamp())
    return {{}, {}, "is being deleted"};
  auto now = existing ? existing.copy<Endpoints>() : Endpoints{};
  now.mutable_metadata()->set_name(service.name());
  now.mutable_metadata()->set_namespace_(service.ns());
  now.clear_subsets();
  auto found = gather(typed, pods);
  found.write(now);
  label(typed, now);
  auto& notes = *now.mutable_metadata()->mutable_annotations();
  if (truncate(now))
    notes[capacity_annotation] = "truncated";
  else
    notes.erase(capacity_annotation);
  endpoints_plan plan;
  plan.reason = fmt::format("{} addresses are ready, {} are not", found.ready(),
                            found.not_ready());
  if (!existing)
    plan.created = object::of(now);
  else if (!canonical_equal(now, existing.as<Endpoints>()))
    plan.updated = object::of(now);
  return plan;
}

} // namespace troupe::rules
