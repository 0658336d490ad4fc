#pragma once

#include "messages/api/core_container.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

/// A pod with one container, an empty volume and a claim.
inline constexpr const char* good_pod = R"(
  metadata { name: "web" namespace: "default" }
  spec {
    containers {
      name: "main" image: "nginx:1" ports { name: "http" container_port: 80 }
    }
    volumes { name: "data" }
    volumes { name: "disk" volume_source {
      persistent_volume_claim { claim_name: "disk" } } }
  })";

using pod_change = std::function<void(core::v1::Pod&)>;

/// Changes the first container.
inline pod_change container(std::function<void(core::v1::Container&)> f) {
  return [f](core::v1::Pod& pod) {
    f(*pod.mutable_spec()->mutable_containers(0));
  };
}

/// Merges text into the first container.
inline pod_change container(const char* text) {
  return container([text](core::v1::Container& one) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &one))
        << text;
  });
}

/// Merges text into the spec.
inline pod_change spec(const char* text) {
  return [text](core::v1::Pod& pod) {
    EXPECT_TRUE(
        google::protobuf::TextFormat::MergeFromString(text, pod.mutable_spec()))
        << text;
  };
}

/// Puts the source that `text` says in place of the first volume's.
inline pod_change volume(const char* text) {
  return [text](core::v1::Pod& pod) {
    auto* source =
        pod.mutable_spec()->mutable_volumes(0)->mutable_volume_source();
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, source))
        << text;
  };
}

inline kind_cases<core::v1::Pod> cases_of_pods(rule_cases& all) {
  return {all, "core/v1", "Pod", good_pod};
}

} // namespace troupe::rules
