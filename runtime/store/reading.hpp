#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "runtime/store/database.hpp"
#include "runtime/store/key_range.hpp"
#include "runtime/store/layout.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::store {

/// What a batch that is not written yet has made of a key.
struct staged_key {
  std::optional<key_meta> meta; ///< nothing: deleted
  std::string value;
};

using staged_keys = std::map<std::string, staged_key, std::less<>>;

/// A change with its place, as watchers are told it.
struct placed_event {
  position at;
  store_api::Event event;
};

/// A part of history.
struct history_page {
  std::vector<placed_event> events;
  position next;         ///< where to go on
  bool complete = false; ///< nothing is left before the present
  /// Not 0: nothing to tell, history begins at this revision.
  uint64_t compacted = 0;
};

/// What a reader of history wants.
struct history_request {
  position from;
  key_range range{"", std::string(1, '\0')};
  bool want_previous = false;
  size_t max_events = 256;
  size_t max_bytes = size_t{1} << 20;
  size_t max_scanned = 20'000; ///< changes looked at, of other keys too
};

/// A consistent look at the state: nothing that is written later shows.
/// Errors of the database itself (damage, a failing disk) come back as
/// ec::internal_error; those of the request are others.
class reading {
public:
  static expected<std::shared_ptr<reading>>
  of(const std::shared_ptr<database>& state);

  ~reading();
  reading(const reading&) = delete;
  reading& operator=(const reading&) = delete;

  uint64_t revision() const { return revision_; }
  uint64_t compacted() const { return compacted_; }

  /// Answers at the present or an older revision. ec::expired for one that is
  /// compacted away, ec::bad_request for one that is yet to come.
  expected<store_api::RangeResponse>
  range(const store_api::RangeRequest& request) const;

  /// The same at the present, seen through what is staged; `now` is the
  /// revision that the answer names.
  expected<store_api::RangeResponse>
  range(const store_api::RangeRequest& request, const staged_keys& staged,
        uint64_t now) const;

  /// The changes of a range in order, or that `from` is compacted away.
  expected<history_page> history(const history_request& request) const;

  /// What is current of a key, if it exists.
  expected<std::optional<key_meta>> current(std::string_view key) const;

  /// The change at a place in history, if it is still there.
  expected<std::optional<store_api::KeyValue>> at(position place) const;

  expected<std::optional<lease_record>> lease(uint64_t id) const;
  expected<std::vector<lease_record>> leases() const;
  expected<std::vector<std::string>> keys_of(uint64_t lease) const;
  expected<uint64_t> number(std::string_view key) const; ///< 0 if absent

  /// Goes through all that is stored, without a place in the cache for it.
  std::unique_ptr<leveldb::Iterator> iterate() const;
  caf::error failure(const leveldb::Status& status) const;

  using visitor = std::function<bool(std::string_view key, const key_meta&,
                                     const std::string* staged_value)>;
  /// Calls `visit` for each current key of a range until it returns false.
  caf::error each_current(const key_range& range, const staged_keys& staged,
                          const visitor& visit) const;

private:
  explicit reading(std::shared_ptr<database> state);

  expected<store_api::RangeResponse>
  range_before(const store_api::RangeRequest& request) const;
  std::shared_ptr<database> state_;
  const leveldb::Snapshot* snapshot_;
  uint64_t revision_ = 0;
  uint64_t compacted_ = 0;
};

/// The error for a revision that is compacted away.
caf::error make_compacted(uint64_t asked, uint64_t compacted);

} // namespace troupe::store
