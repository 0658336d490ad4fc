#include "tests/runtime/raft/simulation.hpp"

#include "tests/runtime/raft/trace.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace troupe::raft::sim {

namespace {

/// A run that is well ends long before that.
constexpr uint64_t most_events = 2'000'000;

machine_state found(const regime& with) {
  std::vector<member> members;
  for (member_id id = 1; id <= with.voters; ++id)
    members.push_back({id, true, "a" + std::to_string(id)});
  machine_state result;
  result.at = {with.founded, with.founded};
  result.members = std::make_shared<configuration>(std::move(members));
  return result;
}

} // namespace

simulation::simulation(uint64_t seed, sink trace)
    : by_(seed),
      with_(draw(by_)),
      checks_(found(with_)),
      net_(with_),
      trace_(std::move(trace)),
      clients_(with_.clients) {
  for (size_t i = 0; i < with_.voters; ++i)
    start(add_host(found(with_)));
  for (size_t i = 0; i < clients_.size(); ++i)
    end_turn(i, by_.between(1, with_.think));
  at(by_.between(1, 2 * with_.fault_every), kind::fault, nullptr);
}

tally simulation::run(uint64_t events) {
  while (tally_.events < events) {
    auto next = queue_.top();
    queue_.pop();
    handle(next);
  }
  end_faults();
  tally_.committed = checks_.committed();
  tally_.ticks = now_ / tick_length;
  return tally_;
}

void simulation::at(uint64_t delay, kind what, const host* who,
                    uint64_t what_for) {
  event x{now_ + delay, ++order_, what, 0, 0, what_for};
  if (who != nullptr) {
    x.who = who->member->id();
    x.life = who->member->life;
  }
  queue_.push(x);
}

void simulation::handle(const event& x) {
  now_ = x.time;
  if (++tally_.events > most_events)
    throw violation{"it goes on and on"};
  switch (x.what) {
    case kind::client:
      if (clients_[x.who].turn == x.what_for)
        client_turn(x.who);
      return;
    case kind::fault:
      fault();
      return;
    case kind::relief:
      relieve(static_cast<trouble>(x.what_for), x.who);
      return;
    default:
      break;
  }
  auto& on = find(x.who);
  if (x.what == kind::restart) {
    if (!on.gone && !on.member->up())
      start(on);
    return;
  }
  auto lives = on.member->up() && (on.member->life == x.life || x.life == 0);
  if (lives && on.wakes > now_) {
    auto later = x;
    later.time = on.wakes;
    queue_.push(later);
  } else if (lives)
    handle(on, x);
  else if (x.what == kind::deliver)
    net_.take(x.what_for);
}

void simulation::handle(host& on, const event& x) {
  switch (x.what) {
    case kind::tick:
      on.member->raft->tick();
      ++on.ticks;
      at(on.tick, kind::tick, &on);
      drive(on, "tick");
      check_quorum(on);
      return;
    case kind::deliver:
      deliver(on, x.what_for);
      return;
    case kind::persist:
      persist(on);
      return;
    case kind::apply:
      apply(on);
      return;
    case kind::sync:
      on.member->checkpoint();
      drive(on, "checkpoint");
      return;
    case kind::ask:
      client_asks(on, x.what_for);
      return;
    case kind::debut:
      if (by_.below(2) == 0)
        crash_for_a_while(on);
      else
        isolate(on);
      return;
    case kind::fetch:
      begin_fetch(on, x.what_for);
      return;
    case kind::fetched:
      end_fetch(on, x.what_for);
      return;
    default:
      return;
  }
}

/// A leader whom no majority has talked to for long gives up.
void simulation::check_quorum(const host& on) {
  if (!on.member->leads())
    return;
  auto patience = 2 * with_.set.election_ticks;
  size_t there = 0;
  auto& members = on.member->raft->members();
  for (auto& x : members.members())
    there +=
        x.voter
        && (x.id == on.member->id() || on.heard[x.id] + patience >= on.ticks
            || on.since + patience >= on.ticks);
  if (there < members.majority())
    throw violation{"member " + std::to_string(on.member->id())
                    + " leads, and nobody is there to follow"};
}

void simulation::deliver(host& on, uint64_t slot) {
  auto x = net_.take(slot);
  on.heard[x.from] = on.ticks;
  // One that was removed may talk to others that were.
  if (checks_.members()->find(x.from) != nullptr
      || checks_.members()->find(x.to) != nullptr)
    ++delivered_;
  std::string text;
  if (trace_)
    text = std::to_string(x.from) + " says " + show(x);
  on.member->raft->receive(std::move(x));
  drive(on, text);
}

void simulation::persist(host& on) {
  on.persisting = false;
  on.member->persist(by_.between(1, on.member->log.queued()));
  drive(on, "disk");
}

