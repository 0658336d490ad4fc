#include "actors/client/command_client.hpp"
#include "actors/client/input_reader.hpp"
#include "messages/command_interface.hpp"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace troupe {

namespace {

constexpr auto last_word_patience = std::chrono::milliseconds(300);

/// A stream that was opened. Its number is its source's own, and other
/// sources have the same ones.
struct stream_in_use {
  stream_source_actor source;
  uint64_t id = 0;
  std::optional<expected<container::StreamEnd>> end;
  bool lost = false; ///< its source is gone

  bool is(const caf::strong_actor_ptr& sender, uint64_t number) const {
    return !end && id == number && source
           && caf::actor_cast<caf::actor_addr>(sender) == source.address();
  }
};

template <class T>
pb<T> about(uint64_t id) {
  T msg;
  msg.set_stream(id);
  return pb<T>{std::move(msg)};
}

} // namespace

std::vector<expected<container::StreamEnd>>
command_client::streams(std::vector<call::OpenStream> msgs,
                        const on_output& output, const stream_source& source) {
  auto& self = *self_;
  auto me = caf::actor_cast<caf::strong_actor_ptr>(self.ptr());
  std::vector<stream_in_use> all(msgs.size());
  for (size_t i = 0; i < msgs.size(); ++i) {
    auto opened = open_stream(std::move(msgs[i]),
                              caf::actor_cast<container_stream_actor>(me));
    if (!opened) {
      all[i].end = std::move(opened.error());
      continue;
    }
    all[i].id = std::get<0>(*opened)->stream();
    all[i].source = std::get<1>(*opened);
    self->monitor(all[i].source);
  }
  std::optional<input_reader> reader;
  if (!all.empty() && !all.front().end
      && (source.input >= 0 || source.terminal >= 0))
    reader.emplace(source, caf::actor_cast<caf::actor>(me), all.front().id);
  auto find = [&](uint64_t id) {
    return std::find_if(all.begin(), all.end(), [&](auto& x) {
      return x.is(self->current_sender(), id);
    });
  };
  auto is_open = [](auto& x) { return !x.end; };
  bool going = true;
  while (going && std::any_of(all.begin(), all.end(), is_open)) {
    self->receive(
        [&](const pb<container::StreamData>& chunk) {
          if (chunk->channel() == container::STDIN) {
            if (is_open(all.front()))
              self->send(all.front().source, chunk);
            return;
          }
          auto from = find(chunk->stream());
          if (from == all.end())
            return;
          going = output(static_cast<size_t>(from - all.begin()), *chunk);
          container::StreamCredit credit;
          credit.set_stream(from->id);
          credit.set_chunks(1);
          self->send(from->source, pb<container::StreamCredit>{credit});
        },
        [&](const pb<container::StreamResize>& size) {
          if (is_open(all.front()))
            self->send(all.front().source, size);
        },
        [&](const pb<container::StreamCredit>& credit) {
          if (reader && find(credit->stream()) == all.begin())
            reader->allow(credit->chunks());
        },
        [&](const pb<container::StreamEnd>& last) {
          if (auto from = find(last->stream()); from != all.end())
            from->end = *last;
        },
        [&](const caf::down_msg& down) {
          // From another process its last word may come after this news.
          for (auto& x : all)
            if (!x.end && x.source.address() == down.source) {
              if (x.lost)
                x.end = make_error(ec::service_unavailable,
                                   "the connection to the pod was lost");
              else
                self->delayed_send(self, last_word_patience, down);
              x.lost = true;
            }
        });
  }
  std::vector<expected<container::StreamEnd>> result;
  for (auto& x : all) {
    if (x.source)
      self->demonitor(x.source.address());
    if (!x.end)
      self->send(x.source, about<container::StreamClose>(x.id));
    result.push_back(x.end ? *x.end : container::StreamEnd{});
  }
  return result;
}

} // namespace troupe
