#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/events.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/versions.hpp"
#include "runtime/text/json_writer.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using OldScaler = autoscaling::v1::HorizontalPodAutoscaler;
using NewScaler = autoscaling::v2::HorizontalPodAutoscaler;

template <class T>
object read(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return object::of(msg);
}

constexpr auto rich_scaler = R"(
  metadata { name: "a" namespace: "b" annotations { key: "k" value: "v" } }
  spec {
    scale_target_ref { kind: "Deployment" name: "web" api_version: "apps/v1" }
    min_replicas: 2
    max_replicas: 9
    metrics { type: "Resource" resource { name: "cpu"
      target { type: "Utilization" average_utilization: 70 } } }
    metrics { type: "Resource" resource { name: "memory"
      target { type: "AverageValue" average_value { string: "5Mi" } } } }
    metrics { type: "ContainerResource" container_resource { name: "cpu"
      container: "main"
      target { type: "Utilization" average_utilization: 50 } } }
    metrics { type: "Pods" pods {
      metric { name: "hits" selector { match_labels { key: "a" value: "b" } } }
      target { type: "AverageValue" average_value { string: "10" } } } }
    metrics { type: "Object" object {
      described_object { kind: "Ingress" name: "in" }
      metric { name: "rps" }
      target { type: "Value" value { string: "2k" } } } }
    metrics { type: "External" external {
      metric { name: "queue" }
      target { type: "AverageValue" average_value { string: "30" } } } }
    behavior { scale_down { stabilization_window_seconds: 60
      select_policy: "Min"
      policies { type: "Pods" value: 4 period_seconds: 15 } } }
  }
  status {
    observed_generation: 3 current_replicas: 2 desired_replicas: 4
    current_metrics { type: "Resource" resource { name: "cpu" current {
      average_utilization: 66 average_value { string: "300m" } } } }
    conditions { type: "AbleToScale" status: "True" reason: "Ready" }
  }
)";

} // namespace

TEST(Versions, MostKindsAreStoredAsTheyAre) {
  auto map = read<core::v1::ConfigMap>("metadata { name: 'a' }");
  EXPECT_EQ(&stored_kind(map.kind()), &map.kind());
  EXPECT_TRUE(to_stored(map).same_cell(map));
}

TEST(Versions, AnAutoscalerOfOneKindOfMetricIsTheSameInBoth) {
  auto old = read<OldScaler>(R"(
    metadata { name: "a" namespace: "b" }
    spec { scale_target_ref { kind: "Deployment" name: "web" }
      min_replicas: 1 max_replicas: 5 target_cpu_utilization_percentage: 80 }
    status { current_replicas: 1 desired_replicas: 2 }
  )");
  auto stored = to_stored(old.with_revision(7));
  EXPECT_EQ(stored.revision(), 7u);
  auto& spec = stored.as<NewScaler>().spec();
  ASSERT_EQ(spec.metrics_size(), 1);
  EXPECT_EQ(spec.metrics(0).resource().target().average_utilization(), 80);
  auto again = from_stored(old.kind(), stored);
  EXPECT_EQ(again.revision(), 7u);
  EXPECT_TRUE(again.same_content(old)) << text::to_json(again) << "\n"
                                       << text::to_json(old);
}

TEST(Versions, WhatAnOlderAutoscalerHasNoFieldsForIsInItsAnnotations) {
  auto stored = read<NewScaler>(rich_scaler);
  auto& kind = kind_of<OldScaler>();
  auto old = from_stored(kind, stored);
  auto& msg = old.as<OldScaler>();
  EXPECT_EQ(msg.spec().target_cpu_utilization_percentage(), 70);
  EXPECT_EQ(msg.status().current_cpu_utilization_percentage(), 66);
  auto& notes = msg.metadata().annotations();
  EXPECT_EQ(notes.at("k"), "v");
  EXPECT_EQ(notes.at("autoscaling.alpha.kubernetes.io/behavior"),
            "{\"ScaleDown\":{\"Policies\":[{\"PeriodSeconds\":15,\"Type\":"
            "\"Pods\",\"Value\":4}],\"SelectPolicy\":\"Min\","
            "\"StabilizationWindowSeconds\":60}}");
  EXPECT_EQ(notes.count("autoscaling.alpha.kubernetes.io/metrics"), 1u);
  EXPECT_EQ(notes.count("autoscaling.alpha.kubernetes.io/conditions"), 1u);
  auto again = to_stored(old);
  EXPECT_TRUE(again.same_content(stored)) << text::to_json(again) << "\n"
                                          << text::to_json(stored);
}

TEST(Versions, AnnotationsThatCannotBeReadAreLeftOut) {
  auto old = read<OldScaler>(R"(
    metadata { name: "a" namespace: "b" annotations {
      key: "autoscaling.alpha.kubernetes.io/metrics" value: "[{" }
      annotations {
      key: "autoscaling.alpha.kubernetes.io/behavior" value: "7" } }
    spec { max_replicas: 5 }
  )");
  auto stored = to_stored(old);
  EXPECT_EQ(stored.as<NewScaler>().spec().metrics_size(), 0);
  EXPECT_FALSE(stored.as<NewScaler>().spec().has_behavior());
  EXPECT_TRUE(stored.meta().annotations().empty());
}

TEST(Versions, EventsOfBothGroupsAreTheSameEvents) {
  auto newer = read<events::v1::Event>(R"(
    metadata { name: "a" namespace: "b" }
    event_time { seconds: 5 nanos: 1000 }
    series { count: 2 last_observed_time { seconds: 6 } }
    reporting_controller: "c" reporting_instance: "i" action: "Do"
    reason: "Done" regarding { kind: "Pod" name: "p" namespace: "b" }
    related { kind: "Node" name: "n" } note: "text" type: "Normal"
    deprecated_source { component: "s" host: "h" }
    deprecated_first_timestamp { seconds: 3 }
    deprecated_last_timestamp { seconds: 4 } deprecated_count: 9
  )");
  auto stored = to_stored(newer);
  auto& core = stored.as<core::v1::Event>();
  EXPECT_EQ(core.involved_object().name(), "p");
  EXPECT_EQ(core.message(), "text");
  EXPECT_EQ(core.reporting_component(), "c");
  EXPECT_EQ(core.source().host(), "h");
  EXPECT_EQ(core.count(), 9);
  auto again = from_stored(newer.kind(), stored);
  EXPECT_TRUE(again.same_content(newer)) << text::to_json(again) << "\n"
                                         << text::to_json(newer);
}

TEST(Versions, ReadsStoredBytesAsTheKindAskedFor) {
  auto stored = read<NewScaler>(rich_scaler);
  auto old = parse_stored(kind_of<OldScaler>(), stored.bytes(), 12);
  ASSERT_TRUE(old);
  EXPECT_EQ(&old->kind(), &kind_of<OldScaler>());
  EXPECT_EQ(old->revision(), 12u);
}

} // namespace troupe::rules
