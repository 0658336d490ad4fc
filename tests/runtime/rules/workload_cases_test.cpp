#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::PodTemplate;
using core::v1::ReplicationController;

namespace {

constexpr const char* good_set = R"(
  metadata { name: "web" namespace: "default" }
  spec {
    selector { match_labels { key: "app" value: "web" } }
    template {
      metadata { labels { key: "app" value: "web" } }
      spec { containers { name: "main" image: "nginx" } }
    }
  })";

constexpr const char* good_controller = R"(
  metadata { name: "web" namespace: "default" }
  spec {
    selector { key: "app" value: "web" }
    template {
      metadata { labels { key: "app" value: "web" } }
      spec { containers { name: "main" image: "nginx" } }
    }
  })";

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

// Replica sets of both kinds have these alike.
template <class T>
void add_set_cases(kind_cases<T>& sets) {
  sets.create("replicas", "spec.replicas", merge<T>("spec { replicas: -1 }"),
              merge<T>("spec { replicas: 0 }"));
  sets.create("min-ready-seconds", "spec.minReadySeconds",
              merge<T>("spec { min_ready_seconds: -1 }"),
              merge<T>("spec { min_ready_seconds: 1 }"));
  sets.create("selector", "spec.selector",
              [](T& obj) { obj.mutable_spec()->clear_selector(); });
  sets.create("selector", "spec.template.metadata.labels", [](T& obj) {
    (*obj.mutable_spec()
          ->mutable_template_()
          ->mutable_metadata()
          ->mutable_labels())["app"] = "other";
  });
  sets.create("template", "spec.template.spec.restartPolicy",
              merge<T>(R"(spec { template { spec {
                            restart_policy: "Never" } } })"));
  sets.create("template", "spec.template.spec.activeDeadlineSeconds",
              merge<T>("spec { template { spec { "
                       "active_deadline_seconds: 5 } } }"));
  sets.create("template", "spec.template.spec.containers[0].image", [](T& obj) {
    obj.mutable_spec()
        ->mutable_template_()
        ->mutable_spec()
        ->mutable_containers(0)
        ->clear_image();
  });
  auto counts = [](const char* text) { return merge<T>(text); };
  sets.status("status-counts", "status.readyReplicas",
              counts("status { replicas: 1 ready_replicas: 2 }"),
              counts("status { replicas: 2 ready_replicas: 2 "
                     "fully_labeled_replicas: 2 available_replicas: 2 }"));
  sets.status("status-counts", "status.fullyLabeledReplicas",
              counts("status { replicas: 1 fully_labeled_replicas: 2 }"));
  sets.status("status-counts", "status.availableReplicas",
              counts("status { replicas: 3 ready_replicas: 1 "
                     "available_replicas: 2 }"));
  sets.status("status-counts", "status.replicas",
              counts("status { replicas: -1 }"));
}

