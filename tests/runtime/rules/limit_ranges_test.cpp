#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/limit_ranges.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using core::v1::LimitRange;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

template <class T>
T read(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg))
      << text;
  return msg;
}

LimitRange range(const std::string& item) {
  return read<LimitRange>("spec { limits { " + item + " } }");
}

std::string amount(const char* field, const char* name, const char* value) {
  return std::string{field} + R"( { key: ")" + name + R"(" value { string: ")"
         + value + R"(" } } )";
}

Pod pod(const std::string& resources = {}) {
  return read<Pod>(R"(metadata { name: "p" } spec { containers { name: "c"
                       resources { )"
                   + resources + " } } }");
}

template <class T>
std::string refusal(const T& what, const LimitRange& of) {
  auto err = check_limit_ranges(what, {&of});
  return err ? message_of(err) : std::string{};
}

} // namespace

TEST(LimitRanges, FillWhatAContainerLeavesOpenAndSaySo) {
  auto of = range(R"(type: "Container" )" + amount("default", "cpu", "500m")
                  + amount("default", "memory", "1Gi")
                  + amount("default_request", "cpu", "100m"));
  auto open = pod();
  apply_limit_ranges(open, {&of});
  auto& given = open.spec().containers(0).resources();
  EXPECT_EQ(given.requests().at("cpu").string(), "100m");
  EXPECT_EQ(given.limits().at("cpu").string(), "500m");
  EXPECT_EQ(given.limits().at("memory").string(), "1Gi");
  EXPECT_EQ(open.metadata().annotations().at("kubernetes.io/limit-ranger"),
            "LimitRanger plugin set: cpu request for container c; cpu, memory "
            "limit for container c");
  auto told = pod(amount("limits", "cpu", "2") + amount("limits", "memory", "2")
                  + amount("requests", "cpu", "1"));
  auto before = told.SerializeAsString();
  apply_limit_ranges(told, {&of});
  EXPECT_EQ(told.SerializeAsString(), before);
}

TEST(LimitRanges, RefuseInKubernetesWords) {
  auto least = range(R"(type: "Container" )" + amount("min", "cpu", "50m"));
  EXPECT_EQ(refusal(pod(), least),
            "pods \"p\" is forbidden: minimum cpu usage per Container is 50m.  "
            "No request is specified");
  EXPECT_EQ(refusal(pod(amount("requests", "cpu", "10m")), least),
            "pods \"p\" is forbidden: minimum cpu usage per Container is 50m, "
            "but request is 10m");
  auto most = range(R"(type: "Pod" )" + amount("max", "cpu", "1")
                    + amount("max", "memory", "1Gi"));
  EXPECT_EQ(refusal(pod(amount("limits", "cpu", "2")), most),
            "pods \"p\" is forbidden: [maximum cpu usage per Pod is 1, but "
            "limit is 2, maximum memory usage per Pod is 1Gi.  No limit is "
            "specified]");
  auto ratio = range(R"(type: "Container" )"
                     + amount("max_limit_request_ratio", "cpu", "2"));
  EXPECT_EQ(refusal(pod(amount("requests", "cpu", "1")
                        + amount("limits", "cpu", "3")),
                    ratio),
            "pods \"p\" is forbidden: cpu max limit to request ratio per "
            "Container is 2, but provided ratio is 3.000000");
  EXPECT_EQ(refusal(pod(), ratio),
            "pods \"p\" is forbidden: cpu max limit to request ratio per "
            "Container is 2, but no request is specified or request is 0");
}

TEST(LimitRanges, BoundClaimsByWhatTheyRequest) {
  auto of = range(R"(type: "PersistentVolumeClaim" )"
                  + amount("max", "storage", "2Gi")
                  + amount("min", "storage", "1Gi"));
  auto claim = [](const char* size) {
    return read<PersistentVolumeClaim>(
        R"(metadata { name: "c" } spec { resources { )"
        + amount("requests", "storage", size) + " } }");
  };
  EXPECT_EQ(refusal(claim("1Gi"), of), "");
  EXPECT_EQ(refusal(claim("3Gi"), of),
            "persistentvolumeclaims \"c\" is forbidden: maximum storage usage "
            "per PersistentVolumeClaim is 2Gi, but request is 3Gi");
  EXPECT_EQ(refusal(claim("1Mi"), of),
            "persistentvolumeclaims \"c\" is forbidden: minimum storage usage "
            "per PersistentVolumeClaim is 1Gi, but request is 1Mi");
}

} // namespace troupe::rules
