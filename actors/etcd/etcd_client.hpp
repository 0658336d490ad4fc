#pragma once

#include "actors/etcd/etcd_parts.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_interface.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace troupe {

/// A store that an etcd keeps: says in etcd's words what is asked in the
/// store's, to one of etcd's servers at a time. Whoever watches does not notice
/// when that is another one: one watch of everything, which goes on from its
/// last revision, feeds all of them.
///
/// Hears: all that clients ask of a store; what comes from etcd, through the
///        edge; its own timers.
/// Says:  calls to the edge; answers; batches to watchers.
/// After a restart: knows no watches, and connects anew; whoever asked the old
///        one saw it go down. What is in etcd is all there is to know.
using etcd_client_actor = store_actor
    // A call ended.
    ::extend<caf::reacts_to<rpc_answered>>
    // A stream brought something.
    ::extend<caf::reacts_to<rpc_heard>>
    // A stream ended.
    ::extend<caf::reacts_to<rpc_ended>>
    // Try to connect, or look for who waited too long.
    ::extend<caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the client remembers between two messages.
struct etcd_client_state {
  static inline const char* name = "etcd_client";

  using watch_key = std::pair<caf::actor_addr, uint64_t>; ///< watcher, id
  using revision_user = std::function<void(const expected<uint64_t>&)>;

  etcd_setup setup;

  // The connection.
  std::unique_ptr<rpc::channel> channel;
  bool ready = false;
  size_t server = 0;       ///< whom we talk to, or try to
  uint64_t connection = 0; ///< number of this try; what is of others is stale
  size_t failures = 0;     ///< tries in a row that failed
  caf::actor_clock::time_point since{};          ///< of the connection
  caf::error trouble;                            ///< why the last one did
  std::vector<std::function<void()>> when_known; ///< it is ready or in trouble

  // Calls.
  uint64_t last_id = 0;                ///< of calls and streams
  std::map<uint64_t, etcd_call> calls; ///< under way
  std::vector<etcd_call> waiting;      ///< for a connection
  std::unique_ptr<rpc::stream> renewals;
  uint64_t renewals_id = 0;
  std::deque<etcd_call> renewing; ///< in the order they were sent
  bool timing = false;            ///< a tick will look for who waits too long

  // The present revision, asked for once for all who want it.
  std::vector<revision_user> revision_next;
  std::vector<revision_user> revision_asked;

  // Watches.
  std::unique_ptr<rpc::stream> watching;
  uint64_t watching_id = 0;
  uint64_t last_feed = 0;
  std::map<uint64_t, etcd_feed> feeds; ///< by etcd's number
  uint64_t shared = 0;                 ///< the feed of all who are up to date
  uint64_t serials = 0;
  std::map<watch_key, etcd_watch> watches;
  std::map<caf::actor_addr, size_t> watchers; ///< watches of each
};

/// Runs the client and begins to connect.
etcd_client_actor::behavior_type
etcd_client(etcd_client_actor::stateful_pointer<etcd_client_state> self,
            etcd_setup setup);

/// Returns the branch `store` of a tree whose state is in the etcd that the
/// configuration names. The store is at `store/replica`, as it always is.
child_spec etcd_branch();

} // namespace troupe
