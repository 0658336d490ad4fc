#include "runtime/printing/pod_status.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/text/duration.hpp"

#include <algorithm>

namespace troupe::printing {

namespace {

using core::v1::ContainerStatus;
using core::v1::Pod;

bool is_sidecar(const Pod& pod, const std::string& name) {
  for (const auto& container : pod.spec().init_containers())
    if (container.name() == name)
      return container.restart_policy() == "Always";
  return false;
}

bool has_condition(const Pod& pod, const char* type) {
  for (const auto& condition : pod.status().conditions())
    if (condition.type() == type && condition.status() == "True")
      return true;
  return false;
}

std::string ended_text(const core::v1::ContainerStateTerminated& ended) {
  if (!ended.reason().empty())
    return ended.reason();
  if (ended.signal() != 0)
    return "Signal:" + std::to_string(ended.signal());
  return "ExitCode:" + std::to_string(ended.exit_code());
}

/// Restarts of some containers, and when the last of them was.
struct restart_count {
  int64_t count = 0;
  time_point last{};

  void add(const ContainerStatus& container) {
    count += container.restart_count();
    if (container.last_state().has_terminated())
      last = std::max(
          last, from_time(container.last_state().terminated().finished_at()));
  }
};

/// Goes over the init containers up to the first that is not done, and returns
/// whether there is one.
bool walk_init(const Pod& pod, pod_summary& out, restart_count& all,
               restart_count& sidecars) {
  int index = 0;
  for (const auto& container : pod.status().init_container_statuses()) {
    auto sidecar = is_sidecar(pod, container.name());
    all.add(container);
    if (sidecar)
      sidecars.add(container);
    const auto& state = container.state();
    auto i = index++;
    if (state.has_terminated() && state.terminated().exit_code() == 0)
      continue;
    if (sidecar && container.started()) {
      out.ready += container.ready() ? 1 : 0;
      continue;
    }
    const auto& waiting = state.waiting().reason();
    if (state.has_terminated())
      out.status = "Init:" + ended_text(state.terminated());
    else if (!waiting.empty() && waiting != "PodInitializing")
      out.status = "Init:" + waiting;
    else
      out.status = "Init:" + std::to_string(i) + "/"
                   + std::to_string(pod.spec().init_containers_size());
    return true;
  }
  return false;
}

void walk_main(const Pod& pod, pod_summary& out, restart_count& restarts) {
  bool running = false;
  const auto& statuses = pod.status().container_statuses();
  // From last to first: the first container has the last word.
  for (auto i = statuses.rbegin(); i != statuses.rend(); ++i) {
    restarts.add(*i);
    const auto& state = i->state();
    if (!state.waiting().reason().empty()) {
      out.status = state.waiting().reason();
    } else if (state.has_terminated()) {
      out.status = ended_text(state.terminated());
    } else if (i->ready() && state.has_running()) {
      running = true;
      ++out.ready;
    }
  }
  if (out.status == "Completed" && running)
    out.status = has_condition(pod, "Ready") ? "Running" : "NotReady";
}

} // namespace

std::string pod_summary::ready_text() const {
  return std::to_string(ready) + "/" + std::to_string(total);
}

std::string pod_summary::restarts_text(time_point now) const {
  auto result = std::to_string(restarts);
  if (restarts != 0 && last_restart != time_point{})
    result += " (" + text::age_text(now - last_restart) + " ago)";
  return result;
}

pod_summary summarize(const Pod& pod) {
  pod_summary out;
  const auto& phase = pod.status().phase();
  out.status = pod.status().reason().empty() ? phase : pod.status().reason();
  for (const auto& condition : pod.status().conditions())
    if (condition.type() == "PodScheduled"
        && condition.reason() == "SchedulingGated")
      out.status = condition.reason();
  out.total = pod.spec().containers_size();
  for (const auto& container : pod.spec().init_containers())
    out.total += container.restart_policy() == "Always" ? 1 : 0;
  restart_count restarts;
  restart_count sidecars;
  auto initializing = walk_init(pod, out, restarts, sidecars);
  if (!initializing || has_condition(pod, "Initialized")) {
    restarts = sidecars;
    walk_main(pod, out, restarts);
  }
  out.restarts = restarts.count;
  out.last_restart = restarts.last;
  if (pod.metadata().has_deletion_timestamp()) {
    if (pod.status().reason() == "NodeLost")
      out.status = "Unknown";
    else if (phase != "Succeeded" && phase != "Failed")
      out.status = "Terminating";
  }
  return out;
}

} // namespace troupe::printing
