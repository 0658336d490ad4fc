#include "actors/etcd/etcd_client.hpp"

#include "actors/etcd/etcd_steps.hpp"
#include "actors/system/describing.hpp"
#include "messages/system.pb.h"
#include "runtime/etcd/wire.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

#include <memory>
#include <utility>

namespace troupe {

namespace {

using namespace store_api;
using namespace etcd_steps;

/// Asks etcd; `decode` makes the answer of what comes.
template <class Response, class Request, class Decode>
caf::result<pb<Response>> ask(pointer self, const char* method,
                              const Request& request, bool change,
                              Decode decode) {
  auto promise = self->make_response_promise<pb<Response>>();
  etcd_call what;
  what.method = method;
  what.request = etcd::encode(request);
  what.change = change;
  what.done = [promise, decode](const expected<std::string>& got) mutable {
    auto answer = got ? decode(*got) : expected<Response>{got.error()};
    if (answer)
      promise.deliver(pb<Response>{std::move(*answer)});
    else
      promise.deliver(std::move(answer.error()));
  };
  submit(self, std::move(what));
  return promise;
}

caf::result<pb<RangeResponse>> on_range(pointer self,
                                        const pb<RangeRequest>& request) {
  return ask<RangeResponse>(self, etcd::range_method, *request, false,
                            [request](std::string_view x) {
                              return etcd::decode_range(x, *request);
                            });
}

caf::result<pb<CompactResponse>> on_compact(pointer self,
                                            const pb<CompactRequest>& what) {
  return ask<CompactResponse>(
      self, etcd::compact_method, *what, true,
      [what](std::string_view x) { return etcd::decode_compact(x, *what); });
}

/// etcd says nothing of the lease that it ended.
caf::result<pb<LeaseResponse>> on_revoke(pointer self,
                                         const LeaseRevokeRequest& request) {
  auto name = [id = request.id()](std::string_view x) {
    auto result = etcd::decode_lease(x);
    if (result)
      result->set_id(id);
    return result;
  };
  return ask<LeaseResponse>(self, etcd::revoke_method, request, true, name);
}

// -- how it is ----------------------------------------------------------------

using status_promise = caf::typed_response_promise<pb<StatusResponse>>;

/// What there is to say without etcd.
StatusResponse own_status(const etcd_client_state& st, const caf::error& err) {
  StatusResponse result;
  result.set_watches(st.watches.size());
  if (err)
    result.add_errors(message_of(err));
  return result;
}

void add_members(pointer self, StatusResponse status, status_promise promise) {
  etcd_call what;
  what.method = etcd::members_method;
  what.done = [=](const expected<std::string>& got) mutable {
    auto err = got ? etcd::decode_members(*got, status) : got.error();
    if (err)
      status.add_errors(message_of(err));
    promise.deliver(pb<StatusResponse>{std::move(status)});
  };
  submit(self, std::move(what));
}

void ask_status(pointer self, status_promise promise) {
  etcd_call what;
  what.method = etcd::status_method;
  what.done = [=](const expected<std::string>& got) mutable {
    auto& st = self->state;
    auto answer =
        got ? etcd::decode_status(*got) : expected<StatusResponse>{got.error()};
    if (!answer) {
      promise.deliver(pb<StatusResponse>{own_status(st, answer.error())});
      return;
    }
    answer->MergeFrom(own_status(st, caf::none));
    add_members(self, std::move(*answer), promise);
  };
  submit(self, std::move(what));
}

caf::result<pb<StatusResponse>> on_status(pointer self) {
  auto promise = self->make_response_promise<pb<StatusResponse>>();
  auto answer = [self, promise]() mutable {
    auto& st = self->state;
    if (st.ready)
      ask_status(self, promise);
    else
      promise.deliver(pb<StatusResponse>{own_status(st, st.trouble)});
  };
  auto& st = self->state;
  // While not every server has been tried, the next one may answer.
  if (st.ready || st.failures >= st.setup.where.servers.size())
    answer();
  else
    st.when_known.push_back(answer);
  return promise;
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("server=" + etcd::name_of(st.setup.where, st.server));
  if (auto shared = st.feeds.find(st.shared); shared != st.feeds.end())
    result.add_facts("revision=" + std::to_string(shared->second.next - 1));
  result.add_facts("calls=" + std::to_string(st.calls.size()));
  result.add_facts("watches=" + std::to_string(st.watches.size()));
  result.add_facts("feeds=" + std::to_string(st.feeds.size()));
  if (st.trouble)
    result.add_facts("trouble=" + message_of(st.trouble));
  return result;
}

// -- streams ------------------------------------------------------------------

void on_heard(pointer self, const rpc_heard& what) {
  auto& st = self->state;
  if (st.watching && what.stream == st.watching_id)
    on_watch_page(self, what);
  else if (st.renewals && what.stream == st.renewals_id)
    on_renewal(self, what);
}

void on_ended(pointer self, const rpc_ended& what) {
  auto& st = self->state;
  if (st.watching && what.stream == st.watching_id)
    lose(self, st.connection, what.how);
  else if (st.renewals && what.stream == st.renewals_id)
    on_renewals_ended(self, what);
}

} // namespace

etcd_client_actor::behavior_type etcd_client(pointer self, etcd_setup setup) {
  self->state.setup = std::move(setup);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_watcher_down(self, down); });
  connect(self);
  return {
      [self](const pb<RangeRequest>& x) { return on_range(self, x); },
      [self](const pb<TxnRequest>& x) {
        return ask<TxnResponse>(self, etcd::txn_method, *x, true,
                                etcd::decode_txn);
      },
      [self](const pb<WatchRequest>& x, const store_watcher_actor& watcher) {
        on_watch(self, *x, watcher);
      },
      [self](const pb<WatchCredit>& x, const store_watcher_actor& watcher) {
        on_credit(self, *x, watcher);
      },
      [self](const pb<WatchCancel>& x, const store_watcher_actor& watcher) {
        on_cancel(self, *x, watcher);
      },
      [self](const pb<WatchProgress>& x, const store_watcher_actor& watcher) {
        on_progress(self, *x, watcher);
      },
      [self](const pb<LeaseGrantRequest>& x) {
        return ask<LeaseResponse>(self, etcd::grant_method, *x, true,
                                  etcd::decode_lease);
      },
      [self](const pb<LeaseRevokeRequest>& x) { return on_revoke(self, *x); },
      [self](const pb<LeaseKeepAliveRequest>& x) {
        return ask<LeaseResponse>(self, etcd::renew_method, *x, false,
                                  etcd::decode_renewal);
      },
      [self](const pb<LeaseTimeToLiveRequest>& x) {
        return ask<LeaseResponse>(self, etcd::lease_method, *x, false,
                                  etcd::decode_time_to_live);
      },
      [self](const pb<CompactRequest>& x) { return on_compact(self, x); },
      [self](const pb<StatusRequest>&) { return on_status(self); },
      [self](const rpc_answered& x) { on_answered(self, x); },
      [self](const rpc_heard& x) { on_heard(self, x); },
      [self](const rpc_ended& x) { on_ended(self, x); },
      [self](const pb<system::Tick>& x) { on_tick(self, x->number()); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec etcd_branch() {
  child_spec spec;
  spec.name = "replica";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    etcd_setup setup{ctx.config().etcd, ctx.outside().rpc,
                     [ctx] { return ctx.random(); }, ctx.config().store_group};
    return caf::actor_cast<caf::actor>(
        sys.spawn(etcd_client, std::move(setup)));
  };
  return branch("store", {}, {std::move(spec)});
}

} // namespace troupe
