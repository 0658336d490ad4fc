#pragma once

#include "tests/support/real_cluster.hpp"
#include "tests/support/server_members.hpp"

#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace troupe::test {

/// What befalls the servers of a cluster, each time something else. Each is
/// over when its function returns, except that a server may still be starting.
class bad_luck {
public:
  /// `faults` is the folder that the servers' preloaded calls look into.
  bad_luck(real_cluster& cluster, std::filesystem::path faults, uint64_t seed);

  /// How many different things there are.
  static size_t kinds();

  /// Does one thing, each as often as any other. Returns what it was.
  std::string strike();

  /// Waits until all servers are members in good health; replaces those that
  /// say that their disk is damaged. Returns whether that came about.
  bool recover();

  /// How all servers are, for who must find out why they are not well.
  std::string account();

private:
  std::string any_server();
  void kill(const std::string& server);
  void restart_first();
  void pause(const std::string& server);
  void spoil_machine(const std::string& server, const std::string& how);
  std::string spoil_two();
  void kill_actor(const std::string& server, const std::string& part);
  std::filesystem::path store_of(const std::string& server) const;
  std::vector<std::filesystem::path> files_of(const std::string& server,
                                              const std::string& part);
  void damage(const std::string& server);
  void forget(const std::string& server);
  bool change_member(const std::string& server);
  bool replace(const std::string& server);
  bool replace_damaged();

  real_cluster& cluster_;
  std::filesystem::path faults_;
  std::mt19937_64 chance_;
  bool long_;                ///< there is time
  std::vector<size_t> next_; ///< kinds that have not had their turn
};

} // namespace troupe::test
