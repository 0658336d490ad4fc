#include "runtime/store/log.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/layout.hpp"

#include <leveldb/iterator.h>

#include <optional>
#include <string_view>
#include <utility>

namespace troupe::store {

namespace {

constexpr std::string_view start_key = "m/start";
constexpr std::string_view last_key = "m/last";
constexpr std::string_view vote_key = "m/vote";
constexpr std::string_view self_key = "m/self";
constexpr std::string_view group_key = "m/group";

leveldb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view view(const leveldb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

std::string entry_key(uint64_t index) {
  std::string out{"e"};
  append_fixed64(out, index);
  return out;
}

/// What stands in front of a checksum covers everything behind it and the key,
/// so that an entry in another one's place is found as well.
std::string seal(std::string_view key, std::string_view body) {
  std::string out;
  out.reserve(body.size() + 4);
  append_fixed32(out, crc32c(body, crc32c(key)));
  out.append(body);
  return out;
}

bool unseal(std::string_view key, std::string_view& raw) {
  uint32_t crc = 0;
  return take_fixed32(raw, crc) && crc == crc32c(raw, crc32c(key));
}

std::string encode_mark(std::string_view key, uint64_t a, uint64_t b,
                        std::string_view rest = {}) {
  std::string body;
  append_fixed64(body, a);
  append_fixed64(body, b);
  body.append(rest);
  return seal(key, body);
}

/// A mark: two numbers, and bytes behind them where `rest` is given.
caf::error read_mark(database& db, std::string_view key, uint64_t& a,
                     uint64_t& b, std::string* rest = nullptr) {
  std::string raw;
  auto found = db.get(key, raw);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return caf::none;
  std::string_view in = raw;
  if (!unseal(key, in) || !take_fixed64(in, a) || !take_fixed64(in, b)
      || (rest == nullptr && !in.empty()))
    return db.damaged("the mark " + std::string{key} + " is unreadable");
  if (rest != nullptr)
    *rest = in;
  return caf::none;
}

std::string encode(const raft::entry& entry) {
  std::string body;
  body.reserve(entry.bytes().size() + 9);
  append_fixed64(body, entry.at.term);
  body.push_back(static_cast<char>(entry.kind));
  body.append(entry.bytes());
  return seal(entry_key(entry.at.index), body);
}

std::optional<raft::entry> decode(std::string_view key, std::string_view raw) {
  raft::entry entry;
  if (!unseal(key, raw) || !take_fixed64(raw, entry.at.term) || raw.empty())
    return std::nullopt;
  key.remove_prefix(1);
  if (!take_fixed64(key, entry.at.index) || !key.empty())
    return std::nullopt;
  entry.kind = static_cast<raft::entry_kind>(raw.front());
  raw.remove_prefix(1);
  if (entry.kind > raft::entry_kind::change)
    return std::nullopt;
  if (!raw.empty())
    entry.data = std::make_shared<const std::string>(raw);
  return entry;
}

std::string number(uint64_t n) {
  return std::to_string(n);
}

} // namespace

log::log(std::shared_ptr<database> db) : db_(std::move(db)) {
  // nop
}

expected<std::unique_ptr<log>> log::open(std::shared_ptr<database> db) {
  std::unique_ptr<log> result{new log{std::move(db)}};
  if (auto err = result->load_marks())
    return err;
  if (auto err = result->load_entries())
    return err;
  if (auto err = result->check_end())
    return err;
  return result;
}

caf::error log::load_marks() {
  if (auto err = load_start())
    return err;
  start_ = restored_.start.at.index;
  written_ = restored_.start.at;
  if (auto err = read_mark(*db_, last_key, written_.index, written_.term))
    return err;
  last_ = written_.index;
  auto& hard = restored_.hard;
  if (auto err = read_mark(*db_, vote_key, hard.term, hard.voted_for))
    return err;
  if (auto err = read_mark(*db_, self_key, self_, state_))
    return err;
  uint64_t unused = 0;
  return read_mark(*db_, group_key, group_, unused);
}

caf::error log::load_start() {
  auto& start = restored_.start;
  std::string members;
  if (auto err =
          read_mark(*db_, start_key, start.at.index, start.at.term, &members))
    return err;
  // Before there were groups, none were noted.
  if (members.empty())
    return caf::none;
  auto decoded = raft::configuration::decode(members);
  if (!decoded)
    return db_->damaged("the members are unreadable");
  start.members =
      std::make_shared<const raft::configuration>(std::move(*decoded));
  return caf::none;
}

caf::error log::load_entries() {
  auto last = restored_.start.at;
  std::unique_ptr<leveldb::Iterator> it{
      db_->db().NewIterator(database::reading())};
  for (it->Seek(entry_key(last.index + 1)); it->Valid() && it->key()[0] == 'e';
       it->Next()) {
    auto entry = decode(view(it->key()), view(it->value()));
    if (!entry)
      return db_->damaged("an entry of the log fails its checksum");
    if (entry->at.index != last.index + 1)
      return db_->damaged("the log's entries " + number(last.index + 1) + " to "
                          + number(entry->at.index - 1) + " are missing");
    if (entry->at.term < last.term)
      return db_->damaged("the term of the log's entry "
                          + number(entry->at.index) + " goes backwards");
    last = entry->at;
    restored_.entries.push_back(std::move(*entry));
  }
  return db_->failure(it->status());
}

caf::error log::check_end() const {
  auto& entries = restored_.entries;
  auto found = entries.empty() ? restored_.start.at : entries.back().at;
  if (found != written_)
    return db_->damaged("the log ends at entry " + number(found.index)
                        + ", but entry " + number(written_.index)
                        + " was written");
  if (restored_.hard.term < written_.term)
    return db_->damaged("the log's term is older than its last entry");
  return caf::none;
}

// -- what is staged -----------------------------------------------------------

void log::found(raft::member_id self, const raft::configuration& members) {
  self_ = self;
  stage_state(state_);
  if (members.empty())
    return;
  auto& start = restored_.start;
  if (start.at.index == 0 && last_ == 0) {
    // The same for every founder, so that their logs agree from the beginning.
    start.at = {1, 1};
    restored_.hard = {1, 0};
    stage(restored_.hard);
  }
  start.members = std::make_shared<const raft::configuration>(members);
  stage(start, false);
}

void log::stage_group(uint64_t number) {
  group_ = number;
  batch_.Put(slice(group_key), encode_mark(group_key, group_, 0));
}

void log::stage_state(uint64_t number) {
  state_ = number;
  batch_.Put(slice(self_key), encode_mark(self_key, self_, state_));
}

caf::error log::stage(const raft::write& what) {
  if (what.start)
    stage(*what.start, what.reset);
  for (auto& entry : what.entries)
    if (auto err = stage(entry))
      return err;
  if (what.hard)
    stage(*what.hard);
  return caf::none;
}

void log::stage(const raft::snapshot_mark& start, bool reset) {
  auto& at = start.at;
  erase(start_ + 1, reset ? last_ : std::min(at.index, last_));
  start_ = at.index;
  if (reset || last_ < start_) {
    last_ = start_;
    stage_last(at);
  }
  batch_.Put(slice(start_key), encode_mark(start_key, at.index, at.term,
                                           start.members->encode()));
}

caf::error log::stage(const raft::entry& what) {
  auto index = what.at.index;
  if (index <= start_ || index > last_ + 1)
    return make_error(ec::internal_error, "entry " + number(index)
                                              + " does not follow the log's "
                                              + number(last_));
  erase(index + 1, last_);
  batch_.Put(entry_key(index), encode(what));
  last_ = index;
  stage_last(what.at);
  return caf::none;
}

void log::stage(const raft::hard_state& hard) {
  batch_.Put(slice(vote_key), encode_mark(vote_key, hard.term, hard.voted_for));
}

void log::stage_last(raft::position last) {
  batch_.Put(slice(last_key), encode_mark(last_key, last.index, last.term));
}

void log::erase(uint64_t first, uint64_t last) {
  for (auto i = first; i <= last; ++i)
    batch_.Delete(entry_key(i));
}

caf::error log::commit() {
  if (auto err = db_->write(batch_, true))
    return err;
  batch_.Clear();
  return caf::none;
}

caf::error check_fit(uint64_t applied, uint64_t start, uint64_t last) {
  if (applied > last)
    return make_damage("the log ends at entry " + number(last)
                       + ", but the state holds entries up to "
                       + number(applied));
  if (applied < start)
    return make_damage("the log begins after entry " + number(start)
                       + ", but the state holds entries up to "
                       + number(applied) + " only");
  return caf::none;
}

} // namespace troupe::store
