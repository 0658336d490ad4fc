#pragma once

#include "actors/kubelet/container_listeners.hpp"
#include "messages/container_interface.hpp"
#include "runtime/containers/fleet.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::system {
class Tick;
} // namespace troupe::system

namespace troupe {

/// Runs pods that are only told of: what they do comes from a script
/// (runtime/containers/stages.hpp), when it does from the actor's clock.
///
/// Hears: a kubelet and its pod workers; its own timer.
/// Says:  events to whoever subscribed, output to whoever opened a stream.
/// After a restart: takes its node's machine again, where every container is
///        as it was. Streams are over, subscribers subscribe anew.
using simulated_runtime_actor = container_runtime_actor::extend<
    // Something is due.
    caf::reacts_to<pb<system::Tick>>>;

/// What the actor remembers between two messages.
struct simulated_runtime_state {
  static inline const char* name = "simulated_runtime";

  using container_promise =
      caf::typed_response_promise<pb<container::Container>>;

  /// An open exec, attach or log.
  struct stream {
    container_stream_actor to;
    std::string container;
    bool log = false; ///< fed from the container's log
    bool follow = false;
    bool attached = false; ///< ends with the container's exit code
    bool timestamps = false;
    size_t position = 0;        ///< lines of the log that were taken
    std::optional<size_t> room; ///< bytes of it that may follow
    std::deque<pb<container::StreamData>> waiting;
    uint32_t credit = 0;
    bool ended = false; ///< nothing more will wait
    int32_t code = 0;
  };

  std::unique_ptr<context> ctx;
  simulation::held_machine machine; ///< lives outside of the tree
  container_listeners listeners;
  std::map<std::string, std::vector<container_promise>> starting;
  std::map<std::string, std::vector<container_promise>> stopping;
  std::map<uint64_t, stream> streams;
  uint64_t last_stream = 0;
  std::multimap<int64_t, std::function<void()>> later; ///< by monotonic time
  int64_t alarm_at = 0;                                ///< 0: none is set
  uint64_t alarm = 0;                                  ///< number of that timer
};

/// Runs the runtime of one simulated node.
simulated_runtime_actor::behavior_type simulated_runtime(
    simulated_runtime_actor::stateful_pointer<simulated_runtime_state> self,
    context ctx, simulation::held_machine machine);

} // namespace troupe
