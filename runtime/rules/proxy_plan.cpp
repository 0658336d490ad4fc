#include "runtime/rules/proxy_plan.hpp"

#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/service_ports.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace troupe::rules {

namespace {

using core::v1::Service;
using core::v1::ServicePort;
using discovery::v1::EndpointSlice;

constexpr std::chrono::seconds default_affinity{10800};

/// An endpoint that could serve one port.
struct candidate {
  net::endpoint at;
  std::string node;
  bool ready = false;
};

std::optional<net::protocol> protocol_of(const std::string& name) {
  if (name.empty() || name == "TCP")
    return net::protocol::tcp;
  if (name == "UDP")
    return net::protocol::udp;
  return std::nullopt;
}

std::string label_of(const ServicePort& port) {
  return "port " + (port.name().empty() ? "" : port.name() + " ")
         + std::to_string(port.port());
}

/// Ports of a slice belong to the service's port of the same name: the slice
/// has the number that a named target port means there.
void collect(const EndpointSlice& slice, const ServicePort& wanted,
             std::vector<candidate>& out) {
  if (slice.address_type() != "IPv4")
    return;
  for (auto& port : slice.ports()) {
    auto fits =
        port.name() == wanted.name()
        && protocol_of(port.protocol()) == protocol_of(wanted.protocol());
    if (!fits || port.port() < 1 || port.port() > 65535)
      continue;
    for (auto& x : slice.endpoints()) {
      auto& state = x.conditions();
      // Kubernetes: unknown counts as ready, and serving follows ready.
      auto ready = !state.has_ready() || state.ready();
      auto serving = state.has_serving() ? state.serving() : ready;
      // Kubernetes: those that end may serve on where no other is ready.
      if (x.addresses().empty() || !(ready || (serving && state.terminating())))
        continue;
      if (auto address = net::parse_ipv4(x.addresses(0)))
        out.push_back({{*address, static_cast<uint16_t>(port.port())},
                       x.node_name(),
                       ready});
    }
  }
}

/// The endpoints to use out of those that `allowed` lets through.
template <class F>
std::vector<net::endpoint> choose(const std::vector<candidate>& all,
                                  F allowed) {
  std::vector<net::endpoint> ready, ending;
  for (auto& x : all)
    if (allowed(x))
      (x.ready ? ready : ending).push_back(x.at);
  auto& out = ready.empty() ? ending : ready;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::chrono::seconds affinity_of(const core::v1::ServiceSpec& spec) {
  if (spec.session_affinity() != "ClientIP")
    return std::chrono::seconds{0};
  auto& config = spec.session_affinity_config().client_ip();
  return config.has_timeout_seconds()
             ? std::chrono::seconds{config.timeout_seconds()}
             : default_affinity;
}

/// Makes the listeners of one service.
class planner {
public:
  planner(const object& service, std::span<const object> slices,
          std::span<const proxy_node> nodes)
      : what_(service),
        service_(service.as<Service>()),
        spec_(service_.spec()),
        slices_(slices),
        nodes_(nodes) {
    // nop
  }

  service_plan run(int lowest_port) {
    if (!is_served())
      return std::move(out_);
    auto places = answering_ports(service_, lowest_port);
    for (int i = 0; i < spec_.ports_size(); ++i)
      plan_port(spec_.ports(i), places[static_cast<size_t>(i)]);
    std::sort(out_.listeners.begin(), out_.listeners.end(),
              [](auto& a, auto& b) { return a.key < b.key; });
    return std::move(out_);
  }

private:
  bool is_served() {
    if (spec_.type() == "ExternalName")
      out_.notes.push_back("is the name " + spec_.external_name()
                           + " elsewhere: nothing to forward");
    else if (spec_.cluster_ip() == "None")
      out_.notes.push_back("is headless: clients find its pods by name");
    else if (spec_.cluster_ip().empty())
      out_.notes.push_back("has no cluster address yet");
    else
      return true;
    return false;
  }

  void plan_port(const ServicePort& port, const answering_port& place) {
    auto kind = protocol_of(port.protocol());
    if (!kind || port.port() < 1 || port.port() > 65535) {
      out_.notes.push_back(label_of(port) + ": " + port.protocol()
                           + " is not forwarded");
      return;
    }
    std::vector<candidate> all;
    for (auto& slice : slices_)
      collect(slice.as<EndpointSlice>(), port, all);
    auto number = static_cast<uint16_t>(place.answers);
    if (is_answered_here(what_)) {
      out_.notes.push_back(label_of(port) + ": answered by the cluster's DNS");
      if (!place.why.empty())
        tell_place(port, place, true);
      return plan_node_port(*kind, port, all);
    }
    if (number > 0) {
      plan_inside(*kind, number, all);
      plan_outside(*kind, number, all);
    }
    plan_node_port(*kind, port, all);
    auto targets = choose(all, [](auto&) { return true; });
    if (!place.why.empty())
      tell_place(port, place, !targets.empty());
    out_.notes.push_back(
        label_of(port) + ": "
        + (targets.empty() ? "no endpoint is ready, connections are refused"
                           : std::to_string(targets.size()) + " endpoints"));
  }

  void tell_place(const ServicePort& port, const answering_port& place,
                  bool served) {
    auto text =
        label_of(port)
        + (place.moved() ? " answers at " + std::to_string(place.answers)
                         : std::string{" does not answer"})
        + ": " + place.why;
    if (served)
      out_.events.push_back({what_, !place.moved(),
                             place.moved() ? "PortMoved" : "PortClosed", text});
    out_.notes.push_back(std::move(text));
  }

  void plan_inside(net::protocol kind, uint16_t port,
                   const std::vector<candidate>& all) {
    auto local = spec_.internal_traffic_policy() == "Local";
    auto targets =
        choose(all, [&](auto& x) { return !local || is_here(x.node); });
    if (spec_.cluster_ips().empty())
      add(kind, spec_.cluster_ip(), port, targets);
    for (auto& address : spec_.cluster_ips())
      add(kind, address, port, targets);
  }

  void plan_outside(net::protocol kind, uint16_t port,
                    const std::vector<candidate>& all) {
    auto local = spec_.external_traffic_policy() == "Local";
    auto targets =
        choose(all, [&](auto& x) { return !local || is_here(x.node); });
    for (auto& address : spec_.external_ips())
      add(kind, address, port, targets);
    for (auto& way_in : service_.status().load_balancer().ingress())
      if (way_in.ip_mode() != "Proxy")
        add(kind, way_in.ip(), port, targets);
  }

  void plan_node_port(net::protocol kind, const ServicePort& port,
                      const std::vector<candidate>& all) {
    if (port.node_port() < 1 || port.node_port() > 65535)
      return;
    auto local = spec_.external_traffic_policy() == "Local";
    for (auto& node : nodes_)
      add(kind, net::to_string(node.address),
          static_cast<uint16_t>(port.node_port()), choose(all, [&](auto& x) {
            return !local
                   || (node.name.empty() ? is_here(x.node)
                                         : x.node == node.name);
          }));
  }

  bool is_here(const std::string& node) const {
    return std::any_of(nodes_.begin(), nodes_.end(), [&](auto& x) {
      return !x.name.empty() && x.name == node;
    });
  }

  // Addresses of other families are served by nobody here.
  void add(net::protocol kind, const std::string& address, uint16_t port,
           std::vector<net::endpoint> targets) {
    auto at = net::parse_ipv4(address);
    if (!at)
      return;
    net::listener_key key{kind, {*at, port}};
    auto known = std::any_of(out_.listeners.begin(), out_.listeners.end(),
                             [&](auto& x) { return x.key == key; });
    if (!known)
      out_.listeners.push_back({key, std::move(targets), affinity_of(spec_)});
  }

  const object& what_;
  const Service& service_;
  const core::v1::ServiceSpec& spec_;
  std::span<const object> slices_;
  std::span<const proxy_node> nodes_;
  service_plan out_;
};

} // namespace

service_plan plan_service_proxy(const object& service,
                                std::span<const object> slices,
                                std::span<const proxy_node> nodes,
                                int lowest_port) {
  return planner{service, slices, nodes}.run(lowest_port);
}

proxy_table::difference proxy_table::set(const std::string& service,
                                         std::vector<net::listener> listeners) {
  difference out;
  std::set<net::listener_key> wanted;
  for (auto& x : listeners)
    wanted.insert(x.key);
  for (auto& key : std::exchange(wishes_[service], wanted)) {
    if (wanted.count(key) > 0)
      continue;
    auto& claims = places_[key];
    auto served = claims.front().service == service;
    std::erase_if(claims, [&](auto& x) { return x.service == service; });
    if (served && !claims.empty())
      out.changed.push_back(claims.front().wish);
    if (claims.empty()) {
      places_.erase(key);
      out.removed.push_back(key);
    }
  }
  for (auto& x : listeners) {
    auto& claims = places_[x.key];
    auto mine = std::find_if(claims.begin(), claims.end(),
                             [&](auto& y) { return y.service == service; });
    if (mine != claims.end() && mine->wish == x)
      continue;
    if (mine == claims.end())
      mine = claims.insert(claims.end(), {service, {}});
    mine->wish = std::move(x);
    if (mine == claims.begin())
      out.changed.push_back(mine->wish);
  }
  if (wanted.empty())
    wishes_.erase(service);
  return out;
}

std::vector<net::listener> proxy_table::all() const {
  std::vector<net::listener> out;
  out.reserve(places_.size());
  for (auto& [key, claims] : places_)
    out.push_back(claims.front().wish);
  return out;
}

std::string proxy_table::owner(const net::listener_key& key) const {
  auto i = places_.find(key);
  return i == places_.end() ? "" : i->second.front().service;
}

std::vector<net::listener_key>
proxy_table::denied(const std::string& service) const {
  std::vector<net::listener_key> out;
  auto i = wishes_.find(service);
  if (i == wishes_.end())
    return out;
  std::copy_if(i->second.begin(), i->second.end(), std::back_inserter(out),
               [&](auto& key) { return owner(key) != service; });
  return out;
}

} // namespace troupe::rules
