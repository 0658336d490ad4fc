#include "actors/kubelet/process_runtime.hpp"

#include "messages/container.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/selecting.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using namespace container;
using process::reply;
using pointer = process_runtime_actor::stateful_pointer<process_runtime_state>;

/// Runs `what` in the actor, if there still is one. Called on the edge's
/// thread.
void back(const caf::weak_actor_ptr& to, std::function<void()> what) {
  if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(to))
    caf::anon_send(caf::actor_cast<process_runtime_actor>(strong),
                   runtime_task{std::move(what)});
}

caf::weak_actor_ptr weak(pointer self) {
  return caf::weak_actor_ptr{self->ctrl()};
}

template <class T>
using promise = caf::typed_response_promise<pb<T>>;

template <class T>
void deliver(promise<T>& rp, expected<T>& result) {
  if (result)
    rp.deliver(pb<T>{std::move(*result)});
  else
    rp.deliver(std::move(result.error()));
}

/// Calls `ask` with a reply of the edge that ends up in the promise returned.
template <class T, class Ask>
promise<T> answer(pointer self, Ask ask) {
  auto rp = self->make_response_promise<pb<T>>();
  ask([to = weak(self), rp](expected<T> result) {
    back(to,
         [rp, result = std::move(result)]() mutable { deliver(rp, result); });
  });
  return rp;
}

// -- events -------------------------------------------------------------------

promise<State> on_subscribe(pointer self,
                            const container_listener_actor& listener) {
  auto rp = self->make_response_promise<pb<State>>();
  self->state.edge->state(
      [self, to = weak(self), rp, listener](expected<State> result) {
        // What happens from now on comes behind this.
        back(to, [self, rp, listener, result = std::move(result)]() mutable {
          self->state.listeners.add(self, listener);
          deliver(rp, result);
        });
      });
  return rp;
}

// -- streams ------------------------------------------------------------------

/// Where the output of a stream goes: by way of this actor, so that it stays
/// behind the answer that opened the stream.
process::stream_sink sink_to(pointer self,
                             const container_stream_actor& receiver) {
  process::stream_sink sink;
  auto to = weak(self);
  sink.data = [self, to, receiver](StreamData data) {
    back(to, [self, receiver, msg = pb<StreamData>{std::move(data)}] {
      self->send(receiver, msg);
    });
  };
  sink.credit = [self, to, receiver](StreamCredit credit) {
    back(to, [self, receiver, msg = pb<StreamCredit>{std::move(credit)}] {
      self->send(receiver, msg);
    });
  };
  sink.end = [self, to, receiver](StreamEnd end) {
    back(to, [self, receiver, msg = pb<StreamEnd>{std::move(end)}] {
      self->state.streams.erase(msg->stream());
      self->send(receiver, msg);
    });
  };
  return sink;
}

/// Opens a stream by `open(sink, reply)`.
template <class Open>
promise<StreamOpened>
on_open(pointer self, const container_stream_actor& receiver, Open open) {
  auto rp = self->make_response_promise<pb<StreamOpened>>();
  open(sink_to(self, receiver),
       [self, to = weak(self), rp, receiver](expected<StreamOpened> result) {
         back(to, [self, rp, receiver, result = std::move(result)]() mutable {
           // One that ended meanwhile goes down at once.
           if (result) {
             self->state.streams[result->stream()] = receiver;
             self->monitor(receiver);
           }
           deliver(rp, result);
         });
       });
  return rp;
}

void on_down(pointer self, const caf::down_msg& down) {
  self->state.listeners.on_down(down);
  auto& streams = self->state.streams;
  for (auto at = streams.begin(); at != streams.end();) {
    if (at->second.address() != down.source) {
      ++at;
      continue;
    }
    self->state.edge->close(at->first);
    at = streams.erase(at);
  }
}

// -- lists --------------------------------------------------------------------

/// Answers with something made of all there is.
template <class T, class Make>
promise<T> from_state(pointer self, Make make) {
  return answer<T>(self, [&](reply<T> done) {
    self->state.edge->state([done, make](expected<State> state) {
      done(state ? make(*state) : expected<T>{state.error()});
    });
  });
}

promise<Container> on_status(pointer self, const std::string& id) {
  return from_state<Container>(
      self, [id](const State& state) -> expected<Container> {
        for (auto& c : state.containers())
          if (c.id() == id)
            return c;
        return make_error(ec::not_found, "no container " + id);
      });
}

