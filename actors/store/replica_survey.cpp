#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <chrono>
#include <map>
#include <utility>

// Questions that every member is asked.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

template <class Response>
using answers_of = std::map<raft::member_id, expected<Response>>;

template <class Response>
using promise_of = caf::typed_response_promise<pb<Response>>;

/// What has come of one question.
template <class Response>
struct open_survey {
  answers_of<Response> answers;
  size_t missing = 0;
  std::function<void(answers_of<Response>&)> use;

  void end() {
    if (auto last = std::exchange(use, nullptr))
      last(answers);
  }
};

/// Asks all members but this one; uses what has come when `patience` ends, or
/// everything before that.
template <class Response, class Request>
void ask_everyone(pointer self, const pb<Request>& question,
                  replica_state::time::duration patience,
                  std::function<void(answers_of<Response>&)> use) {
  auto& st = self->state;
  auto open = std::make_shared<open_survey<Response>>();
  open->use = std::move(use);
  auto members = st.raft ? st.raft->members() : raft::configuration{};
  for (auto& x : members.members())
    if (x.id != st.limits.self)
      open->answers.emplace(x.id, make_error(ec::timeout, "does not answer"));
  open->missing = open->answers.size();
  for (auto& [id, answer] : answers_of<Response>{open->answers}) {
    auto note = [open, id = id](expected<Response> x) {
      open->answers.insert_or_assign(id, std::move(x));
      if (--open->missing == 0)
        open->end();
    };
    st.requests.ask<pb<Response>>(
        st.peers[id].handle, [note](const pb<Response>& x) { note(*x); },
        [note](const caf::error& err) { note(err); }, question);
  }
  if (open->missing == 0) {
    open->end();
    return;
  }
  st.group.surveys.push_back(
      {self->clock().now() + patience, [open] { open->end(); }});
}

// -- how it is ----------------------------------------------------------------

void describe_raft(const replica_state& st, StatusResponse& result) {
  auto is = st.raft->now();
  result.set_term(is.term);
  result.set_last_index(is.last.index);
  result.set_commit_index(is.commit);
  result.set_log_bytes(is.log_bytes);
  result.set_leader(is.leader);
  for (auto& x : st.raft->members().members()) {
    auto& member = *result.add_members() = describe(x);
    (void)member;
  }
  for (auto& member : *result.mutable_members()) {
    member.set_leader(member.id() == is.leader);
    if (member.id() == is.leader && is.now == raft::role::leader)
      member.set_match_index(is.last.index);
    for (auto& [kind, id] : st.group.alarms)
      if (id == member.id())
        kind == Alarm::SPACE ? member.set_no_space(true)
                             : member.set_corrupt(true);
  }
  for (auto& peer : st.raft->peers())
    for (auto& member : *result.mutable_members())
      if (member.id() == peer.id)
        member.set_match_index(peer.match);
}

StatusResponse own_status(const replica_state& st) {
  StatusResponse result;
  result.set_revision(st.revision);
  result.set_compacted_revision(st.compacted);
  result.set_applied_index(st.applied);
  result.set_hash(st.hash);
  result.set_member(st.limits.self);
  result.set_quota_bytes(st.group.quota);
  *result.mutable_alarms() = store::to_message(st.group.alarms).alarms();
  if (st.raft)
    describe_raft(st, result);
  if (st.fault)
    result.add_errors(message_of(st.fault));
  for (auto id : st.group.odd)
    if (st.raft && st.raft->members().find(id) != nullptr)
      result.add_errors("member " + std::to_string(id)
                        + " holds something else than a majority");
  return result;
}

using status_use = std::function<void(expected<StatusResponse>)>;

/// Adds what each of the other parts says.
void ask_parts(pointer self, status_use use) {
  auto result = std::make_shared<StatusResponse>(own_status(self->state));
  auto ask = [self, use](const auto& part, auto then) {
    self->request(part, caf::infinite, pb<StatusRequest>{})
        .then([then](const pb<StatusResponse>& x) { then(*x); },
              [use](const caf::error& err) { use(err); });
  };
  auto& parts = self->state.parts;
  ask(parts.readers.front(), [=](const StatusResponse& reader) {
    result->MergeFrom(reader);
    ask(self->state.parts.hub, [=](const StatusResponse& hub) {
      result->MergeFrom(hub);
      ask(self->state.parts.leases, [=](const StatusResponse& held) {
        result->MergeFrom(held);
        use(*result);
      });
    });
  });
}

