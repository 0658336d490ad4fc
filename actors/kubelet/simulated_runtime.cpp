#include "actors/kubelet/simulated_runtime.hpp"

#include "actors/kubelet/simulated_steps.hpp"
#include "actors/system/describing.hpp"
#include "messages/container.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/selecting.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using namespace container;
using namespace simulated_steps;
using simulation::moment;

template <class T>
caf::result<pb<T>> result_of(expected<T> x) {
  if (x)
    return pb<T>{std::move(*x)};
  return std::move(x.error());
}

caf::result<pb<Done>> done_or(caf::error err) {
  if (err)
    return err;
  return pb<Done>{Done{}};
}

// -- time ---------------------------------------------------------------------

void answer_waiting(
    std::map<std::string, std::vector<promise<Container>>>& waiting,
    const Container& c, const caf::error& err) {
  auto at = waiting.find(c.id());
  if (at == waiting.end())
    return;
  auto all = std::move(at->second);
  waiting.erase(at);
  for (auto& rp : all)
    if (err)
      rp.deliver(err);
    else
      rp.deliver(pb<Container>{c});
}

void tell(pointer self, Event event) {
  auto& st = self->state;
  auto& c = event.container();
  if (event.type() == CONTAINER_STARTED) {
    answer_waiting(st.starting, c, {});
  } else {
    answer_waiting(st.starting, c,
                   make_error(ec::invalid, "container " + c.id()
                                               + " was killed at its start"));
    answer_waiting(st.stopping, c, {});
  }
  st.listeners.tell(self, pb<Event>{std::move(event)});
}

void set_alarm(pointer self) {
  auto& st = self->state;
  auto due = st.machine->next_due();
  if (!st.later.empty())
    due = std::min(due.value_or(st.later.begin()->first),
                   st.later.begin()->first);
  if (!due || (st.alarm_at != 0 && st.alarm_at <= *due))
    return;
  st.alarm_at = *due;
  system::Tick tick;
  tick.set_what("due");
  tick.set_number(++st.alarm);
  auto wait = std::max<int64_t>(*due - now(self).monotonic, 0);
  self->delayed_send(self, std::chrono::nanoseconds{wait},
                     pb<system::Tick>{std::move(tick)});
}

} // namespace

moment simulated_steps::now(pointer self) {
  auto wall = self->state.ctx->now().time_since_epoch();
  return {
      std::chrono::nanoseconds{self->clock().now().time_since_epoch()}.count(),
      std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()};
}

void simulated_steps::settle(pointer self) {
  auto& st = self->state;
  for (auto& event : st.machine->advance(now(self)))
    tell(self, std::move(event));
  if (!st.streams.empty())
    feed_all(self);
  set_alarm(self);
}

void simulated_steps::after(pointer self, std::chrono::nanoseconds delay,
                            std::function<void()> what) {
  if (delay.count() <= 0)
    return what();
  self->state.later.emplace(now(self).monotonic + delay.count(),
                            std::move(what));
  set_alarm(self);
}

