#include "runtime/store/compaction.hpp"

#include "runtime/store/layout.hpp"
#include "runtime/store/reading.hpp"

#include <leveldb/iterator.h>
#include <leveldb/write_batch.h>

#include <string_view>

namespace troupe::store {

namespace {

std::string_view view(const leveldb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

/// Where the last step ended: everything before it is done.
expected<position> load_scrubbed(database& state) {
  std::string raw;
  auto found = state.get(scrubbed_key, raw);
  if (!found)
    return std::move(found.error());
  position at;
  std::string_view rest = raw;
  if (*found
      && (!take_fixed64(rest, at.revision) || !take_fixed32(rest, at.sub)))
    return state.damaged("the mark of the clean-up is unreadable");
  return at;
}

void forget(leveldb::WriteBatch& batch, std::string_view key, position at) {
  batch.Delete(history_key(at));
  batch.Delete(version_key(key, at));
}

} // namespace

expected<scrub_progress> scrub(const std::shared_ptr<database>& state,
                               size_t max_changes) {
  auto from = reading::of(state);
  if (!from)
    return std::move(from.error());
  auto at = load_scrubbed(*state);
  if (!at)
    return std::move(at.error());
  const auto compacted = (*from)->compacted();
  const position end{compacted + 1, 0};
  scrub_progress result;
  if (!(*at < end))
    return result;
  leveldb::WriteBatch batch;
  auto next = end;
  size_t seen = 0;
  auto options = database::reading();
  options.fill_cache = false;
  std::unique_ptr<leveldb::Iterator> it{state->db().NewIterator(options)};
  // Deletions of the last revision that was given up are left there, as it may
  // be asked for; now they go.
  position begin = *at;
  if (begin.sub == 0 && begin.revision > 0)
    --begin.revision;
  for (it->Seek(history_key(begin)); it->Valid(); it->Next()) {
    auto place = read_history_key(view(it->key()));
    if (!place || !(*place < end))
      break;
    auto again = *place < *at;
    if (!again && seen++ >= max_changes) {
      next = *place;
      result.done = false;
      break;
    }
    auto what = decode_change(view(it->value()));
    if (!what)
      return state->damaged("a change in history is unreadable");
    if (!again && what->previous.revision != 0) {
      forget(batch, what->key, what->previous);
      ++result.removed;
    }
    if (what->deleted && place->revision < compacted) {
      forget(batch, what->key, *place);
      ++result.removed;
    }
  }
  if (!it->status().ok())
    return state->failure(it->status());
  std::string mark;
  append_fixed64(mark, next.revision);
  append_fixed32(mark, next.sub);
  batch.Put(leveldb::Slice{scrubbed_key.data(), scrubbed_key.size()}, mark);
  if (auto err = state->write(batch, false))
    return err;
  return result;
}

caf::error reclaim(database& state) {
  // LevelDB leaves tables alone that nothing newer overlaps, with all that is
  // deleted in them: a table of two keys that never were overlaps all.
  leveldb::WriteBatch around;
  around.Delete("");
  around.Delete("\xff\xff");
  if (auto err = state.write(around, false))
    return err;
  state.db().CompactRange(nullptr, nullptr);
  return caf::none;
}

} // namespace troupe::store
