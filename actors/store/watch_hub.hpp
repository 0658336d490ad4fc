#pragma once

#include "actors/store/applier.hpp"
#include "actors/store/local.hpp"
#include "actors/store/reader.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_interface.hpp"
#include "runtime/store/key_range.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <utility>

namespace troupe {

/// Tells each watcher every change of its range, in order, none twice, and no
/// more than it has credit for. Those that cannot keep up are not queued for:
/// they are fed from history by a reader until they have caught up. Where
/// nothing happens in a watch's range for long, it is told how far the store
/// has come, so that its watcher can go on from there later.
///
/// Hears: changes from the applier; watches, credit and requests for progress
///        from the replica; the end of watchers.
/// Says:  batches to watchers; to a reader, which part of history it needs.
/// After a restart: knows no watches; the replica went down with it, so every
///        watcher begins again where it was.
using watch_hub_actor = caf::typed_actor<
    // The state is open, or was exchanged, and stands here.
    caf::reacts_to<pb<store_api::Reached>>,
    caf::reacts_to<pb<store_api::WatchRequest>, store_watcher_actor>,
    caf::reacts_to<pb<store_api::WatchCredit>, store_watcher_actor>,
    caf::reacts_to<pb<store_api::WatchCancel>, store_watcher_actor>,
    caf::reacts_to<pb<store_api::WatchProgress>, store_watcher_actor>,
    // How many watches are there?
    caf::replies_to<pb<store_api::StatusRequest>>::with<
        pb<store_api::StatusResponse>>>
    // The next changes.
    ::extend_with<events_actor>
    // There will be none.
    ::extend_with<fault_listener_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// One watch.
struct store_watch {
  store_watcher_actor watcher;
  uint64_t id = 0;
  uint64_t serial = 0; ///< tells it from an earlier one of the same id
  store::key_range range{"", ""};
  bool want_previous = false;
  store::position next; ///< the first change it was not told
  uint64_t seen = 0;    ///< revision up to which its history was read
  uint64_t told = 0;    ///< revision that its last batch named
  uint64_t credit = 0;
  uint64_t number = 0;   ///< of its last batch
  bool live = false;     ///< told everything up to now
  bool reading = false;  ///< a reader looks up what comes next
  uint64_t progress = 0; ///< token to answer once it is live
};

/// What the hub remembers between two messages.
struct watch_hub_state {
  static inline const char* name = "watch_hub";

  using key = std::pair<caf::actor_addr, uint64_t>; ///< watcher, id

  uint64_t revision = 1; ///< of the last changes heard
  bool jumped = false;   ///< another state is there; the reader has it soon
  reader_actor history;
  uint64_t serials = 0;
  std::map<key, store_watch> watches;
  std::map<caf::actor_addr, size_t> watchers; ///< watches of each
};

/// Runs the hub; `history` reads for those who fell behind.
watch_hub_actor::behavior_type
watch_hub(watch_hub_actor::stateful_pointer<watch_hub_state> self,
          reader_actor history);

} // namespace troupe
