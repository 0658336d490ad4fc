// A store is saved while it is at work, and becomes another one.

#include "group_fixture.hpp"
#include "messages/store_group_interface.hpp"
#include "runtime/store/snapshot_file.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <sstream>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

/// What a receiver has.
struct saved {
  std::string file;
  uint64_t parts = 0;
  uint64_t revision = 0;
  bool orderly = true;
  bool complete = false;
  std::string error;
};

using saved_handle = std::shared_ptr<saved>;

struct receiver_state {
  static inline const char* name = "receiver";
};

/// Takes parts, two on their way at once; none while `paused`.
snapshot_receiver_actor::behavior_type
receiver(snapshot_receiver_actor::stateful_pointer<receiver_state> self,
         const store_actor& from, saved_handle to,
         std::shared_ptr<bool> paused) {
  auto group = caf::actor_cast<store_group_actor>(from);
  SnapshotRequest request;
  request.set_id(3);
  request.set_credit(2);
  self->send(group, pb<SnapshotRequest>{request},
             snapshot_receiver_actor{self});
  return {[=](const pb<SnapshotPart>& part) {
    to->orderly =
        to->orderly && part->number() == ++to->parts && part->id() == 3;
    to->file += part->data();
    to->revision = part->revision();
    to->complete = part->last();
    to->error = part->error();
    if (*paused)
      return;
    SnapshotCredit more;
    more.set_id(3);
    more.set_credit(1);
    self->send(group, pb<SnapshotCredit>{more}, snapshot_receiver_actor{self});
  }};
}

struct Save : ::testing::Test {
  store_group group{3};
  std::shared_ptr<bool> paused = std::make_shared<bool>(false);
  std::vector<caf::actor> receivers;

  void SetUp() override {
    for (int i = 0; i < 60; ++i)
      group.put_now(0, "k" + std::to_string(i), std::string(10'000, 'v'));
  }

  saved_handle save(size_t server) {
    auto result = std::make_shared<saved>();
    receivers.push_back(caf::actor_cast<caf::actor>(
        group.system().spawn(receiver, group.store(server), result, paused)));
    return result;
  }
};

} // namespace

TEST_F(Save, IsTheStateOfOneMomentWhileOthersWrite) {
  auto to = save(1);
  int late = 0;
  ASSERT_TRUE(group.run_until([&] {
    group.put_now(2, "late" + std::to_string(late++), "1");
    return to->complete;
  }));
  EXPECT_TRUE(to->orderly);
  EXPECT_GT(to->parts, 5u);
  EXPECT_EQ(to->revision, 61u);

  store_group other{1};
  other.wipe(0);
  std::istringstream file{to->file};
  auto made = restore_store(other.options_of(0), file, "server-1/store");
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(made->revision, 61u);
  EXPECT_EQ(made->member, 4u);
  other.start(0);
  EXPECT_EQ(other.get_now(0, "k59"), std::string(10'000, 'v'));
  EXPECT_EQ(other.get_now(0, "late0"), "none");
  EXPECT_EQ(other.put_now(0, "a", "1"), 62u);
  auto is = other.status(0);
  EXPECT_EQ(is.member(), 4u);
  ASSERT_EQ(is.members_size(), 1);
  // And grows.
  other.add_server();
  EXPECT_EQ(other.join(1, 0), 5u);
  EXPECT_EQ(other.get_now(1, "a"), "1");
  EXPECT_TRUE(other.converge());
  other.crash(0);
  other.start(0);
  EXPECT_EQ(other.get_now(0, "k3"), std::string(10'000, 'v'));
}

TEST_F(Save, GoesNoFasterThanItIsTaken) {
  *paused = true;
  auto to = save(0);
  group.advance(5s);
  EXPECT_EQ(to->parts, 2u);
  EXPECT_FALSE(to->complete);
}

TEST_F(Save, AMemberThatCannotReadItSaysSo) {
  group.isolate(1);
  auto to = save(1);
  ASSERT_TRUE(group.run_until([&] { return !to->error.empty(); }));
  EXPECT_TRUE(to->file.empty());
}

} // namespace troupe::test
