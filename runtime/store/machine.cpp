#include "runtime/store/machine.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/staging.hpp"

#include <algorithm>

namespace troupe::store {

namespace {

leveldb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

/// A new state gets its format; another one must have ours.
caf::error check_format(database& state) {
  std::string raw;
  auto found = state.get(format_key, raw);
  if (!found)
    return std::move(found.error());
  if (*found) {
    auto format = decode_number(raw);
    if (!format)
      return state.damaged("its format is unreadable");
    if (*format == format_version)
      return caf::none;
    return make_error(ec::internal_error,
                      "the store under " + state.path() + " has format "
                          + std::to_string(*format) + ", this program reads "
                          + std::to_string(format_version));
  }
  std::unique_ptr<leveldb::Iterator> it{
      state.db().NewIterator(database::reading())};
  it->SeekToFirst();
  if (it->Valid())
    return state.damaged("its format is missing");
  if (!it->status().ok())
    return state.failure(it->status());
  leveldb::WriteBatch batch;
  batch.Put(slice(format_key), encode_number(format_version));
  return state.write(batch, true);
}

} // namespace

machine::machine(std::shared_ptr<database> state) : state_(std::move(state)) {
  // nop
}

expected<std::unique_ptr<machine>>
machine::open(std::shared_ptr<database> state) {
  if (auto err = check_format(*state))
    return err;
  auto from = reading::of(state);
  if (!from)
    return std::move(from.error());
  std::unique_ptr<machine> result{new machine{std::move(state)}};
  result->revision_ = (*from)->revision();
  result->compacted_ = (*from)->compacted();
  for (auto [key, mark] : {std::pair{applied_key, &result->applied_},
                           std::pair{term_key, &result->term_},
                           std::pair{hash_key, &result->hash_},
                           std::pair{last_member_key, &result->last_member_}}) {
    auto number = (*from)->number(key);
    if (!number)
      return std::move(number.error());
    *mark = *number;
  }
  if (auto err = result->load_marks())
    return err;
  return result;
}

/// The marks that are no numbers.
caf::error machine::load_marks() {
  std::string raw;
  auto found = state_->get(alarms_key, raw);
  if (!found)
    return std::move(found.error());
  auto alarms = decode_alarms(*found ? std::string_view{raw} : "");
  if (!alarms)
    return state_->damaged("the alarms are unreadable");
  alarms_ = std::move(*alarms);
  found = state_->get(stopped_key, raw);
  if (!found)
    return std::move(found.error());
  if (*found && !raw.empty())
    stopped_ = stop_mark{raw.front() == '1', raw.substr(1)};
  return caf::none;
}

caf::error machine::stop(stop_mark why) {
  leveldb::WriteBatch batch;
  batch.Put(slice(stopped_key), (why.damaged ? "1" : "0") + why.reason);
  if (auto err = state_->write(batch, true))
    return err;
  stopped_ = std::move(why);
  return caf::none;
}

caf::error machine::found(const raft::snapshot_mark& start) {
  if (applied_ != 0)
    return caf::none;
  leveldb::WriteBatch batch;
  batch.Put(slice(applied_key), encode_number(start.at.index));
  batch.Put(slice(term_key), encode_number(start.at.term));
  put_members(batch, *start.members);
  if (auto err = state_->write(batch, false))
    return err;
  applied_ = start.at.index;
  term_ = start.at.term;
  return caf::none;
}

/// Remembers who takes part, and the greatest id that ever did.
void machine::put_members(leveldb::WriteBatch& batch,
                          const raft::configuration& members) {
  batch.Put(slice(members_key), members.encode());
  for (auto& x : members.members())
    last_member_ = std::max(last_member_, x.id);
  batch.Put(slice(last_member_key), encode_number(last_member_));
}

expected<outcome> machine::apply(const raft::entry& entry) {
  outcome out;
  out.index = entry.at.index;
  out.revision = revision_;
  out.compacted = compacted_;
  out.alarms = alarms_;
  if (entry.at.index <= applied_)
    return out;
  if (entry.at.index != applied_ + 1)
    return make_error(ec::internal_error, "the store's log has a gap: entry "
                                              + std::to_string(entry.at.index)
                                              + " follows "
                                              + std::to_string(applied_));
  auto from = reading::of(state_);
  if (!from)
    return std::move(from.error());
  staging stage{**from, out, hash_, entry.at.term};
  if (entry.kind == raft::entry_kind::commands) {
    auto commands = read_payload(entry.bytes());
    if (!commands)
      return std::move(commands.error());
    for (const auto& what : *commands)
      if (auto err = stage.run(what))
        return err;
  }
  auto& batch = stage.batch();
  if (entry.kind == raft::entry_kind::change) {
    auto members = raft::configuration::decode(entry.bytes());
    if (!members)
      return make_error(ec::internal_error,
                        "a change of the members is unreadable");
    put_members(batch, *members);
    // Who is no member any more needs no alarm.
    std::erase_if(out.alarms, [&](const alarm& x) {
      return members->find(x.second) == nullptr;
    });
  }
  auto hash = chain_hash(stage.hash(), encode_number(entry.at.index));
  batch.Put(slice(applied_key), encode_number(entry.at.index));
  batch.Put(slice(term_key), encode_number(entry.at.term));
  batch.Put(slice(hash_key), encode_number(hash));
  if (out.revision != revision_)
    batch.Put(slice(revision_key), encode_number(out.revision));
  if (out.alarms != alarms_)
    batch.Put(slice(alarms_key), encode(out.alarms));
  if (out.compacted != compacted_)
    batch.Put(slice(compacted_key), encode_number(out.compacted));
  if (auto err = state_->write(batch, false))
    return err;
  applied_ = entry.at.index;
  term_ = entry.at.term;
  hash_ = hash;
  out.hash = hash;
  revision_ = out.revision;
  compacted_ = out.compacted;
  alarms_ = out.alarms;
  return out;
}

caf::error machine::sync() {
  return state_->sync();
}

} // namespace troupe::store
