#pragma once

#include "runtime/raft/message.hpp"
#include "tests/runtime/raft/chance.hpp"
#include "tests/runtime/raft/regime.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

namespace troupe::raft::sim {

/// Most members that a run may ever have; their ids are 1 .. most.
constexpr size_t most_members = 64;

/// Links between members, each direction for itself. What is sent comes out
/// late, twice, out of order, or never.
class network {
public:
  explicit network(const regime& with) : with_(with) {}

  /// When copies of a message sent now arrive: none, one or two times.
  std::vector<uint64_t> arrivals(member_id from, member_id to, uint64_t now,
                                 chance& by);

  bool open(member_id from, member_id to) const { return !cut_[from].test(to); }
  void cut(member_id from, member_id to) { cut_[from].set(to); }
  /// Every link is open again.
  void heal();
  /// Many more are lost until calm().
  void storm() { storm_ = true; }
  void calm() { storm_ = false; }
  /// From now on nothing is lost, and all is quick.
  void end_faults();

  /// Keeps a message on its way; take() gives it out.
  size_t put(message x);
  message take(size_t slot);

private:
  regime with_;
  bool storm_ = false;
  std::array<std::bitset<most_members + 1>, most_members + 1> cut_;
  std::array<std::array<uint64_t, most_members + 1>, most_members + 1> last_{};
  std::vector<message> slots_;
  std::vector<size_t> free_;
};

} // namespace troupe::raft::sim