namespace {

void on_tick(pointer self, const system::Tick& tick) {
  auto& st = self->state;
  if (tick.number() != st.alarm)
    return;
  st.alarm_at = 0;
  auto at = now(self).monotonic;
  while (!st.later.empty() && st.later.begin()->first <= at) {
    auto what = std::move(st.later.begin()->second);
    st.later.erase(st.later.begin());
    what();
  }
  settle(self);
}

// -- sandboxes and containers -------------------------------------------------

promise<Sandbox> on_run(pointer self, const SandboxConfig& config) {
  auto rp = self->make_response_promise<pb<Sandbox>>();
  auto delay = self->state.machine->sandbox_delay(config);
  // It is there before it is told of: whoever asked may be gone by then, and
  // the next one looks at what there is.
  auto sandbox = self->state.machine->run(config, now(self));
  after(self, delay, [rp, sandbox]() mutable {
    if (sandbox)
      rp.deliver(pb<Sandbox>{std::move(*sandbox)});
    else
      rp.deliver(std::move(sandbox.error()));
  });
  return rp;
}

caf::result<pb<Container>> on_create(pointer self, const CreateContainer& x) {
  auto& st = self->state;
  // As for a real one: an image that is not there and no command of its own.
  if (x.config().command_size() == 0)
    if (auto image = st.machine->pull(x.config().image()); !image)
      return std::move(image.error());
  return result_of(st.machine->create(x.sandbox_id(), x.config(), now(self)));
}

promise<Container> on_start(pointer self, const std::string& id) {
  auto rp = self->make_response_promise<pb<Container>>();
  auto& st = self->state;
  if (auto err = st.machine->start(id, now(self))) {
    rp.deliver(std::move(err));
    return rp;
  }
  auto status = st.machine->status(id);
  if (status->started_at() != 0)
    rp.deliver(pb<Container>{std::move(*status)});
  else
    st.starting[id].push_back(rp);
  settle(self);
  return rp;
}

promise<Container> on_stop(pointer self, const StopContainer& x) {
  auto rp = self->make_response_promise<pb<Container>>();
  auto& st = self->state;
  if (auto err = st.machine->stop(x.container_id(), x.grace_ms(), now(self))) {
    rp.deliver(std::move(err));
    return rp;
  }
  auto status = st.machine->status(x.container_id());
  if (status->state() == EXITED)
    rp.deliver(pb<Container>{std::move(*status)});
  else
    st.stopping[x.container_id()].push_back(rp);
  settle(self);
  return rp;
}

/// Does something to the machine that leads to events.
template <class Act>
caf::result<pb<Done>> act(pointer self, Act what) {
  auto err = what(*self->state.machine.lock(), now(self));
  settle(self);
  return done_or(std::move(err));
}

// -- commands -----------------------------------------------------------------

promise<ExecResult> on_exec_sync(pointer self, const ExecSync& x) {
  auto rp = self->make_response_promise<pb<ExecResult>>();
  auto rule = self->state.machine->exec(x.container_id(), joined(x.command()));
  if (!rule) {
    rp.deliver(std::move(rule.error()));
    return rp;
  }
  std::chrono::nanoseconds limit = std::chrono::milliseconds{x.timeout_ms()};
  if (x.timeout_ms() > 0 && rule->delay > limit) {
    after(self, limit, [rp, ms = x.timeout_ms()]() mutable {
      rp.deliver(make_error(ec::timeout, "command timed out after "
                                             + std::to_string(ms) + " ms"));
    });
    return rp;
  }
  after(self, rule->delay, [rp, what = *rule]() mutable {
    ExecResult result;
    result.set_stdout(what.output);
    result.set_stderr(what.errors);
    result.set_exit_code(what.exit_code);
    rp.deliver(pb<ExecResult>{std::move(result)});
  });
  return rp;
}

// -- images -------------------------------------------------------------------

Image describe_image(const std::string& reference) {
  Image image;
  image.set_reference(reference);
  image.set_id(reference);
  return image;
}

caf::result<pb<ImageStatusResult>> on_image(pointer self,
                                            const ImageStatus& x) {
  ImageStatusResult result;
  // What takes time to fetch is not there before.
  auto delay = self->state.machine->pull(x.image());
  if (x.own_command() || (delay && delay->count() == 0))
    *result.mutable_image() = describe_image(x.image());
  return pb<ImageStatusResult>{std::move(result)};
}

promise<Image> on_pull(pointer self, const PullImage& x) {
  auto rp = self->make_response_promise<pb<Image>>();
  auto delay = self->state.machine->pull(x.image());
  if (!delay && !x.own_command()) {
    rp.deliver(std::move(delay.error()));
    return rp;
  }
  after(self, delay ? *delay : std::chrono::nanoseconds{0},
        [rp, image = x.image()]() mutable {
          rp.deliver(pb<Image>{describe_image(image)});
        });
  return rp;
}

// -- the runtime itself -------------------------------------------------------

pb<State> on_subscribe(pointer self, const container_listener_actor& listener) {
  self->state.listeners.add(self, listener);
  return pb<State>{self->state.machine->state()};
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.listeners.on_down(down);
  std::erase_if(st.streams, [&](const auto& each) {
    return each.second.to.address() == down.source;
  });
}

pb<RuntimeStatus> on_probe() {
  RuntimeStatus result;
  result.set_name("simulated");
  result.set_version("0.1.0");
  result.set_ready(true);
  result.set_message("containers are only told of");
  result.set_mounts(true);
  result.set_networks(false);
  result.set_processes(true);
  return pb<RuntimeStatus>{std::move(result)};
}

pb<system::Description> on_describe(pointer self) {
  auto machine = self->state.machine.lock();
  auto result = begin_description(self);
  result.add_facts("pods=" + std::to_string(machine->pods()));
  result.add_facts("containers=" + std::to_string(machine->containers()));
  result.add_facts("running=" + std::to_string(machine->running()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

simulated_runtime_actor::behavior_type simulated_runtime(
    simulated_runtime_actor::stateful_pointer<simulated_runtime_state> self,
    context ctx, simulation::held_machine machine) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.machine = std::move(machine);
  self->set_down_handler([self](caf::down_msg& x) { on_down(self, x); });
  auto m = st.machine;
  // What was due while nobody held the machine is made up for at once.
  set_alarm(self);
  return {
      [](const pb<Probe>&) { return on_probe(); },
      [=](const pb<Subscribe>&, const container_listener_actor& listener) {
        return on_subscribe(self, listener);
      },
      [=](const pb<RunPodSandbox>& x) { return on_run(self, x->config()); },
      [=](const pb<StopPodSandbox>& x) {
        return act(self, [&](auto& all, moment at) {
          return all.stop_sandbox(x->sandbox_id(), at);
        });
      },
      [=](const pb<RemovePodSandbox>& x) {
        return act(self, [&](auto& all, moment at) {
          all.remove_sandbox(x->sandbox_id(), at);
          return caf::error{};
        });
      },
      [=](const pb<ListPodSandbox>& x) {
        return pb<SandboxList>{select(m->state(), *x)};
      },
      [=](const pb<CreateContainer>& x) { return on_create(self, *x); },
      [=](const pb<StartContainer>& x) {
        return on_start(self, x->container_id());
      },
      [=](const pb<StopContainer>& x) { return on_stop(self, *x); },
      [=](const pb<RemoveContainer>& x) {
        return act(self, [&](auto& all, moment at) {
          all.remove(x->container_id(), at);
          return caf::error{};
        });
      },
      [=](const pb<Signal>& x) {
        return act(self, [&](auto& all, moment at) {
          return all.signal(x->container_id(), x->signal(), at);
        });
      },
      [=](const pb<ContainerStatus>& x) {
        return result_of(m->status(x->container_id()));
      },
      [=](const pb<ListContainers>& x) {
        return pb<ContainerList>{select(m->state(), *x)};
      },
      [=](const pb<ReopenLog>& x) -> caf::result<pb<Done>> {
        auto status = m->status(x->container_id());
        return done_or(status ? caf::error{} : std::move(status.error()));
      },
      [=](const pb<ExecSync>& x) { return on_exec_sync(self, *x); },
      [=](const pb<Exec>& x, const container_stream_actor& to) {
        return on_exec(self, *x, to);
      },
      [=](const pb<Attach>& x, const container_stream_actor& to) {
        return on_attach(self, *x, to);
      },
      [=](const pb<Logs>& x, const container_stream_actor& to) {
        return on_logs(self, *x, to);
      },
      [=](const pb<StreamData>& x) { on_input(self, *x); },
      [=](const pb<StreamCredit>& x) { on_credit(self, *x); },
      [](const pb<StreamResize>&) {
        // A simulated terminal has no size.
      },
      [=](const pb<StreamClose>& x) { self->state.streams.erase(x->stream()); },
      [=](const pb<ImageStatus>& x) { return on_image(self, *x); },
      [=](const pb<PullImage>& x) { return on_pull(self, *x); },
      [=](const pb<system::Describe>&) { return on_describe(self); },
      [=](const pb<system::Tick>& x) { on_tick(self, *x); },
  };
}

} // namespace troupe
