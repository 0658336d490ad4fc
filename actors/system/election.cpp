#include "actors/system/election.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

using coordination::v1::Lease;
using pointer = election_actor::stateful_pointer<election_state>;
using rules::election_decision;
using std::chrono::milliseconds;

/// Between two tries; the first is short, since a cluster that starts has no
/// namespace for the Lease yet.
constexpr milliseconds first_pause{5};
constexpr milliseconds longest_pause{1000};

/// How long the components may go on in the term of an earlier life.
constexpr milliseconds settle_patience{5000};

/// How long the end of a process waits for its Lease to be given back.
constexpr milliseconds leave_patience{200};

pb<system::Tick> tick(const char* what, uint64_t number) {
  system::Tick msg;
  msg.set_what(what);
  msg.set_number(number);
  return pb<system::Tick>{std::move(msg)};
}

// -- who wants to know --------------------------------------------------------

pb<system::Term> standing(const election_state& st) {
  system::Term result;
  result.set_number(st.facts.term);
  result.set_holder(rules::holder_of(st.facts.lease));
  return pb<system::Term>{std::move(result)};
}

bool differs(const election_state& st, const election_state::waiter& known) {
  return known.number != st.facts.term
         || known.holder != rules::holder_of(st.facts.lease);
}

/// Whether the term is ours, or another has it by now.
bool is_decided(const election_state& st) {
  auto holder = rules::holder_of(st.facts.lease);
  return st.facts.term != 0
         || (st.facts.known && !holder.empty() && holder != st.facts.earlier
             && holder != st.facts.identity);
}

void tell(pointer self) {
  auto& st = self->state;
  st.settled = st.settled || is_decided(st);
  if (!st.settled)
    return;
  auto told = std::stable_partition(
      st.waiting.begin(), st.waiting.end(),
      [&](const auto& each) { return !differs(st, each); });
  std::vector<election_state::waiter> all{
      std::make_move_iterator(told), std::make_move_iterator(st.waiting.end())};
  st.waiting.erase(told, st.waiting.end());
  for (auto& each : all)
    each.promise.deliver(standing(st));
}

// -- writes -------------------------------------------------------------------

void look(pointer self);
void give_back(pointer self);

/// What is known of the Lease; older news is none.
void take_note(pointer self, const object& lease, uint64_t revision) {
  auto& st = self->state;
  if (revision <= st.revision)
    return;
  st.revision = revision;
  st.facts.lease = lease;
  st.facts.seen = self->clock().now();
}

void set_term(pointer self, uint64_t term) {
  auto& st = self->state;
  if (term != 0)
    spdlog::info("active election={} identity={} term={}", st.election,
                 st.facts.identity, term);
  else
    spdlog::warn("no longer active election={} identity={} holder={}",
                 st.election, st.facts.identity,
                 rules::holder_of(st.facts.lease));
  st.facts.term = term;
}

void on_written(pointer self, election_decision::act what, steady_point sent,
                const expected<answer>& result) {
  auto& st = self->state;
  st.facts.busy = false;
  if (result) {
    st.pause = milliseconds{0};
    take_note(self, result->one(), result->revision());
    st.facts.held = sent;
    if (what == election_decision::acquire)
      set_term(self, result->revision());
  } else {
    spdlog::debug("write refused election={} reason={}", st.election,
                  message_of(result.error()));
    st.pause = std::clamp(2 * st.pause, first_pause, longest_pause);
    st.facts.pause = self->clock().now() + st.pause;
  }
  if (!st.leaving)
    look(self);
  else if (what == election_decision::wait)
    self->quit(*st.leaving);
  else
    give_back(self);
}

void write(pointer self, election_decision::act what, const object& wish) {
  auto& st = self->state;
  st.facts.busy = true;
  auto done = [self, what,
               sent = self->clock().now()](const expected<answer>& result) {
    on_written(self, what, sent, result);
  };
  if (st.facts.lease)
    st.api.update(wish.with_revision(st.facts.lease.revision()), done);
  else
    st.api.create(wish, done);
}

void set_alarm(pointer self, std::optional<steady_point> due) {
  auto& st = self->state;
  if (!due || (st.alarm_at && *st.alarm_at <= *due))
    return;
  st.alarm_at = due;
  auto wait = std::max(*due - self->clock().now(), steady_point::duration{0});
  self->delayed_send(self, wait, tick("alarm", ++st.alarm));
}

void look(pointer self) {
  auto& st = self->state;
  if (st.leaving)
    return;
  auto todo = rules::decide_election(st.facts, self->clock().now());
  if (st.facts.term != 0 && !todo.active)
    set_term(self, 0);
  auto now = st.ctx->now();
  if (todo.what == election_decision::acquire)
    write(self, todo.what,
          rules::acquired(st.facts.lease, st.election, st.facts.identity, now));
  else if (todo.what == election_decision::renew)
    write(self, todo.what, rules::renewed(st.facts.lease, now));
  set_alarm(self, todo.look_again);
  tell(self);
}

