#pragma once

#include "runtime/dns/message.hpp"
#include "runtime/rules/addresses.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::dns {

/// A port by its name; `protocol` in lower case.
struct service_port {
  std::string name;
  std::string protocol;
  uint16_t number = 0;

  bool operator==(const service_port&) const = default;
};

/// One address that stands behind a service.
struct service_endpoint {
  std::string label;  ///< its name below the service's
  bool named = false; ///< somebody chose that; else it is made of the address
  rules::ip_address address;
  std::vector<service_port> ports;

  bool operator==(const service_endpoint&) const = default;
};

/// What DNS knows of a service.
struct service_names {
  std::string space; ///< its namespace
  std::string service;
  bool headless = false;
  std::vector<rules::ip_address> addresses; ///< its own; none where headless
  std::vector<service_port> ports;
  std::vector<service_endpoint> endpoints; ///< those that are ready
  std::string elsewhere; ///< the name that it is another name for, or ""

  bool operator==(const service_names&) const = default;
};

/// The names of a cluster, as Kubernetes' specification of DNS-based service
/// discovery 1.1.0 has them; where that leaves a choice, as clusters do that
/// are set up by kubeadm: pods' names are answered by their form, in namespaces
/// that there are.
class zone {
public:
  /// `domain` in lower case, without the last dot.
  explicit zone(const std::string& domain = "cluster.local");

  void set(service_names what);
  void remove(const std::string& space, const std::string& service);
  void add_space(const std::string& space) { spaces_.insert(space); }
  void remove_space(const std::string& space) { spaces_.erase(space); }

  /// Forgets all services and namespaces.
  void clear();

  /// Where this is answered: the address of the zone's name server.
  void set_server(const rules::ip_address& at) { server_ = at; }

  /// Addresses of the cluster: others are never asked for their names.
  void set_ranges(std::vector<rules::ip_range> all) {
    ranges_ = std::move(all);
  }

  /// The zone's version, for its SOA record.
  void set_serial(uint32_t serial) { serial_ = serial; }

  size_t services() const { return services_.size(); }

  /// Seconds for which all of its records hold.
  static constexpr uint32_t ttl = 5;

  /// An answer: the header's code and the three sections.
  struct found {
    uint16_t code = code::no_error;
    std::vector<record> answers;
    std::vector<record> authorities;
    std::vector<record> additionals;
    /// A service is another name for this, which is not the cluster's.
    std::optional<name> follow;
  };

  /// Answers what belongs to the cluster, none for what does not. Addresses
  /// come in an order that `turn` chooses.
  std::optional<found> answer(const question& asked, uint32_t turn) const;

private:
  struct search;

  using service_key = std::pair<std::string, std::string>; // space, service

  const service_names* find(const std::string& space,
                            const std::string& service) const;
  void forget_reverse(const service_names& what);
  std::vector<std::pair<rules::ip_address, name>>
  reverse_of(const service_names& what) const;
  name below(std::initializer_list<std::string_view> labels) const;
  record soa() const;

  name domain_;
  std::vector<std::string> domain_labels_;
  std::map<service_key, service_names> services_;
  std::set<std::string> spaces_;
  std::map<rules::ip_address, std::multiset<std::string>> reverse_; ///< wire
  rules::ip_address server_;
  std::vector<rules::ip_range> ranges_;
  uint32_t serial_ = 1;
};

/// The address that a name below in-addr.arpa or ip6.arpa stands for; none for
/// other names, and for parts of an address.
std::optional<rules::ip_address> reversed(const name& x);

/// The address that a pod's name begins with: "10-0-0-1", "2001-db8--1".
std::optional<rules::ip_address> dashed(std::string_view label);

/// The label made of an address.
std::string dashed(const rules::ip_address& x);

} // namespace troupe::dns
