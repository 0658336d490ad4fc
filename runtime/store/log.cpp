#include "runtime/store/log.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/layout.hpp"

#include <leveldb/iterator.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace troupe::store {

namespace {

constexpr std::string_view start_key = "m/start";
constexpr std::string_view last_key = "m/last";
constexpr std::string_view vote_key = "m/vote";

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

std::string encode_pair(std::string_view key, uint64_t a, uint64_t b) {
  std::string body;
  append_fixed64(body, a);
  append_fixed64(body, b);
  return seal(key, body);
}

caf::error read_pair(database& db, std::string_view key, uint64_t& a,
                     uint64_t& b) {
  std::string raw;
  auto found = db.get(key, raw);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return caf::none;
  std::string_view rest = raw;
  if (!unseal(key, rest) || !take_fixed64(rest, a) || !take_fixed64(rest, b))
    return db.damaged("the mark " + std::string{key} + " is unreadable");
  return caf::none;
}

std::string encode(const store_api::LogEntry& entry) {
  std::string body;
  body.reserve(entry.payload().size() + 9);
  append_fixed64(body, entry.term());
  body.push_back(static_cast<char>(entry.type()));
  body.append(entry.payload());
  return seal(entry_key(entry.index()), body);
}

std::optional<store_api::LogEntry> decode(std::string_view key,
                                          std::string_view raw) {
  store_api::LogEntry entry;
  uint64_t term = 0;
  uint64_t index = 0;
  if (!unseal(key, raw) || !take_fixed64(raw, term) || raw.empty())
    return std::nullopt;
  key.remove_prefix(1);
  if (!take_fixed64(key, index) || !key.empty()
      || !store_api::LogEntry::Type_IsValid(raw.front()))
    return std::nullopt;
  entry.set_index(index);
  entry.set_term(term);
  entry.set_type(static_cast<store_api::LogEntry::Type>(raw.front()));
  raw.remove_prefix(1);
  entry.set_payload(raw.data(), raw.size());
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
  if (auto err = result->check_entries())
    return err;
  return result;
}

caf::error log::load_marks() {
  if (auto err = read_pair(*db_, start_key, start_, start_term_))
    return err;
  last_ = start_;
  last_term_ = start_term_;
  if (auto err = read_pair(*db_, last_key, last_, last_term_))
    return err;
  return read_pair(*db_, vote_key, hard_.term, hard_.voted_for);
}

caf::error log::check_entries() {
  auto index = start_;
  auto term = start_term_;
  auto err = read(start_ + 1, [&](const store_api::LogEntry& entry) {
    if (entry.index() != index + 1)
      return db_->damaged("the log's entries " + number(index + 1) + " to "
                          + number(entry.index() - 1) + " are missing");
    if (entry.term() < term)
      return db_->damaged("the term of the log's entry " + number(entry.index())
                          + " goes backwards");
    index = entry.index();
    term = entry.term();
    return caf::error{};
  });
  if (err)
    return err;
  if (index != last_ || term != last_term_)
    return db_->damaged("the log ends at entry " + number(index)
                        + ", but entry " + number(last_) + " was written");
  if (hard_.term < last_term_)
    return db_->damaged("the log's term is older than its last entry");
  return caf::none;
}

caf::error
log::read(uint64_t first,
          const std::function<caf::error(store_api::LogEntry)>& visit) const {
  std::unique_ptr<leveldb::Iterator> it{
      db_->db().NewIterator(database::reading())};
  for (it->Seek(entry_key(first)); it->Valid() && it->key()[0] == 'e';
       it->Next()) {
    auto entry = decode(view(it->key()), view(it->value()));
    if (!entry)
      return db_->damaged("an entry of the log fails its checksum");
    if (auto err = visit(std::move(*entry)))
      return err;
  }
  return db_->failure(it->status());
}

caf::error log::stage(const store_api::LogEntry& entry) {
  if (entry.index() <= start_ || entry.index() > last_ + 1)
    return make_error(ec::internal_error, "entry " + number(entry.index())
                                              + " does not follow the log's "
                                              + number(last_));
  for (auto stale = entry.index() + 1; stale <= last_; ++stale)
    batch_.Delete(entry_key(stale));
  batch_.Put(entry_key(entry.index()), encode(entry));
  last_ = entry.index();
  last_term_ = entry.term();
  batch_.Put(slice(last_key), encode_pair(last_key, last_, last_term_));
  if (hard_.term < last_term_)
    stage(hard_state{last_term_, 0});
  return caf::none;
}

void log::stage(const hard_state& hard) {
  hard_ = hard;
  batch_.Put(slice(vote_key), encode_pair(vote_key, hard.term, hard.voted_for));
}

void log::stage_trim(uint64_t index) {
  index = std::min(index, last_);
  if (index <= start_)
    return;
  std::string raw;
  auto key = entry_key(index);
  auto found = db_->get(key, raw);
  if (!found || !*found)
    return; // not written yet, or unreadable: kept, and told at opening
  auto entry = decode(key, raw);
  if (!entry)
    return;
  for (auto i = start_ + 1; i <= index; ++i)
    batch_.Delete(entry_key(i));
  start_ = index;
  start_term_ = entry->term();
  batch_.Put(slice(start_key), encode_pair(start_key, start_, start_term_));
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
