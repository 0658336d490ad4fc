#pragma once

#include "api_load.hpp"
#include "joined_node.hpp"
#include "three_servers.hpp"
#include "whole_sets.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe::test {

/// A cluster of three servers and five nodes with pods and users, all in
/// processes of their own, and what may happen to it.
class spread_cluster {
public:
  /// All here, or each on a machine of its own.
  spread_cluster(machines* apart, uint64_t seed);

  /// Starts all of it; adds failures to the test.
  void start();

  /// Waits until all is as it should be; adds failures to the test.
  void recover(const std::string& from);

  std::string any_server();
  std::string leader();
  joined_node& any_node();
  bool one_in(uint64_t many) { return chance_() % many == 0; }
  std::chrono::milliseconds between(uint64_t least, uint64_t most);

  /// Writes go on within that time; adds a failure to the test otherwise.
  void expect_writes(std::chrono::seconds within = std::chrono::seconds(2));
  /// Until `so`, for a minute at most; adds a failure to the test otherwise.
  void expect(const std::string& what, const std::function<bool()>& so);

  /// What is wrong with the machine of a server or node, until it is "".
  void spoil(const std::string& name, const std::string& how);

  three_servers& servers() { return *servers_; }
  whole_sets& sets() { return *sets_; }
  whole_sets::nodes& nodes() { return nodes_; }
  api_load& load() { return *load_; }
  machines* apart() { return apart_; }

private:
  std::string account();

  machines* apart_;
  std::mt19937_64 chance_;
  uint64_t seed_;
  std::unique_ptr<three_servers> servers_;
  whole_sets::nodes nodes_;
  std::unique_ptr<whole_sets> sets_;
  std::unique_ptr<api_load> load_;
};

/// One thing that happens. It is over when `run` returns, except that what it
/// ended may still be starting or have to be started.
struct misfortune {
  std::string name;
  void (*run)(spread_cluster&);
};

/// What may happen anywhere, and what may where each has its own machine.
const std::vector<misfortune>& misfortunes();
const std::vector<misfortune>& network_misfortunes();

} // namespace troupe::test
