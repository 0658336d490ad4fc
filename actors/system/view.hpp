#pragma once

#include "actors/system/calls.hpp"
#include "actors/system/selection_filter.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_interface.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// Holds the newest objects of one kind and tells its readers what changes.
///
/// Hears: changes of its part of the store; gets, lists and watches from
///        sessions and registries; acknowledgements from readers.
/// Says:  answers; batches to readers, each reader under a window of its own.
/// After a restart: reads its part of the store anew. Its readers see it go
///        down and subscribe again.
///
/// A read waits for the store's present revision unless it says that any will
/// do (resource_version "0"). A reader that is slow slows only itself; one
/// that falls too far behind is told so (Expired) and begins anew.
using view_actor = api_actor
    // What happened in the store.
    ::extend_with<store_watcher_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the view remembers between two messages.
struct view_state {
  static inline const char* name = "view";

  /// One reader's subscription.
  struct reader {
    watcher_actor to;
    uint64_t stream = 0;
    selection_filter filter;
    uint64_t sent = 0;  ///< sequence of the last batch
    uint64_t taken = 0; ///< last acknowledged
    std::vector<change> pending;
    bool complete_due = false; ///< `complete` has not been said yet
    bool reset_due = false;    ///< `reset` has not been said yet
    bool touched = false;      ///< has something since the last flush
  };
  using reader_key = std::pair<caf::actor_addr, uint64_t>;

  struct past {
    uint64_t revision;
    change_type type;
    object now;
    object before;
  };

  struct waiting_read {
    uint64_t token;
    std::function<void()> answer;
  };

  std::unique_ptr<context> ctx;
  const kind_info* kind = nullptr;
  std::string prefix; ///< of this kind's keys in the store
  calls requests;
  store_actor store;
  uint64_t watch = 0;     ///< number of the present store watch
  uint64_t revision = 0;  ///< everything up to here is known
  uint64_t beginning = 0; ///< history older than this is not kept
  bool loaded = false;
  std::map<std::string, object> objects; ///< by "namespace/name"
  std::deque<past> history;
  std::map<reader_key, std::unique_ptr<reader>> readers;
  std::unordered_map<std::string, std::set<reader*>> by_node;
  std::set<reader*> others;
  std::set<caf::actor_addr> monitored;
  std::vector<std::function<void()>> at_load; ///< until the first load
  uint64_t last_token = 0;
  bool asked = false; ///< a progress request is on its way
  std::vector<waiting_read> reads;
};

view_actor::behavior_type view(view_actor::stateful_pointer<view_state> self,
                               context ctx, const kind_info* kind);

/// Returns the store's key of an object: "/registry/GROUP/PLURAL/NS/NAME".
std::string storage_key(const kind_info& kind, const std::string& ns,
                        const std::string& name);

} // namespace troupe
