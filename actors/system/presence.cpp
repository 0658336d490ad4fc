#include "actors/system/presence.hpp"

#include "actors/system/describing.hpp"
#include "actors/system/link.hpp"
#include "messages/call.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/server_links.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using pointer = presence_actor::stateful_pointer<presence_state>;
using std::chrono::milliseconds;

/// The pause before a server that was lost is tried again; doubles.
constexpr milliseconds first_pause{20};
constexpr milliseconds longest_pause{5'000};

void dial(pointer self, const std::string& place);

void retry_later(pointer self, const std::string& place) {
  auto& st = self->state;
  auto& server = st.servers[place];
  auto pause = std::min(first_pause * (1 << std::min(server.failures, 10u)),
                        longest_pause);
  ++server.failures;
  // Those who lost it together do not come back together.
  auto jitter = st.ctx->random() % static_cast<uint64_t>(pause.count());
  server.tick = ++st.last_tick;
  system::Tick tick;
  tick.set_what(place);
  tick.set_number(server.tick);
  self->delayed_send(self, pause / 2 + milliseconds{jitter / 2},
                     pb<system::Tick>{std::move(tick)});
}

/// Servers come and go while the cluster runs.
void follow_servers(pointer self, const system::Servers& news) {
  auto& st = self->state;
  std::vector<std::string> places{news.addresses().begin(),
                                  news.addresses().end()};
  if (places.empty())
    return;
  system::Resolve where;
  where.set_path("link");
  st.requests.ask<caf::actor>(
      st.ctx->directory(),
      [self, msg = pb<system::Servers>{news}](const caf::actor& found) {
        self->send(caf::actor_cast<link_actor>(found), msg);
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(where)});
  if (auto& links = st.ctx->outside().servers; links && links->keep)
    links->keep(places);
  auto& config = st.ctx->config();
  for (auto& place : places) {
    auto own =
        std::any_of(config.servers.begin(), config.servers.end(), [&](auto& x) {
          return x.place.empty()
                 && place
                        == config.bind_address + ":"
                               + std::to_string(config.port);
        });
    if (!own && st.servers.count(place) == 0)
      dial(self, place);
  }
  for (auto i = st.servers.begin(); i != st.servers.end();) {
    auto gone =
        std::find(places.begin(), places.end(), i->first) == places.end();
    if (gone && i->second.line)
      self->send_exit(i->second.line, caf::exit_reason::user_shutdown);
    i = gone ? st.servers.erase(i) : std::next(i);
  }
}

void enroll(pointer self, const std::string& place, const line_actor& line) {
  auto& st = self->state;
  auto& config = st.ctx->config();
  system::Enroll msg;
  msg.set_process(config.process);
  for (auto& node : config.nodes)
    msg.add_branches("kubelet/" + node.name);
  st.requests.ask<pb<system::Enrolled>>(
      line,
      [self, place](const pb<system::Enrolled>& answer) {
        auto& server = self->state.servers[place];
        server.enrolled = true;
        server.failures = 0;
        system::Servers now;
        *now.mutable_addresses() = answer->servers();
        follow_servers(self, now);
      },
      // Its end brings the next try.
      [self, line](const caf::error&) {
        self->send_exit(line, caf::exit_reason::user_shutdown);
      },
      pb<system::Enroll>{std::move(msg)}, st.ctx->directory());
}

void dial(pointer self, const std::string& place) {
  auto& st = self->state;
  auto number = ++st.opened;
  auto ctx = st.ctx->child(std::to_string(number), number);
  auto path = ctx.path();
  auto fresh = self->spawn(line, std::move(ctx), line_end{{}, place},
                           caf::actor_cast<caf::actor_addr>(self->ctrl()));
  auto handle = caf::actor_cast<caf::actor>(fresh);
  st.lines.add(handle);
  self->monitor(fresh);
  auto& server = st.servers[place];
  server.line = fresh;
  server.enrolled = false;
  system::Started started;
  started.set_path(path);
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             handle);
  call::OpenSession open;
  open.set_user(st.ctx->config().identity);
  open.set_component(st.ctx->path());
  st.requests.ask<pb<call::SessionOpened>, session_actor>(
      fresh,
      [self, place, fresh](const pb<call::SessionOpened>&,
                           const session_actor&) {
        enroll(self, place, fresh);
      },
      // Its end brings the next try.
      [](const caf::error&) {}, pb<call::OpenSession>{std::move(open)});
}

void on_tick(pointer self, const system::Tick& tick) {
  auto found = self->state.servers.find(tick.what());
  if (found != self->state.servers.end() && !found->second.line
      && found->second.tick == tick.number())
    dial(self, tick.what());
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  st.lines.remove(down.source);
  for (auto& [place, server] : st.servers)
    if (server.line && server.line.address() == down.source) {
      server.line = nullptr;
      server.enrolled = false;
      return retry_later(self, place);
    }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("process=" + st.ctx->config().process);
  for (auto& [place, server] : st.servers)
    result.add_facts((server.enrolled ? "enrolled=" : "seeks=") + place);
  return pb<system::Description>{std::move(result)};
}

} // namespace

presence_actor::behavior_type presence(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  st.lines = brood{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  for (auto& server : st.ctx->config().servers)
    if (!server.place.empty())
      dial(self, server.place);
  return {
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::Servers>& news) { follow_servers(self, *news); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
