#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_volumes.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;

namespace {

template <class T>
T parsed(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return msg;
}

pod_references known() {
  pod_references refs;
  refs.config_maps["c"] = object::of(parsed<core::v1::ConfigMap>(
      "metadata { name: 'c' } data { key: 'b' value: 'two' } data { key: 'a' "
      "value: 'one' } binary_data { key: 'z' value: '\\001' }"));
  refs.secrets["s"] = object::of(parsed<core::v1::Secret>(
      "metadata { name: 's' } data { key: 'pw' value: 'x' }"));
  refs.tokens[""] = "t0ken";
  return refs;
}

// The first volume as text: "path mode bytes" per line; or the error.
std::string plan_of(const std::string& source) {
  auto pod = parsed<core::v1::Pod>(
      "metadata { name: 'p' namespace: 'ns' labels { key: 'app' value: 'web' } "
      "} "
      "spec { containers { name: 'web' resources { limits { key: 'cpu' value { "
      "string: '2' } } } } volumes { name: 'v' volume_source { "
      + source + " } } }");
  auto plans = plan_volumes(pod, known(), {});
  if (!plans)
    return message_of(plans.error());
  std::string text;
  for (const auto& file : plans->front().files) {
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(file.mode));
    text += file.path + " " + mode + " " + file.bytes + "\n";
  }
  return text;
}

} // namespace

TEST(PodVolumes, PlansFiles) {
  struct row {
    const char* source;
    const char* result;
  };
  for (
      auto [source, result] : {
          row{"config_map { local_object_reference { name: 'c' } }",
              "a 0644 one\nb 0644 two\nz 0644 \001\n"},
          row{"config_map { local_object_reference { name: 'c' } default_mode: "
              "256 items { key: 'a' path: 'x/y' } items { key: 'b' path: 'b' "
              "mode: 511 } }",
              "b 0777 two\nx/y 0400 one\n"},
          row{"config_map { local_object_reference { name: 'c' } items { key: "
              "'no' path: 'x' } }",
              "configmap references non-existent configmap key: no"},
          row{"config_map { local_object_reference { name: 'c' } items { key: "
              "'no' path: 'x' } optional: true }",
              ""},
          row{"config_map { local_object_reference { name: 'no' } }",
              "configmap \"no\" not found"},
          row{"config_map { local_object_reference { name: 'no' } optional: "
              "true }",
              ""},
          row{"secret { secret_name: 's' }", "pw 0644 x\n"},
          row{"secret { secret_name: 'no' }", "secret \"no\" not found"},
          row{"downward_api { items { path: 'labels' field_ref { field_path: "
              "'metadata.labels' } } items { path: 'cpu' mode: 384 "
              "resource_field_ref { container_name: 'web' resource: "
              "'limits.cpu' } } }",
              "cpu 0600 2\nlabels 0644 app=\"web\"\n"},
          row{"projected { default_mode: 288 sources { config_map { "
              "local_object_reference { name: 'c' } items { key: 'a' path: 'a' "
              "} } } sources { secret { local_object_reference { name: 's' } } "
              "} sources { service_account_token { path: 'token' } } sources { "
              "downward_api { items { path: 'ns' field_ref { field_path: "
              "'metadata.namespace' } } } } }",
              "a 0440 one\nns 0440 ns\npw 0440 x\ntoken 0440 t0ken\n"},
          row{"projected { sources { service_account_token { path: 't' "
              "audience: 'vault' } } }",
              "no token of service account \"\" yet"},
          row{"config_map { local_object_reference { name: 'c' } items { key: "
              "'a' path: '../../etc/passwd' } items { key: 'b' path: './b//c' "
              "} }",
              "b/c 0644 two\n"},
          row{"empty_dir {}", ""},
          row{"nfs { server: 'x' path: '/' }",
              "volume \"v\": this kind of volume is not provided on this node"},
      })
    EXPECT_EQ(plan_of(source), result) << source;
}

TEST(PodVolumes, KnowsTheFormOfEach) {
  auto pod = parsed<core::v1::Pod>(
      "spec { security_context { fs_group: 7 } volumes { name: 'a' "
      "volume_source "
      "{ empty_dir {} } } volumes { name: 'b' volume_source { host_path { "
      "path: "
      "'/srv' type: 'Directory' } } } volumes { name: 'c' volume_source { "
      "config_map { local_object_reference { name: 'no' } optional: true } } } "
      "volumes { name: 'd' } }");
  auto plans = plan_volumes(pod, {}, {});
  ASSERT_TRUE(plans);
  ASSERT_EQ(plans->size(), 4u);
  EXPECT_EQ((*plans)[0].kind, volume_plan::form::directory);
  EXPECT_EQ((*plans)[0].owner_group, 7);
  EXPECT_EQ((*plans)[1].kind, volume_plan::form::host_path);
  EXPECT_EQ((*plans)[1].host_path, "/srv");
  EXPECT_EQ((*plans)[2].kind, volume_plan::form::files);
  EXPECT_EQ((*plans)[3].kind, volume_plan::form::directory);
  EXPECT_TRUE(has_changing_volumes(pod));
}

TEST(PodVolumes, PlansMounts) {
  auto container = parsed<core::v1::Container>(
      "volume_mounts { name: 'a' mount_path: '/a' read_only: true } "
      "volume_mounts { name: 'b' mount_path: '/b' sub_path: 'x/' } "
      "volume_mounts { name: 'c' mount_path: '/c' sub_path_expr: "
      "'$(POD)/logs' }");
  auto mounts = plan_mounts(container, {{"POD", "web-0"}});
  ASSERT_TRUE(mounts);
  EXPECT_TRUE((*mounts)[0].read_only);
  EXPECT_EQ((*mounts)[1].sub_path, "x");
  EXPECT_EQ((*mounts)[2].sub_path, "web-0/logs");
  EXPECT_FALSE(plan_mounts(container, {}));
  container.mutable_volume_mounts(1)->set_sub_path("../x");
  EXPECT_FALSE(plan_mounts(container, {{"POD", "web-0"}}));
}

TEST(PodVolumes, NamesWhatIsSeenAtTheTop) {
  volume_plan plan;
  plan.files = {{"a", "", 0}, {"b/c", "", 0}, {"b/d", "", 0}};
  EXPECT_EQ(top_names(plan), (std::vector<std::string>{"a", "b"}));
}
