#include "actors/apiserver/write_job.hpp"
#include "actors/system/view.hpp"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/deletion.hpp"
#include "runtime/rules/election.hpp"
#include "runtime/rules/scale.hpp"
#include "runtime/rules/versions.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <set>

namespace troupe {

namespace {

/// Writers that meet on one object; more than this never happens by chance.
constexpr int most_tries = 20;
/// How long to wait for another object that is on its way. Kubernetes: a pod
/// waits for the account `default` of a new namespace for one or two seconds.
constexpr auto other_patience = std::chrono::milliseconds(1500);

meta::v1::StatusDetails details_of(const kind_info& kind,
                                   const std::string& name) {
  meta::v1::StatusDetails details;
  details.set_name(name);
  details.set_group(std::string{kind.group});
  details.set_kind(std::string{kind.plural});
  return details;
}

/// What a Service has that no other may have: a key in the store for each, so
/// that no two can be written, whoever allocated them.
std::set<std::string> exclusive_keys(const object& what) {
  std::set<std::string> keys;
  if (!what || what.kind().plural != "services" || !what.kind().group.empty())
    return keys;
  auto& spec = what.as<core::v1::Service>().spec();
  for (auto& ip : spec.cluster_ips())
    if (!ip.empty() && ip != "None")
      keys.insert("/allocations/addresses/" + ip);
  for (auto& port : spec.ports())
    if (port.node_port() != 0)
      keys.insert("/allocations/nodeports/" + std::to_string(port.node_port()));
  if (spec.health_check_node_port() != 0)
    keys.insert("/allocations/nodeports/"
                + std::to_string(spec.health_check_node_port()));
  return keys;
}

void add_exclusive(store_api::TxnRequest& txn, const object& before,
                   const object& after) {
  auto had = exclusive_keys(before);
  auto has = exclusive_keys(after);
  for (auto& key : has) {
    if (had.count(key) != 0)
      continue;
    auto* compare = txn.add_compares();
    compare->set_key(key);
    compare->set_target(store_api::Compare::VERSION);
    compare->set_result(store_api::Compare::EQUAL);
    compare->set_number(0);
    auto* put = txn.add_then()->mutable_put();
    put->set_key(key);
    put->set_value(after.key());
  }
  for (auto& key : had)
    if (has.count(key) == 0)
      txn.add_then()->mutable_delete_range()->set_key(key);
}

caf::error modified_meanwhile(const kind_info& kind, const std::string& name) {
  return make_error(ec::conflict,
                    "Operation cannot be fulfilled on "
                        + kind.qualified_plural() + " \"" + name
                        + "\": the object has been modified; please apply your "
                          "changes to the latest version and try again",
                    details_of(kind, name));
}

caf::error already_there(const write_job& job, const std::string& name) {
  return make_error(ec::already_exists,
                    job.kind().qualified_plural() + " \"" + name
                        + "\" already exists",
                    details_of(job.kind(), name));
}

bool is_conditional(const write_job& job) {
  return job.body && job.body.revision() != 0
         && job.request->verb() != call::CREATE;
}

/// Somebody was faster, or an address is taken.
void lost(job_ptr job, const store_api::TxnResponse& response,
          std::function<void()> again) {
  object now;
  auto fence = rules::term_key(job->request->election());
  for (auto& r : response.results())
    for (auto& kv : r.range().kvs())
      if (auto parsed =
              rules::parse_stored(job->kind(), kv.value(), kv.mod_revision());
          parsed && kv.key() != fence)
        now = *parsed;
  auto unchanged =
      now ? job->current && now.revision() == job->current.revision()
          : !job->current;
  if (++job->tries > most_tries) {
    job->fail(make_error(ec::server_timeout,
                         "too many writers of " + job->request->name()));
    return;
  }
  // What is applied goes with whatever is there, or is not.
  if (!unchanged && job->applied) {
    job->current = now;
    job->newest = true;
    again();
    return;
  }
  if (!unchanged && !job->current) {
    // A create of what is there. Only a name that we made up can be another.
    if (!job->body.name().empty()) {
      job->fail(already_there(*job, now.name()));
      return;
    }
    refresh_quotas(job, std::move(again));
    return;
  }
  if (!unchanged && is_conditional(*job)) {
    job->fail(now ? modified_meanwhile(job->kind(), job->current.name())
                  : no_such_object(job->kind(), job->current.name()));
    return;
  }
  if (!unchanged && !now) {
    job->fail(no_such_object(job->kind(), job->current.name()));
    return;
  }
  job->current = now;
  job->newest = true;
  refresh_quotas(job, std::move(again));
}

/// Writes another object with the one that the job is about, or neither.
void add_beside(store_api::TxnRequest& txn, const write_job& job) {
  auto& what = job.beside;
  if (!what)
    return;
  auto key = storage_key(what.kind(), what.ns(), what.name());
  insist(txn, key, what.revision());
  auto* put = txn.add_then()->mutable_put();
  put->set_key(key);
  put->set_value(rules::to_stored(what).bytes());
}

/// Nothing is created in a namespace that began to end since it was looked at:
/// whoever ends it may have found it empty by now.
void add_space(store_api::TxnRequest& txn, const write_job& job) {
  if (auto& space = job.space)
    insist(txn, storage_key(space.kind(), {}, space.name()), space.revision());
}

template <class Done>
void transact(job_ptr job, store_api::TxnRequest txn, Done done,
              std::function<void()> again) {
  auto& st = job->self->state;
  ++st.writes;
  add_fence(txn, *job->request);
  st.requests.ask<pb<store_api::TxnResponse>>(
      st.store,
      [job, done = std::move(done),
       again](const pb<store_api::TxnResponse>& response) mutable {
        if (response->succeeded())
          done(*response);
        else if (is_fenced_off(*job->request, *response))
          job->fail(rules::term_over(job->request->election()));
        else
          lost(job, *response, again);
      },
      [job](const caf::error& err) {
        // It may be the lease that the store knows nothing of.
        job->self->state.lease.id = 0;
        job->fail(err);
      },
      pb<store_api::TxnRequest>{std::move(txn)});
}

void write_object(job_ptr job, object fresh, uint64_t lease,
                  std::function<void()> again) {
  auto txn = put_if_request(storage_key(job->kind(), fresh.ns(), fresh.name()),
                            rules::to_stored(fresh).bytes(),
                            job->current ? job->current.revision() : 0);
  txn.mutable_then(0)->mutable_put()->set_lease(lease);
  add_exclusive(txn, job->current, fresh);
  add_term(txn, job->current, fresh);
  add_beside(txn, *job);
  add_paid(txn, *job);
  add_space(txn, *job);
  transact(
      job, std::move(txn),
      [job, fresh = std::move(fresh)](
          const store_api::TxnResponse& response) mutable {
        note_paid(*job, response.revision());
        job->answer(std::move(fresh).with_revision(response.revision()),
                    response.revision());
      },
      std::move(again));
}

} // namespace

void write_job::give_back() {
  if (given && self->state.allocators)
    self->send(self->state.allocators, given);
  given = object{};
}

void write_job::fail(caf::error err) {
  give_back();
  promise.deliver(std::move(err));
  leave_turn(*this);
}

void write_job::answer(const object& result, uint64_t revision, bool gone) {
  call::Response response;
  response.set_revision(revision);
  response.set_gone(gone);
  response.set_created(applied && !current);
  for (auto& w : text_warnings)
    response.add_warnings(w);
  auto shown = result;
  if (request->subresource() == "scale")
    if (auto scale = rules::scale_of(result))
      shown = *scale;
  // Those that decide by themselves read none.
  if (!request->election().empty())
    warnings.clear();
  auto tell =
      [promise = promise, response = std::move(response),
       shown = std::move(shown)](const std::vector<std::string>& more) mutable {
        for (auto& w : more)
          response.add_warnings(w);
        promise.deliver(pb<call::Response>{std::move(response)},
                        std::vector<object>{std::move(shown)});
      };
  settle_warnings(self, std::move(warnings), std::move(tell));
  leave_turn(*this);
}

caf::error no_such_object(const kind_info& kind, const std::string& name) {
  return make_error(ec::not_found,
                    kind.qualified_plural() + " \"" + name + "\" not found",
                    details_of(kind, name));
}

void with_current(job_ptr job, bool fresh, std::function<void()> next,
                  std::function<void()> missing) {
  auto& st = job->self->state;
  fresh = fresh || job->request->dry_run();
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_namespace_(job->request->namespace_());
  msg.set_name(job->request->name());
  msg.set_resource_version(fresh ? "" : "0");
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      st.view,
      [job, fresh, next, missing](const pb<call::Response>&,
                                  const std::vector<object>& found) {
        job->current = found.front();
        job->newest = fresh;
        if (!fresh && is_conditional(*job)
            && job->body.revision() > job->current.revision())
          with_current(job, true, next, missing);
        else
          next();
      },
      [job, fresh, next, missing](const caf::error& err) {
        // The view may not have seen it yet.
        if (!fresh && is(err, ec::not_found))
          with_current(job, true, next, missing);
        else if (missing && is(err, ec::not_found))
          missing();
        else
          job->fail(err);
      },
      pb<call::Request>{std::move(msg)}, object{});
}

