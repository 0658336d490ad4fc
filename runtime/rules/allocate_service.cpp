#include "messages/api/core_service.pb.h"
#include "messages/kinds.hpp"
#include "runtime/rules/allocators.hpp"
#include "runtime/rules/findings.hpp"
#include "runtime/rules/services.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe::rules {

using core::v1::Service;
using core::v1::ServiceSpec;

namespace {

std::string_view family_of(bool v6) {
  return v6 ? "IPv6" : "IPv4";
}

std::set<ip_address> addresses_of(const ServiceSpec& spec) {
  std::set<ip_address> result;
  if (auto one = ip_address::parse(spec.cluster_ip()))
    result.insert(*one);
  for (auto& text : spec.cluster_ips())
    if (auto one = ip_address::parse(text))
      result.insert(*one);
  return result;
}

std::set<int32_t> node_ports_of(const ServiceSpec& spec) {
  std::set<int32_t> result;
  for (auto& port : spec.ports())
    if (port.node_port() != 0)
      result.insert(port.node_port());
  if (spec.health_check_node_port() != 0)
    result.insert(spec.health_check_node_port());
  return result;
}

ip_allocator* find(service_ranges& ranges, std::string_view family) {
  for (auto& one : ranges.addresses)
    if (family_of(one.range().base.v6) == family)
      return &one;
  return nullptr;
}

/// One allocation under way: what it took so far, to be given back when the
/// rest cannot be had.
class attempt {
public:
  attempt(Service& service, const Service* old, service_ranges& ranges,
          const entropy& next)
      : service_(service), ranges_(ranges), next_(next) {
    if (old != nullptr) {
      own_addresses_ = addresses_of(old->spec());
      own_ports_ = node_ports_of(old->spec());
    }
  }

  caf::error run() {
    if (needs_cluster_ip(spec())) {
      choose_families();
      if (headless(spec()))
        make_headless();
      else if (found_.empty() && !full_)
        take_addresses();
    }
    if (needs_node_ports(spec()))
      take_node_ports();
    if (needs_health_check_port(spec()))
      take_health_check_port();
    if (found_.empty() && !full_)
      return caf::error{};
    give_back();
    if (full_)
      return full_;
    return invalid(kind_of<Service>(), service_.metadata().name(),
                   found_.take());
  }

private:
  ServiceSpec& spec() { return *service_.mutable_spec(); }

  void choose_families();
  void make_headless();
  void take_addresses();
  void take_address(std::string_view family, int index);
  void take_node_ports();
  void take_health_check_port();
  int32_t any_node_port();
  void take_port(int32_t port, const field_path& at);

  void give_back() {
    for (auto& address : taken_addresses_)
      for (auto& range : ranges_.addresses)
        range.release(address);
    for (auto port : taken_ports_)
      ranges_.node_ports.release(port);
  }

