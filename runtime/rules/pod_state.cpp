#include "runtime/rules/pod_state.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_late.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

bool matches(const core::v1::ContainerRestartRule& rule, int32_t exit_code) {
  if (!rule.has_exit_codes())
    return false;
  const auto& codes = rule.exit_codes();
  bool listed =
      std::find(codes.values().begin(), codes.values().end(), exit_code)
      != codes.values().end();
  return codes.operator_() == "NotIn" ? !listed : listed;
}

} // namespace

const core::v1::Container& container_at(const core::v1::Pod& pod, size_t i) {
  auto inits = static_cast<size_t>(pod.spec().init_containers_size());
  if (i < inits)
    return pod.spec().init_containers(static_cast<int>(i));
  return pod.spec().containers(static_cast<int>(i - inits));
}

size_t container_count(const core::v1::Pod& pod) {
  return static_cast<size_t>(pod.spec().init_containers_size()
                             + pod.spec().containers_size());
}

bool is_init(const core::v1::Pod& pod, size_t i) {
  return i < static_cast<size_t>(pod.spec().init_containers_size());
}

bool is_sidecar(const core::v1::Pod& pod, size_t i) {
  return is_init(pod, i) && container_at(pod, i).restart_policy() == "Always";
}

bool is_late(const core::v1::Pod& pod, size_t i) {
  return !pod.spec().ephemeral_containers().empty() && !is_init(pod, i)
         && is_late(pod.spec(), container_at(pod, i).name());
}

std::optional<size_t> find_container(const core::v1::Pod& pod,
                                     const std::string& name) {
  for (size_t i = 0; i < container_count(pod); ++i)
    if (container_at(pod, i).name() == name)
      return i;
  return std::nullopt;
}

void welcome(const core::v1::Pod& pod, pod_state& state) {
  if (state.containers.size() < container_count(pod))
    state.containers.resize(container_count(pod));
}

pod_state new_pod_state(const core::v1::Pod& pod, time_point now) {
  pod_state state;
  state.start_time = now;
  state.containers.resize(container_count(pod));
  for (auto* condition : {&state.can_start, &state.was_initialized,
                          &state.containers_ready, &state.is_ready})
    condition->since = now;
  return state;
}

bool restarts_after(const core::v1::Pod& pod, size_t i, int32_t exit_code) {
  if (is_late(pod, i))
    return false;
  const auto& container = container_at(pod, i);
  for (const auto& rule : container.restart_policy_rules())
    if (rule.action() == "Restart" && matches(rule, exit_code))
      return true;
  const auto& policy = container.has_restart_policy()
                           ? container.restart_policy()
                           : pod.spec().restart_policy();
  if (policy == "Never")
    return false;
  // An init container that succeeded has done its work, whatever the policy;
  // only its own Always, which makes it a sidecar, brings it back.
  if (policy == "OnFailure" || (is_init(pod, i) && !is_sidecar(pod, i)))
    return exit_code != 0;
  return true;
}

} // namespace troupe::rules
