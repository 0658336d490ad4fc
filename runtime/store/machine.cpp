#include "runtime/store/machine.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/staging.hpp"

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
                           std::pair{hash_key, &result->hash_}}) {
    auto number = (*from)->number(key);
    if (!number)
      return std::move(number.error());
    *mark = *number;
  }
  return result;
}

expected<outcome> machine::apply(const store_api::LogEntry& entry) {
  outcome out;
  out.index = entry.index();
  out.revision = revision_;
  out.compacted = compacted_;
  if (entry.index() <= applied_)
    return out;
  if (entry.index() != applied_ + 1)
    return make_error(ec::internal_error, "the store's log has a gap: entry "
                                              + std::to_string(entry.index())
                                              + " follows "
                                              + std::to_string(applied_));
  auto from = reading::of(state_);
  if (!from)
    return std::move(from.error());
  staging stage{**from, out, hash_};
  if (entry.type() == store_api::LogEntry::COMMANDS) {
    auto commands = read_payload(entry.payload());
    if (!commands)
      return std::move(commands.error());
    for (const auto& what : *commands)
      if (auto err = stage.run(what))
        return err;
  }
  auto& batch = stage.batch();
  auto hash = chain_hash(stage.hash(), encode_number(entry.index()));
  batch.Put(slice(applied_key), encode_number(entry.index()));
  batch.Put(slice(term_key), encode_number(entry.term()));
  batch.Put(slice(hash_key), encode_number(hash));
  if (out.revision != revision_)
    batch.Put(slice(revision_key), encode_number(out.revision));
  if (out.compacted != compacted_)
    batch.Put(slice(compacted_key), encode_number(out.compacted));
  if (auto err = state_->write(batch, false))
    return err;
  applied_ = entry.index();
  term_ = entry.term();
  hash_ = hash;
  revision_ = out.revision;
  compacted_ = out.compacted;
  return out;
}

caf::error machine::sync() {
  leveldb::WriteBatch batch;
  batch.Put(slice(applied_key), encode_number(applied_));
  return state_->write(batch, true);
}

} // namespace troupe::store
