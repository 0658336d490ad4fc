#include "actors/etcd/etcd_steps.hpp"
#include "messages/system.pb.h"
#include "runtime/etcd/wire.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

// One connection at a time, to the first server that answers.
namespace troupe::etcd_steps {

namespace {

using namespace std::chrono_literals;
using namespace store_api;

/// How long a request may take, as etcd's own; how long a server may.
constexpr auto patience = 7s;
constexpr auto probe_patience = 2s;
/// Between two rounds of all servers; doubles.
constexpr auto first_pause = 100ms;
constexpr auto longest_pause = 2'000ms;
constexpr auto look_every = 500ms;
constexpr auto shortest_life = 1s;

void tick_after(pointer self, std::chrono::milliseconds pause,
                uint64_t number) {
  system::Tick tick;
  tick.set_number(number);
  self->delayed_send(self, pause, pb<system::Tick>{std::move(tick)});
}

/// Looks again and again for who waits too long, while somebody waits.
void keep_time(pointer self) {
  if (!std::exchange(self->state.timing, true))
    tick_after(self, look_every, 0);
}

/// After a round of failures, a longer and longer pause; up to half of it is
/// chance, so that not all who lost one server come back at once.
std::chrono::milliseconds pause_of(etcd_client_state& st) {
  auto rounds = st.failures / st.setup.where.servers.size();
  if (st.failures % st.setup.where.servers.size() != 0 || rounds == 0)
    return 0ms;
  auto pause = std::min<std::chrono::milliseconds>(
      longest_pause, first_pause * (1 << std::min<size_t>(rounds - 1, 8)));
  auto half = static_cast<uint64_t>(pause.count() / 2);
  return pause - std::chrono::milliseconds(st.setup.entropy() % (half + 1));
}

void tell_known(pointer self) {
  for (auto& f : std::exchange(self->state.when_known, {}))
    f();
}

std::string here(const etcd_client_state& st) {
  return etcd::name_of(st.setup.where, st.server);
}

/// Goes to the next server, at once or after a pause.
void go_on(pointer self, std::chrono::milliseconds pause) {
  auto& st = self->state;
  st.server = (st.server + 1) % st.setup.where.servers.size();
  tick_after(self, pause, ++st.connection);
}

void failed(pointer self, caf::error why) {
  auto& st = self->state;
  st.channel.reset();
  st.trouble = std::move(why);
  ++st.failures;
  go_on(self, pause_of(st));
  if (st.failures >= st.setup.where.servers.size())
    tell_known(self);
}

std::function<void(rpc::status, std::string)> answer_to(pointer self,
                                                        uint64_t call) {
  return [call, me = caf::actor_cast<caf::actor>(self)](rpc::status how,
                                                        std::string body) {
    caf::anon_send(me, rpc_answered{call, std::move(how), std::move(body)});
  };
}

void start(pointer self, etcd_call what) {
  auto& st = self->state;
  what.connection = st.connection;
  what.begun = self->clock().now();
  if (std::string_view{what.method} == etcd::renew_method) {
    renew(self, std::move(what));
    return;
  }
  auto id = ++st.last_id;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
      patience - (what.begun - what.since));
  if (what.brief)
    left = std::min<std::chrono::milliseconds>(left, probe_patience);
  st.channel->call(what.method, what.request, left, answer_to(self, id));
  st.calls.emplace(id, std::move(what));
}

void connected(pointer self, uint64_t revision) {
  auto& st = self->state;
  auto feed = st.feeds.find(st.shared);
  if (feed != st.feeds.end() && feed->second.next > revision + 1) {
    // Restored from a backup: nobody knows what they know.
    self->quit(
        make_error(ec::internal_error,
                   "etcd at " + here(st) + " has forgotten what it told"));
    return;
  }
  st.ready = true;
  st.failures = 0;
  st.since = self->clock().now();
  st.trouble = caf::none;
  for (auto& what : std::exchange(st.waiting, {}))
    start(self, std::move(what));
  resume_feeds(self);
  tell_known(self);
}

void refused(pointer self, const caf::error& why) {
  auto& st = self->state;
  auto code = is(why, ec::forbidden) ? ec::forbidden : ec::unauthorized;
  auto err = make_error(code, "etcd at " + here(st)
                                  + " refuses us: " + message_of(why));
  for (auto& x : std::exchange(st.waiting, {}))
    x.done(err);
  failed(self, std::move(err));
}

const std::string owner_key = "/troupe/cluster";

/// Asks whose state it is, and says ours where nobody has said so.
TxnRequest claim(uint64_t cluster) {
  auto result = put_request(owner_key, std::to_string(cluster));
  auto& absent = *result.add_compares();
  absent.set_key(owner_key);
  absent.set_target(Compare::VERSION);
  result.add_otherwise()->mutable_range()->set_key(owner_key);
  return result;
}

/// The revision there, if the state is that cluster's.
expected<uint64_t> read_claim(std::string_view answer, uint64_t cluster) {
  auto done = etcd::decode_txn(answer);
  if (!done)
    return std::move(done.error());
  if (done->succeeded())
    return done->revision();
  auto& there = done->results(0).range().kvs();
  if (there.size() == 1 && there[0].value() == std::to_string(cluster))
    return done->revision();
  return make_error(ec::forbidden,
                    "it keeps the state of another cluster, and this one needs "
                    "an etcd of its own. If that cluster is gone for good, "
                    "`etcdctl del "
                        + owner_key + "` there lets this one take over");
}

void on_probed(pointer self, const expected<std::string>& got) {
  auto cluster = self->state.setup.cluster;
  expected<uint64_t> revision{caf::sec::runtime_error};
  if (!got)
    revision = got.error();
  else if (cluster != 0)
    revision = read_claim(*got, cluster);
  else
    revision = etcd::decode_revision(*got);
  if (revision)
    connected(self, *revision);
  else if (is(revision.error(), ec::forbidden)
           || is(revision.error(), ec::unauthorized))
    refused(self, revision.error());
  else
    failed(self, make_error(ec::service_unavailable,
                            "etcd at " + here(self->state) + " does not serve: "
                                + message_of(revision.error())));
}

/// Makes a call, or has it wait for a connection.
void again(pointer self, etcd_call what) {
  if (self->state.ready) {
    start(self, std::move(what));
    return;
  }
  self->state.waiting.push_back(std::move(what));
  keep_time(self);
}

void probe(pointer self) {
  auto& st = self->state;
  etcd_call what;
  what.probe = true;
  what.done = [self, mine = st.connection](const expected<std::string>& got) {
    if (mine == self->state.connection)
      on_probed(self, got);
  };
  auto id = ++st.last_id;
  st.calls.emplace(id, std::move(what));
  auto cluster = st.setup.cluster;
  auto* method = cluster != 0 ? etcd::txn_method : etcd::range_method;
  st.channel->call(method,
                   cluster != 0 ? etcd::encode(claim(cluster))
                                : etcd::encode_probe(),
                   probe_patience, answer_to(self, id));
}

} // namespace

