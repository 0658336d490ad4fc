#include "runtime/store/compaction.hpp"
#include "state_fixture.hpp"

#include <cstdlib>
#include <map>
#include <random>

namespace troupe::store {

namespace {

using contents = std::map<std::string, std::string>;

struct told_change {
  uint64_t revision;
  std::string key;
  std::string value; ///< "-" for a deletion
};

/// What the store should be: every revision as a map.
struct model {
  std::map<uint64_t, contents> states{{1, {}}};
  std::vector<told_change> changes;
  uint64_t compacted = 0;

  uint64_t now() const { return states.rbegin()->first; }
  const contents& present() const { return states.rbegin()->second; }
};

struct Model : state_fixture, ::testing::WithParamInterface<uint64_t> {
  void SetUp() override {
    const char* given = std::getenv("TROUPE_SEED");
    seed = given != nullptr ? std::strtoull(given, nullptr, 10) : GetParam();
    random.seed(seed);
    state_fixture::SetUp();
  }

  void TearDown() override {
    if (HasFailure())
      std::printf("repeat: TROUPE_SEED=%llu build/test_runtime_store "
                  "--gtest_filter='*Model*/0'\n",
                  static_cast<unsigned long long>(seed));
  }

  size_t below(size_t n) {
    return std::uniform_int_distribution<size_t>{0, n - 1}(random);
  }

  std::string any_key() {
    static const std::string letters{"ab\0\xff", 4};
    std::string key;
    for (size_t n = 1 + below(3); n > 0; --n)
      key += letters[below(letters.size())];
    return key;
  }

  std::pair<std::string, std::string> any_range() {
    auto a = any_key();
    switch (below(4)) {
      case 0:
        return {a, ""};
      case 1:
        return {a, everything};
      case 2:
        return {a, prefix_end(a)};
      default: {
        auto b = any_key();
        return a < b ? std::pair{a, b} : std::pair{b, a};
      }
    }
  }

  static std::string shown_as(const contents& all, const key_range& range) {
    std::string text;
    for (const auto& [key, value] : all)
      if (range.contains(key))
        text += (text.empty() ? "" : " ") + key + "=" + value;
    return text;
  }

  /// One transaction, on the model and as a request.
  store_api::TxnRequest change_something() {
    store_api::TxnRequest request;
    auto now = truth.now() + 1;
    auto next = truth.present();
    auto before = truth.changes.size();
    std::map<std::string, bool> puts;
    if (below(4) == 0) {
      auto [key, end] = any_range();
      auto& del = *request.add_then()->mutable_delete_range();
      del.set_key(key);
      del.set_range_end(end);
      key_range range{key, end};
      for (auto i = next.begin(); i != next.end();) {
        if (!range.contains(i->first)) {
          ++i;
          continue;
        }
        truth.changes.push_back({now, i->first, "-"});
        i = next.erase(i);
      }
    } else {
      for (size_t n = 1 + below(3); n > 0; --n) {
        auto key = any_key();
        if (!puts.emplace(key, true).second)
          continue;
        auto value = std::to_string(below(1000));
        *request.add_then() = put_request(key, value).then(0);
        next[key] = value;
        truth.changes.push_back({now, key, value});
      }
    }
    if (truth.changes.size() != before)
      truth.states[now] = std::move(next);
    return request;
  }

  void compare_reads() {
    auto [key, end] = any_range();
    auto revision = 1 + below(truth.now());
    key_range range{key, end};
    EXPECT_EQ(shown(key, end), shown_as(truth.present(), range));
    if (revision >= truth.compacted)
      EXPECT_EQ(shown(key, end, revision),
                shown_as(std::prev(truth.states.upper_bound(revision))->second,
                         range));
    else
      EXPECT_TRUE(is(this->range(key, end, revision).error(), ec::expired));
  }

  void compare_history() {
    auto [key, end] = any_range();
    history_request request;
    request.from = {truth.compacted + 1 + below(truth.now() + 1), 0};
    request.range = {key, end};
    request.max_events = 1 + below(5);
    auto wanted = truth.changes.begin();
    auto skip = [&] {
      while (wanted != truth.changes.end()
             && (wanted->revision < request.from.revision
                 || !request.range.contains(wanted->key)))
        ++wanted;
    };
    auto first = request.from;
    skip();
    for (bool complete = false; !complete;) {
      auto page = look()->history(request);
      ASSERT_TRUE(page) << message_of(page.error());
      for (const auto& [at, event] : page->events) {
        ASSERT_NE(wanted, truth.changes.end());
        EXPECT_EQ(at.revision, wanted->revision);
        EXPECT_EQ(event.kv().key(), wanted->key);
        EXPECT_EQ(event.type() == store_api::Event::DELETE ? "-"
                                                           : event.kv().value(),
                  wanted->value);
        ++wanted;
        while (wanted != truth.changes.end()
               && !request.range.contains(wanted->key))
          ++wanted;
      }
      request.from = page->next;
      complete = page->complete;
    }
    EXPECT_EQ(wanted, truth.changes.end()) << "from " << first.revision;
  }

  void step() {
    switch (below(12)) {
      case 0:
        open();
        break;
      case 1:
        if (truth.now() > truth.compacted + 20) {
          truth.compacted += 1 + below(truth.now() - truth.compacted);
          store_api::CompactRequest request;
          request.set_revision(truth.compacted);
          apply(request);
        }
        break;
      case 2:
        ASSERT_TRUE(scrub(state, 1 + below(10)));
        break;
      case 3: {
        auto a = change_something();
        auto b = change_something();
        auto c = change_something();
        apply(a, b, c);
        break;
      }
      default:
        txn(change_something());
    }
    EXPECT_EQ(look()->revision(), truth.now());
    compare_reads();
    compare_history();
  }

  uint64_t seed = 0;
  std::mt19937_64 random;
  model truth;
};

} // namespace

TEST_P(Model, IsWhatAMapOfEveryRevisionSays) {
  for (int i = 0; i < 400 && !HasFailure(); ++i)
    step();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Model, ::testing::Range<uint64_t>(1, 21));

} // namespace troupe::store
