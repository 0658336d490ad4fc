#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pull_secrets.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

object secret(const std::string& name, const std::string& type,
              const std::string& key, const std::string& value) {
  core::v1::Secret x;
  x.mutable_metadata()->set_name(name);
  x.set_type(type);
  (*x.mutable_data())[key] = value;
  return object::of(x);
}

core::v1::Pod pod_with(const std::vector<std::string>& secrets) {
  core::v1::Pod pod;
  for (auto& name : secrets)
    pod.mutable_spec()->add_image_pull_secrets()->set_name(name);
  return pod;
}

pod_references known() {
  pod_references result;
  result.secrets["new"] = secret(
      "new", "kubernetes.io/dockerconfigjson", ".dockerconfigjson",
      R"({"auths":{"registry.example:5000":{"username":"a","password":"b"}}})");
  result.secrets["old"] =
      secret("old", "kubernetes.io/dockercfg", ".dockercfg",
             R"({"registry.example:5000":{"username":"c","password":"d"}})");
  result.secrets["broken"] = secret("broken", "kubernetes.io/dockerconfigjson",
                                    ".dockerconfigjson", "{");
  result.secrets["other"] =
      secret("other", "Opaque", ".dockerconfigjson",
             R"({"auths":{"registry.example:5000":{"username":"x"}}})");
  return result;
}

std::vector<std::string> users(const std::vector<std::string>& secrets,
                               const std::string& image) {
  std::vector<std::string> result;
  for (auto& each : pull_credentials(pod_with(secrets), known(), image))
    result.push_back(each.user + ":" + each.password);
  return result;
}

using list = std::vector<std::string>;

} // namespace

TEST(PullSecrets, AreThoseOfThePodThatFitTheImage) {
  EXPECT_EQ(users({"new"}, "registry.example:5000/app:1"), list{"a:b"});
  EXPECT_EQ(users({"new", "old"}, "registry.example:5000/app:1"),
            (list{"a:b", "c:d"}));
  EXPECT_EQ(users({"new"}, "elsewhere.example/app:1"), list{});
  EXPECT_EQ(users({}, "registry.example:5000/app:1"), list{});
}

TEST(PullSecrets, ArePassedOverWhereTheySayNothing) {
  EXPECT_EQ(users({"missing", "broken", "other", "old"},
                  "registry.example:5000/app:1"),
            list{"c:d"});
  EXPECT_EQ(users({"new"}, "NO IMAGE"), list{});
}

TEST(PullSecrets, AreFetchedForTheirPod) {
  EXPECT_EQ(references_of(pod_with({"new"})).secrets,
            std::set<std::string>{"new"});
  EXPECT_TRUE(references_of(pod_with({""})).empty());
}

} // namespace troupe::rules
