#pragma once

#include "cli/cluster_process.hpp"
#include "cli/detaching.hpp"

#include <memory>

namespace troupe::cli {

/// A cluster of one server each of whose components, and each node, has a
/// process of its own; this one starts them, keeps them running, and does
/// nothing else. Threads of the process must not take SIGINT and SIGTERM before
/// this.
class apart_process : public serving_process {
public:
  apart_process(up_options options, report tell);
  ~apart_process() override;

  /// Starts all of them, finds those that run already, and waits until all
  /// nodes are Ready. Where that fails, what was started goes on: it may be
  /// well, and what is not is told in its log.
  caf::error start() override;

  /// Keeps them until a signal asks for the end, then ends them.
  void serve() override;

private:
  struct parts;

  caf::error try_start();

  up_options options_;
  report tell_;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::cli
