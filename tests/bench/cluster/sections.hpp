#pragma once

#include "tests/bench/cluster/figures.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe::bench {

/// What all measurements share.
struct setup {
  std::filesystem::path program;  ///< the shipped `troupe`
  std::filesystem::path where;    ///< data directories are made here
  std::vector<std::string> words; ///< more for `up`, such as --network
  int runs = 5;                   ///< of what takes long
  int nodes = 5'000;              ///< of the large cluster
  int pods = 150'000;

  /// Returns the words for `up`: these and those that all clusters get.
  std::vector<std::string> up(std::vector<std::string> first) const {
    first.insert(first.end(), words.begin(), words.end());
    return first;
  }
};

// Each starts clusters of its own and ends them.

/// `up` to the API answering, without and with keys and data.
void measure_starts(const setup& how, table& out);
/// Memory and processor time of three nodes with nothing to do.
void measure_idle(const setup& how, table& out);
/// A Deployment of 500 pods on 100 simulated nodes.
void measure_deployment(const setup& how, table& out);
/// One pod after another, from its create to Running.
void measure_single_pods(const setup& how, table& out, bool simulated);
/// A controller that is killed, until it decides and acts again.
void measure_recovery(const setup& how, table& out);
/// Three servers whose leader moves, is killed, is stopped: how long nothing is
/// written.
void measure_outages(const setup& how, table& out);
/// Three servers, of which the one that a client asks and whose scheduler and
/// controllers act is killed: until it writes, and others act.
void measure_takeovers(const setup& how, table& out);
/// Thousands of nodes and many pods in one process.
void measure_scale(const setup& how, table& out);

} // namespace troupe::bench
