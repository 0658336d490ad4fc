#pragma once

#include "cli/detaching.hpp"
#include "cli/front_options.hpp"
#include "cli/store_choice.hpp"
#include "messages/errors.hpp"
#include "runtime/system/config.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cli {

/// What `up` is told.
struct up_options {
  std::string data_dir;
  uint32_t nodes = 0;     ///< 0: as many as last time, else one
  std::string runtime;    ///< process or simulated; "": as last time
  uint32_t servers = 0;   ///< 0: as many as last time, else one
  bool processes = false; ///< all servers but the first in their own
  bool apart = false;     ///< every component in its own; see apart_process
  /// What decides, but is not run; empty: as last time, "none": all of it is.
  std::vector<std::string> without{};
  std::string network; ///< "", loopback or bridge
  /// Where servers answer, one for all or one for each; none: as last time.
  std::vector<std::string> hosts;
  uint16_t port = 6444;     ///< of the actors; 0 for any
  uint16_t api_port = 6443; ///< of the REST API; 0 for any
  bool port_given = false;  ///< not only the usual one
  bool api_port_given = false;
  uint16_t discovery_port = 6445; ///< where the cluster is found; 0: nowhere
  store_choice store;             ///< where the state is
  store_limits limits{};          ///< as last time where nothing is said
  front_options front{};          ///< of who comes over HTTP
};

/// A whole cluster in this process: its edges, its actor system, its tree.
/// Threads of the process must not take SIGINT and SIGTERM before this.
class cluster_process : public serving_process {
public:
  /// Each milestone goes to `tell`.
  cluster_process(up_options options, report tell);
  ~cluster_process() override;

  /// Starts everything and waits until all nodes are Ready. Errors say what
  /// was in the way; nothing in this process is left running then. Servers with
  /// processes of their own go on: they may be the ones that are well.
  caf::error start() override;

  /// Serves until a signal asks for the end, then ends in order. The tree is
  /// built anew when its root dies.
  void serve() override;

private:
  struct parts;

  caf::error try_start();

  up_options options_;
  report tell_;
  std::string kubeconfig_path_;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::cli
