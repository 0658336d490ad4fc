#pragma once

#include "messages/errors.hpp"

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace troupe::cli {

class environment;

/// What a process of the cluster does: a whole cluster, a server, a node.
class serving_process {
public:
  /// Says one line to whoever started it.
  using report = std::function<void(const std::string&)>;

  virtual ~serving_process() = default;

  /// Starts it. Errors say what was in the way.
  virtual caf::error start() = 0;

  /// Serves until a signal asks for the end, then ends in order.
  virtual void serve() = 0;
};

using make_serving = std::function<std::unique_ptr<serving_process>(
    serving_process::report say)>;

/// Runs it in this process, in front, until a signal ends it. Does not return:
/// what is left of an actor system that failed or ended is not waited for.
void run_in_front(const make_serving& make, environment& env);

/// Runs it in a process of its own, whose words go to the file `log` from then
/// on, and returns once it has started; sets the exit code.
void run_detached(const make_serving& make, const std::string& log,
                  environment& env);

} // namespace troupe::cli
