#include "actors/client/command_client.hpp"
#include "actors/client/stream_input.hpp"
#include "messages/command_interface.hpp"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"

#include <optional>

namespace troupe {

expected<container::StreamEnd> command_client::stream(
    call::OpenStream msg,
    const std::function<bool(const container::StreamData&)>& output,
    int input) {
  if (auto err = open_session())
    return err;
  auto& self = *self_;
  msg.set_secret(secret_);
  auto me = caf::actor_cast<caf::strong_actor_ptr>(self.ptr());
  caf::error bad;
  uint64_t id = 0;
  container_runtime_actor runtime;
  self->request(caf::actor_cast<command_session_actor>(session_),
                std::chrono::seconds(30), pb<call::OpenStream>{std::move(msg)},
                caf::actor_cast<container_stream_actor>(me))
      .receive(
          [&](const pb<container::StreamOpened>& opened,
              const container_runtime_actor& handle) {
            id = opened->stream();
            runtime = handle;
          },
          [&](caf::error& err) { bad = std::move(err); });
  if (bad)
    return bad;
  self->monitor(runtime);
  std::optional<stream_input> reader;
  if (input >= 0)
    reader.emplace(input, caf::actor_cast<caf::actor>(me), id);
  std::optional<container::StreamEnd> end;
  bool going = true;
  while (going && !end) {
    self->receive(
        [&](const pb<container::StreamData>& chunk) {
          if (chunk->stream() != id)
            return;
          if (chunk->channel() == container::STDIN) {
            self->send(runtime, chunk);
            return;
          }
          going = output(*chunk);
          container::StreamCredit credit;
          credit.set_stream(id);
          credit.set_chunks(1);
          self->send(runtime, pb<container::StreamCredit>{std::move(credit)});
        },
        [&](const pb<container::StreamCredit>& credit) {
          if (reader && credit->stream() == id)
            reader->allow(credit->chunks());
        },
        [&](const pb<container::StreamEnd>& last) {
          if (last->stream() == id)
            end = *last;
        },
        [&](const caf::down_msg&) {
          bad = make_error(ec::service_unavailable,
                           "the connection to the pod was lost");
          going = false;
        });
  }
  self->demonitor(runtime.address());
  if (bad)
    return bad;
  if (end)
    return *end;
  container::StreamClose close;
  close.set_stream(id);
  self->send(runtime, pb<container::StreamClose>{std::move(close)});
  return container::StreamEnd{};
}

} // namespace troupe
