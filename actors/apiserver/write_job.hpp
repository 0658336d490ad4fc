#pragma once

#include "actors/apiserver/registry.hpp"
#include "messages/call.pb.h"

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
  int tries = 0;
  std::vector<std::string> warnings;

  const kind_info& kind() const { return *self->state.kind; }

  void fail(caf::error err) {
    give_back();
    promise.deliver(std::move(err));
  }

  /// What was allocated for what is not written is free again.
  void give_back();

  void answer(const object& result, uint64_t revision, bool gone = false);
};

using job_ptr = std::shared_ptr<write_job>;

/// Fails with NotFound, worded as Kubernetes does.
caf::error no_such_object(const kind_info& kind, const std::string& name);

/// Reads the object that a job is about into `current`, then goes on. Any
/// revision will do for a write, because that compares it; `fresh` waits for
/// the newest. A dry run, which compares nothing, always does.
void with_current(job_ptr job, bool fresh, std::function<void()> next);

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

/// What a node may not do: NodeRestriction. `msg` is what it wishes `current`
/// to become, or what it creates.
caf::error admit_from_node(write_job& job, const google::protobuf::Message& msg,
                           const std::string& subresource);

/// The same about the end of `current`.
caf::error admit_end_by_node(write_job& job, bool eviction);

/// Nobody gives rights away that they do not have.
caf::error admit_rights(write_job& job, const object& fresh);

/// The verbs.
void run_create(job_ptr job);
void run_update(job_ptr job);
void run_patch(job_ptr job);
void run_delete(job_ptr job);
void run_delete_collection(job_ptr job);
void run_scale(job_ptr job);
void run_finalize(job_ptr job);
void run_binding(job_ptr job);
void run_eviction(job_ptr job);

/// Brings `fresh`, a client's wish for the new state of `current`, through
/// preparation and validation to the store.
void finish_update(job_ptr job, std::unique_ptr<google::protobuf::Message> msg,
                   const std::string& subresource, std::function<void()> again);

} // namespace troupe
