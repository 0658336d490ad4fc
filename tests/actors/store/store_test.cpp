#include "runtime/store/log.hpp"
#include "store_fixture.hpp"

#include <caf/actor_cast.hpp>

namespace troupe {

using namespace store_api;

using Store = store_fixture;

TEST_F(Store, AnswersReadsAfterWrites) {
  EXPECT_EQ(get("a"), "none");
  EXPECT_EQ(put("a", "1"), 2u);
  EXPECT_EQ(get("a"), "1");
  EXPECT_TRUE(txn(put_if_request("a", "2", 2))->succeeded());
  EXPECT_FALSE(txn(put_if_request("a", "3", 2))->succeeded());
  EXPECT_TRUE(txn(delete_request("a")));
  EXPECT_EQ(get("a"), "none");
}

TEST_F(Store, ManyProposalsShareOneEntry) {
  auto before = status().last_index();
  for (int i = 0; i < 100; ++i)
    self->send(subject, pb<TxnRequest>{put_request(std::to_string(i), "v")});
  sched.run();
  auto after = status();
  EXPECT_EQ(after.last_index(), before + 1);
  EXPECT_EQ(after.revision(), 101u);
}

TEST_F(Store, KeepsEverythingAcrossARestart) {
  put("a", "1");
  put("b", "2");
  auto before = status();
  stop();
  start();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(put("c", "3"), 4u);
  auto after = status();
  EXPECT_EQ(after.term(), before.term() + 1);
  EXPECT_GT(after.applied_index(), before.applied_index());
}

TEST_F(Store, RequestsThatComeEarlyWaitUntilItIsOpen) {
  put("a", "1");
  self->send_exit(subject, caf::exit_reason::kill);
  // The new one begins while its predecessor has the databases open.
  subject = spawn_store(sys, options, disk);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(put("a", "2"), 3u);
}

TEST_F(Store, ItsEndLeavesNoPartBehind) {
  auto running = sys.registry().running();
  EXPECT_GE(running, 8u);
  self->send_exit(subject, caf::exit_reason::kill);
  sched.run();
  EXPECT_EQ(sys.registry().running(), running - 11);
  subject = nullptr;
}

TEST_F(Store, RefusesWhatNoStateCouldAccept) {
  auto refused = txn(put_request("", "1"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::bad_request));
  RangeRequest request;
  request.set_key("a");
  request.set_revision(99);
  EXPECT_TRUE(
      is(ask<RangeResponse>(std::move(request)).error(), ec::bad_request));
}

TEST_F(Store, TheLogIsCutOnceTheStateIsDurable) {
  stop();
  options.checkpoint_bytes = 1000;
  start();
  for (int i = 0; i < 100; ++i)
    put("k", std::string(100, 'v'));
  auto before = status();
  stop();
  start();
  EXPECT_EQ(get("k"), std::string(100, 'v'));
  EXPECT_EQ(status().revision(), before.revision());
  // What the log has left fits far below what was written.
  store::database_options place;
  place.path = "/store/log";
  place.env = memory.get();
  stop();
  auto opened = store::database::open(place);
  ASSERT_TRUE(opened);
  auto log = store::log::open(*opened);
  ASSERT_TRUE(log) << message_of(log.error());
  EXPECT_GT((*log)->start(), 80u);
}

TEST_F(Store, DamageIsToldToEveryRequest) {
  put("a", "1");
  stop();
  std::vector<std::string> names;
  ASSERT_TRUE(memory->GetChildren("/store/log", &names).ok());
  for (const auto& name : names)
    if (name == "CURRENT")
      memory->RemoveFile("/store/log/" + name);
  start();
  EXPECT_NE(get("a").find("damaged"), std::string::npos);
  auto refused = txn(put_request("a", "2"));
  ASSERT_FALSE(refused);
  EXPECT_NE(message_of(refused.error()).find("backup"), std::string::npos);
  EXPECT_EQ(status().errors_size(), 1);
  auto heard = watch("a");
  ASSERT_EQ(heard.heard->size(), 1u);
  EXPECT_NE(heard.last().error().find("damaged"), std::string::npos);
}

namespace {

/// A disk on which files below some folder cannot be made for a while.
class sick_in_part : public leveldb::EnvWrapper {
public:
  using EnvWrapper::EnvWrapper;

