#pragma once

#include "runtime/dns/resolv_conf.hpp"
#include "runtime/dns/zone.hpp"
#include "runtime/net/service_edge.hpp"

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::net {

/// What is different about the names of a cluster.
struct dns_change {
  std::vector<dns::service_names> set;
  std::vector<std::pair<std::string, std::string>> removed; ///< space, service
  std::vector<std::string> spaces;
  std::vector<std::string> removed_spaces;

  bool empty() const {
    return set.empty() && removed.empty() && spaces.empty()
           && removed_spaces.empty();
  }
};

/// What an edge that answers names is told of its cluster once.
struct dns_settings {
  rules::ip_address server;            ///< where the cluster's DNS is
  std::vector<rules::ip_range> ranges; ///< addresses of the cluster
};

/// What the edge has done so far, for people to look at.
struct dns_stats {
  size_t listening = 0;    ///< places that answer now
  size_t connections = 0;  ///< open now, over TCP
  uint64_t queries = 0;    ///< since the start
  uint64_t forwarded = 0;  ///< asked of others
  uint64_t unanswered = 0; ///< of these, those that nobody answered
  size_t cached = 0;       ///< answers of others that are kept
};

/// What a machine says about names by its files.
struct machine_names {
  dns::resolv_conf asks; ///< /etc/resolv.conf
  std::string hosts;     ///< /etc/hosts
};

/// Answers names on this machine: over sockets, or only on paper. Calls may
/// come from any thread and return at once.
class dns_edge {
public:
  /// As that of a service_edge.
  using report = service_edge::report;

  virtual ~dns_edge() = default;

  /// From now on exactly `all` is known, and problems go to `tell`.
  virtual void replace(dns_settings settings, dns_change all, report tell) = 0;

  /// Adds, changes and takes away.
  virtual void update(dns_change change) = 0;

  /// From now on exactly these places answer. What could not be opened before
  /// is tried again.
  virtual void listen(std::vector<listener_key> places) = 0;

  virtual dns_stats stats() const = 0;

  /// Reads the machine's files; what is not there is empty.
  virtual machine_names machine() const = 0;
};

/// Opens nothing and answers whoever calls it: for simulated networks, where
/// nobody else is asked.
class simulated_dns : public dns_edge {
public:
  void replace(dns_settings settings, dns_change all, report tell) override;
  void update(dns_change change) override;
  void listen(std::vector<listener_key> places) override;
  dns_stats stats() const override;
  machine_names machine() const override { return files; }

  /// Returns the answer to a packet, "" for none.
  std::string ask(std::string_view packet);

  const std::set<listener_key>& places() const { return places_; }

  machine_names files; ///< for tests

private:
  mutable std::mutex mutex_; ///< guards what follows
  dns::zone zone_;
  std::set<listener_key> places_;
  uint64_t queries_ = 0;
};

/// Makes a zone know of a change.
void apply(dns_change change, dns::zone& to);

/// Makes a zone know this and nothing else.
void begin(const dns_settings& settings, dns_change all, dns::zone& to);

} // namespace troupe::net