void refuse(job_ptr job, caf::error why, std::function<void()> again) {
  if (job->newest)
    job->fail(std::move(why));
  else
    with_current(job, true, std::move(again));
}

void with_other(job_ptr job, const kind_info& kind, const std::string& ns,
                const std::string& name,
                std::function<void(const object&)> next, bool fresh) {
  auto& st = job->self->state;
  auto* other = st.find_other(kind);
  auto known = other->objects.find(ns.empty() ? name : ns + "/" + name);
  if (!fresh && known != other->objects.end()) {
    next(object{known->second});
    return;
  }
  if (!other->view) {
    job->fail(make_error(ec::service_unavailable, "starting"));
    return;
  }
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_namespace_(ns);
  msg.set_name(name);
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      caf::actor_cast<api_actor>(other->view),
      [next](const pb<call::Response>&, const std::vector<object>& found) {
        next(found.front());
      },
      [job, next](const caf::error& err) {
        if (is(err, ec::not_found))
          next({});
        else
          job->fail(err);
      },
      pb<call::Request>{std::move(msg)}, object{});
}

void with_other_soon(job_ptr job, const kind_info& kind, const std::string& ns,
                     const std::string& name,
                     std::function<void(const object&)> next) {
  with_other(job, kind, ns, name, [job, &kind, ns, name, next](auto& found) {
    if (found) {
      next(found);
      return;
    }
    auto& st = job->self->state;
    auto number = ++st.last_waiting;
    st.waiting.push_back(
        {number, &kind, ns.empty() ? name : ns + "/" + name, next});
    system::Tick tick;
    tick.set_number(number);
    job->self->delayed_send(job->self, other_patience,
                            pb<system::Tick>{std::move(tick)});
  });
}

