#include "tests/support/command_cluster.hpp"

#include <csignal>

namespace troupe::test {

namespace {

/// A pod with two containers and an init container that write, and a pod that
/// ended and started again.
constexpr const char* writers = R"(apiVersion: v1
kind: Pod
metadata: {name: writers, labels: {app: writers}}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
    - {name: setup, image: x, command: [sh, -c, "echo set up"]}
  containers:
    - {name: main, image: x, command: [sh, -c, "echo one; echo two; echo three; exec sleep 600"]}
    - {name: side, image: x, command: [sh, -c, "echo beside; exec sleep 600"]}
---
apiVersion: v1
kind: Pod
metadata: {name: again, labels: {app: again}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: main, image: x, command: [sh, -c, "echo $HOSTNAME run; test -e $MARK && exec sleep 600; touch $MARK; exit 3"], env: [{name: MARK, value: $DIR/mark}]}
)";

} // namespace

TEST_F(Commands, LogsOfPodsAndContainers) {
  write("pods.yaml", writers);
  out_of("apply -f $DIR/pods.yaml");
  ASSERT_TRUE(until_prints("get pod writers", "2/2 Running"));
  ASSERT_TRUE(until_prints("get pod again", "1/1 Running 1"));
  ASSERT_TRUE(until_prints("logs writers -c side", "beside\n"));
  ASSERT_TRUE(until_prints("logs writers main", "three\n"));
  expect({
      {"logs writers",
       0,
       {"one\ntwo\nthree\n"},
       {"Defaulted container \"main\" out of: main, side, setup (init)\n"}},
      {"logs pod/writers -c main", 0, {"one\ntwo\nthree\n"}, {}},
      {"logs writers -c setup", 0, {"set up\n"}, {}},
      {"logs writers main --tail=1", 0, {"three\n"}, {}},
      {"logs writers main --tail=0", 0, {}, {}},
      {"logs writers main --limit-bytes=5", 0, {"one\n"}, {}},
      {"logs writers main --since=1h", 0, {"one\ntwo\nthree\n"}, {}},
      {"logs writers main --since-time=2099-01-01T00:00:00Z", 0, {}, {}},
      {"logs writers main --timestamps --tail=1", 0, {"T", "Z three\n"}, {}},
      {"logs writers --all-containers",
       0,
       {"set up\none\ntwo\nthree\nbeside\n"},
       {}},
      {"logs writers --all-containers --prefix --tail=1",
       0,
       {"[pod/writers/setup] set up\n[pod/writers/main] "
        "three\n[pod/writers/side] beside\n"},
       {}},
      {"logs -l app=again", 0, {"run\n"}, {}},
      {"logs again --previous", 0, {"run\n"}, {}},
      {"logs -l no=such", 0, {}, {"No resources found in $NS namespace.\n"}},
      {"logs writers -c none",
       1,
       {},
       {"container none is not valid for pod writers"}},
      {"logs writers -c main --previous",
       1,
       {},
       {"previous terminated container \"main\" in pod \"writers\" not found"}},
      {"logs none",
       1,
       {},
       {"Error from server (NotFound): pods \"none\" not found"}},
      {"logs -l 'a in'", 1, {}, {"unable to parse requirement"}},
      {"logs configmap/kube-root-ca.crt", 1, {}, {"cannot tell the pods of"}},
      {"logs -l app=writers -f --all-containers --max-log-requests=2",
       1,
       {},
       {"maximum allowed concurrency is 2"}},
  });
}

TEST_F(Commands, LogsFollowTheProgramToItsEnd) {
  out_of("run talker --image=x --restart=Never --command -- sh -c 'echo begin; "
         "while ! test -e $DIR/go; do sleep 0.05; done; echo end'");
  ASSERT_TRUE(until_prints("get pod talker", "1/1 Running"));
  running_command follow{data_dir(), {"-n", ns_, "logs", "-f", "talker"}};
  ASSERT_TRUE(follow.prints("begin\n"));
  write("go", "");
  EXPECT_EQ(follow.wait(), 0);
  EXPECT_EQ(follow.output(), "begin\nend\n");
}

