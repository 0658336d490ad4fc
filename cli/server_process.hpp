#pragma once

#include "cli/detaching.hpp"

#include <memory>
#include <string>

namespace troupe::cli {

/// One server of a cluster, in this process alone: a store, an API server and
/// the ways in. Threads of the process must not take SIGINT and SIGTERM before
/// this.
class server_process : public serving_process {
public:
  server_process(std::string data_dir, std::string name, report tell);
  ~server_process() override;

  /// Starts it. Errors say what was in the way.
  caf::error start() override;

  /// Serves until a signal asks for the end, then ends in order.
  void serve() override;

private:
  struct parts;

  std::string data_dir_;
  std::string name_;
  report tell_;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::cli
