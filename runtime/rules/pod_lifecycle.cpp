#include "runtime/rules/pod_lifecycle.hpp"

#include "messages/api/core_pod.pb.h"

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Pod;

// Kubernetes: what is left of the grace after a hook is never below this.
constexpr seconds least_grace{2};

// Shown as ErrImagePull for this long, then as ImagePullBackOff.
constexpr seconds fresh_failure{1};

seconds whole(time_point::duration d) {
  return std::max(seconds{0}, std::chrono::ceil<seconds>(d));
}

bool has_post_start(const Pod& pod, size_t i) {
  return container_at(pod, i).lifecycle().has_post_start();
}

bool has_pre_stop(const Pod& pod, size_t i) {
  return container_at(pod, i).lifecycle().has_pre_stop();
}

class planner {
public:
  planner(const Pod& pod, pod_state& state, time_point now)
      : pod_(pod), state_(state), now_(now) {}

  pod_plan run() {
    if (state_.erased)
      return {};
    check_deadline();
    if (!state_.stop)
      go_on();
    if (state_.stop)
      wind_down();
    return std::move(plan_);
  }

private:
  void act(pod_act what, size_t i = 0, seconds grace = seconds{0},
           std::string id = {}) {
    plan_.actions.push_back({what, i, grace, std::move(id)});
  }

  void wake_at(time_point when) {
    if (when > now_)
      plan_.wake = std::min(plan_.wake, when);
  }

  // Whether a hold is still in force; sees to it that we are asked again.
  bool waits(const std::unique_ptr<hold>& held) {
    if (!held || held->until <= now_)
      return false;
    if (held->reason == "ErrImagePull")
      wake_at(held->since + fresh_failure);
    wake_at(held->until);
    return true;
  }

  void check_deadline() {
    if (state_.stop || !pod_.spec().has_active_deadline_seconds())
      return;
    auto deadline =
        state_.start_time + seconds{pod_.spec().active_deadline_seconds()};
    if (now_ < deadline)
      return wake_at(deadline);
    stop_state stop;
    stop.since = now_;
    stop.grace = seconds{pod_.spec().termination_grace_period_seconds()};
    stop.reason = "DeadlineExceeded";
    stop.message =
        "Pod was active on the node longer than the specified deadline";
    state_.stop = std::move(stop);
  }

  void complete() {
    stop_state stop;
    stop.since = now_;
    stop.grace = seconds{pod_.spec().termination_grace_period_seconds()};
    stop.completed = true;
    state_.stop = std::move(stop);
  }

  // -- going on ---------------------------------------------------------------

  void go_on() {
    if (main_done())
      return complete();
    if (!volumes_ready() || !sandbox_ready())
      return;
    stop_unhealthy();
    run_late();
    if (run_inits() && !state_.stop)
      run_mains();
  }

  bool main_done() const {
    if (!state_.initialized)
      return false;
    for (size_t i = 0; i < state_.containers.size(); ++i) {
      const auto& c = state_.containers[i];
      if (!is_main(i))
        continue;
      if (c.step != container_step::exited
          || restarts_after(pod_, i, c.end->exit_code))
        return false;
    }
    return true;
  }

  bool volumes_ready() {
    if (state_.volumes == volume_step::absent && !waits(state_.held)) {
      state_.volumes = volume_step::preparing;
      act(pod_act::prepare_volumes);
    }
    return state_.volumes == volume_step::ready;
  }

  bool sandbox_ready() {
    if (state_.sandbox == sandbox_step::lost)
      forget_sandbox();
    if (state_.stop)
      return false;
    auto missing = state_.sandbox == sandbox_step::absent
                   || state_.sandbox == sandbox_step::found;
    if (missing && !waits(state_.held)) {
      state_.sandbox = sandbox_step::creating;
      act(pod_act::run_sandbox);
    }
    return state_.sandbox == sandbox_step::ready;
  }

  // A new sandbox starts the pod anew: init containers run again, main ones
  // as their restart policy says.
  void forget_sandbox() {
    for (size_t i = 0; i < state_.containers.size(); ++i) {
      auto& c = state_.containers[i];
      if (is_init(pod_, i) && !is_sidecar(pod_, i)
          && c.step == container_step::exited) {
        if (c.end->exit_code != 0 && !restarts_after(pod_, i, 1))
          return complete();
        rotate(i);
      }
    }
    if (!state_.sandbox_id.empty())
      act(pod_act::remove_sandbox, 0, seconds{0}, std::move(state_.sandbox_id));
    state_.sandbox_id.clear();
    state_.ips.clear();
    state_.initialized = false;
    state_.sandbox = sandbox_step::absent;
    ++state_.sandbox_attempt;
  }

