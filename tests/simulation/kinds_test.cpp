#include "messages/api/authentication.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/events.pb.h"
#include "messages/api/meta.pb.h"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <iostream>

namespace troupe::test {

namespace {

call::Request request(call::Verb verb, const kind_info& kind) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  return msg;
}

/// Whether anybody answers for a kind, with whatever it takes.
bool is_served(simulated_cluster& cluster, const kind_info& kind) {
  if (kind.has_verb("list"))
    return static_cast<bool>(cluster.ask(request(call::LIST, kind)));
  auto msg = request(call::CREATE, kind);
  if (kind.namespaced)
    msg.set_namespace_("default");
  auto made = cluster.ask(msg, object::of(kind.make()));
  return made || is(made.error(), ec::invalid)
         || is(made.error(), ec::bad_request)
         || is(made.error(), ec::not_found);
}

} // namespace

TEST(Kinds, AllAreServed) {
  simulated_cluster cluster;
  std::string missing;
  for (auto& kind : all_kinds())
    if (!kind.plural.empty() && !is_served(cluster, kind))
      missing += " " + kind.api_version() + "/" + std::string{kind.kind};
  std::cout << "kinds missing:" << (missing.empty() ? " none" : missing)
            << "\n";
  EXPECT_EQ(missing, "");
}

TEST(Kinds, TwoVersionsOfAnAutoscalerAreOneObject) {
  simulated_cluster cluster;
  autoscaling::v1::HorizontalPodAutoscaler old;
  old.mutable_metadata()->set_name("web");
  old.mutable_metadata()->set_namespace_("default");
  old.mutable_spec()->mutable_scale_target_ref()->set_kind("Deployment");
  old.mutable_spec()->mutable_scale_target_ref()->set_name("web");
  old.mutable_spec()->set_max_replicas(5);
  old.mutable_spec()->set_target_cpu_utilization_percentage(60);
  auto made = cluster.create(object::of(old));
  ASSERT_TRUE(made) << message_of(made.error());
  auto& newer = kind_of<autoscaling::v2::HorizontalPodAutoscaler>();
  auto found = cluster.get(newer, "default", "web");
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(found->uid(), made->uid());
  EXPECT_EQ(found->revision(), made->revision());
  auto changed = found->copy<autoscaling::v2::HorizontalPodAutoscaler>();
  changed.mutable_spec()->set_max_replicas(9);
  ASSERT_TRUE(cluster.update(object::of(changed)));
  auto again = cluster.get(made->kind(), "default", "web");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->as<autoscaling::v1::HorizontalPodAutoscaler>()
                .spec()
                .max_replicas(),
            9);
  EXPECT_EQ(cluster.list(newer).size(), 1u);
  ASSERT_TRUE(cluster.remove(made->kind(), "default", "web"));
  EXPECT_FALSE(cluster.get(newer, "default", "web"));
}

TEST(Kinds, EventsOfBothGroupsAreTheSame) {
  simulated_cluster cluster;
  core::v1::Event event;
  event.mutable_metadata()->set_name("a");
  event.mutable_metadata()->set_namespace_("default");
  event.mutable_involved_object()->set_kind("Pod");
  event.mutable_involved_object()->set_name("p");
  event.mutable_involved_object()->set_namespace_("default");
  event.set_message("text");
  ASSERT_TRUE(cluster.create(object::of(event)));
  auto found = cluster.get(kind_of<events::v1::Event>(), "default", "a");
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_EQ(found->as<events::v1::Event>().note(), "text");
  EXPECT_EQ(found->as<events::v1::Event>().regarding().name(), "p");
}

TEST(Kinds, QuestionsAreAnsweredAndNotStored) {
  simulated_cluster cluster;
  auto& kind = kind_of<authentication::v1::SelfSubjectReview>();
  auto who = cluster.ask(request(call::CREATE, kind), object::of(kind.make()));
  ASSERT_TRUE(who) << message_of(who.error());
  EXPECT_EQ(who->one()
                .as<authentication::v1::SelfSubjectReview>()
                .status()
                .user_info()
                .username(),
            "kubernetes-admin");
}

TEST(Kinds, ComponentStatusesAreLookedAt) {
  simulated_cluster cluster;
  auto all = cluster.list(kind_of<core::v1::ComponentStatus>());
  ASSERT_EQ(all.size(), 3u);
  for (auto& each : all)
    EXPECT_EQ(each.as<core::v1::ComponentStatus>().conditions(0).status(),
              "True")
        << each.name();
  EXPECT_TRUE(
      cluster.get(kind_of<core::v1::ComponentStatus>(), {}, "scheduler"));
  EXPECT_FALSE(cluster.get(kind_of<core::v1::ComponentStatus>(), {}, "nobody"));
}

TEST(Kinds, WhatNothingActsOnIsToldSo) {
  simulated_cluster cluster;
  auto& kind = kind_of<autoscaling::v2::HorizontalPodAutoscaler>();
  autoscaling::v2::HorizontalPodAutoscaler scaler;
  scaler.mutable_metadata()->set_name("web");
  scaler.mutable_metadata()->set_namespace_("default");
  auto& spec = *scaler.mutable_spec();
  spec.mutable_scale_target_ref()->set_kind("Deployment");
  spec.mutable_scale_target_ref()->set_name("web");
  spec.set_max_replicas(5);
  auto msg = request(call::CREATE, kind);
  msg.set_namespace_("default");
  auto made = cluster.ask(msg, object::of(scaler));
  ASSERT_TRUE(made) << message_of(made.error());
  ASSERT_EQ(made->response->warnings_size(), 1);
  EXPECT_EQ(made->response->warnings(0),
            "HorizontalPodAutoscaler is stored, but nothing in this cluster "
            "acts on it yet");
}

} // namespace troupe::test