  leveldb::Status NewWritableFile(const std::string& name,
                                  leveldb::WritableFile** result) override {
    if (!part.empty() && name.rfind(part, 0) == 0)
      return how;
    return target()->NewWritableFile(name, result);
  }

  std::string part; ///< beginning of the names, "" for none
  leveldb::Status how = leveldb::Status::IOError("No space left on device");
};

} // namespace

TEST_F(Store, OpensOnceItsDiskIsWellWhicheverHalfWasNot) {
  put("a", "1");
  for (auto half : {"/store/log", "/store/state"}) {
    stop();
    sick_in_part sick{memory.get()};
    options.env = &sick;
    disk = make_store_disk(options);
    sick.part = half;
    start();
    EXPECT_NE(get("a").find("No space left"), std::string::npos) << get("a");
    advance(std::chrono::seconds(1));
    EXPECT_EQ(status().errors_size(), 1);
    sick.part.clear();
    advance(std::chrono::seconds(1));
    EXPECT_EQ(get("a"), "1") << half;
    EXPECT_EQ(status().errors_size(), 0);
    stop();
    options.env = memory.get();
    disk = make_store_disk(options);
    start();
  }
}

// Some damage shows only when LevelDB puts tables together, long after the log
// was read. It must not make the store begin anew for ever.
TEST_F(Store, DamageOfTheLogThatIsFoundLateStopsIt) {
  stop();
  sick_in_part sick{memory.get()};
  options.env = &sick;
  options.write_buffer = 64 << 10;
  disk = make_store_disk(options);
  start();
  ASSERT_EQ(status().errors_size(), 0);
  sick.part = "/store/log";
  sick.how = leveldb::Status::Corruption("block checksum mismatch");
  auto written = 0;
  auto done = txn(put_request("k", std::string(1'000, 'v')));
  for (; done && written < 1'000; ++written)
    done = txn(put_request("k", std::string(1'000, 'v')));
  ASSERT_FALSE(done);
  EXPECT_NE(message_of(done.error()).find("damaged"), std::string::npos)
      << message_of(done.error());
  advance(std::chrono::seconds(5));
  EXPECT_NE(get("k").find("damaged"), std::string::npos);
  stop();
  disk = {};
}

// Whatever is on its way to it, which is for a store that serves.
TEST_F(Store, OneThatHasStoppedDoesNotBeginAgain) {
  put("a", "1");
  raft_api::Message second;
  second.set_from(2);
  second.set_to(1);
  second.set_term(status().term());
  second.mutable_heartbeat()->set_commit(1);
  auto late = self->request(subject, caf::infinite,
                            pb<TxnRequest>{put_request("a", "2")});
  self->send(caf::actor_cast<member_actor>(subject),
             pb<raft_api::Message>{std::move(second)});
  sched.run();
  late.receive([](const pb<TxnResponse>&) {}, [](const caf::error&) {});
  advance(std::chrono::seconds(5));
  EXPECT_NE(get("a").find("two leaders in one term"), std::string::npos)
      << get("a");
  EXPECT_FALSE(txn(put_request("a", "3")));
  EXPECT_EQ(status().errors_size(), 1);
  // Nor when it is started anew.
  stop();
  start();
  EXPECT_NE(get("a").find("two leaders in one term"), std::string::npos);
}

TEST_F(Store, AStateThatLostTheLogIsRefused) {
  put("a", "1");
  stop();
  std::vector<std::string> names;
  ASSERT_TRUE(memory->GetChildren("/store/log", &names).ok());
  for (const auto& name : names)
    memory->RemoveFile("/store/log/" + name);
  start();
  EXPECT_NE(get("a").find("but the state holds entries up to"),
            std::string::npos);
}

TEST_F(Store, ALogThatLostItsStateIsAppliedAgain) {
  put("a", "1");
  put("a", "2");
  stop();
  std::vector<std::string> names;
  ASSERT_TRUE(memory->GetChildren("/store/state", &names).ok());
  for (const auto& name : names)
    memory->RemoveFile("/store/state/" + name);
  start();
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(put("a", "3"), 4u);
}

} // namespace troupe