/// Takes over what a member says of itself, and the leader of the others.
void merge(StatusResponse& to, raft::member_id id,
           const expected<StatusResponse>& from) {
  for (auto& member : *to.mutable_members()) {
    if (!from) {
      if (member.id() == id)
        member.add_errors(message_of(from.error()));
      continue;
    }
    if (member.id() == id) {
      member.set_applied_index(from->applied_index());
      member.set_state_bytes(from->state_bytes());
      member.set_log_bytes(from->log_bytes());
      member.mutable_errors()->MergeFrom(from->errors());
    }
    for (auto& theirs : from->members())
      if (theirs.id() == member.id() && theirs.match_index() != 0)
        member.set_match_index(theirs.match_index());
  }
}

void ask_others(pointer self, const StatusResponse& own,
                promise_of<StatusResponse> promise) {
  auto result = std::make_shared<StatusResponse>(own);
  merge(*result, own.member(), own);
  ask_everyone<StatusResponse>(
      self, pb<raft_api::StateQuestion>{}, std::chrono::seconds(1),
      [=](answers_of<StatusResponse>& answers) mutable {
        for (auto& [id, answer] : answers)
          merge(*result, id, answer);
        promise.deliver(pb<StatusResponse>{std::move(*result)});
      });
}

// -- what all hold ------------------------------------------------------------

void put(HashResponse& to, raft::member_id id,
         const expected<MemberHash>& answer) {
  auto& one = *to.add_members();
  if (answer)
    one = *answer;
  else
    one.set_error(message_of(answer.error()));
  one.set_id(id);
}

void hash_all(pointer self, uint64_t revision,
              promise_of<HashResponse> promise) {
  raft_api::HashQuestion what;
  what.set_revision(revision);
  pb<raft_api::HashQuestion> question{std::move(what)};
  auto result = std::make_shared<HashResponse>();
  result->set_revision(revision);
  auto ask = [=](const expected<MemberHash>& own) {
    put(*result, self->state.limits.self, own);
    ask_everyone<MemberHash>(self, question, std::chrono::minutes(1),
                             [=](answers_of<MemberHash>& answers) {
                               for (auto& [id, answer] : answers)
                                 put(*result, id, answer);
                               auto last = promise;
                               last.deliver(
                                   pb<HashResponse>{std::move(*result)});
                             });
  };
  self->request(self->state.parts.snapshots, caf::infinite, question)
      .then([ask](const pb<MemberHash>& x) { ask(*x); },
            [ask](const caf::error& err) { ask(err); });
}

} // namespace

caf::result<pb<StatusResponse>> on_status(pointer self,
                                          const StatusRequest& request) {
  auto promise = self->make_response_promise<pb<StatusResponse>>();
  auto use = [=, everyone =
                     request.everyone()](expected<StatusResponse> own) mutable {
    if (!own)
      promise.deliver(own.error());
    else if (everyone)
      ask_others(self, *own, promise);
    else
      promise.deliver(pb<StatusResponse>{std::move(*own)});
  };
  once_open(
      self, [=] { ask_parts(self, use); },
      [=](const caf::error&) mutable {
        promise.deliver(pb<StatusResponse>{own_status(self->state)});
      });
  return promise;
}

caf::result<pb<StatusResponse>> on_state_question(pointer self) {
  return on_status(self, StatusRequest{});
}

caf::result<pb<HashResponse>> on_hash_request(pointer self,
                                              const HashRequest& request) {
  auto promise = self->make_response_promise<pb<HashResponse>>();
  once_readable(
      self,
      [=, revision = request.revision()]() mutable {
        auto now = self->state.revision;
        if (revision > now)
          promise.deliver(make_error(
              ec::bad_request, "revision " + std::to_string(revision)
                                   + " is in the future, the present one is "
                                   + std::to_string(now)));
        else
          hash_all(self, revision != 0 ? revision : now, promise);
      },
      [=](const caf::error& err) mutable { promise.deliver(err); });
  return promise;
}

caf::result<pb<MemberHash>>
on_hash_question(pointer self, const pb<raft_api::HashQuestion>& question) {
  auto promise = self->make_response_promise<pb<MemberHash>>();
  once_readable(
      self,
      [=]() mutable {
        promise.delegate(self->state.parts.snapshots, question);
      },
      [=](const caf::error& err) mutable { promise.deliver(err); });
  return promise;
}

void expire_surveys(pointer self) {
  auto& surveys = self->state.group.surveys;
  auto now = self->clock().now();
  std::vector<survey> over;
  std::erase_if(surveys, [&](survey& x) {
    auto late = x.until <= now;
    if (late)
      over.push_back(std::move(x));
    return late;
  });
  for (auto& x : over)
    x.end();
}

} // namespace troupe::replica_steps