promise<system::Description> on_describe(pointer self) {
  // Looked at here: the rest comes from the edge's thread.
  return from_state<system::Description>(
      self,
      [streams = self->state.streams.size()](
          const State& state) -> expected<system::Description> {
        auto running =
            std::count_if(state.containers().begin(), state.containers().end(),
                          [](auto& c) { return c.state() == RUNNING; });
        system::Description result;
        result.add_facts("pods=" + std::to_string(state.sandboxes_size()));
        result.add_facts("containers="
                         + std::to_string(state.containers_size()));
        result.add_facts("running=" + std::to_string(running));
        if (streams > 0)
          result.add_facts("streams=" + std::to_string(streams));
        return result;
      });
}

} // namespace

process_runtime_actor::behavior_type process_runtime(
    process_runtime_actor::stateful_pointer<process_runtime_state> self,
    context ctx, process::runtime_options options) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.edge = std::make_unique<process::pod_runtime>(
      std::move(options), [self, to = weak(self)](Event event) {
        back(to, [self, msg = pb<Event>{std::move(event)}] {
          self->state.listeners.tell(self, msg);
        });
      });
  self->set_down_handler([self](caf::down_msg& x) { on_down(self, x); });
  auto edge = st.edge.get();
  return {
      [=](const pb<Probe>&) {
        return answer<RuntimeStatus>(self,
                                     [&](auto done) { edge->probe(done); });
      },
      [=](const pb<Subscribe>&, const container_listener_actor& listener) {
        return on_subscribe(self, listener);
      },
      [=](const pb<RunPodSandbox>& x) {
        return answer<Sandbox>(
            self, [&](auto done) { edge->run(x->config(), done); });
      },
      [=](const pb<StopPodSandbox>& x) {
        return answer<Done>(self, [&](auto done) {
          edge->stop_sandbox(x->sandbox_id(), done);
        });
      },
      [=](const pb<RemovePodSandbox>& x) {
        return answer<Done>(self, [&](auto done) {
          edge->remove_sandbox(x->sandbox_id(), done);
        });
      },
      [=](const pb<ListPodSandbox>& x) {
        return from_state<SandboxList>(
            self, [x](const State& s) { return select(s, *x); });
      },
      [=](const pb<CreateContainer>& x) {
        return answer<Container>(self, [&](auto done) {
          edge->create(x->sandbox_id(), x->config(), done);
        });
      },
      [=](const pb<StartContainer>& x) {
        return answer<Container>(
            self, [&](auto done) { edge->start(x->container_id(), done); });
      },
      [=](const pb<StopContainer>& x) {
        return answer<Container>(self, [&](auto done) {
          edge->stop(x->container_id(), x->grace_ms(), done);
        });
      },
      [=](const pb<RemoveContainer>& x) {
        return answer<Done>(
            self, [&](auto done) { edge->remove(x->container_id(), done); });
      },
      [=](const pb<Signal>& x) {
        return answer<Done>(self, [&](auto done) {
          edge->signal(x->container_id(), x->signal(), done);
        });
      },
      [=](const pb<ContainerStatus>& x) {
        return on_status(self, x->container_id());
      },
      [=](const pb<ListContainers>& x) {
        return from_state<ContainerList>(
            self, [x](const State& s) { return select(s, *x); });
      },
      [=](const pb<ReopenLog>& x) {
        return answer<Done>(self, [&](auto done) {
          edge->reopen_log(x->container_id(), done);
        });
      },
      [=](const pb<ExecSync>& x) {
        return answer<ExecResult>(
            self, [&](auto done) { edge->exec_sync(*x, done); });
      },
      [=](const pb<Exec>& x, const container_stream_actor& receiver) {
        return on_open(self, receiver, [&](auto sink, auto done) {
          edge->exec(*x, sink, done);
        });
      },
      [=](const pb<Attach>& x, const container_stream_actor& receiver) {
        return on_open(self, receiver, [&](auto sink, auto done) {
          edge->attach(*x, sink, done);
        });
      },
      [=](const pb<Logs>& x, const container_stream_actor& receiver) {
        return on_open(self, receiver, [&](auto sink, auto done) {
          edge->logs(*x, sink, done);
        });
      },
      [=](const pb<StreamData>& x) { edge->input(*x); },
      [=](const pb<StreamCredit>& x) { edge->credit(*x); },
      [=](const pb<StreamResize>& x) { edge->resize(*x); },
      [=](const pb<StreamClose>& x) {
        self->state.streams.erase(x->stream());
        edge->close(x->stream());
      },
      [=](const pb<ImageStatus>& x) {
        return answer<ImageStatusResult>(
            self, [&](auto done) { edge->image_status(*x, done); });
      },
      [=](const pb<PullImage>& x) {
        return answer<Image>(self, [&](auto done) { edge->pull(*x, done); });
      },
      [=](const pb<system::Describe>&) { return on_describe(self); },
      [=](const runtime_task& x) { x.run(); },
  };
}

} // namespace troupe