namespace {

/// What would be stored, unless it is a create of what is there.
void store_nothing(const job_ptr& job, const object& fresh) {
  auto finish = [job, fresh] {
    job->give_back();
    job->answer(fresh, job->current ? job->current.revision() : 0);
  };
  if (job->request->verb() != call::CREATE || job->current
      || job->body.name().empty())
    return finish();
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_namespace_(fresh.ns());
  msg.set_name(fresh.name());
  auto& st = job->self->state;
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      st.view,
      [job](const pb<call::Response>&, const std::vector<object>& found) {
        job->fail(already_there(*job, found.front().name()));
      },
      [job, finish](const caf::error& err) {
        if (is(err, ec::not_found))
          finish();
        else
          job->fail(err);
      },
      pb<call::Request>{std::move(msg)}, object{});
}

} // namespace

void store_object(job_ptr job, object fresh, std::function<void()> again) {
  if (job->request->dry_run())
    return store_nothing(job, fresh);
  if (job->current && job->current.same_content(fresh)) {
    // Kubernetes: nothing is written, unless what is stored differs by now.
    if (job->newest)
      job->answer(job->current, job->current.revision());
    else
      with_current(job, true, std::move(again));
    return;
  }
  with_lease(job, [job, fresh, again](uint64_t lease) {
    write_object(job, fresh, lease, again);
  });
}

void store_removal(job_ptr job, std::function<void()> again) {
  if (job->request->dry_run()) {
    job->answer(job->current, job->current.revision(), true);
    return;
  }
  auto& what = job->current;
  auto txn = delete_if_request(storage_key(job->kind(), what.ns(), what.name()),
                               what.revision());
  add_exclusive(txn, what, object{});
  add_term(txn, what, object{});
  add_beside(txn, *job);
  transact(
      job, std::move(txn),
      [job](const store_api::TxnResponse& response) {
        job->answer(job->current.with_revision(response.revision()),
                    response.revision(), true);
      },
      std::move(again));
}

} // namespace troupe
