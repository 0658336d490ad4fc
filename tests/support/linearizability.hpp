#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::test {

/// What one client did to one register, as it saw it.
struct register_call {
  enum class kind { write, read, swap };

  kind what = kind::read;
  std::string expected; ///< of a swap: what must be there
  std::string value;    ///< written, or what a read found; "" for none
  bool swapped = false; ///< of a swap with an answer
  uint64_t begin = 0;
  uint64_t end = 0;
  /// No answer, or one that leaves it open: it may take effect at any time
  /// after its beginning, or never.
  bool open = false;
};

/// Whether there is an order of the calls in which each takes effect at one
/// moment between its beginning and its end, and that explains all answers: the
/// search of Wing and Gong with the states of Lowe. A register begins empty.
/// Calls on several registers are told apart by the caller: a history is
/// linearizable if that of each register is.
bool is_linearizable(std::vector<register_call> calls);

} // namespace troupe::test
