#include "runtime/rules/pod_status.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_lifecycle.hpp"
#include "runtime/rules/pod_remarks.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::ContainerState;
using core::v1::ContainerStatus;
using core::v1::Pod;
using core::v1::PodCondition;
using core::v1::PodStatus;

void write_end(const container_end& end, const pod_node& node,
               ContainerState* to) {
  auto* out = to->mutable_terminated();
  out->set_exit_code(end.exit_code);
  if (end.signal != 0)
    out->set_signal(end.signal);
  out->set_reason(end.reason);
  if (!end.message.empty())
    out->set_message(end.message);
  if (end.started_at != time_point{})
    *out->mutable_started_at() = to_time(end.started_at);
  if (end.finished_at != time_point{})
    *out->mutable_finished_at() = to_time(end.finished_at);
  if (!end.id.empty())
    out->set_container_id(node.runtime + "://" + end.id);
}

void write_waiting(std::string reason, std::string message,
                   ContainerState* to) {
  auto* out = to->mutable_waiting();
  out->set_reason(std::move(reason));
  if (!message.empty())
    out->set_message(std::move(message));
}

void write_held(const Pod& pod, size_t i, const hold& held, time_point now,
                ContainerState* to) {
  if (held.reason == "ErrImagePull" && shown_as_back_off(held, now))
    return write_waiting("ImagePullBackOff",
                         "Back-off pulling image \""
                             + container_at(pod, i).image()
                             + "\": ErrImagePull: " + held.message,
                         to);
  write_waiting(held.reason, held.message, to);
}

class status_writer {
public:
  status_writer(const Pod& pod, pod_state& state, const pod_node& node,
                time_point now)
      : pod_(pod), state_(state), node_(node), now_(now), out_(pod.status()) {}

  PodStatus run() {
    write_containers();
    write_phase();
    write_conditions();
    write_addresses();
    if (out_.qos_class().empty())
      out_.set_qos_class(qos_class(pod_));
    *out_.mutable_start_time() = to_time(state_.start_time);
    if (pod_.metadata().generation() != 0)
      out_.set_observed_generation(pod_.metadata().generation());
    return std::move(out_);
  }

private:
  // -- containers -------------------------------------------------------------

  void write_containers() {
    out_.clear_init_container_statuses();
    out_.clear_container_statuses();
    out_.clear_ephemeral_container_statuses();
    // Kubernetes: what a node rejected has had no containers.
    if (state_.stop && !state_.stop->reason.empty()
        && state_.sandbox_id.empty())
      return;
    for (size_t i = 0; i < state_.containers.size(); ++i)
      write_container(i, is_init(pod_, i) ? out_.add_init_container_statuses()
                         : is_late(pod_, i)
                             ? out_.add_ephemeral_container_statuses()
                             : out_.add_container_statuses());
  }

  void write_container(size_t i, ContainerStatus* to) {
    const auto& c = state_.containers[i];
    const auto& spec = container_at(pod_, i);
    to->set_name(spec.name());
    to->set_image(spec.image());
    to->set_image_id(c.image_id);
    to->set_restart_count(static_cast<int32_t>(c.restarts));
    // Kubernetes: nobody asks how those that joined later are.
    auto judged = !is_late(pod_, i);
    if (judged)
      to->set_started(c.started);
    bool passed = is_init(pod_, i) && !is_sidecar(pod_, i)
                  && c.step == container_step::exited && c.end->exit_code == 0;
    if (judged && (c.ready || passed))
      to->set_ready(true);
    if (!c.id.empty())
      to->set_container_id(node_.runtime + "://" + c.id);
    else if (c.last && !c.last->id.empty())
      to->set_container_id(node_.runtime + "://" + c.last->id);
    write_state(i, c, to);
  }

