#pragma once

#include "child_program.hpp"
#include "machines.hpp"
#include "tests/support/real_cluster.hpp"
#include "tests/support/server_members.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// The machine that a server is on where each has its own.
size_t machine_of(const std::string& server);

/// Three servers of one cluster, each in a process of its own and, given
/// machines, each on one of these.
class three_servers {
public:
  /// `options` tell how the first server's node runs pods, and what is
  /// preloaded. Without machines all are here.
  explicit three_servers(real_options options, const machines* apart = nullptr);

  bool start();

  real_cluster& cluster() { return cluster_; }
  pid_t process(const std::string& server) const;

  void kill(const std::string& server);
  /// Ends it as who maintains a machine does.
  void end(const std::string& server);
  /// Starts those that do not run; returns whether all do.
  bool start_missing();

  /// Where their actors answer: ADDRESS:PORT,...
  std::string addresses() const;

private:
  bool start_others();
  void signal(const std::string& server, int which);

  real_cluster cluster_;
  const machines* apart_;
  /// The second and the third where each is on a machine of its own; else the
  /// first keeps them running.
  std::vector<std::unique_ptr<child_program>> others_;
};

} // namespace troupe::test
