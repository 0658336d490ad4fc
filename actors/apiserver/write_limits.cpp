#include "actors/apiserver/write_job.hpp"
#include "actors/system/view.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/store.pb.h"
#include "runtime/rules/limit_ranges.hpp"
#include "runtime/rules/quota_admission.hpp"
#include "runtime/rules/quota_usage.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

// What a namespace allows: ranges of single objects, and quotas of all.
namespace troupe {

namespace {

using core::v1::LimitRange;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using core::v1::ResourceQuota;

/// Objects of a followed kind in the job's namespace, by name.
std::vector<object> known_in(const write_job& job, const kind_info& kind) {
  std::vector<object> result;
  auto* other = job.self->state.find_other(kind);
  if (other == nullptr)
    return result;
  auto prefix = job.request->namespace_() + "/";
  for (auto i = other->objects.lower_bound(prefix);
       i != other->objects.end() && i->first.starts_with(prefix); ++i)
    result.push_back(i->second);
  return result;
}

std::vector<object> ranges_of(const write_job& job) {
  return known_in(job, kind_of<LimitRange>());
}

rules::limit_ranges messages_of(const std::vector<object>& ranges) {
  rules::limit_ranges result;
  for (auto& range : ranges)
    result.push_back(&range.as<LimitRange>());
  return result;
}

/// Whether any quota of the namespace counts objects of the job's kind.
bool has_quotas(const write_job& job) {
  for (auto& quota : known_in(job, kind_of<ResourceQuota>()))
    for (auto& [name, amount] : quota.as<ResourceQuota>().spec().hard())
      if (rules::takes_of(job.kind(), name))
        return true;
  return false;
}

/// Asks the view of another kind for what is in the job's namespace.
void read_other(job_ptr job, followed_kind& other, std::function<void()> next) {
  if (!other.view) {
    job->fail(make_error(ec::service_unavailable, "starting"));
    return;
  }
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_namespace_(job->request->namespace_());
  job->self->state.requests.ask<pb<call::Response>, std::vector<object>>(
      caf::actor_cast<api_actor>(other.view),
      [job, kind = other.kind, next](const pb<call::Response>&,
                                     const std::vector<object>& found) {
        auto& known = *job->self->state.find_other(*kind);
        auto is_in = [&](auto& entry) {
          return entry.second.ns() == job->request->namespace_();
        };
        std::erase_if(known.objects, is_in);
        for (auto& what : found)
          note_other(known, what, false);
        next();
      },
      [job](const caf::error& err) { job->fail(err); },
      pb<call::Request>{std::move(msg)}, object{});
}

void read_if_unknown(job_ptr job, const kind_info& kind,
                     std::function<void()> next) {
  auto* other = job->self->state.find_other(kind);
  if (other == nullptr || other->complete)
    next();
  else
    read_other(job, *other, std::move(next));
}

bool is_limited(const write_job& job) {
  auto verb = job.request->verb();
  return job.kind().namespaced
         && (verb == call::CREATE || verb == call::UPDATE
             || verb == call::PATCH);
}

void drain(paying_lane& lane) {
  if (lane.draining)
    return;
  lane.draining = true;
  while (!lane.busy && !lane.waiting.empty()) {
    auto go_on = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    lane.busy = true;
    go_on();
  }
  lane.draining = false;
}

/// Calls those whose turn it is, and forgets a lane that nobody uses.
void move_on(registry_state& st, const std::string& ns) {
  auto lane = st.lanes.find(ns);
  drain(lane->second);
  auto& left = lane->second;
  if (!left.busy && !left.draining && left.waiting.empty())
    st.lanes.erase(lane);
}

} // namespace

void note_other(followed_kind& other, const object& what, bool gone) {
  if (gone) {
    other.objects.erase(what.key());
    return;
  }
  // What this registry wrote itself it may know before its watch.
  auto& known = other.objects[what.key()];
  if (!known || known.revision() < what.revision())
    known = what;
}

void when_limits_known(job_ptr job, std::function<void()> next) {
  if (!is_limited(*job)) {
    next();
    return;
  }
  read_if_unknown(job, kind_of<ResourceQuota>(), [job, next] {
    read_if_unknown(job, kind_of<LimitRange>(), next);
  });
}

void refresh_quotas(job_ptr job, std::function<void()> next) {
  if (job->paid.empty())
    next();
  else
    read_other(job, *job->self->state.find_other(kind_of<ResourceQuota>()),
               std::move(next));
}

void take_turn(job_ptr job, std::function<void()> next) {
  if (job->has_lane || !has_quotas(*job)) {
    next();
    return;
  }
  auto& st = job->self->state;
  auto& ns = job->request->namespace_();
  st.lanes[ns].waiting.push_back([job, next = std::move(next)] {
    job->has_lane = true;
    next();
  });
  move_on(st, ns);
}

void leave_turn(write_job& job) {
  if (!job.has_lane)
    return;
  job.has_lane = false;
  auto& st = job.self->state;
  auto& ns = job.request->namespace_();
  st.lanes[ns].busy = false;
  move_on(st, ns);
}

void fill_limits(write_job& job, google::protobuf::Message& msg) {
  auto ranges = ranges_of(job);
  if (!ranges.empty())
    rules::apply_limit_ranges(static_cast<Pod&>(msg), messages_of(ranges));
}

caf::error check_limits(write_job& job, const google::protobuf::Message& msg) {
  auto ranges = ranges_of(job);
  if (ranges.empty())
    return caf::none;
  auto all = messages_of(ranges);
  if (&job.kind() == &kind_of<Pod>())
    return rules::check_limit_ranges(static_cast<const Pod&>(msg), all);
  return rules::check_limit_ranges(
      static_cast<const PersistentVolumeClaim&>(msg), all);
}

caf::error charge_quotas(write_job& job, const google::protobuf::Message& msg,
                         const google::protobuf::Message* old) {
  job.paid.clear();
  auto quotas = known_in(job, kind_of<ResourceQuota>());
  if (quotas.empty())
    return caf::none;
  rules::quota_request request{&job.kind(), &msg, old,
                               job.self->state.ctx->now()};
  auto paid = rules::charge(quotas, request);
  if (!paid)
    return paid.error();
  job.paid = std::move(*paid);
  return caf::none;
}

void add_paid(store_api::TxnRequest& txn, const write_job& job) {
  for (auto& quota : job.paid) {
    auto key = storage_key(quota.kind(), quota.ns(), quota.name());
    insist(txn, key, quota.revision());
    auto* put = txn.add_then()->mutable_put();
    put->set_key(key);
    put->set_value(quota.bytes());
  }
}

void note_paid(write_job& job, uint64_t revision) {
  if (job.paid.empty())
    return;
  auto& other = *job.self->state.find_other(kind_of<ResourceQuota>());
  for (auto& quota : job.paid)
    note_other(other, quota.with_revision(revision), false);
}

} // namespace troupe
