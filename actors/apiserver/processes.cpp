#include "actors/apiserver/processes.hpp"

#include "actors/apiserver/process_loss.hpp"
#include "actors/system/describing.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "messages/system.pb.h"
#include "runtime/rules/actor_paths.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using pointer = processes_pointer;

/// How long `topology` waits for the slowest process.
constexpr auto list_patience = std::chrono::seconds(2);
/// How long others may take to find an actor or to end one.
constexpr auto answer_patience = std::chrono::seconds(5);

const std::string& own_name(pointer self) {
  return self->state.ctx->config().process;
}

/// Where to ask for an actor: a directory, and its paths there.
struct home {
  directory_actor directory;
  std::vector<std::string> paths;
};

/// The process that has the actor of a path. Who says so itself, or whose name
/// leads there, else the first server's, else ours.
home home_of(pointer self, const std::string& path) {
  auto& st = self->state;
  for (auto& [name, process] : st.all)
    for (auto& branch : process.branches)
      if (process.directory && rules::is_at_or_below(path, branch))
        return {process.directory, {path}};
  for (auto& [name, process] : st.all)
    if (process.directory && rules::is_at_or_below(path, name))
      return {process.directory, rules::paths_at_home(name, path)};
  auto& own = own_name(self);
  auto first = st.all.find(rules::first_process);
  if (own != rules::first_process && !rules::is_at_or_below(path, own)
      && !rules::is_at_or_below(path, "kubelet") && first != st.all.end()
      && first->second.directory)
    return {first->second.directory, {path}};
  return {st.ctx->directory(), rules::paths_at_home(own, path)};
}

// -- enrolling ----------------------------------------------------------------

caf::result<pb<system::Enrolled>> on_enroll(pointer self,
                                            const system::Enroll& msg,
                                            const directory_actor& directory) {
  auto& st = self->state;
  auto& process = st.all[msg.process()];
  process.directory = directory;
  process.branches.assign(msg.branches().begin(), msg.branches().end());
  ++process.life;
  self->monitor(directory);
  auto promise = self->make_response_promise<pb<system::Enrolled>>();
  server_places(self, [promise](std::vector<std::string> places) mutable {
    system::Enrolled result;
    *result.mutable_servers() = {places.begin(), places.end()};
    promise.deliver(pb<system::Enrolled>{std::move(result)});
  });
  return promise;
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.api.on_down(down);
  st.requests.on_down(down);
  for (auto& [name, process] : st.all)
    if (process.directory && process.directory.address() == down.source) {
      process.directory = nullptr;
      ++process.life;
      return on_process_down(self, name);
    }
}

pb<system::ProcessFound> on_find(pointer self, const system::FindProcess& msg) {
  auto found = self->state.all.find(msg.process());
  system::ProcessFound result;
  result.set_here(found != self->state.all.end() && found->second.directory);
  return pb<system::ProcessFound>{std::move(result)};
}

pb<system::Deciders> on_list_deciders(pointer self) {
  system::Deciders result;
  result.add_processes(own_name(self));
  for (auto& [name, process] : self->state.all) {
    auto node = process.branches == std::vector<std::string>{"kubelet/" + name};
    if (process.directory && !node)
      result.add_processes(name);
  }
  return pb<system::Deciders>{std::move(result)};
}

// -- actors everywhere --------------------------------------------------------

using handle_promise = caf::typed_response_promise<caf::actor>;

void resolve_at(pointer self, const home& where, size_t which,
                const system::Resolve& msg, handle_promise promise) {
  auto question = msg;
  question.set_path(where.paths[which]);
  self->request(where.directory, answer_patience,
                pb<system::Resolve>{std::move(question)})
      .then([promise](
                const caf::actor& found) mutable { promise.deliver(found); },
            [self, where, which, msg, promise](const caf::error& err) mutable {
              if (which + 1 < where.paths.size())
                resolve_at(self, where, which + 1, msg, promise);
              else
                promise.deliver(err);
            });
}

caf::result<caf::actor> on_resolve(pointer self, const system::Resolve& msg) {
  auto promise = self->make_response_promise<caf::actor>();
  resolve_at(self, home_of(self, msg.path()), 0, msg, promise);
  return promise;
}

using killed_promise = caf::typed_response_promise<pb<system::Killed>>;

