#pragma once

#include "actors/apiserver/registry.hpp"
#include "messages/call.pb.h"
#include "runtime/rules/warning.hpp"

#include <caf/typed_response_promise.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// One write on its way through the registry. Steps are functions that end in
/// the next step or in `fail` or `answer`; each job ends in exactly one of
/// these.
struct write_job {
  using promise_type =
      caf::typed_response_promise<pb<call::Response>, std::vector<object>>;
  using pointer = registry_actor::stateful_pointer<registry_state>;

  pointer self;
  pb<call::Request> request;
  object body;
  promise_type promise;
  object current;       ///< what is stored, as far as known
  bool newest = false;  ///< `current` was what is stored when it was read
  object given;         ///< a Service with what the allocators gave it
  object space;         ///< the namespace that something is created in
  object account;       ///< of a pod to be created
  object runtime_class; ///< the same, if it names one
  object beside; ///< another object that is written in the same transaction
  std::vector<object> paid; ///< quotas that are charged in the same transaction
  bool has_lane = false;    ///< it is its turn in its namespace's lane
  int tries = 0;
  bool applied = false; ///< an apply, which has said who owns which field
  std::vector<std::string> text_warnings; ///< about what the client sent
  std::vector<rules::warning> warnings;   ///< about what was made of it

  const kind_info& kind() const { return *self->state.kind; }

  void fail(caf::error err);

  /// What was allocated for what is not written is free again.
  void give_back();

  void answer(const object& result, uint64_t revision, bool gone = false);
};

using job_ptr = std::shared_ptr<write_job>;

/// Fails with NotFound, worded as Kubernetes does.
caf::error no_such_object(const kind_info& kind, const std::string& name);

/// Reads the object that a job is about into `current`, then goes on. Any
/// revision will do for a write, because that compares it; `fresh` waits for
/// the newest. A dry run, which compares nothing, always does. `missing` runs
/// when there is none; without it, the job fails then.
void with_current(job_ptr job, bool fresh, std::function<void()> next,
                  std::function<void()> missing = {});

/// Fails with what followed from `current`; where that may be an older state,
/// reads the newest and tries `again` with it.
void refuse(job_ptr job, caf::error why, std::function<void()> again);

/// Goes on with an object of another kind that this registry follows; none
/// when there is none. What was heard of it will do, unless `fresh`; of what
/// was not heard of, its view is asked.
void with_other(job_ptr job, const kind_info& kind, const std::string& ns,
                const std::string& name,
                std::function<void(const object&)> next, bool fresh = false);

/// The same for one that is on its way: waits for it a while.
void with_other_soon(job_ptr job, const kind_info& kind, const std::string& ns,
                     const std::string& name,
                     std::function<void(const object&)> next);

/// Goes on with the lease that what the job writes ends with; 0 for what
/// stays. Kubernetes: events are kept for an hour.
void with_lease(job_ptr job, std::function<void(uint64_t lease)> next);

/// Writes `fresh` in place of `current` (none: creates it) if nobody was
/// faster. `again` is tried when somebody was and the client did not insist
/// on a revision; `current` is the newer state then. The same where nothing
/// would change and `current` may be an older state.
void store_object(job_ptr job, object fresh, std::function<void()> again);

/// Removes `current` if nobody changed it meanwhile.
void store_removal(job_ptr job, std::function<void()> again);

/// Lets a transaction happen only if the key was last changed at a revision.
void insist(store_api::TxnRequest& txn, const std::string& key,
            uint64_t revision);

/// Whoever becomes the active one of an election by this write of a Lease, or
/// is that no longer, is so from the write's revision on.
void add_term(store_api::TxnRequest& txn, const object& before,
              const object& after);

/// Lets a component write only while it is the active one.
void add_fence(store_api::TxnRequest& txn, const call::Request& request);

/// Whether a transaction failed because the writer's term is over.
bool is_fenced_off(const call::Request& request,
                   const store_api::TxnResponse& response);

/// Mutating admission of a new object: what it depends on is looked up first,
/// then `next` runs.
void look_up_others(job_ptr job, std::function<void()> next);

/// What the server itself changes or refuses in a new object.
caf::error admit_create(write_job& job, google::protobuf::Message& msg);

/// The same for the next state of an object.
caf::error admit_update(write_job& job, google::protobuf::Message& msg);

// -- limits of the namespace (write_limits.cpp) ------------------------------

/// Takes in what was heard of an object of another kind, unless newer is known.
void note_other(followed_kind& other, const object& what, bool gone);

/// Goes on with a write once the quotas and ranges of its namespace are known.
void when_limits_known(job_ptr job, std::function<void()> next);

/// Reads the quotas of the namespace anew, where the job pays from any.
void refresh_quotas(job_ptr job, std::function<void()> next);

/// Goes on when no other create of the namespace that has quotas is under way.
void take_turn(job_ptr job, std::function<void()> next);
void leave_turn(write_job& job);

/// LimitRange: fills in and checks a new pod or claim.
void fill_limits(write_job& job, google::protobuf::Message& msg);
caf::error check_limits(write_job& job, const google::protobuf::Message& msg);

/// ResourceQuota: charges the namespace's quotas with what `msg` takes more
/// than `old` (null on create); they are written with it.
caf::error charge_quotas(write_job& job, const google::protobuf::Message& msg,
                         const google::protobuf::Message* old);
void add_paid(store_api::TxnRequest& txn, const write_job& job);
/// The quotas were written at this revision.
void note_paid(write_job& job, uint64_t revision);

/// What a node may not do: NodeRestriction. `msg` is what it wishes `current`
/// to become, or what it creates.
caf::error admit_from_node(write_job& job, const google::protobuf::Message& msg,
                           const std::string& subresource);

/// The same about the end of `current`.
caf::error admit_end_by_node(write_job& job, bool eviction);

/// Goes on with those of the warnings that hold in this cluster. What cannot be
/// found out is not said.
void settle_warnings(write_job::pointer self,
                     std::vector<rules::warning> warnings,
                     std::function<void(std::vector<std::string>)> next);

/// Nobody gives rights away that they do not have.
caf::error admit_rights(write_job& job, const object& fresh);

/// The verbs.
void run_create(job_ptr job);
void run_update(job_ptr job);
void run_patch(job_ptr job);
void run_apply(job_ptr job);
void run_delete(job_ptr job);
void run_delete_collection(job_ptr job);
void run_scale(job_ptr job);
void run_finalize(job_ptr job);
void run_binding(job_ptr job);
void run_eviction(job_ptr job);

/// Creates `body`, which an apply has made of nothing.
void create_applied(job_ptr job);

/// Notes who owns which field of `msg`, the next state of `current`, from now
/// on. To be called with what the client wishes, defaults included, before the
/// server changes anything itself.
void track_fields(const write_job& job, google::protobuf::Message& msg,
                  const std::string& subresource);

/// Brings `fresh`, a client's wish for the new state of `current`, through
/// preparation and validation to the store.
void finish_update(job_ptr job, std::unique_ptr<google::protobuf::Message> msg,
                   const std::string& subresource, std::function<void()> again);

} // namespace troupe
