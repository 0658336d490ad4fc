#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/http/health.hpp"
#include "runtime/http/kubelet_pages.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

std::vector<object> some_pods() {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name("web");
  pod.mutable_metadata()->set_namespace_("shop");
  pod.mutable_metadata()->set_uid("u-1");
  pod.mutable_spec()->add_containers()->set_name("main");
  auto& runs = *pod.mutable_status()->add_container_statuses();
  runs.set_name("main");
  runs.set_image("nginx");
  runs.mutable_state()->mutable_running();
  auto& over = *pod.mutable_status()->add_init_container_statuses();
  over.set_name("init");
  over.mutable_state()->mutable_terminated();
  core::v1::Pod idle;
  idle.mutable_metadata()->set_name("idle");
  return {object::of(pod), object::of(idle)};
}

TEST(KubeletPages, TellsWhatRuns) {
  auto text = running_pods(some_pods());
  EXPECT_NE(text.find(R"("name":"web","namespace":"shop","uid":"u-1")"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"({"name":"main","image":"nginx","resources":{}})"),
            std::string::npos);
  EXPECT_EQ(text.find("init"), std::string::npos);
  EXPECT_EQ(text.find("idle"), std::string::npos);
}

TEST(KubeletPages, CountsWhatRuns) {
  auto text = kubelet_metrics("n", some_pods());
  for (auto* line : {"kubelet_running_pods 1\n",
                     "kubelet_running_containers{container_state=\"exited\"} 1",
                     "kubelet_running_containers{container_state=\"running\"} "
                     "1\n",
                     "kubelet_node_name{node=\"n\"} 1\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
}

TEST(KubeletPages, ReadsWhichLogAndHow) {
  auto what = *parse_target("/containerLogs/a/b/c?tailLines=3&follow=true");
  auto log = find_container_log(what);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->ns + log->pod + log->container, "abc");
  auto options = log_options(what, {});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->follow());
  EXPECT_EQ(options->tail_lines(), 3);
  options = log_options(*parse_target("/x?tail=all&tailLines=3"), {});
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->has_tail_lines());
  EXPECT_FALSE(log_options(*parse_target("/x?tailLines=many"), {}));
  EXPECT_FALSE(find_container_log(*parse_target("/containerLogs/a/b")));
}

TEST(Health, WordsItsPagesAsKubernetes) {
  std::vector<health_check> checks{{"ping", {}}, {"etcd", "gone"}};
  EXPECT_EQ(health_page("readyz", {}, {}, false, checks).text,
            "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check "
            "failed\n");
  auto without = health_page("readyz", {}, {"etcd", "x"}, true, checks);
  EXPECT_EQ(without.status, 200);
  EXPECT_EQ(without.text,
            "[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot "
            "be excluded: no matches for \"x\"\nreadyz check passed\n");
  EXPECT_EQ(health_page("livez", "ping", {}, false, checks).text, "ok");
  EXPECT_EQ(health_page("livez", "etcd", {}, false, checks).status, 500);
  EXPECT_EQ(health_page("livez", "no", {}, false, checks).status, 404);
}

TEST(Health, ReadsWhatItsChecksAreAbout) {
  auto has = [](std::string_view page, std::string_view check) {
    return !questions_of(page, check, {}).empty();
  };
  EXPECT_TRUE(has("readyz", "informer-sync") && has("readyz", "shutdown"));
  EXPECT_FALSE(has("livez", "informer-sync") || has("healthz", "shutdown"));
  EXPECT_TRUE(has("livez", "log"));
  EXPECT_TRUE(questions_of("livez", "no", {}).empty());
  auto store = questions_of("livez", "etcd", {}).at(0);
  EXPECT_EQ(problem_of(store, {}), "");
  EXPECT_EQ(problem_of(store, make_error(ec::not_found, "x")), "");
  EXPECT_EQ(problem_of(store, make_error(ec::timeout, "late")), "late");
  auto roles =
      questions_of("livez", "poststarthook/rbac/bootstrap-roles", {}).at(0);
  EXPECT_EQ(problem_of(roles, {}), "");
  EXPECT_EQ(problem_of(roles, make_error(ec::not_found, "x")), "not finished");
  // That the store is ill is for the check of the store to say.
  EXPECT_EQ(problem_of(roles, make_error(ec::timeout, "late")), "");
  EXPECT_EQ(questions_of("livez", {}, {"etcd"}).size(),
            questions_of("livez", {}, {}).size() - 1);
}

} // namespace

} // namespace troupe::http
