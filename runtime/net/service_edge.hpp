#pragma once

#include "runtime/net/socket.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::net {

/// Where a service is reached.
struct listener_key {
  protocol kind = protocol::tcp;
  endpoint at;

  auto operator<=>(const listener_key&) const = default;
};

std::string to_string(const listener_key& x);

/// A place where a service is reached, and what stands behind it. Without
/// targets, whoever connects is refused.
struct listener {
  listener_key key;
  std::vector<endpoint> targets;
  /// A client stays with its target until it was silent for so long; 0 for
  /// never mind.
  std::chrono::seconds affinity{0};

  bool operator==(const listener&) const = default;
};

/// What the edge has done so far, for people to look at.
struct service_stats {
  size_t listening = 0;   ///< places that answer now
  size_t connections = 0; ///< open now, UDP clients included
  uint64_t accepted = 0;  ///< since the start
  uint64_t failed = 0;    ///< accepted, but no target answered
};

/// Makes services answer on this machine: by forwarding in user space, by
/// packet rules, or only on paper. Calls may come from any thread and return
/// at once.
class service_edge {
public:
  /// Told when a place could not be opened, with the reason, and with an empty
  /// reason when it answers after all. Called on a thread of the edge.
  using report = std::function<void(const listener_key&, const std::string&)>;

  virtual ~service_edge() = default;

  /// From now on exactly `all` are served and problems go to `tell`. What is
  /// there already and stays is not disturbed, nor are open connections.
  virtual void replace(std::vector<listener> all, report tell) = 0;

  /// Adds or changes `changed` and takes away `removed`. What could not be
  /// opened before is tried again.
  virtual void update(std::vector<listener> changed,
                      std::vector<listener_key> removed) = 0;

  virtual service_stats stats() const = 0;
};

/// Serves nothing and remembers everything: for simulated networks.
class recorded_services : public service_edge {
public:
  void replace(std::vector<listener> all, report tell) override;
  void update(std::vector<listener> changed,
              std::vector<listener_key> removed) override;
  service_stats stats() const override;

  const std::map<listener_key, listener>& listeners() const {
    return listeners_;
  }

  /// Acts as a machine on which `key` cannot be opened for `reason`, or can be
  /// again when that is empty.
  void report_problem(const listener_key& key, const std::string& reason);

private:
  std::map<listener_key, listener> listeners_;
  report tell_;
};

} // namespace troupe::net
