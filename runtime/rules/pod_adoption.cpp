#include "runtime/rules/pod_adoption.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/pod_lifecycle.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Pod;

time_point at(int64_t nanoseconds) {
  return time_point{std::chrono::duration_cast<time_point::duration>(
      std::chrono::nanoseconds{nanoseconds})};
}

class adopter {
public:
  adopter(const Pod& pod, const container::State& seen, time_point now)
      : pod_(pod), seen_(seen), now_(now), state_(new_pod_state(pod, now)) {}

  pod_state run() {
    if (pod_.status().has_start_time())
      state_.start_time = from_time(pod_.status().start_time());
    take_conditions();
    take_sandbox();
    for (size_t i = 0; i < state_.containers.size(); ++i)
      take_container(i);
    take_initialized();
    return std::move(state_);
  }

private:
  void take_conditions() {
    for (const auto& c : pod_.status().conditions()) {
      condition_state* to =
          c.type() == "Ready"                       ? &state_.is_ready
          : c.type() == "ContainersReady"           ? &state_.containers_ready
          : c.type() == "Initialized"               ? &state_.was_initialized
          : c.type() == "PodReadyToStartContainers" ? &state_.can_start
                                                    : nullptr;
      if (to == nullptr)
        continue;
      to->value = c.status() == "True";
      to->since = from_time(c.last_transition_time());
    }
  }

  void take_sandbox() {
    const container::Sandbox* newest = nullptr;
    for (const auto& sandbox : seen_.sandboxes())
      if (newest == nullptr || sandbox.attempt() >= newest->attempt())
        newest = &sandbox;
    if (newest != nullptr) {
      // Only in one that is whole was ever anything created.
      state_.sandbox = newest->state() != container::READY ? sandbox_step::lost
                       : is_empty(*newest)                 ? sandbox_step::found
                                           : sandbox_step::ready;
      state_.sandbox_id = newest->id();
      state_.sandbox_attempt = newest->attempt();
      if (!newest->address().empty())
        state_.ips = {newest->address()};
    } else if (has_run()) {
      state_.sandbox = sandbox_step::lost;
    }
  }

  bool is_empty(const container::Sandbox& sandbox) const {
    return std::none_of(
        seen_.containers().begin(), seen_.containers().end(),
        [&](const auto& c) { return c.sandbox_id() == sandbox.id(); });
  }

  bool has_run() const {
    auto known = [](const auto& statuses) {
      return std::any_of(statuses.begin(), statuses.end(), [](const auto& s) {
        return !s.container_id().empty();
      });
    };
    return known(pod_.status().container_statuses())
           || known(pod_.status().init_container_statuses());
  }

  void take_container(size_t i) {
    const auto& name = container_at(pod_, i).name();
    const container::Container* newest = nullptr;
    const container::Container* before = nullptr;
    for (const auto& c : seen_.containers()) {
      if (c.name() != name)
        continue;
      if (newest == nullptr || c.attempt() > newest->attempt()) {
        before = newest;
        newest = &c;
      } else if (before == nullptr || c.attempt() > before->attempt()) {
        before = &c;
      }
    }
    auto& to = state_.containers[i];
    const auto* told = status_of(i);
    if (newest != nullptr) {
      take_seen(i, *newest, to);
      if (before != nullptr && before->state() == container::EXITED)
        to.last = std::make_unique<container_end>(end_of(*before));
      else if (told != nullptr && told->last_state().has_terminated())
        to.last = told_end(told->last_state().terminated());
    } else if (told != nullptr) {
      take_told(*told, to);
    }
  }

  const core::v1::ContainerStatus* status_of(size_t i) const {
    const auto& name = container_at(pod_, i).name();
    const auto& list =
        is_init(pod_, i)   ? pod_.status().init_container_statuses()
        : is_late(pod_, i) ? pod_.status().ephemeral_container_statuses()
                           : pod_.status().container_statuses();
    for (const auto& status : list)
      if (status.name() == name)
        return &status;
    return nullptr;
  }

  void take_seen(size_t i, const container::Container& seen,
                 container_state& to) {
    to.id = seen.id();
    to.image_id = seen.image_ref();
    to.restarts = seen.attempt();
    to.started_at = at(seen.started_at());
    guess_back_off(to);
    switch (seen.state()) {
      case container::CREATED:
        to.step = container_step::created;
        break;
      case container::RUNNING:
        to.step = container_step::running;
        to.post_start = hook_step::done;
        take_health(i, to);
        break;
      default:
        to.step = container_step::exited;
        to.post_start = to.pre_stop = hook_step::done;
        to.end = std::make_unique<container_end>(end_of(seen));
    }
  }