void add_deployment_cases(rule_cases& all) {
  kind_cases<Deployment> cases{all, "apps/v1", "Deployment", good_set};
  auto change = [](const char* text) { return merge<Deployment>(text); };
  cases.create("replicas", "spec.replicas", change("spec { replicas: -1 }"),
               change("spec { replicas: 0 }"));
  cases.create("selector", "spec.selector",
               [](Deployment& obj) { obj.mutable_spec()->clear_selector(); });
  cases.create("selector", "spec.selector", [](Deployment& obj) {
    obj.mutable_spec()->mutable_selector()->Clear();
  });
  cases.update("selector", "spec.selector",
               change(R"(spec { selector { match_expressions {
                           key: "app" operator: "Exists" } } })"),
               change("spec { replicas: 5 }"));
  cases.create("template-labels", "spec.template.metadata.labels",
               [](Deployment& obj) {
                 obj.mutable_spec()->mutable_template_()->clear_metadata();
               });
  cases.create("restart-policy", "spec.template.spec.restartPolicy",
               change(R"(spec { template { spec {
                           restart_policy: "OnFailure" } } })"));
  cases.create("strategy-type", "spec.strategy.type",
               change(R"(spec { strategy { type: "Blue" } })"));
  std::string rolling = "spec.strategy.rollingUpdate";
  auto recreate = [](Deployment& obj) {
    obj.mutable_spec()->mutable_strategy()->Clear();
    obj.mutable_spec()->mutable_strategy()->set_type("Recreate");
  };
  cases.create("no-rolling-update-with-recreate", rolling,
               change(R"(spec { strategy { type: "Recreate" } })"), recreate);
  auto share = [](const char* unavailable, const char* surge) {
    return [=](Deployment& obj) {
      auto* update =
          obj.mutable_spec()->mutable_strategy()->mutable_rolling_update();
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
          unavailable, update->mutable_max_unavailable()));
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
          surge, update->mutable_max_surge()));
    };
  };
  auto unavailable = rolling + ".maxUnavailable";
  cases.create("max-unavailable", unavailable,
               share("int_val: -1", "int_val: 1"),
               share("type: 1 str_val: '100%'", "int_val: 0"));
  cases.create("max-unavailable", unavailable,
               share("type: 1 str_val: '101%'", "int_val: 1"));
  cases.create("max-unavailable", unavailable,
               share("type: 1 str_val: 'some'", "int_val: 1"));
  cases.create("max-unavailable", unavailable,
               share("int_val: 0", "type: 1 str_val: '0%'"),
               share("int_val: 0", "int_val: 1"));
  cases.create("max-surge", rolling + ".maxSurge",
               share("int_val: 1", "type: 1 str_val: '-1%'"),
               share("int_val: 1", "type: 1 str_val: '200%'"));
  cases.create("min-ready-seconds", "spec.minReadySeconds",
               change("spec { min_ready_seconds: -1 }"),
               change("spec { min_ready_seconds: 5 }"));
  cases.create("revision-history-limit", "spec.revisionHistoryLimit",
               change("spec { revision_history_limit: -1 }"),
               change("spec { revision_history_limit: 0 }"));
  auto deadline = "spec.progressDeadlineSeconds";
  cases.create("progress-deadline", deadline,
               change("spec { progress_deadline_seconds: 5 "
                      "min_ready_seconds: 5 }"),
               change("spec { progress_deadline_seconds: 6 "
                      "min_ready_seconds: 5 }"));
  cases.create("progress-deadline", deadline,
               change("spec { progress_deadline_seconds: -1 }"));
  cases.status("collision-count", "status.collisionCount",
               change("status { collision_count: 1 }"),
               change("status { collision_count: 3 }"),
               change("status { collision_count: 2 }"));
}

} // namespace

void add_workload_cases(rule_cases& all) {
  kind_cases<ReplicationController> controllers{
      all, "core/v1", "ReplicationController", good_controller};
  add_set_cases(controllers);
  controllers.create("name", "metadata.name",
                     merge<ReplicationController>(R"(metadata { name: "A" })"));
  controllers.create("template", "spec.template",
                     [](ReplicationController& obj) {
                       obj.mutable_spec()->clear_template_();
                     });
  kind_cases<ReplicaSet> sets{all, "apps/v1", "ReplicaSet", good_set};
  add_set_cases(sets);
  sets.create("selector", "spec.selector", [](ReplicaSet& obj) {
    obj.mutable_spec()->mutable_selector()->Clear();
  });
  sets.update("selector", "spec.selector",
              merge<ReplicaSet>(R"(spec { selector { match_expressions {
                                     key: "app" operator: "Exists" } } })"),
              merge<ReplicaSet>("spec { replicas: 5 }"));
  add_deployment_cases(all);
  kind_cases<PodTemplate> templates{all, "core/v1", "PodTemplate", R"(
    metadata { name: "a" namespace: "b" }
    template { spec { restart_policy: "Never"
                      containers { name: "c" image: "d" } } })"};
  templates.create(
      "template", "template.spec.containers", [](PodTemplate& obj) {
        obj.mutable_template_()->mutable_spec()->clear_containers();
      });
  templates.create("template", "template.spec.ephemeralContainers",
                   merge<PodTemplate>(R"(template { spec {
                     ephemeral_containers { ephemeral_container_common {
                       name: "x" } } } })"));
}

} // namespace troupe::rules
