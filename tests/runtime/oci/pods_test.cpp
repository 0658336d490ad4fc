#include "tests/runtime/oci/oci_pods.hpp"

#include <csignal>
#include <fstream>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

TEST_P(OciPods, RunAProgramOfTheirImage) {
  EXPECT_EQ(said("oci-1", "cat /marker; pwd; echo $FROM_IMAGE"),
            "of the image\n/work\nyes\n");
}

TEST_P(OciPods, RunWhatTheImageSaysWhereNothingIsAskedFor) {
  container::ContainerConfig config;
  config.set_name("main");
  config.set_image("busybox");
  config.set_log_path("main/0.log");
  EXPECT_EQ(said("oci-2", config), "by default\n");
}

TEST_P(OciPods, TellHowTheyEnded) {
  auto c = ended(launch("oci-3", shell("main", "exit 7")));
  EXPECT_EQ(c.exit_code(), 7);
  EXPECT_EQ(c.reason(), "Error");
  EXPECT_GE(c.finished_at(), c.started_at());
  EXPECT_EQ(ended(launch("oci-4", shell("main", "true"))).reason(),
            "Completed");
}

TEST_P(OciPods, TellThatTheirProgramIsMissing) {
  auto pod = run("oci-5");
  ASSERT_TRUE(pod);
  auto config = shell("main", "");
  config.clear_command();
  config.add_command("no-such-program");
  auto made = create(pod->id(), config);
  ASSERT_TRUE(made) << message_of(made.error());
  auto started = start(made->id());
  ASSERT_FALSE(started);
  EXPECT_NE(message_of(started.error()).find("no-such-program"),
            std::string::npos)
      << message_of(started.error());
  auto c = ended(made->id());
  EXPECT_EQ(c.exit_code(), 128);
  EXPECT_EQ(c.reason(), "StartError");
}

TEST_P(OciPods, RefuseAnImageThatIsNotThere) {
  auto pod = run("oci-6");
  ASSERT_TRUE(pod);
  auto config = shell("main", "true");
  config.set_image("nothing");
  auto made = create(pod->id(), config);
  ASSERT_FALSE(made);
  EXPECT_TRUE(is(made.error(), ec::not_found));
}

TEST_P(OciPods, KeepWhatTheyWriteToThemselves) {
  EXPECT_EQ(said("oci-7", "echo changed > /marker; touch /new; cat /marker"),
            "changed\n");
  EXPECT_EQ(content(folder_ / "images/busybox/rootfs/marker"),
            "of the image\n");
  EXPECT_FALSE(fs::exists(folder_ / "images/busybox/rootfs/new"));
}

TEST_P(OciPods, EndWithinTheirGraceOrAreKilled) {
  auto id = launch("oci-8", shell("main", "trap 'exit 3' TERM; echo ready; "
                                          "while :; do sleep 0.01; done"));
  wait_until([&] { return logs(id) == "ready\n"; }, "not ready");
  auto c = stop(id, 10000);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 3);
  // The first process of a namespace does not heed what it does not handle.
  // Before it is there, runc's own program is, which does.
  id = launch("oci-9", shell("main", "echo ready; exec sleep 1000"));
  wait_until([&] { return logs(id) == "ready\n"; }, "not ready");
  c = stop(id, 100);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 137);
  EXPECT_EQ(c->signal(), SIGKILL);
}

TEST_P(OciPods, AreFoundAgainWithTheSameProcess) {
  auto id = launch("oci-10", shell("main", "exec sleep 1000"));
  auto before = state();
  restart();
  EXPECT_EQ(state().SerializeAsString(), before.SerializeAsString());
  auto ran = exec(id, {"cat", "/marker"});
  ASSERT_TRUE(ran) << message_of(ran.error());
  EXPECT_EQ(ran->stdout(), "of the image\n");
}

