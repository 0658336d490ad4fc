#include "runtime/raft/steps.hpp"

#include <algorithm>
#include <utility>

// Reads that every acknowledged write precedes, without a clock (thesis, 6.4).
namespace troupe::raft {

namespace {

bool confirmed(const state& st, uint64_t round) {
  return majority(st.members(), [&](member_id id) {
    if (id == st.set.self)
      return true;
    auto* x = st.find_peer(id);
    return x != nullptr && x->round >= round;
  });
}

uint64_t open_rounds(const read_queue& reads) {
  return reads.confirming.empty()
             ? 0
             : reads.round - reads.confirming.front().round + 1;
}

void answer(state& st, const waiting_read& read) {
  if (read.from == 0)
    st.out.reads.push_back({read.token, read.index});
  else
    send(st, read.from, read_index_result{read.token, read.index});
}

} // namespace

void begin_rounds(state& st) {
  auto& reads = st.reads;
  // Thesis, 6.4, step 1: until an entry of its own term is committed a leader
  // does not know what is.
  if (reads.waiting.empty() || st.commit < st.term_start
      || open_rounds(reads) >= st.set.read_rounds)
    return;
  ++reads.round;
  for (auto& read : std::exchange(reads.waiting, {})) {
    // Step 2: what is committed now.
    read.index = st.commit;
    read.round = reads.round;
    reads.confirming.push_back(read);
  }
  // Step 3: a majority still follows this leader.
  send_heartbeats(st);
  confirm_rounds(st);
}

void confirm_rounds(state& st) {
  auto& reads = st.reads;
  while (!reads.confirming.empty()
         && confirmed(st, reads.confirming.front().round)) {
    answer(st, reads.confirming.front());
    reads.confirming.pop_front();
  }
}

void ask_leader(state& st) {
  auto& reads = st.reads;
  if (reads.waiting.empty() || !reads.asked.empty() || st.leader == 0)
    return;
  reads.asked = std::exchange(reads.waiting, {});
  ++reads.request;
  reads.asked_at = st.clock;
  send(st, st.leader, read_index{reads.request});
}

void repeat_question(state& st) {
  auto& reads = st.reads;
  if (reads.asked.empty() || st.leader == 0
      || st.clock - reads.asked_at < st.set.heartbeat_ticks)
    return;
  reads.asked_at = st.clock;
  send(st, st.leader, read_index{reads.request});
}

void requeue_reads(state& st) {
  auto& reads = st.reads;
  auto asked = std::exchange(reads.asked, {});
  reads.waiting.insert(reads.waiting.begin(), asked.begin(), asked.end());
}

void drop_reads_of_others(state& st) {
  auto& reads = st.reads;
  for (auto& read : std::exchange(reads.confirming, {}))
    reads.waiting.push_back(read);
  std::erase_if(reads.waiting,
                [](const waiting_read& x) { return x.from != 0; });
}

} // namespace troupe::raft
