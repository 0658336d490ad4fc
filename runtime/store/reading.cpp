#include "runtime/store/reading.hpp"

#include "runtime/store/range_answer.hpp"

#include <leveldb/iterator.h>

#include <algorithm>

namespace troupe::store {

namespace {

using store_api::KeyValue;
using store_api::RangeRequest;
using store_api::RangeResponse;

std::string_view view(const leveldb::Slice& slice) {
  return {slice.data(), slice.size()};
}

leveldb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

} // namespace

caf::error make_compacted(uint64_t asked, uint64_t compacted) {
  return make_error(ec::expired, "revision " + std::to_string(asked)
                                     + " is compacted away, history begins at "
                                     + std::to_string(compacted));
}

reading::reading(std::shared_ptr<database> state)
    : state_(std::move(state)), snapshot_(state_->db().GetSnapshot()) {
  // nop
}

reading::~reading() {
  state_->db().ReleaseSnapshot(snapshot_);
}

expected<std::shared_ptr<reading>>
reading::of(const std::shared_ptr<database>& state) {
  std::shared_ptr<reading> result{new reading{state}};
  auto revision = result->number(revision_key);
  if (!revision)
    return std::move(revision.error());
  auto compacted = result->number(compacted_key);
  if (!compacted)
    return std::move(compacted.error());
  // An empty store stands at revision 1, as etcd's does: 0 means "now" in
  // requests and must never name a state.
  result->revision_ = std::max<uint64_t>(*revision, 1);
  result->compacted_ = *compacted;
  return result;
}

expected<uint64_t> reading::number(std::string_view key) const {
  std::string raw;
  auto found = state_->get(key, raw, snapshot_);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return uint64_t{0};
  auto number = decode_number(raw);
  if (!number)
    return state_->damaged(std::string{key} + " is no number");
  return *number;
}

caf::error reading::failure(const leveldb::Status& status) const {
  return state_->failure(status);
}

std::unique_ptr<leveldb::Iterator> reading::iterate() const {
  auto options = database::reading(snapshot_);
  options.fill_cache = false;
  return std::unique_ptr<leveldb::Iterator>{state_->db().NewIterator(options)};
}

expected<std::optional<key_meta>> reading::current(std::string_view key) const {
  std::string raw;
  auto found = state_->get(current_key(key), raw, snapshot_);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return std::optional<key_meta>{};
  auto meta = decode_meta(raw);
  if (!meta)
    return state_->damaged("a current key is unreadable");
  return meta;
}

expected<std::optional<KeyValue>> reading::at(position place) const {
  std::string raw;
  auto found = state_->get(history_key(place), raw, snapshot_);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return std::optional<KeyValue>{};
  auto what = decode_change(raw);
  if (!what)
    return state_->damaged("a change in history is unreadable");
  KeyValue kv;
  kv.set_key(what->key.data(), what->key.size());
  kv.set_value(what->value.data(), what->value.size());
  kv.set_create_revision(what->create_revision);
  kv.set_mod_revision(place.revision);
  kv.set_version(what->version);
  kv.set_lease(what->lease);
  return std::optional<KeyValue>{std::move(kv)};
}

caf::error reading::each_current(const key_range& range,
                                 const staged_keys& staged,
                                 const visitor& visit) const {
  auto over = staged.lower_bound(range.begin());
  auto over_live = [&] {
    return over != staged.end() && !range.past(over->first);
  };
  auto visit_staged = [&] {
    const auto& [key, entry] = *over++;
    return !entry.meta || visit(key, *entry.meta, &entry.value);
  };
  auto it = iterate();
  for (it->Seek(current_key(range.begin())); it->Valid(); it->Next()) {
    auto raw = view(it->key());
    if (raw.front() != 'k')
      break;
    auto key = raw.substr(1);
    if (range.past(key))
      break;
    while (over_live() && over->first < key)
      if (!visit_staged())
        return caf::none;
    if (over_live() && over->first == key) {
      if (!visit_staged())
        return caf::none;
      continue;
    }
    auto meta = decode_meta(view(it->value()));
    if (!meta)
      return state_->damaged("a current key is unreadable");
    if (!visit(key, *meta, nullptr))
      return caf::none;
  }
  while (over_live())
    if (!visit_staged())
      return caf::none;
  return state_->failure(it->status());
}

expected<RangeResponse> reading::range(const RangeRequest& request) const {
  if (request.revision() > revision_)
    return make_error(ec::bad_request,
                      "revision: " + std::to_string(request.revision())
                          + " is in the future, the present one is "
                          + std::to_string(revision_));
  if (request.revision() != 0 && request.revision() < compacted_)
    return make_compacted(request.revision(), compacted_);
  if (request.revision() == 0 || request.revision() == revision_)
    return range(request, staged_keys{}, revision_);
  return range_before(request);
}

expected<RangeResponse> reading::range(const RangeRequest& request,
                                       const staged_keys& staged,
                                       uint64_t now) const {
  range_answer result{*this, request};
  key_range range{request.key(), request.range_end()};
  if (range.single() && staged.empty()) {
    auto meta = current(request.key());
    if (!meta)
      return std::move(meta.error());
    if (*meta)
      result.take(request.key(), **meta, nullptr);
    return result.finish(caf::none, now);
  }
  auto reason = each_current(
      range, staged,
      [&](std::string_view key, const key_meta& meta,
          const std::string* value) { return result.take(key, meta, value); });
  return result.finish(std::move(reason), now);
}

expected<RangeResponse>
reading::range_before(const RangeRequest& request) const {
  range_answer result{*this, request};
  key_range range{request.key(), request.range_end()};
  auto it = iterate();
  // Versions of a key lie newest first, so a seek to (key, revision) meets the
  // one that was current then.
  auto prefix = version_prefix(range.begin());
  for (it->Seek(slice(prefix)); it->Valid();) {
    if (it->key()[0] != 'v')
      break;
    auto entry = read_version_key(view(it->key()));
    if (!entry)
      return state_->damaged("a version of a key is unreadable");
    if (range.past(entry->key))
      break;
    if (entry->at.revision > request.revision()) {
      it->Seek(
          version_key(entry->key, position{request.revision(), UINT32_MAX}));
      continue;
    }
    bool tombstone = it->value() == "2";
    if (!tombstone) {
      auto kv = at(entry->at);
      if (!kv)
        return std::move(kv.error());
      if (!*kv)
        return state_->damaged("a version of a key is missing");
      key_meta meta{entry->at, (**kv).create_revision(), (**kv).version(),
                    (**kv).lease()};
      if (!result.take(entry->key, meta, &(**kv).value()))
        break;
    }
    it->Seek(version_key(entry->key, position{}) + '\xff');
  }
  return result.finish(state_->failure(it->status()), request.revision());
}

expected<history_page> reading::history(const history_request& request) const {
  history_page page;
  page.next = request.from;
  if (request.from.revision < compacted_) {
    page.compacted = compacted_;
    return page;
  }
  auto it = iterate();
  size_t bytes = 0;
  size_t scanned = 0;
  for (it->Seek(history_key(request.from)); it->Valid(); it->Next()) {
    auto place = read_history_key(view(it->key()));
    if (!place)
      break;
    page.next = *place;
    if (page.events.size() >= request.max_events || bytes >= request.max_bytes
        || scanned++ >= request.max_scanned)
      return page;
    auto what = decode_change(view(it->value()));
    if (!what)
      return state_->damaged("a change in history is unreadable");
    if (request.range.contains(what->key)) {
      bytes += what->key.size() + what->value.size();
      auto& event = page.events.emplace_back().event;
      page.events.back().at = *place;
      event.set_type(what->deleted ? store_api::Event::DELETE
                                   : store_api::Event::PUT);
      auto& kv = *event.mutable_kv();
      kv.set_key(what->key.data(), what->key.size());
      kv.set_value(what->value.data(), what->value.size());
      kv.set_create_revision(what->create_revision);
      kv.set_mod_revision(place->revision);
      kv.set_version(what->version);
      kv.set_lease(what->lease);
      if (request.want_previous && what->previous.revision != 0) {
        auto previous = at(what->previous);
        if (!previous)
          return std::move(previous.error());
        if (*previous)
          *event.mutable_previous() = std::move(**previous);
      }
    }
  }
  if (!it->status().ok())
    return state_->failure(it->status());
  if (page.next.revision <= revision_)
    page.next = position{revision_ + 1, 0};
  page.complete = true;
  return page;
}

expected<std::optional<lease_record>> reading::lease(uint64_t id) const {
  std::string raw;
  auto found = state_->get(lease_key(id), raw, snapshot_);
  if (!found)
    return std::move(found.error());
  if (!*found)
    return std::optional<lease_record>{};
  auto lease = decode_lease(id, raw);
  if (!lease)
    return state_->damaged("a lease is unreadable");
  return lease;
}

expected<std::vector<lease_record>> reading::leases() const {
  std::vector<lease_record> result;
  auto it = iterate();
  for (it->Seek("l"); it->Valid() && it->key()[0] == 'l'; it->Next()) {
    auto raw = view(it->key()).substr(1);
    uint64_t id = 0;
    auto known = take_fixed64(raw, id) && raw.empty();
    auto lease = decode_lease(id, view(it->value()));
    if (!known || !lease)
      return state_->damaged("a lease is unreadable");
    result.push_back(*lease);
  }
  if (!it->status().ok())
    return state_->failure(it->status());
  return result;
}

expected<std::vector<std::string>> reading::keys_of(uint64_t lease) const {
  std::vector<std::string> result;
  auto prefix = attached_prefix(lease);
  auto it = iterate();
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix);
       it->Next())
    result.emplace_back(view(it->key()).substr(prefix.size()));
  if (!it->status().ok())
    return state_->failure(it->status());
  return result;
}

} // namespace troupe::store
