#pragma once

#include "actors/system/calls.hpp"
#include "actors/system/selection_filter.hpp"
#include "actors/system/view_history.hpp"
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
///        down and go on from the last revision that they were told.
///
/// What was parsed of an object takes several times what its bytes do. It is
/// kept for a second, for those who ask again, and then let go.
///
/// A read waits for the store's present revision unless it says that any will
/// do (resource_version "0"), or that an older one is meant. A reader that is
/// slow slows only itself: what waits for it is bounded, and whoever fell
/// further behind, or begins at an older revision than the changes kept here,
/// is fed from the store's history until it has caught up. Only what the store
/// itself has given up is refused (Expired). While the store lives and refuses
/// (a full disk, damage), reads get its reason and readers wait.
using view_actor = api_actor
    // A while has passed since the store refused, or since objects were parsed.
    ::extend<caf::reacts_to<pb<system::Tick>>>
    // What happened in the store.
    ::extend_with<store_watcher_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// One reader's subscription.
struct view_reader {
  uint64_t number = 0; ///< readers are told in the order in which they came
  watcher_actor to;
  uint64_t stream = 0;
  selection_filter filter;
  bool bookmarks = false;     ///< wants to know how far the stream has come
  uint64_t sent = 0;          ///< sequence of the last batch
  uint64_t taken = 0;         ///< last acknowledged
  std::vector<object> first;  ///< what was there at the beginning
  size_t first_sent = 0;      ///< of those
  std::deque<change> pending; ///< what came then
  bool complete_due = false;  ///< `complete` has not been said yet
  bool reset_due = false;     ///< `reset` has not been said yet
  bool touched = false;       ///< has something since the last flush
  bool live = false;          ///< told by the view; else fed from history
  uint64_t from = 0;  ///< up to here it knows all, or has it in `pending`
  uint64_t told = 0;  ///< up to here it was told all
  uint64_t feed = 0;  ///< the store's watch that feeds it, 0 for none
  uint64_t owed = 0;  ///< events of that watch without new credit
  bool split = false; ///< the feed stands in the middle of a revision
};

/// What the view remembers between two messages.
struct view_state {
  static inline const char* name = "view";

  using reader_key = std::pair<caf::actor_addr, uint64_t>;

  struct by_number {
    bool operator()(const view_reader* a, const view_reader* b) const {
      return a->number < b->number;
    }
  };
  using reader_set = std::set<view_reader*, by_number>;

  struct waiting_read {
    uint64_t token;
    std::function<void()> answer;
  };

  std::unique_ptr<context> ctx;
  const kind_info* kind = nullptr;
  std::string prefix; ///< of this kind's keys in the store
  calls requests;
  store_actor store;
  bool seeking = false;    ///< asks the directory where it is
  uint64_t last_watch = 0; ///< of the store
  uint64_t watch = 0;      ///< number of the present store watch
  uint64_t revision = 0;   ///< everything up to here is known
  uint64_t swept = 0;      ///< revision of the last bookmarks
  bool loaded = false;
  std::map<std::string, object> objects; ///< by "namespace/name"
  std::unordered_map<std::string, std::set<std::string>>
      of_node; ///< keys of pods, by node
  view_history history;
  std::map<reader_key, std::unique_ptr<view_reader>> readers;
  uint64_t last_reader = 0;
  /// Live readers of one node's pods, by node; of one object, by its name;
  /// all others.
  std::unordered_map<std::string, reader_set> by_node;
  std::unordered_map<std::string, reader_set> by_name;
  reader_set others;
  std::map<uint64_t, view_reader*> feeds; ///< by store watch
  std::vector<view_reader*> touched;      ///< to be flushed
  std::set<caf::actor_addr> monitored;
  caf::error trouble;    ///< why the store refuses; none while it serves
  uint64_t refusals = 0; ///< number of the last one
  std::vector<std::function<void()>> at_load; ///< until there is all to read
  uint64_t last_token = 0;
  bool asked = false; ///< a progress request is on its way
  size_t shown = 0;   ///< objects that may have been parsed since the last time
  bool tidies = false; ///< is about to let go of what was parsed
  std::string tidied;  ///< objects up to this key are done; "" between times
  std::vector<waiting_read> reads;
};

view_actor::behavior_type view(view_actor::stateful_pointer<view_state> self,
                               context ctx, const kind_info* kind);

/// Returns the store's key of an object: "/registry/GROUP/PLURAL/NS/NAME".
std::string storage_key(const kind_info& kind, const std::string& ns,
                        const std::string& name);

} // namespace troupe
