#pragma once

#include "actors/kubelet/simulated_runtime.hpp"

#include <caf/stateful_actor.hpp>

#include <chrono>
#include <functional>
#include <string>

/// The parts that the simulated runtime is made of.
namespace troupe::simulated_steps {

using pointer =
    simulated_runtime_actor::stateful_pointer<simulated_runtime_state>;

template <class T>
using promise = caf::typed_response_promise<pb<T>>;

/// This moment on both clocks.
simulation::moment now(pointer self);

/// Tells of all that has happened and waits for what comes.
void settle(pointer self);

/// Runs `what` when the delay is over: at once when there is none.
void after(pointer self, std::chrono::nanoseconds delay,
           std::function<void()> what);

/// Takes what containers wrote since to who follows their logs.
void feed_all(pointer self);

promise<container::StreamOpened> on_exec(pointer self, const container::Exec& x,
                                         const container_stream_actor& to);
promise<container::StreamOpened> on_attach(pointer self,
                                           const container::Attach& x,
                                           const container_stream_actor& to);
promise<container::StreamOpened> on_logs(pointer self, const container::Logs& x,
                                         const container_stream_actor& to);
void on_credit(pointer self, const container::StreamCredit& x);
void on_input(pointer self, const container::StreamData& x);

template <class Words>
std::string joined(const Words& words) {
  std::string result;
  for (auto& word : words)
    result += result.empty() ? word : " " + word;
  return result;
}

} // namespace troupe::simulated_steps
