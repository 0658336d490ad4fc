#include "messages/api/core_pod.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/rules/why.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using ::testing::ElementsAre;

/// "path kind key [about]" for each.
std::vector<std::string> asked(const object& what,
                               std::vector<object> owners = {},
                               std::vector<object> services = {}) {
  std::vector<std::string> result;
  for (auto& q : questions_about(what, owners, services))
    result.push_back(q.path + " " + q.kind + " " + q.key
                     + (q.about.empty() ? "" : " [" + q.about + "]"));
  return result;
}

} // namespace

TEST(Why, OfAPodIsKnownToAllWhoseDecisionsMadeIt) {
  auto set = object::of(test::replica_set());
  auto deployment = object::of(test::deployment());
  auto other = test::service();
  other.mutable_metadata()->set_name("other");
  (*other.mutable_spec()->mutable_selector())["app"] = "db";
  EXPECT_THAT(asked(object::of(test::pod("a", "node-1")), {set, deployment},
                    {object::of(test::service()), object::of(other)}),
              ElementsAre("scheduler Pod default/a",
                          "kubelet/node-1 Pod default/a",
                          "controllers/node Node node-1 [Node node-1]",
                          "controllers/pod_gc Node node-1 [Node node-1]",
                          "controllers/replicaset ReplicaSet default/web "
                          "[ReplicaSet web]",
                          "controllers/deployment Deployment default/web "
                          "[Deployment web]",
                          "controllers/endpoints Service default/web "
                          "[Service web]",
                          "controllers/garbage_collector Pod default/a"));
}

TEST(Why, OfAPodWithoutANodeIsTheSchedulersBusiness) {
  EXPECT_THAT(asked(object::of(test::pod("a", ""))),
              ElementsAre("scheduler Pod default/a",
                          "controllers/garbage_collector Pod default/a"));
}

TEST(Why, OfASliceIsThatOfItsService) {
  discovery::v1::EndpointSlice slice;
  slice.mutable_metadata()->set_name("web-x");
  slice.mutable_metadata()->set_namespace_("default");
  (*slice.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] =
      "web";
  EXPECT_THAT(asked(object::of(slice)),
              ElementsAre("controllers/endpoints Service default/web [Service "
                          "default/web]",
                          "controllers/endpointslice Service default/web "
                          "[Service default/web]",
                          "controllers/garbage_collector EndpointSlice "
                          "default/web-x"));
}

TEST(Why, SaysSomethingSensibleWhereNobodyHasDecided) {
  struct {
    object what;
    std::string text;
  } cases[] = {
      {object::of([] {
         core::v1::ConfigMap map;
         map.mutable_metadata()->set_name("a");
         return map;
       }()),
       "ConfigMap a is kept for others to read: no component decides anything "
       "about it"},
      {object::of([] {
         storage::v1::StorageClass one;
         one.mutable_metadata()->set_name("a");
         return one;
       }()),
       "StorageClass a is stored: nothing of ours acts on objects of this kind "
       "yet, only what others bring into this cluster"},
      {object::of([] {
         core::v1::PodTemplate one;
         one.mutable_metadata()->set_name("a");
         return one;
       }()),
       "PodTemplate a is stored, but nothing in this cluster acts on objects "
       "of this kind yet"},
      {object::of(test::deployment()),
       "no component has decided anything about Deployment web since it "
       "started (asked: controllers/deployment)"},
  };
  for (auto& c : cases)
    EXPECT_EQ(nothing_decided(c.what, questions_about(c.what, {}, {})), c.text);
}

} // namespace troupe::rules
