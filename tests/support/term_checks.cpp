#include "tests/support/term_checks.hpp"

#include "messages/call.pb.h"
#include "messages/codec.hpp"
#include "messages/object.hpp"
#include "messages/store.pb.h"
#include "runtime/rules/election.hpp"

#include <caf/scheduled_actor.hpp>

#include <vector>

namespace troupe::test {

namespace {

/// The election whose term a transaction changes, if it does.
std::string changed_election(const store_api::TxnRequest& txn) {
  auto prefix = rules::term_key(std::string{});
  for (auto& each : txn.then())
    if (auto& key = each.put().key(); key.rfind(prefix, 0) == 0)
      return key.substr(prefix.size());
  return {};
}

} // namespace

void term_checks::note(caf::resumable& job) {
  auto* actor = dynamic_cast<caf::scheduled_actor*>(&job);
  auto* element = actor != nullptr ? actor->mailbox().peek() : nullptr;
  if (element == nullptr)
    return;
  if (element->mid.is_response())
    note_answer(actor->id(), *element);
  else if (element->mid.is_request() && element->sender)
    note_question(*element);
}

void term_checks::note_question(const caf::mailbox_element& element) {
  auto& content = element.content();
  question asked{element.sender->id(),
                 element.mid.request_id().integer_value()};
  if (content.match_elements<pb<call::Request>, object>()) {
    auto& msg = *content.get_as<pb<call::Request>>(0);
    if (!msg.election().empty() && msg.verb() == call::CREATE && !msg.dry_run())
      writes_[asked] = {msg.election(), msg.term(),
                        to_string(content.get_as<object>(1))};
  } else if (content.match_elements<pb<store_api::TxnRequest>>()) {
    auto election =
        changed_election(*content.get_as<pb<store_api::TxnRequest>>(0));
    if (!election.empty())
      changes_[asked] = election;
  }
}

void term_checks::note_answer(caf::actor_id whose,
                              const caf::mailbox_element& element) {
  auto& content = element.content();
  question asked{whose, element.mid.request_id().integer_value()};
  if (auto found = writes_.find(asked); found != writes_.end()) {
    if (content.match_elements<pb<call::Response>, std::vector<object>>())
      check(found->second, content.get_as<pb<call::Response>>(0)->revision());
    writes_.erase(found);
  } else if (auto change = changes_.find(asked); change != changes_.end()) {
    if (content.match_elements<pb<store_api::TxnResponse>>()) {
      auto& done = *content.get_as<pb<store_api::TxnResponse>>(0);
      if (done.succeeded())
        terms_[change->second].insert(done.revision());
    }
    changes_.erase(change);
  }
}

void term_checks::check(const write& done, uint64_t revision) {
  ++accepted_;
  auto& known = terms_[done.election];
  auto next = known.upper_bound(done.term);
  if (done.term != 0 && done.term < revision
      && (next == known.end() || *next > revision))
    return;
  broken_ += done.what + " at revision " + std::to_string(revision)
             + " in the term " + std::to_string(done.term) + " of "
             + done.election + ", which ended at "
             + (next == known.end() ? "no time" : std::to_string(*next)) + "\n";
}

size_t term_checks::terms() const {
  size_t result = 0;
  for (auto& [election, all] : terms_)
    result += all.size();
  return result;
}

} // namespace troupe::test
