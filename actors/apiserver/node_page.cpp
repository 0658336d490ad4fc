#include "actors/apiserver/node_page.hpp"

#include "actors/system/describing.hpp"
#include "messages/container.pb.h"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = node_page_actor::stateful_pointer<node_page_state>;

constexpr size_t longest_chunk = 64u << 10;

void on_credit(pointer self, uint32_t chunks) {
  auto& st = self->state;
  for (; chunks > 0 && !st.bytes.empty(); --chunks) {
    container::StreamData data;
    data.set_stream(node_page_stream);
    data.set_channel(container::STDOUT);
    data.set_data(st.bytes.substr(0, longest_chunk));
    st.bytes.erase(0, longest_chunk);
    self->send(st.client, pb<container::StreamData>{std::move(data)});
  }
  if (!st.bytes.empty())
    return;
  container::StreamEnd end;
  end.set_stream(node_page_stream);
  self->send(st.client, pb<container::StreamEnd>{std::move(end)});
  self->quit();
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("bytes=" + std::to_string(self->state.bytes.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

node_page_actor::behavior_type node_page(pointer self, std::string bytes,
                                         container_stream_actor client) {
  self->state.client = std::move(client);
  self->state.bytes = std::move(bytes);
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  self->monitor(self->state.client);
  return {
      [](const pb<container::StreamData>&) {
        // The question is known.
      },
      [self](const pb<container::StreamCredit>& msg) {
        on_credit(self, msg->chunks());
      },
      [](const pb<container::StreamResize>&) {
        // There is no terminal.
      },
      [self](const pb<container::StreamClose>&) { self->quit(); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
