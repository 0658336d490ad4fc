#include "tests/runtime/raft/trace.hpp"

namespace troupe::raft::sim {

namespace {

std::string text(uint64_t x) {
  return std::to_string(x);
}

std::string said(const append_entries& x) {
  auto result = "append after " + show(x.previous);
  if (!x.entries.empty())
    result += ": " + show(x.entries);
  return result + ", commit " + text(x.commit);
}

std::string said(const append_result& x) {
  if (x.accepted)
    return "agrees up to " + text(x.index) + (x.full ? ", full" : "");
  if (x.index == 0)
    return "refuses an older term";
  return "differs at " + text(x.index) + ", perhaps not at " + show(x.hint);
}

std::string said(const request_vote& x) {
  return std::string{x.pre ? "pre-vote?" : "vote?"}
         + (x.transfer ? " (transfer)" : "") + " log " + show(x.last);
}

std::string said(const vote_result& x) {
  return std::string{x.pre ? "pre-vote " : "vote "}
         + (x.granted ? "granted" : "refused")
         + (x.removed ? ", you were removed" : "");
}

std::string said(const heartbeat& x) {
  return "heartbeat commit " + text(x.commit)
         + (x.round > 0 ? " round " + text(x.round) : "")
         + (x.promised > x.commit ? " promised " + text(x.promised) : "");
}

std::string said(const heartbeat_result& x) {
  return "hears it" + (x.round > 0 ? " round " + text(x.round) : "");
}

std::string said(const install_snapshot& x) {
  return "snapshot " + show(x.mark.at) + " {" + show(*x.mark.members) + "}";
}

std::string said(const timeout_now&) {
  return "timeout now";
}

std::string said(const read_index&) {
  return "read index?";
}

std::string said(const read_index_result& x) {
  return "read index " + text(x.index);
}

std::string show_role(const status& now) {
  auto term = " in term " + text(now.term);
  switch (now.now) {
    case role::follower:
      return (now.leader == 0 ? "follows nobody"
                              : "follows " + text(now.leader))
             + term;
    case role::pre_candidate:
      return "asks for pre-votes for term " + text(now.term + 1);
    case role::candidate:
      return "asks for votes" + term;
    case role::leader:
      return "leads" + term;
  }
  return {};
}

std::string show_write(const write& x) {
  std::string result = "writes";
  auto add = [&](const std::string& part) {
    result += (result == "writes" ? " " : ", ") + part;
  };
  if (x.start)
    add(std::string{x.reset ? "an empty log" : "the log's start"} + " after "
        + show(x.start->at));
  if (!x.entries.empty())
    add(show(x.entries));
  if (x.hard)
    add("term " + text(x.hard->term)
        + (x.hard->voted_for != 0 ? " vote " + text(x.hard->voted_for) : ""));
  return result;
}

struct list {
  std::string text;

  void add(const std::string& part) {
    text += (text.empty() ? "" : "; ") + part;
  }
};

/// One message to several members is shown once.
void add_messages(list& parts, const std::vector<message>& messages) {
  for (size_t i = 0; i < messages.size();) {
    auto what = show(messages[i]);
    std::string to;
    for (; i < messages.size() && show(messages[i]) == what; ++i)
      to += " " + text(messages[i].to);
    parts.add("to" + to + ": " + what);
  }
}

} // namespace

std::string show(position at) {
  return text(at.term) + "/" + text(at.index);
}

std::string show(const configuration& members) {
  std::string result;
  for (auto& x : members.members())
    result += (result.empty() ? "" : " ") + text(x.id) + (x.voter ? "" : "+");
  return result;
}

std::string show(const message& x) {
  return std::visit([](auto& body) { return said(body); }, x.body) + " (term "
         + text(x.term) + ")";
}

std::string show(const std::vector<entry>& entries) {
  std::string result;
  for (auto& x : entries) {
    result += (result.empty() ? "" : ", ") + show(x.at) + " ";
    if (x.kind == entry_kind::noop)
      result += "noop";
    else if (x.kind == entry_kind::change)
      result += "{" + show(*configuration::decode(x.bytes())) + "}";
    else
      result += x.bytes().substr(0, 12);
  }
  return result;
}

std::string show(refusal why) {
  switch (why) {
    case refusal::none:
      return "taken";
    case refusal::not_leader:
      return "not leader";
    case refusal::transferring:
      return "transferring";
    case refusal::busy:
      return "busy";
    case refusal::change_pending:
      return "change pending";
    case refusal::term_too_young:
      return "term too young";
    case refusal::no_such_change:
      return "no such change";
    case refusal::not_caught_up:
      return "not caught up";
    case refusal::would_lose_quorum:
      return "would lose quorum";
  }
  return {};
}

std::string show(role now) {
  constexpr const char* names[] = {"follower", "pre-candidate", "candidate",
                                   "leader"};
  return names[static_cast<size_t>(now)];
}

std::string show_effects(const output& out, const write& to_write,
                         const status& before, const core& after) {
  list parts;
  auto now = after.now();
  if (now.now != before.now || now.term != before.term
      || now.leader != before.leader)
    parts.add(show_role(now));
  if (now.members_since != before.members_since)
    parts.add("members {" + show(after.members()) + "}");
  if (to_write.number != 0)
    parts.add(show_write(to_write));
  if (now.commit != before.commit)
    parts.add("commit " + text(now.commit));
  add_messages(parts, out.messages);
  if (out.install)
    parts.add("installs " + show(out.install->at));
  if (!out.committed.empty())
    parts.add("applies " + show(out.committed));
  for (auto& x : out.dropped)
    parts.add("dropped " + show(x));
  for (auto& x : out.reads)
    parts.add("read " + text(x.token) + " at " + text(x.index));
  if (out.fetch)
    parts.add("fetches " + show(out.fetch->mark.at) + " from "
              + text(out.fetch->from));
  if (out.checkpoint)
    parts.add("wants a checkpoint");
  return parts.text;
}

} // namespace troupe::raft::sim
