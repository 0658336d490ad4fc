#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "runtime/store/commands.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/reading.hpp"

#include <memory>
#include <variant>
#include <vector>

namespace troupe::store {

/// What one command came to.
using answer =
    std::variant<caf::error, store_api::TxnResponse, store_api::LeaseResponse,
                 store_api::CompactResponse>;

/// What one entry came to.
struct outcome {
  uint64_t index = 0;
  uint64_t revision = 1;       ///< after the entry
  uint64_t compacted = 0;      ///< after the entry
  std::vector<answer> answers; ///< one per command
  std::vector<placed_event> events;
};

/// The state and the one way to change it: log entries, in order, each exactly
/// once. The same entries make the same state, byte for byte, and the same
/// answers.
class machine {
public:
  /// Takes up the state where it stands. Its format and marks are checked.
  static expected<std::unique_ptr<machine>>
  open(std::shared_ptr<database> state);

  uint64_t applied() const { return applied_; }
  uint64_t term() const { return term_; }
  uint64_t revision() const { return revision_; }
  uint64_t compacted() const { return compacted_; }
  uint64_t hash() const { return hash_; }

  /// Applies the next entry in one batch together with its index. An entry
  /// that is applied already changes nothing and has no answers. An error
  /// means that the state could not be read or written, or that an entry is
  /// missing in between.
  expected<outcome> apply(const store_api::LogEntry& entry);

  /// Makes everything applied durable without the log.
  caf::error sync();

private:
  explicit machine(std::shared_ptr<database> state);

  std::shared_ptr<database> state_;
  uint64_t applied_ = 0;
  uint64_t term_ = 0;
  uint64_t revision_ = 1;
  uint64_t compacted_ = 0;
  uint64_t hash_ = 0;
};

} // namespace troupe::store
