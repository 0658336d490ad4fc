#pragma once

#include "runtime/rules/pod_state.hpp"

#include <string>
#include <vector>

namespace troupe::rules {

/// The life of a pod as one written state machine: volumes, sandbox, init
/// containers in order, sidecars kept up from their place in that order on,
/// main containers one after the other, ephemeral ones at once and beside,
/// restarts with back-off, and termination (main containers together, then
/// sidecars in reverse).
///
/// `advance` says what to do next; the worker does it and tells the outcome
/// by one of the `on_...` functions, then asks again. Nothing here reads a
/// clock or talks to anybody.
enum class pod_act : uint8_t {
  prepare_volumes,
  run_sandbox,
  pull_image,
  create_container,
  start_container,
  post_start,
  pre_stop,
  stop_container,   ///< TERM now, KILL after `grace`
  remove_container, ///< an attempt whose log nobody can ask for any more
  stop_sandbox,
  remove_sandbox, ///< with all containers and logs in it
  clean_volumes,
};

struct pod_action {
  pod_act what;
  size_t container = 0; ///< where the act is about one
  seconds grace{0};     ///< of stop_container and pre_stop
  std::string id{};     ///< of remove_container and remove_sandbox
};

struct pod_plan {
  std::vector<pod_action> actions;
  /// When to ask again though nothing happened; max() when no clock matters.
  time_point wake = time_point::max();
};

/// Returns what to do now and marks it as under way, so that the same act is
/// never returned twice. Asking again without news returns nothing new.
pod_plan advance(const core::v1::Pod& pod, pod_state& state, time_point now);

/// One line for the trace, such as "web: stop, grace 30s".
std::string to_text(const core::v1::Pod& pod, const pod_action& action);

/// The crash back-off of Kubernetes: 10 s doubling to 5 minutes, forgotten
/// after 10 minutes without growth.
inline constexpr seconds first_delay{10};
inline constexpr seconds longest_delay{300};
inline constexpr seconds delay_memory{600};

/// Until when a container that ended and may start again is held back by the
/// crash back-off; nothing when it may start at once.
std::optional<time_point> crash_hold(const container_state& c);

/// Whether a failed pull is shown as ImagePullBackOff by now.
bool shown_as_back_off(const hold& held, time_point now);

/// What became of the acts. Each may come late, or after the pod was told to
/// stop.
void on_volumes_ready(pod_state& state);
void on_volumes_failed(pod_state& state, std::string message, time_point now);
void on_volumes_clean(pod_state& state);
void on_sandbox_ready(pod_state& state, std::string id,
                      std::vector<std::string> ips);
/// `id` names one that is there and cannot be used yet.
void on_sandbox_failed(pod_state& state, std::string message, time_point now,
                       std::string id = {});
/// The sandbox ended without being asked to.
void on_sandbox_lost(const core::v1::Pod& pod, pod_state& state,
                     time_point now);
void on_sandbox_stopped(pod_state& state);
void on_sandbox_removed(pod_state& state);
void on_pulled(pod_state& state, size_t i, std::string image_id);
/// `reason` is ErrImagePull, ErrImageNeverPull or InvalidImageName.
void on_pull_failed(pod_state& state, size_t i, std::string reason,
                    std::string message, time_point now);
void on_created(pod_state& state, size_t i, std::string id);
/// `reason` is CreateContainerConfigError or CreateContainerError.
void on_create_failed(pod_state& state, size_t i, std::string reason,
                      std::string message, time_point now);
void on_started(const core::v1::Pod& pod, pod_state& state, size_t i,
                time_point started_at);
void on_start_failed(pod_state& state, size_t i, std::string message,
                     time_point now);
void on_exited(pod_state& state, size_t i, container_end end);
void on_post_start(const core::v1::Pod& pod, pod_state& state, size_t i,
                   bool ok, std::string message, time_point now);
void on_pre_stop(pod_state& state, size_t i);

enum class probe_kind : uint8_t { startup, liveness, readiness };

/// A probe crossed its threshold.
void on_probe(const core::v1::Pod& pod, pod_state& state, size_t i,
              probe_kind kind, bool ok, time_point now);

/// The object names another image than the one that runs: the container is
/// replaced.
void on_image_changed(const core::v1::Pod& pod, pod_state& state, size_t i,
                      time_point now);

/// The pod is to stop. A shorter grace than before shortens the wait; `purge`
/// once said stays said.
void on_stop(pod_state& state, stop_state stop);

/// The wall clock was set forward by so much, or back: what waits for a time
/// waits no longer and no shorter for it. When things happened stays.
void on_clock_set(pod_state& state, time_point::duration by);

/// An object that a volume or a variable waited for may have come: try again.
void on_hint(pod_state& state, time_point now);

} // namespace troupe::rules
