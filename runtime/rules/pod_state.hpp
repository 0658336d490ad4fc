#pragma once

#include "messages/time.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Container;
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

using std::chrono::seconds;

/// How far one container of a pod has come.
enum class container_step : uint8_t {
  absent,   ///< no attempt is under way
  pulling,  ///< its image is being fetched
  pulled,   ///< the image is there
  creating, ///< the runtime was asked to create it
  created,  ///< it exists and was never started
  starting, ///< the runtime was asked to start it
  running,
  exited, ///< ended; whether it starts again is the machine's decision
};

enum class hook_step : uint8_t { none, running, done };

/// How far the sandbox (address, namespaces, the parent of all) has come.
enum class sandbox_step : uint8_t {
  absent,
  found, ///< the runtime has it; whether its making was finished is not known
  creating,
  ready,
  lost, ///< it ended by itself and its containers with it
  stopping,
  stopped,
  removing,
  removed,
};

enum class volume_step : uint8_t { absent, preparing, ready, cleaning, clean };

/// How an attempt at a container ended.
struct container_end {
  std::string id;
  std::string reason; ///< Completed, Error, StartError, OOMKilled, ...
  std::string message;
  time_point started_at{};
  time_point finished_at{};
  int32_t exit_code = 0;
  int32_t signal = 0;
};

/// Why something does not go on, and when it is tried again.
struct hold {
  std::string reason; ///< ErrImagePull, CreateContainerConfigError, ...
  std::string message;
  time_point since{};
  time_point until{};
  seconds delay{0}; ///< grows with each failure in a row
};

/// What the pod worker knows of one container.
struct container_state {
  container_step step = container_step::absent;
  hook_step post_start = hook_step::none;
  hook_step pre_stop = hook_step::none;
  bool started = false;   ///< its startup probe, if any, has succeeded
  bool ready = false;     ///< its readiness probe, if any, succeeds
  bool unhealthy = false; ///< to be stopped; `why` tells why
  bool stop_sent = false;
  uint32_t restarts = 0;
  seconds crash_delay{0};   ///< wait after the next end; zero: none
  time_point crash_since{}; ///< when crash_delay last grew
  /// By how much the clock was set since the attempt ended.
  time_point::duration set_since{0};
  time_point started_at{};
  time_point stop_by{};  ///< end of grace of an unhealthy container
  time_point stop_due{}; ///< when the runtime was told to kill it
  std::string id;
  std::string image_id;
  std::string why;
  std::unique_ptr<container_end> end;  ///< of this attempt, once exited
  std::unique_ptr<container_end> last; ///< of the attempt before
  std::unique_ptr<hold> held;

  bool down() const {
    return step == container_step::absent || step == container_step::pulling
           || step == container_step::pulled || step == container_step::created
           || step == container_step::exited;
  }
};

/// A condition's value and when it took it.
struct condition_state {
  bool value = false;
  time_point since{};
};

/// Why a pod is being stopped, and until when.
struct stop_state {
  time_point since{};
  seconds grace{30};
  std::string reason; ///< set when the pod counts as failed: DeadlineExceeded
  std::string message;
  bool completed = false; ///< nothing is left to run
  bool purge = false;     ///< remove all traces; the object is to go
};

/// All that a pod worker remembers of its pod. Made from nothing, or from the
/// runtime's report after a restart (pod_adoption.hpp).
struct pod_state {
  sandbox_step sandbox = sandbox_step::absent;
  volume_step volumes = volume_step::absent;
  bool initialized = false; ///< all init containers have passed once
  bool settled = false;     ///< stopped for good, nothing runs any more
  bool erased = false;      ///< all traces removed
  uint32_t sandbox_attempt = 0;
  std::string sandbox_id;
  std::vector<std::string> ips;
  time_point start_time{};
  std::unique_ptr<hold> held; ///< volumes or sandbox wait
  std::optional<stop_state> stop;
  /// Init containers first, then the main ones, in the order of the spec, then
  /// the ephemeral ones.
  std::vector<container_state> containers;
  condition_state can_start, was_initialized, containers_ready, is_ready;
};

/// The containers of a pod by their number in pod_state::containers.
const core::v1::Container& container_at(const core::v1::Pod& pod, size_t i);

/// How many containers the machine handles: init, main and, where the pod is
/// as its node sees it, ephemeral ones.
size_t container_count(const core::v1::Pod& pod);

bool is_init(const core::v1::Pod& pod, size_t i);

/// An ephemeral container; a pod has them as with_late_containers tells
/// (pod_late.hpp).
bool is_late(const core::v1::Pod& pod, size_t i);

/// An init container that is kept running beside the main ones.
bool is_sidecar(const core::v1::Pod& pod, size_t i);

/// The number of the container with this name, if there is one.
std::optional<size_t> find_container(const core::v1::Pod& pod,
                                     const std::string& name);

/// Makes room for containers that joined the pod.
void welcome(const core::v1::Pod& pod, pod_state& state);

/// A fresh state with one entry per container.
pod_state new_pod_state(const core::v1::Pod& pod, time_point now);

/// Whether an attempt that ended with this code is followed by another.
bool restarts_after(const core::v1::Pod& pod, size_t i, int32_t exit_code);

} // namespace troupe::rules
