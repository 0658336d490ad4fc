#include "actors/system/directory.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"
#include "runtime/rules/actor_paths.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = directory_actor::stateful_pointer<directory_state>;
using list_promise = caf::typed_response_promise<pb<system::ActorList>>;

/// How long `topology` waits for the slowest actor.
constexpr auto describe_patience = std::chrono::milliseconds(500);

/// What an actor is: the name in its state.
std::string name_of(const caf::actor& handle) {
  auto* local = dynamic_cast<caf::local_actor*>(
      caf::actor_cast<caf::abstract_actor*>(handle));
  return local != nullptr ? local->name() : "";
}

void on_started(pointer self, const system::Started& msg,
                const caf::actor& handle) {
  auto& st = self->state;
  auto& entry = st.entries[msg.path()];
  if (entry.handle)
    st.paths.erase(entry.handle.address());
  entry.handle = handle;
  entry.restarts = msg.restarts();
  entry.failure = msg.last_failure();
  entry.supervisor = msg.supervisor();
  entry.keeper = msg.kept()
                     ? caf::actor_cast<caf::actor_addr>(self->current_sender())
                     : caf::actor_addr{};
  st.away.erase(msg.path());
  if (msg.kept())
    st.components[msg.path()] = name_of(handle);
  st.paths[handle.address()] = msg.path();
  self->monitor(handle);
  if (auto it = st.waiting.find(msg.path()); it != st.waiting.end()) {
    for (auto& [number, promise] : it->second)
      promise.deliver(handle);
    st.waiting.erase(it);
  }
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  auto it = st.paths.find(down.source);
  if (it == st.paths.end())
    return;
  st.entries.erase(it->second);
  st.paths.erase(it);
}

void on_stopped(pointer self, const system::Stopped& msg) {
  auto& absence = self->state.away[msg.path()];
  absence.until =
      self->clock().now() + std::chrono::milliseconds{msg.away_ms()};
  absence.last.restarts = msg.restarts();
  absence.last.failure = msg.last_failure();
  absence.last.supervisor = msg.supervisor();
  absence.last.keeper =
      caf::actor_cast<caf::actor_addr>(self->current_sender());
}

caf::result<caf::actor> on_resolve(pointer self, const system::Resolve& msg) {
  auto& st = self->state;
  if (auto it = st.entries.find(msg.path()); it != st.entries.end())
    return it->second.handle;
  auto promise = self->make_response_promise<caf::actor>();
  auto number = ++st.last_asking;
  st.waiting[msg.path()][number] = promise;
  if (msg.patience_ms() > 0) {
    system::Tick tick;
    tick.set_what(msg.path());
    tick.set_number(number);
    self->delayed_send(self, std::chrono::milliseconds{msg.patience_ms()},
                       pb<system::Tick>{std::move(tick)});
  }
  return promise;
}

/// Somebody has waited long enough.
void on_tick(pointer self, const system::Tick& tick) {
  auto& st = self->state;
  auto path = st.waiting.find(tick.what());
  if (path == st.waiting.end())
    return;
  auto asked = path->second.find(tick.number());
  if (asked == path->second.end())
    return;
  asked->second.deliver(
      make_error(ec::not_found, "no actor at \"" + tick.what() + "\""));
  path->second.erase(asked);
  if (path->second.empty())
    st.waiting.erase(path);
}

/// The answers of all actors on the way to one list.
struct gathering {
  system::ActorList list;
  int open = 0;
  list_promise promise;

  void one_less() {
    if (--open > 0)
      return;
    auto& rows = *list.mutable_actors();
    std::sort(rows.begin(), rows.end(),
              [](auto& a, auto& b) { return a.path() < b.path(); });
    promise.deliver(pb<system::ActorList>{std::move(list)});
  }
};