void connect(pointer self) {
  auto& st = self->state;
  auto to = etcd::endpoint_of(st.setup.where, st.server);
  if (!to) {
    failed(self, to.error());
    return;
  }
  st.channel = st.setup.edge->connect(*to);
  probe(self);
}

void submit(pointer self, etcd_call what) {
  what.since = self->clock().now();
  again(self, std::move(what));
}

void lose(pointer self, uint64_t connection, const rpc::status& why) {
  auto& st = self->state;
  if (!st.ready || connection != st.connection)
    return;
  st.ready = false;
  st.trouble = make_error(ec::service_unavailable,
                          "lost etcd at " + here(st) + ": " + why.message);
  st.channel.reset();
  st.watching.reset();
  take_back_renewals(self);
  // One that breaks as soon as it is made is not made again in haste.
  auto brief = self->clock().now() - st.since < shortest_life;
  go_on(self, brief ? longest_pause / 4 : 0ms);
  if (!st.waiting.empty())
    keep_time(self);
}

void on_answered(pointer self, const rpc_answered& what) {
  auto& st = self->state;
  auto i = st.calls.find(what.call);
  if (i == st.calls.end())
    return;
  auto call = std::move(i->second);
  st.calls.erase(i);
  if (what.how.ok()) {
    call.done(what.body);
    return;
  }
  if (!call.probe && etcd::is_elsewhere(what.how)) {
    auto now = self->clock().now();
    // Of one that had little time left its lateness says nothing.
    if (what.how.code != rpc::code::deadline_exceeded
        || now - call.begun >= probe_patience)
      lose(self, call.connection, what.how);
    auto late = now - call.since >= patience;
    if (!late && (!call.change || !what.how.sent)) {
      again(self, std::move(call));
      return;
    }
  }
  call.done(etcd::to_error(what.how, call.change));
}

void on_tick(pointer self, uint64_t number) {
  auto& st = self->state;
  if (number != 0) {
    if (number == st.connection && !st.ready && !st.channel)
      connect(self);
    return;
  }
  st.timing = false;
  auto begin = self->clock().now() - patience;
  auto kept = std::stable_partition(st.waiting.begin(), st.waiting.end(),
                                    [&](auto& x) { return x.since <= begin; });
  std::vector<etcd_call> late{std::make_move_iterator(st.waiting.begin()),
                              std::make_move_iterator(kept)};
  st.waiting.erase(st.waiting.begin(), kept);
  // An answer that does not come in order never comes: the stream is dead.
  if (!st.renewing.empty() && st.renewing.front().since <= begin)
    lose(self, st.connection,
         {rpc::code::unavailable, "renewals are not answered", true});
  for (auto& x : late)
    x.done(st.trouble ? st.trouble
                      : make_error(ec::timeout, "etcd does not answer"));
  if (!st.waiting.empty() || !st.renewing.empty())
    keep_time(self);
}

void with_revision(pointer self, etcd_client_state::revision_user use) {
  auto& st = self->state;
  st.revision_next.push_back(std::move(use));
  if (!st.revision_asked.empty())
    return;
  st.revision_asked = std::exchange(st.revision_next, {});
  etcd_call what;
  what.method = etcd::range_method;
  what.request = etcd::encode_probe();
  what.brief = true;
  what.done = [self](const expected<std::string>& got) {
    expected<uint64_t> revision{got ? etcd::decode_revision(*got)
                                    : expected<uint64_t>{got.error()}};
    for (auto& f : std::exchange(self->state.revision_asked, {}))
      f(revision);
    if (!self->state.revision_next.empty()) {
      auto last = std::move(self->state.revision_next.back());
      self->state.revision_next.pop_back();
      with_revision(self, std::move(last));
    }
  };
  submit(self, std::move(what));
}

} // namespace troupe::etcd_steps
