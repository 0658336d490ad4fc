#include "runtime/http/older_bodies.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

TEST(OlderBodies, AddContainersToAPod) {
  EXPECT_EQ(patch_of_late_containers(
                R"({"kind":"EphemeralContainers","apiVersion":"v1","metadata":{
                    "creationTimestamp":null},"ephemeralContainers":[{
                    "name":"debugger","image":"busybox"}]})"),
            R"({"spec":{"ephemeralContainers":[{"image":"busybox",)"
            R"("name":"debugger"}]}})");
}

TEST(OlderBodies, KeepTheVersionThatTheyInsistOn) {
  EXPECT_EQ(patch_of_late_containers(
                R"({"kind":"EphemeralContainers","metadata":{"name":"p",
                    "resourceVersion":"7"},"ephemeralContainers":[]})"),
            R"({"metadata":{"name":"p","resourceVersion":"7"},)"
            R"("spec":{"ephemeralContainers":[]}})");
}

TEST(OlderBodies, AreNoneWhereThereIsAKind) {
  EXPECT_EQ(patch_of_late_containers(R"({"kind":"Pod","spec":{}})"),
            std::nullopt);
  EXPECT_EQ(patch_of_late_containers(R"({"kind":7})"), std::nullopt);
  EXPECT_EQ(patch_of_late_containers("kind: EphemeralContainers"),
            std::nullopt);
  EXPECT_EQ(patch_of_late_containers(""), std::nullopt);
}

} // namespace

} // namespace troupe::http