  void stop_unhealthy() {
    for (size_t i = 0; i < state_.containers.size(); ++i) {
      auto& c = state_.containers[i];
      if (c.unhealthy && c.step == container_step::running)
        bring_down(i, c.stop_by);
    }
  }

  // Returns whether main containers may start.
  bool run_inits() {
    auto inits = static_cast<size_t>(pod_.spec().init_containers_size());
    for (size_t i = 0; i < inits; ++i) {
      auto& c = state_.containers[i];
      if (is_sidecar(pod_, i)) {
        launch(i);
        if (!state_.initialized && !c.started)
          return false;
        continue;
      }
      if (state_.initialized)
        continue;
      if (c.step == container_step::exited) {
        if (c.end->exit_code == 0)
          continue;
        if (!restarts_after(pod_, i, c.end->exit_code)) {
          complete();
          return false;
        }
      }
      launch(i);
      return false;
    }
    state_.initialized = true;
    return true;
  }

  // Kubernetes starts main containers in order, and a postStart hook holds
  // back those behind it.
  void run_mains() {
    for (size_t i = 0; i < state_.containers.size(); ++i)
      if (is_main(i) && !launch(i))
        return;
  }

  // Kubernetes: before all others, since these may be what is looked into.
  void run_late() {
    for (size_t i = 0; i < state_.containers.size(); ++i)
      if (is_late(pod_, i))
        launch(i);
  }

  bool is_main(size_t i) const {
    return !is_init(pod_, i) && !is_late(pod_, i);
  }

  // Takes the next step of container i. Returns false while that step is
  // under way.
  bool launch(size_t i) {
    auto& c = state_.containers[i];
    if (c.step == container_step::exited) {
      if (!restarts_after(pod_, i, c.end->exit_code) || backs_off(c))
        return true;
      rotate(i);
    }
    switch (c.step) {
      case container_step::absent:
        if (waits(c.held))
          return true;
        c.step = container_step::pulling;
        act(pod_act::pull_image, i);
        return false;
      case container_step::pulled:
        c.step = container_step::creating;
        act(pod_act::create_container, i);
        return false;
      case container_step::created:
        c.step = container_step::starting;
        act(pod_act::start_container, i);
        return false;
      case container_step::running:
        if (has_post_start(pod_, i) && c.post_start == hook_step::none) {
          c.post_start = hook_step::running;
          act(pod_act::post_start, i);
        }
        return c.post_start != hook_step::running;
      default:
        return false;
    }
  }

  bool backs_off(const container_state& c) {
    auto until = crash_hold(c);
    if (until)
      wake_at(*until);
    return until && now_ < *until;
  }

  // Makes room for the next attempt.
  void rotate(size_t i) {
    auto& c = state_.containers[i];
    if (c.last && !c.last->id.empty())
      act(pod_act::remove_container, i, seconds{0}, c.last->id);
    container_state next;
    next.restarts = c.restarts + 1;
    auto finished = c.end->finished_at + c.set_since;
    bool forgotten =
        c.crash_delay == seconds{0} || finished - c.crash_since > delay_memory;
    next.crash_delay =
        forgotten ? first_delay : std::min(2 * c.crash_delay, longest_delay);
    next.crash_since = now_;
    next.last = std::move(c.end);
    next.image_id = std::move(c.image_id);
    c = std::move(next);
  }

  // -- termination ------------------------------------------------------------

  void wind_down() {
    auto deadline = state_.stop->since + state_.stop->grace;
    bool down = true;
    for (size_t i = 0; i < state_.containers.size(); ++i)
      if (!is_sidecar(pod_, i) && !bring_down(i, deadline))
        down = false;
    if (!down)
      return;
    for (size_t i = state_.containers.size(); i-- > 0;)
      if (is_sidecar(pod_, i) && !bring_down(i, deadline))
        return;
    settle();
  }

