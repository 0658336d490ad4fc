#include "runtime/store/snapshot.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/layout.hpp"

#include <leveldb/write_batch.h>

#include <utility>

namespace troupe::store {

namespace {

constexpr size_t chunk_bytes = size_t{64} << 10;

uint64_t hash_of(const raft_api::SnapshotChunk& chunk) {
  auto hash = chunk.number();
  for (auto& x : chunk.pairs())
    hash = chain_hash(hash, x);
  return hash;
}

} // namespace

// -- from here ----------------------------------------------------------------

snapshot_source::snapshot_source(std::shared_ptr<database> state)
    : state_(std::move(state)), snapshot_(state_->db().GetSnapshot()) {
  auto options = database::reading(snapshot_);
  options.fill_cache = false;
  it_.reset(state_->db().NewIterator(options));
}

snapshot_source::~snapshot_source() {
  it_.reset();
  state_->db().ReleaseSnapshot(snapshot_);
}

expected<std::unique_ptr<snapshot_source>>
snapshot_source::open(std::shared_ptr<database> state) {
  std::unique_ptr<snapshot_source> result{
      new snapshot_source{std::move(state)}};
  if (auto err = result->load_mark())
    return err;
  return result;
}

expected<uint64_t> snapshot_source::number(std::string_view key) const {
  std::string raw;
  auto found = state_->get(key, raw, snapshot_);
  if (!found)
    return std::move(found.error());
  auto number = *found ? decode_number(raw) : std::optional<uint64_t>{0};
  if (!number)
    return state_->damaged(std::string{key} + " is no number");
  return *number;
}

caf::error snapshot_source::load_mark() {
  for (auto [key, mark] : {std::pair{applied_key, &mark_.at.index},
                           std::pair{term_key, &mark_.at.term}}) {
    auto found = number(key);
    if (!found)
      return std::move(found.error());
    *mark = *found;
  }
  std::string raw;
  auto found = state_->get(members_key, raw, snapshot_);
  if (!found)
    return std::move(found.error());
  auto members = raft::configuration::decode(raw);
  if (!*found || !members)
    return state_->damaged("the members are unreadable");
  mark_.members =
      std::make_shared<const raft::configuration>(std::move(*members));
  return caf::none;
}

expected<raft_api::SnapshotChunk>
snapshot_source::chunk(uint64_t number, const std::string& after) {
  if (number == 1) {
    it_->SeekToFirst();
  } else if (number != next_) {
    it_->Seek(after);
    if (it_->Valid() && it_->key() == leveldb::Slice{after})
      it_->Next();
  }
  raft_api::SnapshotChunk result;
  result.set_number(number);
  size_t bytes = 0;
  for (; it_->Valid() && bytes < chunk_bytes; it_->Next()) {
    result.add_pairs(it_->key().data(), it_->key().size());
    result.add_pairs(it_->value().data(), it_->value().size());
    bytes += it_->key().size() + it_->value().size();
  }
  if (!it_->status().ok())
    return state_->failure(it_->status());
  next_ = number + 1;
  result.set_last(!it_->Valid());
  result.set_hash(hash_of(result));
  return result;
}

// -- and there ----------------------------------------------------------------

snapshot_target::snapshot_target(std::shared_ptr<database> state)
    : state_(std::move(state)) {
  // nop
}

caf::error snapshot_target::take(const raft_api::SnapshotChunk& chunk) {
  if (complete_ || chunk.number() < next_)
    return caf::none;
  if (chunk.number() != next_ || chunk.pairs_size() % 2 != 0
      || chunk.hash() != hash_of(chunk))
    return make_error(ec::internal_error,
                      "a part of the store's state is not as it was sent");
  leveldb::WriteBatch batch;
  for (int i = 0; i + 1 < chunk.pairs_size(); i += 2)
    batch.Put(chunk.pairs(i), chunk.pairs(i + 1));
  if (auto err = state_->write(batch, false))
    return err;
  if (chunk.last())
    if (auto err = state_->sync())
      return err;
  if (chunk.pairs_size() > 0)
    last_ = chunk.pairs(chunk.pairs_size() - 2);
  ++next_;
  complete_ = chunk.last();
  return caf::none;
}

} // namespace troupe::store