  void write_state(size_t i, const container_state& c, ContainerStatus* to) {
    auto* state = to->mutable_state();
    const auto* last = c.last.get();
    if (c.step == container_step::running) {
      *state->mutable_running()->mutable_started_at() = to_time(c.started_at);
    } else if (c.step == container_step::exited) {
      auto until = crash_hold(c);
      if (!state_.stop && until && now_ < *until
          && restarts_after(pod_, i, c.end->exit_code)) {
        write_waiting("CrashLoopBackOff", back_off_message(i, c), state);
        last = c.end.get();
      } else {
        write_end(*c.end, node_, state);
      }
    } else if (state_.settled && has_initialized() && !is_init(pod_, i)) {
      container_end end;
      end.exit_code = 137;
      end.reason = "ContainerStatusUnknown";
      end.message =
          "The container could not be located when the pod was terminated";
      write_end(end, node_, state);
    } else if (c.held) {
      write_held(pod_, i, *c.held, now_, state);
    } else {
      write_waiting(first_wait(pod_, state_, i), "", state);
    }
    if (last)
      write_end(*last, node_, to->mutable_last_state());
  }

  bool is_main(size_t i) const {
    return !is_init(pod_, i) && !is_late(pod_, i);
  }

  bool has_initialized() const {
    return state_.initialized || pod_.spec().init_containers_size() == 0;
  }

  std::string back_off_message(size_t i, const container_state& c) const {
    auto delay = c.crash_delay.count();
    auto text = delay % 60 == 0 && delay >= 60
                    ? std::to_string(delay / 60) + "m0s"
                : delay > 60 ? std::to_string(delay / 60) + "m"
                                   + std::to_string(delay % 60) + "s"
                             : std::to_string(delay) + "s";
    return "back-off " + text + " restarting failed container="
           + container_at(pod_, i).name() + " pod=" + identity_of(pod_);
  }

  // -- phase ------------------------------------------------------------------

  void write_phase() {
    if (is_final(pod_.status().phase()))
      return;
    if (state_.settled) {
      out_.set_phase(final_phase());
      if (state_.stop && !state_.stop->reason.empty()) {
        out_.set_reason(state_.stop->reason);
        out_.set_message(state_.stop->message);
      }
      return;
    }
    out_.set_phase(all_have_run() ? "Running" : "Pending");
  }

  std::string final_phase() const {
    if (state_.stop && !state_.stop->reason.empty())
      return "Failed";
    if (!state_.initialized)
      return "Failed";
    for (size_t i = 0; i < state_.containers.size(); ++i) {
      const auto& c = state_.containers[i];
      if (is_main(i)
          && (c.step != container_step::exited || c.end->exit_code != 0))
        return "Failed";
    }
    return "Succeeded";
  }

  // Kubernetes: Running once each main container has been started.
  bool all_have_run() const {
    if (!state_.initialized)
      return false;
    for (size_t i = 0; i < state_.containers.size(); ++i) {
      const auto& c = state_.containers[i];
      if (is_main(i) && c.step != container_step::running
          && c.step != container_step::exited && !c.last)
        return false;
    }
    return true;
  }

  // -- conditions -------------------------------------------------------------

  // The containers whose state keeps a condition from being true.
  template <class Predicate>
  std::string names(Predicate&& p) const {
    std::string list;
    for (size_t i = 0; i < state_.containers.size(); ++i)
      if (p(i))
        list += (list.empty() ? "" : " ") + container_at(pod_, i).name();
    return list;
  }

  void write_conditions() {
    auto others = std::move(*out_.mutable_conditions());
    out_.clear_conditions();
    condition("PodReadyToStartContainers", state_.can_start,
              state_.sandbox == sandbox_step::ready, "", "");
    auto pending = names([this](size_t i) {
      const auto& c = state_.containers[i];
      bool passed = c.step == container_step::exited && c.end->exit_code == 0;
      return is_init(pod_, i) && !(is_sidecar(pod_, i) ? c.started : passed);
    });
    condition("Initialized", state_.was_initialized, has_initialized(),
              "ContainersNotInitialized",
              "containers with incomplete status: [" + pending + "]");
    if (out_.phase() == "Succeeded")
      out_.mutable_conditions()->rbegin()->set_reason("PodCompleted");
    write_readiness(others);
    write_scheduled(others);
    for (auto& other : others)
      if (!is_own(other.type()))
        *out_.add_conditions() = std::move(other);
  }

