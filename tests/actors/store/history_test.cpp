// Clients of a group whose members die, are cut off and come back; of one that
// grows and shrinks meanwhile.

#include "history_fixture.hpp"
#include "messages/store_group_interface.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

using StoreHistory = store_history;

/// One member becomes many and one again.
struct ChangingHistory : store_history {
  static constexpr size_t server_count = 5;

  later<MemberResponse> wish; ///< a change that is on its way
  uint64_t leaving = 0;       ///< the member that is to go by it, if any
  std::set<uint64_t> used{1}; ///< ids that were ever on a disk
  std::set<uint64_t> gone;    ///< members that are none any more

  void SetUp() override {
    store_options options;
    options.write_buffer = size_t{64} << 10;
    options.checkpoint_bytes = uint64_t{4} << 10; // who is blank lacks the log
    found(1, options);
    while (group->size() < server_count)
      group->add_server();
  }

  /// How one is that is up and knows no less than others.
  StatusResponse known() {
    StatusResponse best;
    for (size_t i = 0; i < group->size(); ++i) {
      if (!group->is_up(i))
        continue;
      auto is = group->status(i);
      if (is.errors_size() == 0 && is.commit_index() >= best.commit_index())
        best = is;
    }
    return best;
  }

  std::optional<size_t> someone_up() {
    auto first = below(server_count);
    for (size_t i = 0; i < server_count; ++i)
      if (auto server = (first + i) % server_count; group->is_up(server))
        return server;
    return std::nullopt;
  }

  std::string address_of(size_t server) {
    return group->path_of(server) + "/store";
  }

  /// Starts members that the group knows and that were never there. A change
  /// that is not committed may be lost, and then its id is free again.
  void adopt(const StatusResponse& now) {
    if (now.commit_index() != now.last_index())
      return;
    for (size_t i = 0; i < server_count; ++i)
      for (auto& x : now.members())
        if (group->id_of(i) == 0 && x.address() == address_of(i)
            && gone.count(x.id()) == 0) {
          EXPECT_TRUE(used.insert(x.id()).second) << "an id was used twice";
          group->adopt(i, x.id());
        }
  }

  /// Servers of members that are none any more become blank.
  void clear() {
    for (size_t i = 0; i < server_count; ++i)
      if (gone.count(group->id_of(i)) > 0)
        group->wipe(i);
  }

  void add(size_t via) {
    for (size_t i = 0; i < server_count; ++i) {
      if (group->id_of(i) != 0)
        continue;
      MemberAddRequest request;
      request.set_address(address_of(i));
      leaving = 0;
      wish = group->ask<MemberResponse>(via, request);
      return;
    }
  }

  void remove(size_t via, uint64_t id) {
    leaving = id;
    MemberRemoveRequest request;
    request.set_id(leaving);
    wish = group->ask<MemberResponse>(via, request);
  }

  /// A server whose member may have been removed without anybody hearing it.
  uint64_t forgotten(const StatusResponse& now) {
    for (size_t i = 0; i < server_count; ++i) {
      auto id = group->id_of(i);
      auto is = [&](auto& x) { return x.id() == id; };
      if (id != 0
          && std::none_of(now.members().begin(), now.members().end(), is))
        return id;
    }
    return 0;
  }

  /// Takes a step towards so many voters. Returns whether there are.
  bool tend(int goal) {
    if (wish && !wish->has_value())
      return false;
    if (wish && leaving != 0 && (**wish || is((**wish).error(), ec::not_found)))
      gone.insert(leaving);
    wish = nullptr;
    clear();
    auto now = known();
    auto via = someone_up();
    if (!via || now.members_size() == 0)
      return false;
    adopt(now);
    auto size = now.members_size();
    auto voters = std::count_if(now.members().begin(), now.members().end(),
                                [](auto& x) { return x.voter(); });
    if (auto id = forgotten(now); id != 0)
      remove(*via, id);
    else if (size < goal)
      add(*via);
    else if (size > goal)
      remove(*via, now.members(static_cast<int>(below(size))).id());
    return size == goal && voters == goal && !wish;
  }
};

} // namespace

TEST_P(StoreHistory, HasAnOrder) {
  follow(0);
  for (int i = 0; i < 2'500; ++i)
    live();
  settle();
}

TEST_P(ChangingHistory, HasAnOrder) {
  follow(0);
  for (auto goal : {3, 5, 3, 1}) {
    auto steps = 0;
    for (; !tend(goal) && steps < 6'000; ++steps) {
      live();
      if (steps % 200 == 199)
        recover();
    }
    ASSERT_LT(steps, 6'000) << "never " << goal << "\n" << describe();
    for (int i = 0; i < 100; ++i)
      live();
  }
  settle();
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreHistory,
                         ::testing::ValuesIn(history_seeds(8)));
INSTANTIATE_TEST_SUITE_P(Seeds, ChangingHistory,
                         ::testing::ValuesIn(history_seeds(6)));

} // namespace troupe::test
