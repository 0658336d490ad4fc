#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_remarks.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;

namespace {

template <class T>
T parsed(const std::string& text) {
  T result;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &result));
  return result;
}

/// What is said when the one container's status turns from one to the other.
std::string said(const std::string& before, const std::string& now) {
  core::v1::Pod pod = parsed<core::v1::Pod>(
      "metadata { name: 'web' namespace: 'default' uid: 'u1' }");
  *pod.mutable_status() = parsed<core::v1::PodStatus>(before);
  std::string result;
  for (auto& each : remarks_of_waiting(pod, parsed<core::v1::PodStatus>(now)))
    result += each.type + " " + each.reason + " " + each.message + "\n";
  return result;
}

/// A status with one container that waits.
std::string waiting(const std::string& reason, int restarts = 0) {
  return "container_statuses { name: 'a' image: 'x:1' restart_count: "
         + std::to_string(restarts) + " state { waiting { reason: '" + reason
         + "' } } }";
}

} // namespace

TEST(PodRemarks, TellOfABackOffOnceForEachRestart) {
  const std::string crash =
      "Warning BackOff Back-off restarting failed container a in pod "
      "web_default(u1)\n";
  EXPECT_EQ(said("", waiting("CrashLoopBackOff", 1)), crash);
  EXPECT_EQ(
      said(waiting("CrashLoopBackOff", 1), waiting("CrashLoopBackOff", 1)), "");
  EXPECT_EQ(
      said(waiting("CrashLoopBackOff", 1), waiting("CrashLoopBackOff", 2)),
      crash);
  EXPECT_EQ(said("", "init_" + waiting("CrashLoopBackOff", 1)), crash);
}

TEST(PodRemarks, TellOfAnImageThatCannotBeHad) {
  EXPECT_EQ(said("", waiting("ErrImagePull")),
            "Warning Failed Error: ErrImagePull\n");
  EXPECT_EQ(said(waiting("ErrImagePull"), waiting("ImagePullBackOff")),
            "Normal BackOff Back-off pulling image \"x:1\"\n"
            "Warning Failed Error: ImagePullBackOff\n");
}

TEST(PodRemarks, SayNothingOfOrdinaryWaits) {
  EXPECT_EQ(said("", waiting("ContainerCreating")), "");
  EXPECT_EQ(said(waiting("CrashLoopBackOff"), "container_statuses { name: 'a' "
                                              "state { running { } } }"),
            "");
}