  static bool is_own(const std::string& type) {
    return type == "PodReadyToStartContainers" || type == "Initialized"
           || type == "Ready" || type == "ContainersReady"
           || type == "PodScheduled";
  }

  template <class Conditions>
  void write_readiness(const Conditions& others) {
    auto unready = names([this](size_t i) {
      return (is_main(i) || is_sidecar(pod_, i)) && !state_.containers[i].ready;
    });
    bool ready = unready.empty();
    std::string reason = "ContainersNotReady";
    auto message = "containers with unready status: [" + unready + "]";
    if (out_.phase() == "Succeeded") {
      reason = "PodCompleted";
      message.clear();
    } else if (out_.phase() == "Failed") {
      reason = "PodFailed";
      message.clear();
    }
    auto gates = ready ? gates_missing(others) : std::string{};
    condition("Ready", state_.is_ready, ready && gates.empty(),
              ready ? "ReadinessGatesNotReady" : reason,
              ready ? gates : message);
    condition("ContainersReady", state_.containers_ready, ready, reason,
              message);
  }

  template <class Conditions>
  std::string gates_missing(const Conditions& others) const {
    std::string text;
    for (const auto& gate : pod_.spec().readiness_gates()) {
      const auto& type = gate.condition_type();
      auto found =
          std::find_if(others.begin(), others.end(),
                       [&](const auto& c) { return c.type() == type; });
      std::string line;
      if (found == others.end())
        line = "corresponding condition of pod readiness gate \"" + type
               + "\" does not exist.";
      else if (found->status() != "True")
        line = "the status of pod readiness gate \"" + type
               + "\" is not \"True\", but " + found->status();
      if (!line.empty())
        text += (text.empty() ? "" : ", ") + line;
    }
    return text;
  }

  template <class Conditions>
  void write_scheduled(const Conditions& others) {
    auto* to = out_.add_conditions();
    for (const auto& other : others)
      if (other.type() == "PodScheduled" && other.status() == "True") {
        *to = other;
        return;
      }
    to->set_type("PodScheduled");
    to->set_status("True");
    *to->mutable_last_transition_time() = to_time(state_.start_time);
  }

  void condition(const char* type, condition_state& memory, bool value,
                 const std::string& reason, const std::string& message) {
    if (memory.value != value) {
      memory.value = value;
      memory.since = now_;
    }
    auto* to = out_.add_conditions();
    to->set_type(type);
    to->set_status(value ? "True" : "False");
    *to->mutable_last_transition_time() = to_time(memory.since);
    if (pod_.metadata().generation() != 0)
      to->set_observed_generation(pod_.metadata().generation());
    if (value)
      return;
    if (!reason.empty())
      to->set_reason(reason);
    if (!message.empty())
      to->set_message(message);
  }

  // -- addresses --------------------------------------------------------------

  void write_addresses() {
    if (!node_.ips.empty()) {
      out_.set_host_ip(node_.ips.front());
      out_.clear_host_ips();
      for (const auto& ip : node_.ips)
        out_.add_host_ips()->set_ip(ip);
    }
    const auto& ips = pod_.spec().host_network() ? node_.ips : state_.ips;
    if (ips.empty() || state_.sandbox_id.empty())
      return;
    out_.set_pod_ip(ips.front());
    out_.clear_pod_ips();
    for (const auto& ip : ips)
      out_.add_pod_ips()->set_ip(ip);
  }

  const Pod& pod_;
  pod_state& state_;
  const pod_node& node_;
  time_point now_;
  PodStatus out_;
};

} // namespace

PodStatus pod_status(const Pod& pod, pod_state& state, const pod_node& node,
                     time_point now) {
  return status_writer{pod, state, node, now}.run();
}

bool is_final(const std::string& phase) {
  return phase == "Succeeded" || phase == "Failed";
}

} // namespace troupe::rules
