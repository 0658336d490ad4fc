#include "tests/support/command_cluster.hpp"

#include <csignal>
#include <sstream>

namespace troupe::test {

TEST_F(Commands, GetFollowsWhatChanges) {
  out_of("create configmap a");
  running_command watch{data_dir(),
                        {"-n", ns_, "get", "cm", "-l", "x!=y",
                         "--field-selector", "metadata.name!=kube-root-ca.crt",
                         "-w", "-o", "name"}};
  ASSERT_TRUE(watch.prints("configmap/a\n"));
  out_of("create configmap b");
  ASSERT_TRUE(watch.prints("configmap/b\n"));
  running_command events{
      data_dir(), {"-n", ns_, "get", "cm", "a", "-w", "--output-watch-events"}};
  ASSERT_TRUE(events.prints("ADDED"));
  out_of("label cm a t=1");
  ASSERT_TRUE(events.prints("MODIFIED"));
  out_of("delete cm a");
  ASSERT_TRUE(events.prints("DELETED"));
  auto first = events.output().substr(0, events.output().find('\n'));
  EXPECT_EQ(squeezed(first), "EVENT NAME DATA AGE");
  EXPECT_EQ(events.output().find("b "), std::string::npos);
}

TEST_F(Commands, AWatchSurvivesWhateverServesIt) {
  constexpr int rounds = 8;
  running_command watch{
      data_dir(),
      {"-n", ns_, "get", "cm", "--watch-only", "--output-watch-events", "-o",
       "custom-columns=N:.object.metadata.name,V:.object.data.v",
       "--no-headers"}};
  // It is there once it tells of something.
  int begin = 0;
  do
    out_of("create configmap begin-" + std::to_string(begin));
  while (++begin < 50 && !watch.prints_soon("begin-"));
  std::string expected;
  for (int i = 0; i < rounds; ++i) {
    auto n = std::to_string(i);
    if (i % 2 == 0)
      out_of("kill apiserver/view/configmaps");
    if (i == 3)
      out_of("kill apiserver/front_door");
    if (i == 5)
      out_of("kill apiserver");
    ASSERT_TRUE(until_prints(
        "create configmap c" + n + " --from-literal=v=" + n, "created"));
    ASSERT_TRUE(watch.prints("c" + n + " ")) << i;
  }
  // Each once: no gap, no double.
  std::istringstream lines{watch.output()};
  std::string seen;
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("c", 0) == 0)
      seen += squeezed(line + "\n");
  std::string all;
  for (int i = 0; i < rounds; ++i)
    all += "c" + std::to_string(i) + " " + std::to_string(i) + "\n";
  EXPECT_EQ(seen, all);
}

TEST_F(Commands, EventsAreInOrderAndFollowed) {
  out_of("run web --image=troupe/web:1");
  out_of("run bad --image=no/such:1");
  ASSERT_TRUE(until_prints("get pod web", "1/1 Running"));
  ASSERT_TRUE(
      until_prints("events --for pod/bad --types=Warning", "Failed pod/bad"));
  auto text = squeezed(out_of("events --for pod/web"));
  auto pulled = text.find("Pulled"), started = text.find("Started");
  EXPECT_EQ(text.rfind("LAST SEEN TYPE REASON OBJECT MESSAGE\n", 0), 0u)
      << text;
  EXPECT_LT(pulled, started) << text;
  EXPECT_EQ(text.find("pod/bad"), std::string::npos);
  expect({
      {"events --for pod/none", 0, {}, {"No events found in $NS namespace."}},
      {"events --types=Normal --no-headers --for pod/web",
       0,
       {"Normal Scheduled pod/web"},
       {}},
      {"events -A",
       0,
       {"NAMESPACE LAST SEEN TYPE REASON OBJECT MESSAGE\n", "$NS "},
       {}},
  });
  running_command follow{data_dir(),
                         {"-n", ns_, "events", "-w", "--for", "pod/late"}};
  out_of("run late --image=troupe/web:1");
  EXPECT_TRUE(follow.prints("Started"));
}

} // namespace troupe::test
