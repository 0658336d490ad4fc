#include "runtime/raft/steps.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

namespace {

void send_after(state& st, uint64_t write, message x) {
  if (st.disk.durable(write))
    st.out.messages.push_back(std::move(x));
  else
    st.disk.hold(std::move(x), write);
}

} // namespace

void send(state& st, member_id to, message_body body) {
  send_in(st, st.hard.term, to, std::move(body));
}

void send_in(state& st, uint64_t term, member_id to, message_body body) {
  // Paper, figure 2: term and vote are on the disk before anybody hears of
  // them.
  send_after(st, st.disk.hard_write(),
             {st.set.self, to, term, std::move(body)});
}

void acknowledge(state& st, member_id to, uint64_t index) {
  // Paper, figure 2: so are the entries that an answer speaks of.
  send_after(st, std::max(st.disk.hard_write(), st.disk.write_of(index)),
             {st.set.self, to, st.hard.term,
              append_result{true, index, {}, st.full()}});
}

} // namespace troupe::raft
