#pragma once

#include "actors/system/view.hpp"
#include "messages/call.pb.h"
#include "messages/store.pb.h"

#include <optional>

namespace troupe::meta::v1 {
class ListOptions;
} // namespace troupe::meta::v1

/// The parts of the view's actor: who reads, what is read, what the store
/// says.
namespace troupe::viewing {

using pointer = view_actor::stateful_pointer<view_state>;
using reader = view_reader;

/// Returns the node of a pod; "" for one without, and for other kinds. Reads
/// the bytes: what is parsed stays with its object, and a view parses nothing
/// that nobody asks for.
std::string node_of(const object& what);

/// Calls `visit` with the objects that a selection may choose, in order, those
/// of a node without looking at all others; until it returns false.
template <class Visit>
void each_candidate(const view_state& st, const selection_filter& filter,
                    const std::string& after, Visit visit) {
  auto& ns = filter.ns();
  auto node = st.kind->plural == "pods" ? filter.node() : std::nullopt;
  if (node && !node->empty()) {
    auto keys = st.of_node.find(*node);
    if (keys == st.of_node.end())
      return;
    for (auto i = keys->second.upper_bound(after); i != keys->second.end(); ++i)
      if (!visit(st.objects.at(*i)))
        return;
    return;
  }
  auto i = !after.empty() ? st.objects.upper_bound(after)
           : ns.empty()   ? st.objects.begin()
                          : st.objects.lower_bound(ns + "/");
  for (; i != st.objects.end() && (ns.empty() || i->second.ns() == ns); ++i)
    if (!visit(i->second))
      return;
}

// -- what was parsed (view_parsed.cpp) ---------------------------------------

/// So many objects were looked into, or handed to somebody who will.
void note_shown(pointer self, size_t count);
/// Lets go of what was parsed of some of them; of the rest soon.
void tidy(pointer self);

// -- readers (view_readers.cpp) ----------------------------------------------

/// Tells a new reader what is there, or, `after` a revision, what came then.
void add_reader(pointer self, std::unique_ptr<reader> fresh,
                std::optional<uint64_t> after);
void forget(pointer self, view_state::reader_key key);

/// Tells all readers that their stream has ended.
void end_all(pointer self, const caf::error& why);

void on_ack(pointer self, const call::Ack& ack, const watcher_actor& from);

/// Puts a change before the live readers, who get it with `flush_touched`.
void tell_readers(pointer self, const view_change& x);
void flush_touched(pointer self);

/// Tells readers who have heard nothing for long how far the stream has come.
void send_bookmarks(pointer self);

// -- who is fed from history (view_feeds.cpp) --------------------------------

/// Helps a reader on that is not live and has nothing to send.
void advance(pointer self, reader& r);
void close_feed(pointer self, reader& r);

/// Returns false when the batch is of no feed.
bool on_feed(pointer self, const store_api::WatchBatch& batch);

/// The store went down, and is there again.
void feeds_lost(pointer self);
void feeds_resume(pointer self);

/// Makes a reader live that knows all up to where the view's own changes
/// begin.
void join(pointer self, reader& r);
void flush(pointer self, reader& r);
void end_stream(pointer self, reader& r, const caf::error& why);

// -- get and list (view_reads.cpp) -------------------------------------------

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const pb<call::Request>& msg);

/// Refuses what cannot be asked of a list or a watch.
caf::error check_options(const meta::v1::ListOptions& options);

/// Returns nothing for "", fails for what is no number.
expected<std::optional<uint64_t>> parse_version(const std::string& version);

/// Runs a read when the view has reached the store's present revision, or the
/// one that it asks for; with an error when that is yet to come, or when the
/// store refuses, unless it `waits` for better times.
void when_fresh(pointer self, std::optional<uint64_t> version, bool waits,
                std::function<void(const caf::error&)> read);

// -- the store (view_store.cpp) ----------------------------------------------

void find_store(pointer self);
/// The store went down, and is forgotten already.
void store_lost(pointer self);
/// Time to ask a store again that refused, or to tidy up.
void on_tick(pointer self, const system::Tick& tick);
void on_batch(pointer self, const store_api::WatchBatch& batch);

/// Asks the store for its present revision, once for all who wait now.
void ask_progress(pointer self);

/// Puts an object in its place, or takes it away.
void keep(view_state& st, const std::string& key, const object& what);
void drop(view_state& st, const std::string& key);

/// Reads what a key of the store holds; none when it is no object.
object parse(const view_state& st, const store_api::KeyValue& kv);

} // namespace troupe::viewing
