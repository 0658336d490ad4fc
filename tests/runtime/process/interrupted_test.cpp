#include "tests/support/pod_fixture.hpp"

#include <csignal>
#include <cstring>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Whoever asked, or the connection, goes away between question and answer:
// what came of it is found out before anything else is done.

namespace troupe::process {

namespace fs = std::filesystem;

namespace {

/// One that comes with its answer, for questions that overlap.
template <class T>
class later {
public:
  reply<T> take() {
    return [promise = promise_](expected<T> x) {
      promise->set_value(std::move(x));
    };
  }

  bool here() const {
    return future_.wait_for(std::chrono::seconds{0})
           == std::future_status::ready;
  }

  expected<T> get() {
    if (future_.wait_for(std::chrono::seconds{20}) != std::future_status::ready)
      return make_error(ec::timeout, "no answer");
    return future_.get();
  }

private:
  std::shared_ptr<std::promise<expected<T>>> promise_ =
      std::make_shared<std::promise<expected<T>>>();
  std::future<expected<T>> future_ = promise_->get_future();
};

} // namespace

class InterruptedPod : public PodRuntime {
protected:
  using Answer = later<container::Container>;

  /// A pod with one container that was created and not started.
  void make(const std::string& uid) {
    marker_ = mark();
    auto pod = run(uid);
    ASSERT_TRUE(pod) << message_of(pod.error());
    pod_ = pod->id();
    shim_ = static_cast<pid_t>(pod->pid());
    config_ = shell("main", "exec sleep " + marker_);
    auto made = create(pod_, config_);
    ASSERT_TRUE(made) << message_of(made.error());
    id_ = made->id();
  }

  void TearDown() override {
    if (shim_ > 0)
      kill(shim_, SIGCONT);
    if (stranger_ >= 0)
      close(stranger_);
    PodRuntime::TearDown();
  }

  /// From now on the shim reads nothing.
  void freeze() { kill(shim_, SIGSTOP); }
  void thaw() { kill(shim_, SIGCONT); }

  /// What was asked before is on its way to the shim.
  void sent() { state(); }

  /// Takes the runtime's connection away: the shim turns to the newest.
  void break_connection() {
    auto path = folder_ / "pods" / pod_ / "shim.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path.c_str());
    stranger_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(stranger_, reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
              0)
        << strerror(errno);
  }

  int64_t parent_of(int64_t pid) {
    std::istringstream stat{content("/proc/" + std::to_string(pid) + "/stat")};
    std::string word;
    for (int i = 0; i < 4; ++i)
      stat >> word;
    return std::stoll(word);
  }

  /// Empty for one that has ended, also when nobody has asked how.
  std::string command_of(int64_t pid) {
    return content("/proc/" + std::to_string(pid) + "/cmdline");
  }

  container::Container only() {
    auto all = state();
    EXPECT_EQ(all.containers_size(), 1);
    return all.containers_size() == 1 ? all.containers(0)
                                      : container::Container{};
  }

  /// The container's own process is there, once.
  void expect_one() {
    wait_until([&] { return count(marker_) > 0; }, "nothing runs");
    EXPECT_EQ(count(marker_), 1);
  }

