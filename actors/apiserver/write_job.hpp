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
  object current; ///< what is stored, as far as known
  object given;   ///< a Service with what the allocators gave it
  int tries = 0;
  std::vector<std::string> warnings;

  const kind_info& kind() const { return *self->state.kind; }

  void fail(caf::error err) {
    give_back();
    promise.deliver(std::move(err));
  }

  /// What was allocated for a write that failed is free again.
  void give_back();

  void answer(const object& result, uint64_t revision, bool gone = false) {
    call::Response response;
    response.set_revision(revision);
    response.set_gone(gone);
    for (auto& w : warnings)
      response.add_warnings(w);
    promise.deliver(pb<call::Response>{std::move(response)},
                    std::vector<object>{result});
  }
};

using job_ptr = std::shared_ptr<write_job>;

/// Fails with NotFound, worded as Kubernetes does.
caf::error no_such_object(const kind_info& kind, const std::string& name);

/// Fails with Conflict, worded as Kubernetes does.
caf::error modified_meanwhile(const kind_info& kind, const std::string& name);

/// Reads the object that a job is about into `current`, then goes on. Any
/// revision will do, because the write compares it; `fresh` waits for the
/// newest.
void with_current(job_ptr job, bool fresh, std::function<void()> next);

/// Writes `fresh` in place of `current` (none: creates it) if nobody was
/// faster. `again` is tried when somebody was and the client did not insist
/// on a revision; `current` is the newer state then.
void store_object(job_ptr job, object fresh, std::function<void()> again);

/// Removes `current` if nobody changed it meanwhile.
void store_removal(job_ptr job, std::function<void()> again);

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
