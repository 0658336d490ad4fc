#include "runtime/store/content_hash.hpp"

#include "runtime/store/crc32c.hpp"
#include "runtime/store/reading.hpp"

#include <string_view>
#include <utility>

namespace troupe::store {

namespace {

std::string_view view(const leveldb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

std::string numbers_of(const change& what, position at) {
  std::string out;
  for (auto number : {at.revision, uint64_t{at.sub}, what.create_revision,
                      what.version, what.lease})
    append_fixed64(out, number);
  return out;
}

} // namespace

content_hash::content_hash(std::shared_ptr<database> state)
    : state_(std::move(state)), snapshot_(state_->db().GetSnapshot()) {
  auto options = database::reading(snapshot_);
  options.fill_cache = false;
  it_.reset(state_->db().NewIterator(options));
  it_->Seek("v");
}

content_hash::~content_hash() {
  it_.reset();
  state_->db().ReleaseSnapshot(snapshot_);
}

expected<uint64_t> content_hash::number(std::string_view key) const {
  std::string raw;
  auto found = state_->get(key, raw, snapshot_);
  if (!found)
    return std::move(found.error());
  auto number = *found ? decode_number(raw) : std::optional<uint64_t>{0};
  if (!number)
    return state_->damaged(std::string{key} + " is no number");
  return *number;
}

expected<std::unique_ptr<content_hash>>
content_hash::open(std::shared_ptr<database> state, uint64_t revision) {
  std::unique_ptr<content_hash> result{new content_hash{std::move(state)}};
  auto now = result->number(revision_key);
  auto compacted = result->number(compacted_key);
  if (!now || !compacted)
    return std::move(!now ? now.error() : compacted.error());
  // An empty state stands at 1.
  auto present = std::max(*now, uint64_t{1});
  result->revision_ = revision == 0 ? present : revision;
  if (revision > present)
    return make_error(ec::bad_request,
                      "revision " + std::to_string(revision)
                          + " is in the future, the present one is "
                          + std::to_string(present));
  if (result->revision_ < *compacted)
    return make_compacted(revision, *compacted);
  return result;
}

// Versions of a key come newest first.
expected<bool> content_hash::step(size_t versions) {
  for (; it_->Valid() && it_->key().starts_with("v"); it_->Next()) {
    if (versions-- == 0)
      return false;
    auto version = read_version_key(view(it_->key()));
    if (!version)
      return state_->damaged("a version of a key is unreadable");
    if (version->key != key_) {
      key_ = version->key;
      settled_ = false;
    }
    if (settled_ || version->at.revision > revision_)
      continue;
    settled_ = true;
    if (it_->value() == leveldb::Slice{"1"})
      if (auto err = take(*version))
        return err;
  }
  if (!it_->status().ok())
    return state_->failure(it_->status());
  return true;
}

caf::error content_hash::take(const version_entry& version) {
  std::string raw;
  auto found = state_->get(history_key(version.at), raw, snapshot_);
  if (!found)
    return std::move(found.error());
  auto what = *found ? decode_change(raw) : std::nullopt;
  if (!what)
    return state_->damaged("the value of a key is missing from its history");
  hash_ = chain_hash(hash_, version.key);
  hash_ = chain_hash(hash_, numbers_of(*what, version.at));
  hash_ = chain_hash(hash_, what->value);
  ++keys_;
  return caf::none;
}

} // namespace troupe::store
