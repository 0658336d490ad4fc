#pragma once

#include "messages/store_interface.hpp"
#include "runtime/store/commands.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/machine.hpp"
#include "runtime/store/reading.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::store {

/// A state on a disk in memory, and entries that follow one another.
struct state_fixture : ::testing::Test {
  std::shared_ptr<leveldb::Env> disk = make_memory_disk();
  std::shared_ptr<database> state;
  std::unique_ptr<machine> apply_to;

  void SetUp() override { open(); }

  void close() {
    apply_to.reset();
    state.reset();
  }

  void open() {
    close();
    database_options options;
    options.path = "/state";
    options.env = disk.get();
    auto opened = database::open(options);
    ASSERT_TRUE(opened) << message_of(opened.error());
    state = *opened;
    auto made = machine::open(state);
    ASSERT_TRUE(made) << message_of(made.error());
    apply_to = std::move(*made);
  }

  /// Applies commands as one entry.
  template <class... Commands>
  outcome apply(const Commands&... commands) {
    std::string payload;
    (append(payload, commands), ...);
    raft::entry entry{{1, apply_to->applied() + 1},
                      raft::entry_kind::commands,
                      std::make_shared<const std::string>(payload)};
    auto result = apply_to->apply(entry);
    EXPECT_TRUE(result) << message_of(result.error());
    return result ? std::move(*result) : outcome{};
  }

  store_api::TxnResponse txn(const store_api::TxnRequest& request) {
    auto out = apply(request);
    if (out.answers.size() != 1
        || !std::holds_alternative<store_api::TxnResponse>(out.answers[0])) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    return std::get<store_api::TxnResponse>(out.answers[0]);
  }

  uint64_t put(const std::string& key, const std::string& value) {
    return txn(put_request(key, value)).revision();
  }

  uint64_t erase(const std::string& key) {
    return txn(delete_request(key)).revision();
  }

  std::shared_ptr<reading> look() {
    auto from = reading::of(state);
    EXPECT_TRUE(from) << message_of(from.error());
    return *from;
  }

  expected<store_api::RangeResponse> range(const std::string& key,
                                           const std::string& end = "",
                                           uint64_t revision = 0,
                                           uint64_t limit = 0) {
    store_api::RangeRequest request;
    request.set_key(key);
    request.set_range_end(end);
    request.set_revision(revision);
    request.set_limit(limit);
    return look()->range(request);
  }

  /// "a=1 b=2": what a range holds.
  std::string shown(const std::string& key, const std::string& end = "",
                    uint64_t revision = 0, uint64_t limit = 0) {
    auto result = range(key, end, revision, limit);
    if (!result)
      return message_of(result.error());
    std::string text;
    for (const auto& kv : result->kvs())
      text += (text.empty() ? "" : " ") + kv.key() + "=" + kv.value();
    return text;
  }

  /// "2:a=1 3:-a": history from a revision on.
  std::string told(uint64_t from, const std::string& key = "",
                   const std::string& end = std::string(1, '\0')) {
    history_request request;
    request.from = {from, 0};
    request.range = {key, end};
    auto page = look()->history(request);
    if (!page)
      return message_of(page.error());
    std::string text;
    for (const auto& [at, event] : page->events) {
      text += (text.empty() ? "" : " ") + std::to_string(at.revision) + ":";
      text += event.type() == store_api::Event::DELETE
                  ? "-" + event.kv().key()
                  : event.kv().key() + "=" + event.kv().value();
    }
    return text;
  }
};

inline const std::string everything(1, '\0');

} // namespace troupe::store
