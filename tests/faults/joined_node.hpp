#pragma once

#include "child_program.hpp"
#include "machines.hpp"
#include "three_servers.hpp"

#include <filesystem>
#include <string>

namespace troupe::test {

/// A node as on a machine of its own: it has its own data directory, a token,
/// and the servers' addresses.
class joined_node {
public:
  /// `apart` with the number of its machine, or nothing for here.
  joined_node(three_servers& servers, std::string name,
              const machines* apart = nullptr, size_t machine = 0);
  ~joined_node();

  const std::string& name() const { return name_; }
  size_t machine() const { return machine_; }
  child_program& program() { return program_; }
  std::filesystem::path data() const { return data_; }
  /// What it keeps beside its log.
  std::filesystem::path folder() const { return data_ / "processes" / name_; }

  /// As whoever keeps programs running does.
  void start_missing();
  void start();
  /// Whether it has said since its start that it is Ready.
  bool is_back() const;
  void kill();
  /// Ends it as who maintains a machine does.
  void end();
  /// What it printed and logged since its last start.
  std::string said() const;

  /// Ends its pods too and forgets everything, as a new machine would have.
  void blank();
  /// The processes that watch over its pods.
  void kill_pods();

private:
  std::string name_;
  std::filesystem::path data_;
  size_t machine_;
  child_program program_;
  bool wanted_ = false;
  size_t mark_ = 0;
};

} // namespace troupe::test
