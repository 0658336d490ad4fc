#include "runtime/process/shim_wire.hpp"
#include "tests/support/pod_fixture.hpp"

#include <csignal>
#include <fstream>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

TEST_F(PodRuntime, GivesAContainerItsOwnEnvironmentOnly) {
  setenv("TROUPE_TEST_LEAK", "leaked", 1);
  auto config = shell("main", "env");
  config.set_working_dir("/");
  auto variable = config.add_env();
  variable->set_name("B");
  variable->set_value("two words\nand a line");
  auto pod = sandbox("env-1");
  pod.set_hostname("web-0");
  auto ran = run(pod);
  ASSERT_TRUE(ran);
  auto c = create(ran->id(), config);
  ASSERT_TRUE(c);
  ASSERT_TRUE(start(c->id()));
  ended(c->id());
  auto text = logs(c->id());
  EXPECT_EQ(text.find("leaked"), text.npos);
  EXPECT_NE(text.find("B=two words\nand a line"), text.npos);
  EXPECT_NE(text.find("HOSTNAME=web-0\n"), text.npos);
  EXPECT_NE(text.find("PATH=/usr/local/sbin:"), text.npos);
  EXPECT_NE(text.find("HOME="), text.npos);
}

TEST_F(PodRuntime, GivesAPodItsHostName) {
  if ((flags_ & use_mounts) == 0)
    GTEST_SKIP() << "this machine allows no namespaces";
  auto pod = sandbox("host-1");
  pod.set_hostname("web-0");
  auto ran = run(pod);
  ASSERT_TRUE(ran);
  auto c = create(ran->id(), shell("main", "uname -n"));
  ASSERT_TRUE(c && start(c->id()));
  ended(c->id());
  EXPECT_EQ(logs(c->id()), "web-0\n");
}

TEST_F(PodRuntime, GivesAPodItsNameServers) {
  if ((flags_ & use_mounts) == 0 || !fs::exists("/etc/resolv.conf"))
    GTEST_SKIP() << "nothing can be mounted here";
  auto pod = sandbox("dns-1");
  pod.mutable_dns()->add_servers("10.96.0.10");
  pod.mutable_dns()->add_searches("default.svc.cluster.local");
  pod.mutable_dns()->add_searches("svc.cluster.local");
  pod.mutable_dns()->add_options("ndots:5");
  auto ran = run(pod);
  ASSERT_TRUE(ran);
  auto c = create(ran->id(), shell("main", "cat /etc/resolv.conf"));
  ASSERT_TRUE(c && start(c->id()));
  ended(c->id());
  EXPECT_EQ(logs(c->id()), "nameserver 10.96.0.10\n"
                           "search default.svc.cluster.local "
                           "svc.cluster.local\noptions ndots:5\n");
}

TEST_F(PodRuntime, ShowsAContainerOnlyItsOwnProcesses) {
  if ((flags_ & use_processes) == 0)
    GTEST_SKIP() << "this machine allows no process namespaces";
  auto id = launch("own-1", shell("main", "ls -d /proc/[0-9]* | wc -l"));
  ended(id);
  EXPECT_LE(std::stoi(logs(id)), 5);
}

TEST_F(PodRuntime, LetsContainersOfAPodSeeEachOtherIfTheyShareProcesses) {
  if ((flags_ & use_mounts) == 0 || (flags_ & use_processes) == 0)
    GTEST_SKIP() << "no namespaces of processes here";
  auto config = sandbox("own-2");
  config.set_processes(container::POD);
  auto box = run(config);
  ASSERT_TRUE(box);
  auto marker = mark();
  auto first = create(box->id(), shell("first", "exec sleep " + marker));
  auto second = create(box->id(), shell("second", "exec sleep 1000"));
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(start(first->id()));
  auto started = start(second->id());
  ASSERT_TRUE(started);
  // On the node it is known by the node's number.
  EXPECT_TRUE(
      std::filesystem::exists("/proc/" + std::to_string(started->pid())));
  auto seen = exec(second->id(), {"sh", "-c", "cat /proc/[0-9]*/cmdline"});
  ASSERT_TRUE(seen);
  EXPECT_NE(seen->stdout().find(marker), std::string::npos);
  auto all = exec(second->id(), {"sh", "-c", "ls -d /proc/[0-9]* | wc -l"});
  ASSERT_TRUE(all);
  EXPECT_LT(std::stoi(all->stdout()), 12);
  auto killed = exec(second->id(), {"sh", "-c",
                                    "for p in /proc/[0-9]*; do "
                                    "[ $p = /proc/$$ ] || ! grep -q "
                                        + marker
                                        + " $p/cmdline || kill ${p#/proc/}; "
                                          "done"});
  EXPECT_EQ(ended(first->id()).signal(), SIGTERM);
  ASSERT_TRUE(remove_sandbox(box->id()));
  wait_for_none("own-2");
}

