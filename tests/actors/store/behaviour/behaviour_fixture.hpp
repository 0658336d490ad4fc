#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "tests/support/live_store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::test {

/// What a store promises, asked of each that there is: of ours with one member
/// and with three, and of etcd, which settles what is right. Every test has
/// keys of its own and all share one store, so revisions are relative.
class StoreBehaviour : public ::testing::TestWithParam<const char*> {
protected:
  void SetUp() override;

  live_store& store() { return *store_; }

  /// A key of this test alone.
  std::string key(const std::string& name) const { return prefix_ + name; }

  /// Asks the members in turn.
  template <class Response, class Request>
  expected<Response> ask(Request request) {
    turn_ = (turn_ + 1) % store_->members();
    return store_->ask<Response>(std::move(request), turn_);
  }

  expected<store_api::TxnResponse> txn(store_api::TxnRequest request) {
    return ask<store_api::TxnResponse>(std::move(request));
  }

  /// Returns the revision; 0 with a failure of the test.
  uint64_t put(const std::string& name, const std::string& value);
  uint64_t remove(const std::string& name);

  expected<store_api::RangeResponse> range(store_api::RangeRequest request) {
    return ask<store_api::RangeResponse>(std::move(request));
  }

  /// All keys of this test.
  store_api::RangeRequest all() const;
  /// "a=1 b=2": what is of this test.
  std::string contents(uint64_t revision = 0);
  std::string shown(const store_api::RangeResponse& found) const;

  expected<store_api::LeaseResponse> grant(uint64_t seconds, uint64_t id = 0);
  uint64_t lease(uint64_t seconds); ///< granted, or a failure
  void put_with(uint64_t lease, const std::string& name);
  expected<store_api::LeaseResponse> revoke(uint64_t id);
  expected<store_api::LeaseResponse> keep_alive(uint64_t id);
  expected<store_api::LeaseResponse> time_to_live(uint64_t id);
  /// Returns when every member knows of it.
  expected<store_api::CompactResponse> compact(uint64_t revision);

  /// Of all keys of this test.
  store_api::WatchRequest watching(uint64_t from = 0,
                                   bool want_previous = false) const;
  /// "a=1(0) -b(2)": events, with what was there before in brackets.
  std::string shown(const std::vector<store_api::Event>& events) const;

private:
  std::string prefix_;
  live_store* store_ = nullptr;
  size_t turn_ = 0;
};

/// Whether an outcome is a refusal with this code.
template <class T>
::testing::AssertionResult refused(const expected<T>& outcome, ec code) {
  if (outcome)
    return ::testing::AssertionFailure() << "was not refused";
  if (is(outcome.error(), code))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "refused with " << caf::to_string(outcome.error()) << ": "
         << message_of(outcome.error());
}

} // namespace troupe::test
