#include "tests/runtime/raft/checks.hpp"

#include <algorithm>
#include <functional>

namespace troupe::raft::sim {

namespace {

std::string text(uint64_t x) {
  return std::to_string(x);
}

std::string who(member_id id) {
  return "member " + text(id) + ": ";
}

/// How many voters one configuration has and the other does not.
size_t difference(const configuration& a, const configuration& b) {
  size_t count = 0;
  for (auto& x : a.members())
    count += x.voter && !b.has_voter(x.id);
  for (auto& x : b.members())
    count += x.voter && !a.has_voter(x.id);
  return count;
}

} // namespace

checks::checks(const machine_state& founded)
    : base_(founded.at.index),
      base_hash_(founded.hash),
      members_(founded.members) {
  // nop
}

void checks::stored(member_id id, const entry& x, position before) {
  if (x.at.index != before.index + 1 || x.at.term < before.term)
    throw violation{who(id) + "entry " + text(x.at.index)
                    + " does not follow the log's " + text(before.index)};
  if (stored_.size() <= x.at.index)
    stored_.resize(x.at.index + 64);
  auto& facts = stored_[x.at.index];
  for (auto& y : facts) {
    if (y.term != x.at.term)
      continue;
    if (y.term_before != before.term || y.kind != x.kind
        || (y.data != x.data && x.bytes() != (y.data ? *y.data : "")))
      throw violation{who(id) + "entry " + text(x.at.index) + " of term "
                      + text(x.at.term) + " differs from another log's"};
    return;
  }
  facts.push_back({x.at.term, before.term, x.kind, x.data});
}

void checks::stepped(member_id id, const core& now, const status& before) {
  auto is = now.now();
  if (is.commit < before.commit || is.term < before.term
      || is.handed < before.handed)
    throw violation{who(id) + "its term or what is committed went backwards"};
  if (is.now != role::leader)
    return;
  if (before.now == role::leader && before.term == is.term)
    change(id, now, is, before);
  lead(id, now, is);
}

void checks::lead(member_id id, const core& now, const status& is) {
  auto [it, first] = leaders_.emplace(is.term, id);
  if (it->second != id)
    throw violation{"members " + text(id) + " and " + text(it->second)
                    + " both lead in term " + text(is.term)};
  if (!now.members().has_voter(id) && is.members_since <= is.commit)
    throw violation{who(id) + "leads, although its removal is committed"};
  auto& own = leading_[id];
  if (first || own.term != is.term)
    own = {is.term, std::max(base_, is.commit), now.members()};
  for (; own.checked < committed(); ++own.checked) {
    auto index = own.checked + 1;
    auto& known = entries_[index - base_ - 1];
    // One of an older term may lack what a newer one has committed.
    if (index <= is.start.index || known.seen_in > is.term)
      continue;
    if (now.term_at(index) != known.term)
      throw violation{who(id) + "leads in term " + text(is.term)
                      + " without the committed entry " + text(index)};
  }
}

void checks::change(member_id id, const core& now, const status& is,
                    const status& before) {
  auto& own = leading_[id];
  if (is.members_since == before.members_since || own.term != is.term)
    return;
  if (before.members_since > before.commit)
    throw violation{who(id) + "changes the configuration twice at a time"};
  if (now.term_at(before.commit).value_or(is.term) != is.term)
    throw violation{who(id)
                    + "changes the configuration before anything of "
                      "its term is committed"};
  if (difference(own.members, now.members()) > 1)
    throw violation{who(id) + "changes more than one voter at once"};
  own.members = now.members();
}

void checks::configured(member_id id, const configuration& by,
                        const configuration& has) const {
  if (by != has)
    throw violation{who(id)
                    + "goes by another configuration than the last one "
                      "in its log"};
}

void checks::said(const message& x) {
  auto* vote = std::get_if<vote_result>(&x.body);
  if (vote == nullptr || vote->pre || !vote->granted)
    return;
  auto [it, first] = votes_.emplace(std::pair{x.from, x.term}, x.to);
  if (it->second != x.to)
    throw violation{who(x.from) + "votes twice in term " + text(x.term)};
}

void checks::handed(member_id id, uint64_t term, const entry& x) {
  if (x.at.index > committed() + 1)
    throw violation{who(id) + "entry " + text(committed() + 1)
                    + " was never given to anybody"};
  if (x.at.index == committed() + 1) {
    commit(term, x);
    return;
  }
  if (x.at.index <= base_)
    throw violation{who(id) + "is given what was there from the beginning"};
  auto& known = entries_[x.at.index - base_ - 1];
  known.seen_in = std::min(known.seen_in, term);
  if (known.term != x.at.term
      || (known.data != x.data && x.bytes() != (known.data ? *known.data : "")))
    throw violation{who(id) + "is given another entry " + text(x.at.index)
                    + " than others were"};
}

void checks::commit(uint64_t term, const entry& x) {
  if (x.kind == entry_kind::commands && !x.bytes().empty()) {
    std::string value{x.bytes()};
    if (dropped_.count(value) > 0)
      throw violation{value + " is there, but its client was told it is not"};
    if (!values_.emplace(value, x.at.index).second)
      throw violation{value + " is there twice"};
  }
  if (x.kind == entry_kind::change)
    members_ =
        std::make_shared<configuration>(*configuration::decode(x.bytes()));
  auto hash = committed() == base_ ? base_hash_ : entries_.back().hash;
  hash = (hash ^ std::hash<std::string_view>{}(x.bytes()) ^ x.at.term)
         * 0x9e3779b97f4a7c15;
  entries_.push_back({x.at.term, term, x.data, hash});
}

uint64_t checks::hash_at(uint64_t index) const {
  return index == base_ ? base_hash_ : entries_.at(index - base_ - 1).hash;
}

void checks::applied(member_id id, machine_state& state, const entry& x) const {
  if (x.at.index != state.at.index + 1)
    throw violation{who(id) + "applies entry " + text(x.at.index) + " after "
                    + text(state.at.index)};
  auto before = state.at.index < base_ ? 0 : hash_at(state.at.index);
  if (state.at.index >= base_ && state.hash != before)
    throw violation{who(id) + "its state differs from what was committed"};
  state.at = x.at;
  state.hash = hash_at(x.at.index);
  if (x.kind == entry_kind::change)
    state.members =
        std::make_shared<configuration>(*configuration::decode(x.bytes()));
}

void checks::installed(member_id id, const machine_state& old,
                       const machine_state& now) const {
  if (now.at.index <= old.at.index)
    throw violation{who(id) + "its state goes back from " + text(old.at.index)
                    + " to " + text(now.at.index)};
  if (now.hash != hash_at(now.at.index))
    throw violation{who(id)
                    + "takes over a state that differs from what was "
                      "committed"};
}

void checks::dropped(const std::string& value) {
  if (values_.count(value) > 0)
    throw violation{value + " is there, but its client is told it is not"};
  dropped_.insert(value);
}

void checks::acknowledged(const std::string& value, uint64_t index) const {
  auto it = values_.find(value);
  if (it == values_.end() || it->second != index)
    throw violation{value + " is acknowledged, but not there"};
}

void checks::wrote(uint64_t begun, uint64_t index) {
  if (index <= begun)
    throw violation{"a write at " + text(index) + " began after " + text(begun)
                    + " was told"};
  ended_ = std::max(ended_, index);
}

void checks::read(uint64_t begun, uint64_t index) {
  if (index < begun)
    throw violation{"a stale read: it began after " + text(begun)
                    + " was told, and sees " + text(index)};
  ended_ = std::max(ended_, index);
}

} // namespace troupe::raft::sim
