#pragma once

#include "runtime/raft/core.hpp"

#include <string>
#include <vector>

namespace troupe::raft::sim {

// Runs as text, for people and for files that tests compare with.

/// `4/17`: the entry 17, of term 4.
std::string show(position at);
/// `1 2 3+`: members 1 and 2 vote, 3 learns.
std::string show(const configuration& members);
/// `append 4/17 +2 commit 16`
std::string show(const message& x);
/// `1/5 noop, 2/6 "x"`
std::string show(const std::vector<entry>& entries);
std::string show(refusal why);
std::string show(role now);

/// What came of a step: how the member changed, what it says, what it hands
/// out; parts are separated by "; ". Empty if nothing did.
std::string show_effects(const output& out, const write& to_write,
                         const status& before, const core& after);

} // namespace troupe::raft::sim
