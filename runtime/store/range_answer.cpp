#include "runtime/store/range_answer.hpp"

#include <leveldb/iterator.h>

#include <algorithm>
#include <memory>

namespace troupe::store {

namespace {

using store_api::KeyValue;
using store_api::RangeResponse;

/// Going on to what lies next is worth less than a look-up for so many changes.
constexpr int steps = 16;

/// Reads changes in the order of history.
class history_walk {
public:
  explicit history_walk(const reading& from) : from_(from) {
    // nop
  }

  /// The value of the change at `place`, which lies behind the last one asked
  /// for. `next` is the place that will be asked for after it.
  expected<std::string> value(position place, position next) {
    if (!near(last_, place) && !near(place, next)) {
      auto stored = from_.at(place);
      if (!stored)
        return std::move(stored.error());
      if (!*stored)
        return missing();
      return std::move(*(**stored).mutable_value());
    }
    go_to(place);
    last_ = place;
    auto& it = *there_;
    if (!it.Valid() && !it.status().ok())
      return from_.failure(it.status());
    if (!it.Valid() || it.key() != history_key(place))
      return missing();
    auto raw = it.value();
    auto what = decode_change({raw.data(), raw.size()});
    if (!what)
      return make_damage("a change in history is unreadable");
    return std::string{what->value};
  }

private:
  static bool near(position a, position b) {
    return a.revision != 0 && b.revision - a.revision <= steps;
  }

  static caf::error missing() {
    return make_damage("the value of a key is missing from its history");
  }

  void go_to(position place) {
    auto key = history_key(place);
    if (!there_)
      there_ = from_.iterate();
    else if (near(last_, place))
      for (int i = 0; i < steps && there_->Valid(); ++i) {
        if (there_->key().compare(key) >= 0)
          return;
        there_->Next();
      }
    if (!there_->Valid() || there_->key() != leveldb::Slice{key})
      there_->Seek(key);
  }

  const reading& from_;
  std::unique_ptr<leveldb::Iterator> there_;
  position last_; ///< where it stands
};

} // namespace

bool range_answer::take(std::string_view key, const key_meta& meta,
                        const std::string* staged_value) {
  ++count_;
  if (request_.count_only())
    return true;
  if (request_.limit() != 0
      && static_cast<uint64_t>(result_.kvs_size()) >= request_.limit()) {
    result_.set_more(true);
    return request_.with_count();
  }
  auto& kv = *result_.add_kvs();
  kv.set_key(key.data(), key.size());
  kv.set_create_revision(meta.create_revision);
  kv.set_mod_revision(meta.at.revision);
  kv.set_version(meta.version);
  kv.set_lease(meta.lease);
  if (request_.keys_only())
    return true;
  if (staged_value != nullptr)
    kv.set_value(*staged_value);
  else
    missing_.emplace_back(meta.at, result_.kvs_size() - 1);
  return true;
}

caf::error range_answer::fetch_values() {
  std::sort(missing_.begin(), missing_.end());
  history_walk walk{from_};
  for (size_t i = 0; i < missing_.size(); ++i) {
    auto& [place, whose] = missing_[i];
    auto next = i + 1 < missing_.size() ? missing_[i + 1].first
                                        : position{UINT64_MAX, 0};
    auto value = walk.value(place, next);
    if (!value)
      return std::move(value.error());
    result_.mutable_kvs(whose)->set_value(std::move(*value));
  }
  return caf::none;
}

expected<RangeResponse> range_answer::finish(caf::error reason,
                                             uint64_t revision) {
  if (!reason)
    reason = fetch_values();
  if (reason)
    return reason;
  result_.set_revision(revision);
  if (request_.count_only() || request_.with_count())
    result_.set_count(count_);
  return std::move(result_);
}

} // namespace troupe::store
