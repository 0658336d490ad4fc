#pragma once

#include "cli/detaching.hpp"
#include "cli/server_joining.hpp"

#include <memory>
#include <string>

namespace troupe::cli {

/// One server of a cluster, in this process alone: a store, an API server and
/// the ways in. One that `up` made runs from its data directory; one that
/// joined has one of its own, which this makes so first. Threads of the process
/// must not take SIGINT and SIGTERM before this.
class server_process : public serving_process {
public:
  server_process(server_options options, report tell);
  ~server_process() override;

  /// Starts it, and returns once one that joined has a vote in the store.
  /// Errors say what was in the way.
  caf::error start() override;

  /// Serves until a signal asks for the end, then ends in order.
  void serve() override;

private:
  struct parts;

  caf::error start_server(const server_settings& settings,
                          const server_place& own);

  server_options options_;
  std::string name_;
  report tell_;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::cli