void simulation::apply(host& on) {
  on.applying = false;
  for (auto count = by_.between(1, on.member->to_apply.size()); count > 0;
       --count)
    settle_write(on, *on.member->apply());
  settle_reads(on);
  drive(on, "apply");
}

void simulation::begin_fetch(host& on, uint64_t number) {
  if (on.fetch != number)
    return;
  auto& from = find(on.wanted.from);
  auto id = on.member->id();
  auto open = net_.open(id, on.wanted.from) && net_.open(on.wanted.from, id);
  if (!open || !from.member->up()
      || from.member->state.at.index < on.wanted.mark.at.index) {
    on.fetch = 0;
    on.member->raft->fetch_failed();
    drive(on, "fetch fails");
    return;
  }
  on.coming = from.member->state;
  at(by_.between(1, with_.fetch), kind::fetched, &on, number);
}

void simulation::end_fetch(host& on, uint64_t number) {
  if (on.fetch != number)
    return;
  on.fetch = 0;
  if (faults_ && by_.permille(100)) {
    on.member->raft->fetch_failed();
    drive(on, "fetch fails");
    return;
  }
  ++tally_.fetches;
  on.member->receive_state(on.coming);
  drive(on, "fetched");
}

void simulation::drive(host& on, const std::string& input) {
  auto before = on.member->seen;
  auto out = on.member->drive();
  if (before.now != role::leader || before.term != on.member->seen.term) {
    on.since = on.ticks;
    if (on.member->leads() && faults_ && by_.permille(with_.debut))
      at(by_.between(1, 6 * with_.delay), kind::debut, &on);
  }
  if (before.term < on.member->seen.term)
    tally_.terms = std::max(tally_.terms, on.member->seen.term);
  if (trace_) {
    auto effects =
        show_effects(out, out.to_write ? on.member->log.newest() : write{},
                     before, *on.member->raft);
    if (!effects.empty())
      say(std::to_string(on.member->id()) + " > " + input + " / " + effects);
  }
  route(on, out);
}

void simulation::route(host& on, output& out) {
  for (auto& x : out.messages) {
    if (x.to == 0 || x.to > hosts_.size())
      throw violation{"a message to nobody"};
    for (auto time : net_.arrivals(x.from, x.to, now_, by_))
      queue_.push({time, ++order_, kind::deliver, x.to, 0, net_.put(x)});
  }
  if (on.member->log.busy() && !std::exchange(on.persisting, true))
    at(by_.between(1, with_.disk) * on.slow, kind::persist, &on);
  for (auto& x : out.dropped)
    told_dropped(on, x);
  if (!on.member->to_apply.empty() && !std::exchange(on.applying, true))
    at(by_.between(1, with_.apply), kind::apply, &on);
  if (!out.reads.empty())
    settle_reads(on);
  if (out.fetch) {
    on.wanted = *out.fetch;
    on.fetch = ++fetches_;
    at(by_.between(1, with_.delay), kind::fetch, &on, on.fetch);
  }
  if (out.checkpoint)
    at(by_.between(1, with_.sync), kind::sync, &on);
}

host& simulation::add_host(machine_state from) {
  auto made = std::make_unique<host>();
  made->member =
      std::make_unique<node>(of(with_, hosts_.size() + 1, by_), std::move(from),
                             chance{by_.next()}, checks_);
  made->tick = by_.between(tick_length * 8 / 10, tick_length * 12 / 10);
  hosts_.push_back(std::move(made));
  return *hosts_.back();
}

host* simulation::leader() {
  host* best = nullptr;
  for (auto& x : hosts_)
    if (x->member->leads()
        && (best == nullptr || x->member->seen.term > best->member->seen.term))
      best = x.get();
  return best;
}

host* simulation::some_leader() {
  auto first = by_.below(hosts_.size());
  for (size_t i = 0; i < hosts_.size(); ++i)
    if (auto& x = hosts_[(first + i) % hosts_.size()]; x->member->leads())
      return x.get();
  return nullptr;
}

void simulation::start(host& on) {
  on.wakes = 0;
  on.member->start();
  at(by_.between(1, on.tick), kind::tick, &on);
  drive(on, "start");
}

void simulation::crash(host& on) {
  ++tally_.crashes;
  on.member->crash(by_.between(0, on.member->log.queued()), by_.below(2) == 0);
  on.persisting = false;
  on.applying = false;
  on.fetch = 0;
  on.waiting.clear();
  if (trace_)
    say(std::to_string(on.member->id()) + " > crashes");
}

void simulation::say(const std::string& what) {
  char time[32];
  std::snprintf(time, sizeof(time), "[%7llu] ",
                static_cast<unsigned long long>(now_));
  trace_(time + what);
}

} // namespace troupe::raft::sim