void kill_at(pointer self, const home& where, size_t which,
             const system::Kill& msg, killed_promise promise) {
  auto order = msg;
  order.clear_secret();
  order.set_path(where.paths[which]);
  self->request(where.directory, answer_patience,
                pb<system::Kill>{std::move(order)})
      .then(
          [promise](const pb<system::Killed>& done) mutable {
            promise.deliver(done);
          },
          [self, where, which, msg, promise](const caf::error& err) mutable {
            if (is(err, ec::not_found) && which + 1 < where.paths.size())
              return kill_at(self, where, which + 1, msg, promise);
            promise.deliver(
                is(err, ec::not_found) ? make_error(
                    ec::not_found, "no actor at \"" + msg.path() + "\"")
                                       : err);
          });
}

caf::result<pb<system::Killed>> on_kill(pointer self, const system::Kill& msg) {
  auto promise = self->make_response_promise<pb<system::Killed>>();
  kill_at(self, home_of(self, msg.path()), 0, msg, promise);
  return promise;
}

/// The lists of all processes on the way to one.
struct gathering {
  system::ActorList list;
  size_t open = 0;
  caf::typed_response_promise<pb<system::ActorList>> promise;

  void add(const std::string& process, const system::ActorList& part) {
    for (auto& row : part.actors()) {
      auto* mine = list.add_actors();
      *mine = row;
      mine->set_path(rules::path_in_cluster(process, row.path()));
    }
  }

  void one_less() {
    if (--open > 0)
      return;
    auto& rows = *list.mutable_actors();
    std::sort(rows.begin(), rows.end(),
              [](auto& a, auto& b) { return a.path() < b.path(); });
    promise.deliver(pb<system::ActorList>{std::move(list)});
  }
};

caf::result<pb<system::ActorList>> on_list(pointer self) {
  auto& st = self->state;
  auto all = std::make_shared<gathering>();
  all->promise = self->make_response_promise<pb<system::ActorList>>();
  auto promise = all->promise;
  all->open = 1;
  auto ask = [&](const std::string& name, const directory_actor& directory) {
    ++all->open;
    self->request(directory, list_patience,
                  pb<system::ListActors>{system::ListActors{}})
        .then(
            [all, name](const pb<system::ActorList>& part) {
              all->add(name, *part);
              all->one_less();
            },
            [all](const caf::error&) { all->one_less(); });
  };
  ask(own_name(self), st.ctx->directory());
  for (auto& [name, process] : st.all)
    if (process.directory)
      ask(name, process.directory);
  all->one_less();
  return promise;
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& later = self->state.later;
  auto found = later.find(tick.number());
  if (found == later.end())
    return;
  auto what = std::move(found->second);
  later.erase(found);
  what();
}

void tell_presence(pointer self, const directory_actor& directory,
                   const pb<system::Servers>& news) {
  system::Resolve where;
  where.set_path("presence");
  where.set_patience_ms(1);
  self->request(directory, answer_patience, pb<system::Resolve>{where})
      .then(
          [self, news](const caf::actor& found) {
            self->send(caf::actor_cast<servers_listener_actor>(found), news);
          },
          // It hears of them when it enrolls.
          [](const caf::error&) {});
}

void on_servers(pointer self, const pb<system::Servers>& news) {
  auto& st = self->state;
  tell_presence(self, st.ctx->directory(), news);
  for (auto& [name, process] : st.all)
    if (process.directory)
      tell_presence(self, process.directory, news);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  for (auto& [name, process] : st.all)
    if (process.directory)
      result.add_facts("process=" + name);
  result.add_facts("lost=" + std::to_string(st.lost));
  return pb<system::Description>{std::move(result)};
}

} // namespace

processes_actor::behavior_type processes(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  st.api.open(self, *st.ctx, "system:apiserver", {"system:masters"});
  return {
      [self](const pb<system::Enroll>& msg, const directory_actor& directory) {
        return on_enroll(self, *msg, directory);
      },
      [self](const pb<system::FindProcess>& msg) {
        return on_find(self, *msg);
      },
      [self](const pb<system::Resolve>& msg) { return on_resolve(self, *msg); },
      [self](const pb<system::ListDeciders>&) {
        return on_list_deciders(self);
      },
      [self](const pb<system::ListActors>&) { return on_list(self); },
      [self](const pb<system::Kill>& msg) { return on_kill(self, *msg); },
      [self](const pb<system::Servers>& news) { on_servers(self, news); },
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
