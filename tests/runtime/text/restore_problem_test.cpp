#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/restore_problem.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {

namespace {

std::string problem(const char* json) {
  return restore_problem(message_info_of(core::v1::Pod::descriptor()),
                         document::parse(json));
}

} // namespace

TEST(RestoreProblem, IsToldAsKubernetesTellsIt) {
  EXPECT_EQ(problem(R"({"metadata":{"labels":"x"}})"),
            "cannot restore map from string");
  EXPECT_EQ(problem(R"({"spec":{"containers":{}}})"),
            "cannot restore slice from map");
  EXPECT_EQ(problem(R"({"spec":[]})"), "cannot restore struct from: slice");
  EXPECT_EQ(problem(R"({"spec":{"nodeName":1}})"),
            "cannot convert int64 to string");
  EXPECT_EQ(problem(R"({"spec":{"hostNetwork":"yes"}})"),
            "unrecognized type: bool");
  EXPECT_EQ(problem(R"({"metadata":{"labels":{"a":true}}})"),
            "unrecognized type: string");
}

TEST(RestoreProblem, IsNoneWhereAllFitsOrHasAFormOfItsOwn) {
  EXPECT_EQ(problem(R"({"metadata":{"creationTimestamp":"2020-01-01T00:00:00Z",
                        "labels":{"a":"b"}},
                        "spec":{"containers":[{"name":"c","resources":{
                          "limits":{"cpu":1}}}],"priority":3,
                          "activeDeadlineSeconds":null}})"),
            "");
}

} // namespace troupe::text