TEST_F(PodRuntime, GivesAPodANetworkOfItsOwn) {
  if ((flags_ & own_network) == 0)
    GTEST_SKIP() << "this machine allows no network namespaces";
  auto pod = sandbox("net-1");
  pod.set_network(container::OWN);
  pod.set_address("10.244.1.7");
  auto ran = run(pod);
  ASSERT_TRUE(ran) << message_of(ran.error());
  EXPECT_EQ(ran->address(), "10.244.1.7");
  EXPECT_TRUE(fs::exists(ran->network_path()));
  EXPECT_NE(fs::read_symlink(ran->network_path()),
            fs::read_symlink("/proc/self/ns/net"));
  auto c = create(ran->id(), shell("main", "cat /proc/net/dev | wc -l; cat "
                                           "/proc/net/fib_trie | grep -c "
                                           "127.0.0.1"));
  ASSERT_TRUE(c && start(c->id()));
  ended(c->id());
  // Two lines of heading and the loopback, which is up.
  auto text = logs(c->id());
  EXPECT_EQ(text.substr(0, 2), "3\n");
  EXPECT_NE(text.substr(2), "0\n");
  restart();
  EXPECT_EQ(state().sandboxes(0).network_path(), ran->network_path());
}

TEST_F(PodRuntime, RunsAsTheUserAskedFor) {
  if ((flags_ & use_mounts) == 0)
    GTEST_SKIP() << "this machine allows no namespaces";
  auto config = shell("main", "id -u; id -g; cat; echo x > /dev/stdout");
  config.mutable_security()->set_run_as_user(12345);
  config.mutable_security()->set_run_as_group(2345);
  config.mutable_security()->set_no_new_privileges(true);
  auto id = launch("user-1", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
  EXPECT_EQ(logs(id), "12345\n2345\nx\n");
}

TEST_F(PodRuntime, TakesCapabilitiesAway) {
  auto config = shell("main", "grep -E 'Cap(Eff|Prm|Bnd)' /proc/self/status |"
                              " grep -v 0000000000000000; true");
  config.mutable_security()->add_drop_capabilities("ALL");
  auto id = launch("caps-1", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
  if (geteuid() == 0) {
    EXPECT_EQ(logs(id), "");
  }
}

TEST_F(PodRuntime, RefusesToRunAsRootWhenToldSo) {
  auto config = shell("main", "true");
  config.mutable_security()->set_run_as_non_root(true);
  config.mutable_security()->set_run_as_user(0);
  auto pod = run("user-2");
  ASSERT_TRUE(pod);
  auto c = create(pod->id(), config);
  ASSERT_FALSE(c);
  EXPECT_NE(message_of(c.error()).find("runAsNonRoot"), std::string::npos);
}

TEST_F(PodRuntime, PassesSignalsOn) {
  auto ready = (folder_ / "ready").string();
  auto id =
      launch("signal-1", shell("main", "trap 'exit 11' USR1; touch " + ready
                                           + "; while :; do sleep 0.01;"
                                             " done"));
  wait_for_file(ready);
  EXPECT_TRUE(ask<container::Done>(
      [&](auto done) { runtime_->signal(id, SIGUSR1, done); }));
  EXPECT_EQ(ended(id).exit_code(), 11);
}

TEST_F(PodRuntime, StopsWithTheSignalOfTheContainer) {
  auto ready = (folder_ / "ready").string();
  auto config = shell("main", "trap 'exit 12' QUIT; touch " + ready
                                  + "; while :; do sleep 0.01; done");
  config.set_stop_signal("SIGQUIT");
  auto id = launch("signal-2", config);
  wait_for_file(ready);
  auto c = stop(id, 10000);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 12);
}

TEST_F(PodRuntime, GivesAContainerATerminal) {
  auto config = shell("main", "test -t 1 && echo terminal");
  config.set_tty(true);
  auto id = launch("tty-1", config);
  EXPECT_EQ(ended(id).exit_code(), 0);
  EXPECT_EQ(logs(id), "terminal\r\n");
}

TEST_F(PodRuntime, ReopensALogThatWasMovedAway) {
  auto go = (folder_ / "go").string();
  auto id = launch("reopen-1", shell("main", "echo one; while [ ! -e " + go
                                                 + " ]; do sleep 0.01; done;"
                                                   " echo two"));
  auto log = folder_ / "logs/reopen-1/main/0.log";
  wait_for_content(log);
  fs::rename(log, folder_ / "moved");
  EXPECT_TRUE(
      ask<container::Done>([&](auto done) { runtime_->reopen_log(id, done); }));
  std::ofstream{go};
  ended(id);
  EXPECT_EQ(content(log).substr(31), "stdout F two\n");
  EXPECT_EQ(content(folder_ / "moved").substr(31), "stdout F one\n");
}

TEST_F(PodRuntime, AnswersNonsenseWithAnErrorThatNamesIt) {
  auto refused = [](const caf::error& err, const std::string& word) {
    return message_of(err).find(word) != std::string::npos;
  };
  for (auto uid : {"", "../escape", "a/b", ".hidden", "x y"}) {
    auto pod = run(uid);
    ASSERT_FALSE(pod) << uid;
    EXPECT_TRUE(refused(pod.error(), "config.uid")) << message_of(pod.error());
  }
  auto nameless = sandbox("nonsense-1");
  nameless.clear_name();
  EXPECT_TRUE(refused(run(nameless).error(), "config.name"));
  auto relative = sandbox("nonsense-1");
  relative.set_log_directory("logs");
  EXPECT_TRUE(refused(run(relative).error(), "logDirectory"));
  auto lost = sandbox("nonsense-1");
  lost.set_network(container::PATH);
  EXPECT_TRUE(refused(run(lost).error(), "networkPath"));
  lost.set_network_path("/no/such/namespace");
  EXPECT_TRUE(refused(run(lost).error(), "/no/such/namespace"));

  auto pod = run("nonsense-2");
  ASSERT_TRUE(pod);
  auto check = [&](container::ContainerConfig config, const std::string& word) {
    auto c = create(pod->id(), config);
    EXPECT_FALSE(c) << word;
    EXPECT_TRUE(c || refused(c.error(), word)) << message_of(c.error());
  };
  auto good = shell("main", "true");
  for (auto name : {"", "../x", "a/b", "-x"}) {
    auto config = good;
    config.set_name(name);
    check(config, "config.name");
  }
  auto config = good;
  config.add_env()->set_name("A=B");
  check(config, "A=B");
  config = good;
  config.add_args(std::string("a\0b", 3));
  check(config, "args");
  config = good;
  config.set_stop_signal("SIGNOTHING");
  check(config, "SIGNOTHING");
  config = good;
  config.mutable_security()->add_drop_capabilities("NOTHING");
  check(config, "NOTHING");
  config = good;
  config.mutable_security()->set_run_as_user(-7);
  check(config, "runAsUser");
  config = good;
  config.set_log_path("../../escape.log");
  check(config, "logPath");
  config = good;
  config.set_image("UPPER/../x");
  check(config, "invalid reference format");

  EXPECT_TRUE(is(create("nobody", good).error(), ec::not_found));
  EXPECT_TRUE(is(start("nobody").error(), ec::not_found));
  EXPECT_TRUE(is(stop("nobody", 0).error(), ec::not_found));
  EXPECT_TRUE(remove_sandbox("nobody"));
  auto missing = good;
  missing.set_command(0, "/no/such/program");
  auto c = create(pod->id(), missing);
  ASSERT_TRUE(c);
  auto started = start(c->id());
  ASSERT_FALSE(started);
  EXPECT_TRUE(refused(started.error(), "exec \"/no/such/program\""));
  EXPECT_EQ(ended(c->id()).reason(), "StartError");
  EXPECT_EQ(ended(c->id()).exit_code(), 128);
}

TEST_F(PodRuntime, IsNotReadyWithoutItsProgram) {
  runtime_options options;
  options.pods = folder_ / "other";
  options.images = folder_ / "images";
  options.shim = "/no/such/shim";
  pod_runtime other{options, [](auto) {}};
  auto status =
      ask<container::RuntimeStatus>([&](auto done) { other.probe(done); });
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->ready());
  EXPECT_NE(status->message().find("/no/such/shim"), std::string::npos);
  auto pod = ask<container::Sandbox>(
      [&](auto done) { other.run(sandbox("x"), done); });
  EXPECT_TRUE(is(pod.error(), ec::service_unavailable));
}

} // namespace troupe::process