/// crun makes a process' standard streams its user's.
TEST_P(OciPods, LeaveTheMachinesDevicesToIt) {
  auto config = shell("main", "exec sleep 1000");
  auto& security = *config.mutable_security();
  security.set_run_as_user(4321);
  security.set_run_as_group(4322);
  auto id = launch("oci-owner", config);
  auto ran = exec(id, {"sh", "-c", "id -u; cat"});
  ASSERT_TRUE(ran) << message_of(ran.error());
  EXPECT_EQ(ran->stdout(), "4321\n");
  struct stat info {};
  ASSERT_EQ(stat("/dev/null", &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
  EXPECT_EQ(info.st_gid, 0u);
}

TEST_P(OciPods, LeaveNothingWhenTheirShimIsKilled) {
  auto marker = mark();
  auto id = launch(
      "oci-11", shell("main", "sleep " + marker + " & exec sleep " + marker));
  kill(static_cast<pid_t>(state().sandboxes(0).pid()), SIGKILL);
  auto c = ended(id);
  EXPECT_EQ(c.reason(), "ContainerStatusUnknown");
  wait_for_none(marker);
}

TEST_P(OciPods, LeaveNothingWhenTheirInitIsKilled) {
  auto marker = mark();
  auto id = launch("oci-12", shell("main", "exec sleep " + marker));
  auto pid = state().containers(0).pid();
  auto stat = content("/proc/" + std::to_string(pid) + "/stat");
  auto parent = std::stoi(stat.substr(stat.rfind(')') + 4));
  ASSERT_EQ(kill(parent, SIGKILL), 0);
  EXPECT_EQ(ended(id).exit_code(), 137);
  wait_for_none(marker);
}

TEST_P(OciPods, RunCommands) {
  auto config = shell("main", "exec sleep 1000");
  auto variable = config.add_env();
  variable->set_name("WORD");
  variable->set_value("of the container");
  auto id = launch("oci-13", config);
  auto ran =
      exec(id, {"sh", "-c", "echo $WORD; echo \"to\terror\" >&2; exit 5"});
  ASSERT_TRUE(ran) << message_of(ran.error());
  EXPECT_EQ(ran->stdout(), "of the container\n");
  EXPECT_EQ(ran->stderr(), "to\terror\n");
  EXPECT_EQ(ran->exit_code(), 5);
  auto missing = exec(id, {"no-such-program"});
  ASSERT_FALSE(missing);
  EXPECT_NE(message_of(missing.error()).find("no-such-program"),
            std::string::npos);
  auto slow = exec(id, {"sleep", "1000"}, 100);
  ASSERT_FALSE(slow);
  EXPECT_TRUE(is(slow.error(), ec::timeout));
}

TEST_P(OciPods, HaveATerminal) {
  auto config = shell("main", "test -t 0 && test -t 1 && tty; stty size");
  config.set_tty(true);
  EXPECT_EQ(said("oci-14", config).substr(0, 12), "/dev/pts/0\r\n");
}

TEST_P(OciPods, RunCommandsOnATerminal) {
  auto id = launch("oci-15", shell("main", "exec sleep 1000"));
  container::Exec what;
  what.set_container_id(id);
  for (auto word : {"sh", "-c", "tty; stty size; exit 6"})
    what.add_command(word);
  what.set_tty(true);
  what.set_credit(1000);
  what.set_width(101);
  what.set_height(37);
  auto text = std::make_shared<std::string>();
  auto over = std::make_shared<std::promise<int>>();
  stream_sink sink;
  sink.data = [text](const container::StreamData& data) {
    *text += data.data();
  };
  sink.credit = [](const container::StreamCredit&) {};
  sink.end = [over](const container::StreamEnd& end) {
    over->set_value(end.exit_code());
  };
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->exec(what, sink, done); });
  ASSERT_TRUE(opened) << message_of(opened.error());
  auto code = over->get_future();
  ASSERT_EQ(code.wait_for(deadline), std::future_status::ready);
  EXPECT_EQ(code.get(), 6);
  EXPECT_NE(text->find("/dev/pts/"), std::string::npos) << *text;
}

TEST_P(OciPods, HearWhoIsAttached) {
  auto config = shell("main", "cat");
  config.set_stdin(true);
  config.set_stdin_once(true);
  auto id = launch("oci-16", config);
  container::Attach what;
  what.set_container_id(id);
  what.set_stdin(true);
  what.set_credit(1000);
  stream_sink sink;
  sink.data = [](const container::StreamData&) {};
  sink.credit = [](const container::StreamCredit&) {};
  sink.end = [](const container::StreamEnd&) {};
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->attach(what, sink, done); });
  ASSERT_TRUE(opened) << message_of(opened.error());
  container::StreamData data;
  data.set_stream(opened->stream());
  data.set_data("hello\n");
  data.set_end(true);
  runtime_->input(data);
  EXPECT_EQ(ended(id).exit_code(), 0);
  EXPECT_EQ(logs(id), "hello\n");
}

TEST_P(OciPods, LeaveAMessage) {
  auto config = shell("main", "echo because > /dev/termination-log; exit 4");
  config.set_message_path("/dev/termination-log");
  EXPECT_EQ(ended(launch("oci-17", config)).message(), "because\n");
}

TEST_P(OciPods, WriteNoVariableToDisk) {
  auto config = shell("main", "exec sleep 1000");
  auto variable = config.add_env();
  variable->set_name("SECRET");
  variable->set_value("most-hidden-value");
  launch("oci-18", config);
  for (auto& entry : fs::recursive_directory_iterator(folder_)) {
    auto text = entry.is_regular_file() ? content(entry.path()) : std::string{};
    EXPECT_EQ(text.find("most-hidden-value"), text.npos) << entry.path();
  }
  EXPECT_EQ(count("most-hidden-value"), 0);
}

TEST_P(OciPods, TellWhatMakesTheirContainers) {
  auto status = ask<container::RuntimeStatus>(
      [this](auto done) { runtime_->probe(done); });
  ASSERT_TRUE(status);
  EXPECT_EQ(status->name(), "oci");
  EXPECT_NE(status->message().find(GetParam()), std::string::npos)
      << status->message();
  EXPECT_TRUE(status->mounts());
  EXPECT_TRUE(status->processes());
}

TEST_P(OciPods, StartQuickly) {
  std::vector<int64_t> times;
  for (int i = 0; i < 20; ++i) {
    auto pod = run("oci-fast-" + std::to_string(i));
    ASSERT_TRUE(pod);
    auto begin = std::chrono::steady_clock::now();
    auto made = create(pod->id(), shell("main", "exec sleep 1000"));
    ASSERT_TRUE(made);
    ASSERT_TRUE(start(made->id()));
    times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::steady_clock::now() - begin)
                        .count());
  }
  std::sort(times.begin(), times.end());
  RecordProperty("median_ms", static_cast<int>(times[10]));
  RecordProperty("least_ms", static_cast<int>(times[0]));
  // Far from what is wanted on an idle machine: this one may be busy.
  EXPECT_LT(times[10], 2000);
}

} // namespace troupe::process