/// Adds those that are kept away.
void list_absent(pointer self, system::ActorList& list) {
  auto now = self->clock().now();
  for (auto& [path, absence] : self->state.away) {
    if (self->state.entries.count(path) > 0)
      continue;
    auto* row = list.add_actors();
    row->set_path(path);
    row->set_component(self->state.components[path]);
    row->set_restarts(absence.last.restarts);
    row->set_last_failure(absence.last.failure);
    row->set_supervisor(absence.last.supervisor);
    auto left = std::max(absence.until - now, decltype(absence.until - now){1});
    row->set_away_ms(
        std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }
}

caf::result<pb<system::ActorList>> on_list(pointer self) {
  auto& st = self->state;
  auto all = std::make_shared<gathering>();
  all->promise = self->make_response_promise<pb<system::ActorList>>();
  auto promise = all->promise;
  all->open = 1;
  int index = 0;
  for (auto& [path, entry] : st.entries) {
    auto* row = all->list.add_actors();
    row->set_path(path);
    row->set_component(name_of(entry.handle));
    row->set_restarts(entry.restarts);
    row->set_last_failure(entry.failure);
    row->set_supervisor(entry.supervisor);
    auto ref = caf::actor_cast<caf::strong_actor_ptr>(entry.handle);
    auto i = index++;
    if (entry.handle.address() == self->address())
      continue;
    ++all->open;
    self->request(caf::actor_cast<describe_actor>(ref), describe_patience,
                  pb<system::Describe>{system::Describe{}})
        .then(
            [all, i](const pb<system::Description>& d) {
              auto& mine = *all->list.mutable_actors(i);
              if (d->has_mailbox())
                mine.set_mailbox(d->mailbox());
              for (auto& fact : d->facts())
                mine.add_facts(fact);
              if (d->mailbox() > 0)
                mine.add_facts("mailbox=" + std::to_string(d->mailbox()));
              all->one_less();
            },
            [all](const caf::error&) { all->one_less(); });
  }
  list_absent(self, all->list);
  all->one_less();
  return promise;
}

/// Asks the keepers of an actor and of all below its path to keep them away;
/// those whose keeper is among them end with it.
caf::result<pb<system::Killed>> keep_away(pointer self,
                                          const system::Kill& msg) {
  auto& st = self->state;
  std::map<std::string, caf::actor_addr> keepers;
  for (auto& [path, entry] : st.entries)
    keepers[path] = entry.keeper;
  for (auto& [path, absence] : st.away)
    keepers[path] = absence.last.keeper;
  system::Killed result;
  for (auto& [path, keeper] : keepers) {
    if (!rules::is_at_or_below(path, msg.path()))
      continue;
    auto kept_here = st.paths.find(keeper);
    if (kept_here != st.paths.end()
        && rules::is_at_or_below(kept_here->second, msg.path()))
      continue;
    auto alive = caf::actor_cast<caf::strong_actor_ptr>(keeper);
    if (!alive)
      continue;
    system::KeepAway order;
    order.set_path(path);
    order.set_away_ms(msg.away_ms());
    self->send(caf::actor_cast<keeper_actor>(alive),
               pb<system::KeepAway>{std::move(order)});
    result.add_paths(path);
  }
  if (result.paths_size() == 0)
    return make_error(ec::bad_request,
                      "\"" + msg.path()
                          + "\" has no supervisor that could keep it away");
  return pb<system::Killed>{std::move(result)};
}

caf::result<pb<system::Killed>> on_kill(pointer self, const system::Kill& msg) {
  auto& st = self->state;
  auto it = st.entries.find(msg.path());
  auto absent = st.away.count(msg.path()) > 0;
  if (it == st.entries.end() && !absent)
    return make_error(ec::not_found, "no actor at \"" + msg.path() + "\"");
  if (msg.away_ms() > 0)
    return keep_away(self, msg);
  if (it == st.entries.end())
    return make_error(ec::conflict,
                      "\"" + msg.path() + "\" is kept away already");
  system::Killed result;
  result.add_paths(msg.path());
  self->send_exit(it->second.handle, caf::exit_reason::kill);
  return pb<system::Killed>{std::move(result)};
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("actors=" + std::to_string(self->state.entries.size()));
  return result;
}

} // namespace

directory_actor::behavior_type directory(pointer self) {
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const pb<system::Resolve>& msg) { return on_resolve(self, *msg); },
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::Started>& msg, const caf::actor& handle) {
        on_started(self, *msg, handle);
      },
      [self](const pb<system::Stopped>& msg) { on_stopped(self, *msg); },
      [self](const pb<system::ListActors>&) { return on_list(self); },
      [self](const pb<system::Kill>& msg) { return on_kill(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