  // Returns whether container i is down; if not, does what is due.
  bool bring_down(size_t i, time_point deadline) {
    auto& c = state_.containers[i];
    if (c.down()) {
      if (c.step == container_step::pulling)
        c.step = container_step::absent;
      return true;
    }
    if (c.step != container_step::running)
      return false;
    auto left = whole(deadline - now_);
    if (has_pre_stop(pod_, i) && !c.stop_sent && left > seconds{0}) {
      if (c.pre_stop == hook_step::none) {
        c.pre_stop = hook_step::running;
        act(pod_act::pre_stop, i, left);
      }
      if (c.pre_stop == hook_step::running) {
        wake_at(deadline);
        return false;
      }
    }
    if (c.pre_stop != hook_step::none || is_sidecar(pod_, i))
      left = std::max(left, least_grace);
    auto due = now_ + left;
    if (!c.stop_sent || due + seconds{1} <= c.stop_due) {
      c.stop_sent = true;
      c.stop_due = due;
      act(pod_act::stop_container, i, left);
    }
    return false;
  }

  void settle() {
    // Taken over without a sandbox: there is none to stop.
    if (state_.sandbox == sandbox_step::lost && state_.sandbox_id.empty())
      state_.sandbox = sandbox_step::absent;
    if (state_.sandbox == sandbox_step::ready
        || state_.sandbox == sandbox_step::found
        || state_.sandbox == sandbox_step::lost) {
      state_.sandbox = sandbox_step::stopping;
      act(pod_act::stop_sandbox);
    }
    if (state_.sandbox == sandbox_step::creating
        || state_.sandbox == sandbox_step::stopping)
      return;
    // A pod that was taken over may have volumes that were never prepared here.
    if (state_.volumes == volume_step::ready
        || (state_.volumes == volume_step::absent
            && !state_.sandbox_id.empty())) {
      state_.volumes = volume_step::cleaning;
      act(pod_act::clean_volumes);
    }
    if (state_.volumes == volume_step::preparing
        || state_.volumes == volume_step::cleaning)
      return;
    state_.settled = true;
    if (state_.stop->purge)
      erase();
  }

  void erase() {
    if (state_.sandbox == sandbox_step::stopped) {
      state_.sandbox = sandbox_step::removing;
      act(pod_act::remove_sandbox, 0, seconds{0}, state_.sandbox_id);
    }
    state_.erased = state_.sandbox == sandbox_step::absent
                    || state_.sandbox == sandbox_step::removed;
  }

  const Pod& pod_;
  pod_state& state_;
  time_point now_;
  pod_plan plan_;
};

const char* verb_of(pod_act what) {
  switch (what) {
    case pod_act::prepare_volumes:
      return "prepare volumes";
    case pod_act::run_sandbox:
      return "run sandbox";
    case pod_act::pull_image:
      return "pull";
    case pod_act::create_container:
      return "create";
    case pod_act::start_container:
      return "start";
    case pod_act::post_start:
      return "run postStart";
    case pod_act::pre_stop:
      return "run preStop";
    case pod_act::stop_container:
      return "stop";
    case pod_act::remove_container:
      return "remove attempt";
    case pod_act::stop_sandbox:
      return "stop sandbox";
    case pod_act::remove_sandbox:
      return "remove sandbox";
    case pod_act::clean_volumes:
      return "clean volumes";
  }
  return "?";
}

bool about_container(pod_act what) {
  return what >= pod_act::pull_image && what <= pod_act::remove_container;
}

} // namespace

std::optional<time_point> crash_hold(const container_state& c) {
  if (!c.end || c.crash_delay == seconds{0})
    return std::nullopt;
  auto finished = c.end->finished_at + c.set_since;
  if (finished - c.crash_since > delay_memory)
    return std::nullopt;
  return finished + c.crash_delay;
}

bool shown_as_back_off(const hold& held, time_point now) {
  return now - held.since >= fresh_failure;
}

pod_plan advance(const Pod& pod, pod_state& state, time_point now) {
  return planner{pod, state, now}.run();
}

std::string to_text(const Pod& pod, const pod_action& action) {
  std::string text;
  if (about_container(action.what))
    text = container_at(pod, action.container).name() + ": ";
  text += verb_of(action.what);
  if (action.what == pod_act::stop_container
      || action.what == pod_act::pre_stop)
    text += ", grace " + std::to_string(action.grace.count()) + "s";
  if (action.what == pod_act::remove_container)
    text += " " + action.id;
  return text;
}

} // namespace troupe::rules
