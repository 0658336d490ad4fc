#include "tests/runtime/raft/tally.hpp"

namespace troupe::raft::sim {

void tally::add(const tally& x) {
  events += x.events;
  ticks += x.ticks;
  committed += x.committed;
  terms += x.terms;
  crashes += x.crashes;
  writes += x.writes;
  dropped += x.dropped;
  reads += x.reads;
  changes += x.changes;
  fetches += x.fetches;
}

std::string show(const tally& x) {
  std::string result;
  auto part = [&](uint64_t count, const char* what) {
    result += (result.empty() ? "" : ", ") + std::to_string(count) + what;
  };
  part(x.events, " events");
  part(x.ticks, " ticks");
  part(x.terms, " terms");
  part(x.crashes, " crashes");
  part(x.committed, " committed");
  part(x.writes, " writes");
  part(x.dropped, " dropped");
  part(x.reads, " reads");
  part(x.changes, " changes");
  part(x.fetches, " fetches");
  return result;
}

std::string how_to_repeat(uint64_t seed, uint64_t events) {
  return "repeat it: build/raft_simulation --first " + std::to_string(seed)
         + " --events " + std::to_string(events) + " --trace";
}

} // namespace troupe::raft::sim