  // Startup and readiness are what they were until a probe says otherwise.
  void take_health(size_t i, container_state& to) {
    const auto& spec = container_at(pod_, i);
    const auto* told = status_of(i);
    bool same = told != nullptr && told->state().has_running()
                && ends_with(told->container_id(), to.id);
    to.started = !spec.has_startup_probe() || (same && told->started());
    to.ready =
        to.started && (!spec.has_readiness_probe() || (same && told->ready()));
  }

  static bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size()
           && text.compare(text.size() - end.size(), end.size(), end) == 0;
  }

  // Kubernetes forgets the back-off with its kubelet; here the count and the
  // last start tell what it must have been.
  static void guess_back_off(container_state& to) {
    for (uint32_t n = 0; n < to.restarts && to.crash_delay < longest_delay; ++n)
      to.crash_delay = to.crash_delay == seconds{0}
                           ? first_delay
                           : std::min(2 * to.crash_delay, longest_delay);
    to.crash_since = to.started_at;
  }

  // The runtime does not have it, but the API says it was there.
  void take_told(const core::v1::ContainerStatus& told, container_state& to) {
    to.restarts = static_cast<uint32_t>(std::max(0, told.restart_count()));
    to.image_id = told.image_id();
    guess_back_off(to);
    to.crash_since = now_;
    if (told.state().has_terminated())
      to.end = told_end(told.state().terminated());
    else if (told.state().has_waiting() && told.last_state().has_terminated())
      to.end = told_end(told.last_state().terminated());
    else if (told.state().has_running()) {
      // It did not crash: nothing holds it back.
      to.end = lost_end(told);
      to.crash_delay = seconds{0};
    }
    if (!to.end)
      return;
    to.step = container_step::exited;
    to.post_start = to.pre_stop = hook_step::done;
    to.started_at = to.end->started_at;
    to.id = to.end->id;
  }

  static std::string bare(const std::string& id) {
    auto slashes = id.find("://");
    return slashes == id.npos ? id : id.substr(slashes + 3);
  }

  static std::unique_ptr<container_end>
  told_end(const core::v1::ContainerStateTerminated& told) {
    auto end = std::make_unique<container_end>();
    end->id = bare(told.container_id());
    end->reason = told.reason();
    end->message = told.message();
    end->exit_code = told.exit_code();
    end->signal = told.signal();
    end->started_at = from_time(told.started_at());
    end->finished_at = from_time(told.finished_at());
    return end;
  }

  std::unique_ptr<container_end>
  lost_end(const core::v1::ContainerStatus& told) const {
    auto end = std::make_unique<container_end>();
    end->id = bare(told.container_id());
    end->reason = "ContainerStatusUnknown";
    end->message = "The container was not there when its node came back";
    end->exit_code = 137;
    end->started_at = from_time(told.state().running().started_at());
    end->finished_at = now_;
    return end;
  }

  void take_initialized() {
    bool passed = state_.was_initialized.value;
    for (size_t i = 0; i < state_.containers.size(); ++i)
      if (!is_init(pod_, i) && !is_late(pod_, i)
          && state_.containers[i].step != container_step::absent)
        passed = true;
    state_.initialized =
        passed
        && (state_.sandbox == sandbox_step::ready
            || state_.sandbox == sandbox_step::found || has_run());
  }

  const Pod& pod_;
  const container::State& seen_;
  time_point now_;
  pod_state state_;
};

} // namespace

pod_state adopt_pod(const Pod& pod, const container::State& seen,
                    time_point now) {
  return adopter{pod, seen, now}.run();
}

container_end end_of(const container::Container& container) {
  container_end end;
  end.id = container.id();
  end.exit_code = container.exit_code();
  end.signal = container.signal();
  end.reason = container.reason();
  if (end.reason.empty())
    end.reason = container.state() == container::UNKNOWN
                     ? "ContainerStatusUnknown"
                 : end.exit_code == 0 ? "Completed"
                                      : "Error";
  end.message = container.message();
  end.started_at = at(container.started_at());
  end.finished_at = at(container.finished_at());
  return end;
}

} // namespace troupe::rules