  Service& service_;
  service_ranges& ranges_;
  const entropy& next_;
  std::set<ip_address> own_addresses_;
  std::set<int32_t> own_ports_;
  std::set<ip_address> taken_addresses_;
  std::set<int32_t> taken_ports_;
  findings found_;
  caf::error full_;
};

// Families follow what the client said: families, else addresses, else the
// primary one of the cluster.
void attempt::choose_families() {
  if (!spec().has_ip_family_policy())
    spec().set_ip_family_policy(spec().ip_families_size() > 1
                                        || spec().cluster_ips_size() > 1
                                    ? "RequireDualStack"
                                    : "SingleStack");
  auto& families = *spec().mutable_ip_families();
  if (families.empty())
    for (auto& text : spec().cluster_ips())
      if (auto one = ip_address::parse(text))
        *families.Add() = std::string{family_of(one->v6)};
  if (families.empty())
    if (auto one = ip_address::parse(spec().cluster_ip()))
      *families.Add() = std::string{family_of(one->v6)};
  for (auto& range : ranges_.addresses) {
    std::string family{family_of(range.range().base.v6)};
    bool wanted =
        families.empty() || spec().ip_family_policy() != "SingleStack";
    if (wanted
        && std::find(families.begin(), families.end(), family)
               == families.end())
      *families.Add() = family;
  }
  field_path at{"spec"};
  if (spec().ip_family_policy() == "RequireDualStack"
      && ranges_.addresses.size() < 2)
    found_.invalid(at.child("ipFamilyPolicy"), spec().ip_family_policy(),
                   "this cluster is not configured for dual-stack services");
  auto list = at.child("ipFamilies");
  for (int i = 0; i < families.size(); ++i)
    if (find(ranges_, families[i]) == nullptr)
      found_.invalid(list[static_cast<size_t>(i)], families[i],
                     "not configured on this cluster");
}

void attempt::make_headless() {
  spec().set_cluster_ip("None");
  spec().clear_cluster_ips();
  spec().add_cluster_ips("None");
}

void attempt::take_addresses() {
  if (spec().cluster_ips().empty() && !spec().cluster_ip().empty())
    spec().add_cluster_ips(spec().cluster_ip());
  int index = 0;
  for (auto& family : spec().ip_families())
    take_address(family, index++);
  if (!spec().cluster_ips().empty())
    spec().set_cluster_ip(spec().cluster_ips(0));
}

// Kubernetes shows the whole list where it refuses one of it.
shown whole_list(const google::protobuf::RepeatedPtrField<std::string>& list) {
  shown result{""};
  result.text = "[";
  for (auto& each : list)
    result.text += (result.text.size() > 1 ? ",\"" : "\"") + each + "\"";
  result.text += "]";
  return result;
}

void attempt::take_address(std::string_view family, int index) {
  auto* range = find(ranges_, family);
  if (index >= spec().cluster_ips_size()) {
    auto any = range->take_any(next_);
    if (!any) {
      full_ = make_error(ec::internal_error,
                         "failed to allocate a serviceIP: range is full");
      return;
    }
    taken_addresses_.insert(*any);
    spec().add_cluster_ips(any->str());
    return;
  }
  auto& text = spec().cluster_ips(index);
  field_path at{"spec"};
  auto list = at.child("clusterIPs");
  auto one = list[static_cast<size_t>(index)];
  auto wished = ip_address::parse(text);
  if (!wished)
    found_.invalid(one, text, "must be a valid IP address");
  else if (own_addresses_.contains(*wished))
    return;
  else if (auto why = range->take(*wished); !why.empty())
    found_.invalid(list, whole_list(spec().cluster_ips()),
                   "failed to allocate IP " + text + ": " + why);
  else
    taken_addresses_.insert(*wished);
}

// One number serves several protocols of one port.
void attempt::take_node_ports() {
  std::map<int32_t, int32_t> by_port;
  field_path at{"spec"};
  auto list = at.child("ports");
  auto& ports = *spec().mutable_ports();
  for (int i = 0; i < ports.size(); ++i) {
    if (ports[i].node_port() == 0)
      continue;
    auto one = list[static_cast<size_t>(i)];
    take_port(ports[i].node_port(), one.child("nodePort"));
    by_port.emplace(ports[i].port(), ports[i].node_port());
  }
  for (auto& port : ports) {
    if (port.node_port() != 0)
      continue;
    auto& number = by_port[port.port()];
    if (number == 0)
      number = any_node_port();
    port.set_node_port(number);
  }
}

void attempt::take_health_check_port() {
  field_path at{"spec"};
  if (spec().health_check_node_port() == 0)
    spec().set_health_check_node_port(any_node_port());
  else
    take_port(spec().health_check_node_port(), at.child("healthCheckNodePort"));
}

int32_t attempt::any_node_port() {
  auto port = ranges_.node_ports.take_any(next_);
  if (!port) {
    full_ = make_error(ec::internal_error,
                       "failed to allocate a nodePort: range is full");
    return 0;
  }
  taken_ports_.insert(*port);
  return *port;
}

void attempt::take_port(int32_t port, const field_path& at) {
  if (own_ports_.contains(port) || taken_ports_.contains(port))
    return;
  if (auto why = ranges_.node_ports.take(port); !why.empty())
    found_.invalid(at, port, why);
  else
    taken_ports_.insert(port);
}

} // namespace

std::vector<std::string> service_ranges::occupy(const Service& service) {
  std::vector<std::string> result;
  auto key = service.metadata().namespace_() + "/" + service.metadata().name();
  auto note = [&](const std::string& what, const std::string& why) {
    if (!why.empty())
      result.push_back(key + ": " + what + ": " + why);
  };
  for (auto& address : addresses_of(service.spec())) {
    auto* range = find(*this, family_of(address.v6));
    note(address.str(), range != nullptr ? range->take(address)
                                         : "not configured on this cluster");
  }
  for (auto port : node_ports_of(service.spec()))
    note(std::to_string(port), node_ports.take(port));
  return result;
}

caf::error allocate(Service& service, const Service* old,
                    service_ranges& ranges, const entropy& next) {
  return attempt{service, old, ranges, next}.run();
}

void release(const Service& gone, const Service* kept, service_ranges& ranges) {
  std::set<ip_address> addresses;
  std::set<int32_t> ports;
  if (kept != nullptr) {
    addresses = addresses_of(kept->spec());
    ports = node_ports_of(kept->spec());
  }
  for (auto& address : addresses_of(gone.spec()))
    if (!addresses.contains(address))
      for (auto& range : ranges.addresses)
        range.release(address);
  for (auto port : node_ports_of(gone.spec()))
    if (!ports.contains(port))
      ranges.node_ports.release(port);
}

} // namespace troupe::rules