TEST_F(Commands, LogsOfAWorkloadChooseAPod) {
  out_of("create deployment web --image=x --replicas=2 -- sh -c 'echo here; "
         "exec sleep 600'");
  ASSERT_TRUE(until_prints("get deployment web", "web 2/2"));
  // Each of the two speaks in its own time.
  ASSERT_TRUE(until_prints("logs -l app=web", "here\nhere\n"));
  auto got = run("logs deploy/web");
  EXPECT_EQ(got.out, "here\n");
  EXPECT_EQ(got.err.rfind("Found 2 pods, using pod/web-", 0), 0u) << got.err;
  auto all = run("logs deploy/web --all-pods");
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 2) << all.out;
  EXPECT_EQ(all.out.rfind("[pod/web-", 0), 0u) << all.out;
  // All pods at once, each line with its own.
  running_command follow{
      data_dir(), {"-n", ns_, "logs", "-f", "-l", "app=web", "--prefix"}};
  ASSERT_TRUE(follow.prints("/x] here\n"));
  out_of("scale deployment web --replicas=0");
  EXPECT_EQ(follow.wait(), 0);
  EXPECT_EQ(std::count(follow.output().begin(), follow.output().end(), '\n'),
            2);
  EXPECT_TRUE(until_prints("get deployment web", "web 0/0"));
  out_of("wait pod -l app=web --for=delete --timeout=30s");
  // Nobody will come.
  EXPECT_EQ(run("logs deployment/web --pod-running-timeout=100ms").code, 1);
}

TEST_F(Commands, ExecRunsACommand) {
  write("pods.yaml", writers);
  out_of("apply -f $DIR/pods.yaml");
  ASSERT_TRUE(until_prints("get pod writers", "2/2 Running"));
  expect({
      {"exec writers -c side -- echo hello world", 0, {"hello world\n"}, {}},
      {"exec writers -- sh -c 'echo out; echo err >&2'",
       0,
       {"out\n"},
       {"Defaulted container \"main\"", "err\n"}},
      {"exec writers -q -- sh -c 'exit 7'", 7, {}, {}},
      {"exec writers -c main -- sh -c 'exit 7'",
       7,
       {},
       {"command terminated with exit code 7\n"}},
      {"exec writers -c main -- sh -c 'kill -9 $$'",
       137,
       {},
       {"exit code 137"}},
      {"exec writers -c none -- true",
       1,
       {},
       {"none is not valid for pod writers"}},
      {"exec writers -c setup -- true", 1, {}, {"setup"}},
      {"exec writers -c main -- /no/such/program",
       1,
       {""},
       {"/no/such/program"}},
      {"exec none -- true", 1, {}, {"pods \"none\" not found"}},
      {"exec configmap/kube-root-ca.crt -- true",
       1,
       {},
       {"cannot tell the pods of"}},
  });
}

TEST_F(Commands, ExecPassesItsInputOn) {
  out_of("run cell --image=x --command -- sleep 600");
  ASSERT_TRUE(until_prints("get pod cell", "1/1 Running"));
  running_command cat{data_dir(),
                      {"-n", ns_, "exec", "-i", "cell", "--", "cat"}};
  cat.type("first\n");
  ASSERT_TRUE(cat.prints("first\n"));
  cat.type("second\n");
  cat.close_input();
  EXPECT_EQ(cat.wait(), 0);
  EXPECT_EQ(cat.output(), "first\nsecond\n");
  // Without -i there is none.
  running_command none{data_dir(), {"-n", ns_, "exec", "cell", "--", "cat"}};
  EXPECT_EQ(none.wait(), 0);
  EXPECT_EQ(none.output(), "");
  // A terminal needs one here.
  running_command plain{data_dir(),
                        {"-n", ns_, "exec", "-it", "cell", "--", "echo", "hi"}};
  plain.close_input();
  EXPECT_EQ(plain.wait(), 0);
  EXPECT_EQ(plain.output(), "Unable to use a TTY - input is not a terminal or "
                            "the right kind of file\nhi\n");
}

TEST_F(Commands, ExecGivesATerminalThatFollowsTheWindow) {
  out_of("run cell --image=x --command -- sleep 600");
  ASSERT_TRUE(until_prints("get pod cell", "1/1 Running"));
  running_command shell{
      data_dir(), {"-n", ns_, "exec", "-it", "cell", "--", "sh"}, 91, 17};
  shell.type("stty size\n");
  ASSERT_TRUE(shell.prints("17 91"));
  shell.resize(123, 45);
  // The change is on its way; the shell tells when it is there.
  shell.type("until test \"$(stty size)\" = '45 123'; do sleep 0.02; done; "
             "echo now $(stty size)\n");
  ASSERT_TRUE(shell.prints("now 45 123"));
  shell.type("exit 5\n");
  EXPECT_EQ(shell.wait(), 5);
}

} // namespace troupe::test
