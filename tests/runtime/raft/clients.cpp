#include "tests/runtime/raft/simulation.hpp"
#include "tests/runtime/raft/trace.hpp"

// Clients write values that nobody else writes, and read; each does one thing
// after the other.
namespace troupe::raft::sim {

namespace {

uint64_t token_of(size_t client, uint64_t turn) {
  return static_cast<uint64_t>(client) << 32 | turn;
}

} // namespace

void simulation::client_turn(size_t number) {
  if (!faults_ && !clients_[number].waits)
    return;
  // What it waited for may still happen; it will not hear of it.
  host* on = by_.permille(700) ? some_leader() : nullptr;
  if (on == nullptr)
    on = by_.of(hosts_).get();
  if (!faults_ || !on->member->up()) {
    end_turn(number, by_.between(1, 2 * with_.think));
    return;
  }
  // The question travels, too, and may find that its leader is none any more.
  begin_turn(number);
  at(by_.between(1, with_.delay), kind::ask, on,
     token_of(number, clients_[number].turn));
}

void simulation::client_asks(host& on, uint64_t token) {
  auto number = static_cast<size_t>(token >> 32);
  if (token != token_of(number, clients_[number].turn))
    return;
  if (by_.permille(300))
    client_reads(number, on);
  else
    client_writes(number, on);
}

void simulation::begin_turn(size_t number) {
  end_turn(number, 20 * with_.set.election_ticks * tick_length);
  clients_[number].waits = true;
  clients_[number].begun = checks_.begin();
}

void simulation::client_writes(size_t number, host& on) {
  auto value = "v" + std::to_string(++values_);
  auto padded =
      value + " " + std::string(by_.below(with_.value_bytes + 1), '.');
  auto taken = on.member->raft->propose(padded);
  if (taken)
    on.waiting.emplace(taken.at.index, waiter{taken.at.term, number,
                                              clients_[number].turn, padded});
  else
    end_turn(number, by_.between(1, 2 * with_.think));
  drive(on, "propose " + value + " " + show(taken.why));
}

void simulation::client_reads(size_t number, host& on) {
  on.member->raft->read(token_of(number, clients_[number].turn));
  drive(on, "read");
}

void simulation::end_turn(size_t number, uint64_t pause) {
  auto& own = clients_[number];
  ++own.turn;
  own.waits = false;
  queue_.push({now_ + pause, ++order_, kind::client, number, 0, own.turn});
}

void simulation::settle_write(host& on, const entry& x) {
  auto [first, last] = on.waiting.equal_range(x.at.index);
  for (auto it = first; it != last; ++it) {
    auto& waits = it->second;
    if (waits.term != x.at.term)
      throw violation{"nobody was told that " + waits.value + " is dropped"};
    checks_.acknowledged(waits.value, x.at.index);
    auto& own = clients_[waits.client];
    if (own.turn != waits.turn)
      continue;
    checks_.wrote(own.begun, x.at.index);
    ++tally_.writes;
    end_turn(waits.client, by_.between(1, 2 * with_.think));
  }
  on.waiting.erase(first, last);
}

void simulation::settle_reads(host& on) {
  for (auto& x : on.member->due_reads()) {
    auto number = static_cast<size_t>(x.token >> 32);
    auto& own = clients_[number];
    if (x.token != token_of(number, own.turn))
      continue;
    checks_.read(own.begun, on.member->state.at.index);
    ++tally_.reads;
    end_turn(number, by_.between(1, 2 * with_.think));
  }
}

void simulation::told_dropped(host& on, position at) {
  auto [first, last] = on.waiting.equal_range(at.index);
  for (auto it = first; it != last; ++it) {
    auto waits = it->second;
    if (waits.term != at.term)
      continue;
    on.waiting.erase(it);
    checks_.dropped(waits.value);
    ++tally_.dropped;
    if (clients_[waits.client].turn == waits.turn)
      end_turn(waits.client, by_.between(1, 2 * with_.think));
    return;
  }
}

} // namespace troupe::raft::sim
