#pragma once

#include "tests/runtime/raft/checks.hpp"
#include "tests/runtime/raft/node.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace troupe::raft::sim {

/// A group that does what a script says, step by step, and shows what happens.
/// The checks of the simulation watch here too. Messages wait in one queue
/// until they are delivered; disks are quick unless they are told to be slow.
/// The commands are in the README.
class script {
public:
  /// Runs one command and returns what it led to, one line a step. Throws
  /// `violation` for a command that makes no sense.
  std::string run(const std::string& command);

private:
  using words = std::istringstream;

  void group(words& in);
  void limits(words& in);
  void tick(words& in);
  void timeout(words& in);
  void pass(words& in);
  void lapse(words& in);
  void elect(words& in);
  void deliver(words& in);
  void drop(words& in);
  void again(words& in);
  void cut(words& in);
  void propose(words& in);
  void change(words& in);
  void quicken(words& in);
  void sync(words& in);
  void crash(words& in);
  void start(words& in);
  void add(words& in);
  void fetch(words& in);
  void show_members(words& in);

  node& one(words& in);
  void quietly(const std::function<void()>& does);
  void make(member_id id, machine_state from);
  void step(node& on, const std::string& what);
  void apply(node& on);
  void deliver(const message& x);
  void say(const std::string& line) { out_ += line + "\n"; }

  settings set_;
  std::unique_ptr<checks> checks_;
  std::map<member_id, std::unique_ptr<node>> nodes_;
  std::deque<message> queue_;
  std::deque<message> delivered_; ///< what `again` repeats
  std::set<std::pair<member_id, member_id>> cut_;
  std::set<member_id> slow_;
  std::map<member_id, state_fetch> fetches_;
  uint64_t reads_ = 0;
  std::string out_;
};

} // namespace troupe::raft::sim
