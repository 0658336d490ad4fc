#include "tests/support/pod_fixture.hpp"

namespace troupe::process {

namespace {

/// What one stream says, and a way to wait for it.
struct heard {
  std::mutex mutex;
  std::condition_variable changed;
  std::string output;
  uint32_t credit = 0;
  bool over = false;
  int32_t code = 0;
  std::string error;

  stream_sink sink() {
    stream_sink result;
    result.data = [this](const container::StreamData& data) {
      std::lock_guard guard{mutex};
      output += data.data();
      changed.notify_all();
    };
    result.credit = [this](const container::StreamCredit& more) {
      std::lock_guard guard{mutex};
      credit += more.chunks();
      changed.notify_all();
    };
    result.end = [this](const container::StreamEnd& end) {
      std::lock_guard guard{mutex};
      over = true;
      code = end.exit_code();
      error = end.error();
      changed.notify_all();
    };
    return result;
  }

  bool wait(std::function<bool()> condition) {
    std::unique_lock guard{mutex};
    return changed.wait_for(guard, std::chrono::seconds{20}, condition);
  }
};

container::Exec command(const std::string& id, const std::string& script) {
  container::Exec what;
  what.set_container_id(id);
  what.add_command("/bin/sh");
  what.add_command("-c");
  what.add_command(script);
  what.set_credit(1000);
  return what;
}

} // namespace

TEST_F(PodRuntime, RunsACommandInAContainer) {
  auto config = shell("main", "exec sleep 1000");
  auto variable = config.add_env();
  variable->set_name("COLOR");
  variable->set_value("green");
  config.set_working_dir("/usr");
  auto id = launch("exec-1", config);
  auto result = exec(id, {"/bin/sh", "-c",
                          "echo $COLOR $PWD; echo no >&2;"
                          " exit 5"});
  ASSERT_TRUE(result) << message_of(result.error());
  EXPECT_EQ(result->stdout(), "green /usr\n");
  EXPECT_EQ(result->stderr(), "no\n");
  EXPECT_EQ(result->exit_code(), 5);
}

TEST_F(PodRuntime, TellsWhyACommandCannotRun) {
  auto id = launch("exec-2", shell("main", "exec sleep 1000"));
  auto result = exec(id, {"no-such-program"});
  ASSERT_FALSE(result);
  EXPECT_NE(message_of(result.error()).find("no-such-program"),
            std::string::npos);
  EXPECT_TRUE(is(exec(id, {}).error(), ec::invalid));
  EXPECT_TRUE(is(exec(id, {""}).error(), ec::invalid));
  EXPECT_TRUE(is(exec("nobody", {"true"}).error(), ec::not_found));
}

TEST_F(PodRuntime, KillsACommandThatTakesTooLong) {
  auto id = launch("exec-3", shell("main", "exec sleep 1000"));
  auto marker = mark();
  auto result = exec(id, {"sleep", marker}, 50);
  ASSERT_FALSE(result);
  EXPECT_TRUE(is(result.error(), ec::timeout));
  wait_for_none(marker);
}

TEST_F(PodRuntime, RefusesACommandInAContainerThatEnded) {
  auto id = launch("exec-4", shell("main", "true"));
  ended(id);
  EXPECT_TRUE(is(exec(id, {"true"}).error(), ec::conflict));
}

TEST_F(PodRuntime, CarriesInputAndOutputOfACommand) {
  auto id = launch("exec-5", shell("main", "exec sleep 1000"));
  heard h;
  auto what = command(id, "cat; echo done");
  what.set_stdin(true);
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->exec(what, h.sink(), done); });
  ASSERT_TRUE(opened);
  ASSERT_TRUE(h.wait([&] { return h.credit > 0; }));
  container::StreamData data;
  data.set_stream(opened->stream());
  data.set_data("hello\n");
  runtime_->input(data);
  ASSERT_TRUE(h.wait([&] { return h.output == "hello\n"; }));
  data.clear_data();
  data.set_end(true);
  runtime_->input(data);
  ASSERT_TRUE(h.wait([&] { return h.over; }));
  EXPECT_EQ(h.output, "hello\ndone\n");
  EXPECT_EQ(h.code, 0);
}

TEST_F(PodRuntime, GivesATerminalToACommand) {
  auto id = launch("exec-6", shell("main", "exec sleep 1000"));
  heard h;
  auto what = command(id, "test -t 0 && test -t 1 && stty size; exit 4");
  what.set_tty(true);
  what.set_stdin(true);
  what.set_width(100);
  what.set_height(30);
  ASSERT_TRUE(ask<container::StreamOpened>(
      [&](auto done) { runtime_->exec(what, h.sink(), done); }));
  ASSERT_TRUE(h.wait([&] { return h.over; }));
  EXPECT_EQ(h.output, "30 100\r\n");
  EXPECT_EQ(h.code, 4);
}

TEST_F(PodRuntime, HoldsBackOutputThatNobodyTakes) {
  auto id = launch("exec-7", shell("main", "exec sleep 1000"));
  heard h;
  auto what = command(id, "head -c 1000000 /dev/zero");
  what.set_credit(1);
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->exec(what, h.sink(), done); });
  ASSERT_TRUE(opened);
  ASSERT_TRUE(h.wait([&] { return !h.output.empty(); }));
  EXPECT_LE(h.output.size(), 64u * 1024);
  container::StreamCredit more;
  more.set_stream(opened->stream());
  more.set_chunks(1000);
  runtime_->credit(more);
  ASSERT_TRUE(h.wait([&] { return h.over; }));
  EXPECT_EQ(h.output.size(), 1000000u);
}

TEST_F(PodRuntime, KillsACommandWhoseStreamIsClosed) {
  auto id = launch("exec-8", shell("main", "exec sleep 1000"));
  auto marker = mark();
  heard h;
  auto what = command(id, "sleep " + marker + " & echo begun; wait");
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->exec(what, h.sink(), done); });
  ASSERT_TRUE(opened);
  ASSERT_TRUE(h.wait([&] { return !h.output.empty(); }));
  // One that turns into its program has no arguments for a moment.
  wait_until([&] { return count(marker) == 2; }, "the command and its child");
  runtime_->close(opened->stream());
  wait_for_none(marker);
}

TEST_F(PodRuntime, EndsACommandWithItsContainer) {
  auto id = launch("exec-9", shell("main", "exec sleep 1000"));
  heard h;
  ASSERT_TRUE(ask<container::StreamOpened>([&](auto done) {
    runtime_->exec(command(id, "exec sleep 1000"), h.sink(), done);
  }));
  ASSERT_TRUE(stop(id, 0));
  ASSERT_TRUE(h.wait([&] { return h.over; }));
  EXPECT_EQ(h.code, 137);
}

TEST_F(PodRuntime, AttachesToAContainer) {
  auto config = shell("main", "while read line; do echo got $line; done;"
                              " exit 6");
  config.set_stdin(true);
  config.set_stdin_once(true);
  auto id = launch("exec-10", config);
  container::Attach what;
  what.set_container_id(id);
  what.set_stdin(true);
  what.set_credit(100);
  heard h;
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->attach(what, h.sink(), done); });
  ASSERT_TRUE(opened) << message_of(opened.error());
  container::StreamData data;
  data.set_stream(opened->stream());
  data.set_data("x\n");
  runtime_->input(data);
  ASSERT_TRUE(h.wait([&] { return h.output == "got x\n"; }));
  data.clear_data();
  data.set_end(true);
  runtime_->input(data);
  ASSERT_TRUE(h.wait([&] { return h.over; }));
  EXPECT_EQ(h.code, 6);
}

} // namespace troupe::process