/// Ends, with the Lease given back where it is ours.
void give_back(pointer self) {
  auto& st = self->state;
  // It may be the write by which we take it.
  if (st.facts.busy && st.api.is_open())
    return;
  if (rules::decide_election(st.facts, self->clock().now()).active
      && st.api.is_open())
    write(self, election_decision::wait,
          rules::released(st.facts.lease, st.ctx->now()));
  else
    self->quit(*st.leaving);
}

// -- what happens -------------------------------------------------------------

void on_batch(pointer self, const changes& batch) {
  auto& st = self->state;
  st.untold = st.untold || batch.reset;
  for (auto& item : batch.items) {
    st.untold = false;
    take_note(self, item.type == change_type::deleted ? object{} : item.what,
              item.what.revision());
  }
  if (!batch.complete && !st.facts.known)
    return;
  if (batch.complete && std::exchange(st.untold, false))
    take_note(self, {}, batch.revision);
  if (!std::exchange(st.facts.known, true)) {
    st.facts.seen = self->clock().now();
    auto holder = rules::holder_of(st.facts.lease);
    if (rules::is_life_of(holder, st.process))
      st.facts.earlier = holder;
  }
  look(self);
}

caf::result<pb<system::Term>> on_await(pointer self,
                                       const system::AwaitTerm& msg) {
  auto& st = self->state;
  auto& known = msg.known();
  // The store knows better than our view.
  if (msg.refused() && known.number() == st.facts.term && st.facts.term != 0) {
    set_term(self, 0);
    look(self);
  }
  election_state::waiter asking{
      caf::actor_cast<caf::actor_addr>(self->current_sender()), known.number(),
      known.holder(), self->make_response_promise<pb<system::Term>>()};
  if (st.settled && differs(st, asking)) {
    asking.promise.deliver(standing(st));
    return asking.promise;
  }
  self->monitor(asking.who);
  st.waiting.push_back(asking);
  return asking.promise;
}

void on_tick(pointer self, const system::Tick& msg) {
  auto& st = self->state;
  if (msg.what() == "leave" && st.leaving) {
    self->quit(*st.leaving);
  } else if (msg.what() == "settle") {
    st.settled = true;
    tell(self);
  } else if (msg.what() == "alarm" && msg.number() == st.alarm) {
    st.alarm_at.reset();
    look(self);
  }
}

void on_exit(pointer self, const caf::exit_msg& msg) {
  auto& st = self->state;
  st.leaving = msg.reason;
  // Without it nobody is reached; the next life of the process takes the Lease
  // over at once.
  if (st.lost) {
    self->quit(msg.reason);
    return;
  }
  self->delayed_send(self, leave_patience, tick("leave", 0));
  give_back(self);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.api.on_down(down);
  st.lost = st.lost || down.source == st.ctx->directory().address();
  std::erase_if(st.waiting,
                [&](const auto& each) { return each.who == down.source; });
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts(st.facts.term != 0 ? "active" : "standby");
  if (st.facts.term != 0)
    result.add_facts("term=" + std::to_string(st.facts.term));
  if (auto holder = rules::holder_of(st.facts.lease); !holder.empty())
    result.add_facts("holder=" + holder);
  return pb<system::Description>{std::move(result)};
}

/// Each server's components are a process of their own to the others, also
/// where several servers share one.
std::string process_of(const context& ctx) {
  auto server = ctx.server();
  return server.empty() ? ctx.config().process : server;
}

} // namespace

election_actor::behavior_type election(pointer self, context ctx) {
  auto& st = self->state;
  st.election = ctx.path().substr(ctx.path().rfind('/') + 1);
  st.process = process_of(ctx);
  st.facts.identity = st.process + "_" + ctx.uuid();
  st.ctx = std::make_unique<context>(ctx);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler(
      [self](const caf::exit_msg& msg) { on_exit(self, msg); });
  st.api.subscribe({&kind_of<Lease>(),
                    rules::election_namespace,
                    {},
                    "metadata.name=" + st.election},
                   [self](const changes& batch) { on_batch(self, batch); });
  st.api.open(self, ctx, "system:" + st.election);
  self->monitor(st.ctx->directory());
  self->delayed_send(self, settle_patience, tick("settle", 0));
  return {
      [self](const pb<system::AwaitTerm>& msg) { return on_await(self, *msg); },
      [self](const pb<system::Tick>& msg) { on_tick(self, *msg); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec elections_branch(const std::vector<std::string>& names) {
  std::vector<child_spec> all;
  for (auto& name : names) {
    child_spec spec;
    spec.name = name;
    spec.start = [](caf::actor_system& sys, const context& ctx) {
      return caf::actor_cast<caf::actor>(sys.spawn(election, ctx));
    };
    all.push_back(std::move(spec));
  }
  return branch("elections", {}, std::move(all));
}

} // namespace troupe