  std::string pod_;
  std::string id_;
  std::string marker_;
  container::ContainerConfig config_;
  pid_t shim_ = 0;
  int stranger_ = -1;
};

TEST_F(InterruptedPod, AStartThatTwoAskForIsOneStart) {
  make("interrupted-1");
  Answer first;
  Answer second;
  runtime_->start(id_, first.take());
  runtime_->start(id_, second.take());
  auto one = first.get();
  auto two = second.get();
  ASSERT_TRUE(one) << message_of(one.error());
  ASSERT_TRUE(two) << message_of(two.error());
  EXPECT_EQ(one->state(), container::RUNNING);
  EXPECT_EQ(one->pid(), two->pid());
  expect_one();
}

TEST_F(InterruptedPod, AStartUnderWayIsTakenOver) {
  make("interrupted-2");
  freeze();
  Answer unheard;
  runtime_->start(id_, unheard.take());
  sent();
  restart();
  Answer again;
  runtime_->start(id_, again.take());
  thaw();
  auto started = again.get();
  ASSERT_TRUE(started) << message_of(started.error());
  EXPECT_EQ(started->state(), container::RUNNING);
  expect_one();
  EXPECT_FALSE(unheard.here());
}

TEST_F(InterruptedPod, AStartOutlivesItsConnection) {
  make("interrupted-3");
  freeze();
  Answer answer;
  runtime_->start(id_, answer.take());
  sent();
  break_connection();
  thaw();
  auto started = answer.get();
  ASSERT_TRUE(started) << message_of(started.error());
  EXPECT_EQ(started->state(), container::RUNNING);
  EXPECT_EQ(started->pid(), only().pid());
  expect_one();
}

TEST_F(InterruptedPod, AStopOutlivesItsConnection) {
  make("interrupted-4");
  ASSERT_TRUE(start(id_));
  freeze();
  Answer answer;
  runtime_->stop(id_, 1000, answer.take());
  sent();
  break_connection();
  thaw();
  auto stopped = answer.get();
  ASSERT_TRUE(stopped) << message_of(stopped.error());
  EXPECT_EQ(stopped->state(), container::EXITED);
  EXPECT_EQ(stopped->exit_code(), 143);
  wait_for_none(marker_);
}

TEST_F(InterruptedPod, ACreationOutlivesItsConnection) {
  make("interrupted-5");
  auto other = shell("other", "exec sleep " + marker_);
  freeze();
  Answer answer;
  runtime_->create(pod_, other, answer.take());
  sent();
  break_connection();
  thaw();
  auto made = answer.get();
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(made->name(), "other");
  auto started = start(made->id());
  ASSERT_TRUE(started) << message_of(started.error());
  expect_one();
}

TEST_F(InterruptedPod, ACreationIsThereOnceItIsAnswered) {
  make("interrupted-6");
  auto other = shell("other", "exec sleep " + marker_);
  freeze();
  Answer first;
  Answer second;
  runtime_->create(pod_, other, first.take());
  EXPECT_EQ(only().name(), "main");
  runtime_->create(pod_, other, second.take());
  sent();
  EXPECT_FALSE(second.here());
  thaw();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_EQ(state().containers_size(), 2);
}

/// The shim takes up what nobody waits for any more after its next runtime has
/// asked what there is.
TEST_F(InterruptedPod, ACreationThatNobodyHeardOfIsMadeAnew) {
  make("interrupted-10");
  auto other = shell("other", "exec sleep " + marker_);
  freeze();
  Answer unheard;
  runtime_->create(pod_, other, unheard.take());
  sent();
  runtime_.reset();
  fs::remove_all(folder_ / "pods" / pod_ / "c" / "other_0");
  thaw();
  restart();
  EXPECT_EQ(only().name(), "main");
  auto made = create(pod_, other);
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(made->name(), "other");
  ASSERT_TRUE(start(made->id()));
  expect_one();
}

TEST_F(InterruptedPod, ACreationWaitsUntilTheConnectionIsBack) {
  make("interrupted-11");
  ASSERT_TRUE(start(id_));
  freeze();
  break_connection();
  Answer stopped;
  runtime_->stop(id_, 0, stopped.take());
  sent();
  thaw();
  ASSERT_TRUE(stopped.get());
  auto made = create(pod_, shell("other", "exec sleep " + marker_));
  ASSERT_TRUE(made) << message_of(made.error());
  ASSERT_TRUE(start(made->id()));
  expect_one();
}

TEST_F(InterruptedPod, AnEndThatSeveralAskForIsOneEnd) {
  make("interrupted-13");
  ASSERT_TRUE(start(id_));
  freeze();
  later<container::Done> all[4];
  runtime_->stop_sandbox(pod_, all[0].take());
  for (int i = 1; i < 4; ++i)
    runtime_->remove_sandbox(pod_, all[i].take());
  sent();
  thaw();
  for (auto& one : all) {
    auto done = one.get();
    EXPECT_TRUE(done) << message_of(done.error());
  }
  EXPECT_EQ(state().sandboxes_size(), 0);
  wait_for_none(marker_);
}

TEST_F(InterruptedPod, AnEndMayOvertakeAnUndoneStart) {
  patience_ = std::chrono::milliseconds{50};
  restart();
  make("interrupted-14");
  freeze();
  Answer started;
  later<container::Done> removed;
  runtime_->start(id_, started.take());
  runtime_->remove_sandbox(pod_, removed.take());
  EXPECT_FALSE(started.get());
  EXPECT_TRUE(removed.get());
  thaw();
  wait_for_none("interrupted-14_0");
  EXPECT_EQ(count(marker_), 0);
}

/// Whoever asked for it may be gone, and it must not be left to nobody.
TEST_F(InterruptedPod, APodThatIsAboutToComeIsNotMissed) {
  later<container::Sandbox> unheard;
  later<container::State> all;
  runtime_->run(sandbox("interrupted-12"), unheard.take());
  runtime_->state(all.take());
  auto found = all.get();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->sandboxes_size(), 1);
  EXPECT_EQ(found->sandboxes(0).state(), container::READY);
}

TEST_F(InterruptedPod, AnEndWhileTheConnectionWasBrokenIsTold) {
  make("interrupted-7");
  auto started = start(id_);
  ASSERT_TRUE(started);
  freeze();
  break_connection();
  auto init = parent_of(started->pid());
  kill(static_cast<pid_t>(started->pid()), SIGUSR1);
  wait_until([&] { return command_of(init).empty(); }, "its init stays");
  thaw();
  auto end = ended(id_);
  EXPECT_EQ(end.exit_code(), 128 + SIGUSR1);
  EXPECT_EQ(end.signal(), SIGUSR1);
}

/// Nothing is known of such a start: it is undone before it is called failed.
TEST_F(InterruptedPod, AStartWithoutAnswerIsUndone) {
  patience_ = std::chrono::milliseconds{50};
  restart();
  make("interrupted-8");
  freeze();
  auto started = start(id_);
  ASSERT_FALSE(started);
  EXPECT_TRUE(is(started.error(), ec::timeout)) << message_of(started.error());
  EXPECT_EQ(only().state(), container::EXITED);
  thaw();
  wait_for_none("interrupted-8_0");
  EXPECT_EQ(count(marker_), 0);
}

TEST_F(InterruptedPod, ASecondRuntimeWaitsUntilTheFirstIsGone) {
  make("interrupted-9");
  ASSERT_TRUE(start(id_));
  auto before = state().SerializeAsString();
  auto second = std::make_unique<pod_runtime>(options(), [](auto) {});
  later<container::State> found;
  second->state(found.take());
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(exec(id_, {"true"}));
  EXPECT_FALSE(found.here());
  runtime_.reset();
  auto after = found.get();
  ASSERT_TRUE(after) << message_of(after.error());
  EXPECT_EQ(after->SerializeAsString(), before);
  runtime_ = std::move(second);
}

} // namespace troupe::process
