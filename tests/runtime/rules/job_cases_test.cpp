#include "messages/api/batch.pb.h"
#include "rule_cases.hpp"
#include "runtime/rules/cron.hpp"

namespace troupe::rules {

using batch::v1::CronJob;
using batch::v1::Job;

namespace {

constexpr const char* good_job = R"(
  metadata { name: "work" namespace: "default" }
  spec {
    selector { match_labels { key: "app" value: "work" } }
    template {
      metadata { labels { key: "app" value: "work" } }
      spec { restart_policy: "Never"
             containers { name: "main" image: "busybox" } }
    }
  })";

constexpr const char* good_cron = R"(
  metadata { name: "work" namespace: "default" }
  spec {
    schedule: "*/5 * * * *"
    job_template { spec { template {
      spec { restart_policy: "OnFailure"
             containers { name: "main" image: "busybox" } } } } }
  })";

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

void add_job_numbers(kind_cases<Job>& cases) {
  auto change = [](const char* text) { return merge<Job>(text); };
  cases.create("name", "metadata.name", change(R"(metadata { name: "A" })"));
  cases.create("name", "metadata.name", [](Job& job) {
    job.mutable_metadata()->set_name(std::string(61, 'a'));
    job.mutable_spec()->set_completion_mode("Indexed");
    job.mutable_spec()->set_completions(11);
  });
  cases.create("parallelism", "spec.parallelism",
               change("spec { parallelism: -1 }"),
               change("spec { parallelism: 0 }"));
  cases.create("parallelism", "spec.parallelism",
               change(R"(spec { parallelism: 100001 completions: 1
                                completion_mode: "Indexed" })"));
  cases.create("completions", "spec.completions",
               change("spec { completions: -1 }"),
               change("spec { completions: 5 }"));
  cases.create("completions", "spec.completions", [](Job& job) {
    job.mutable_spec()->set_completion_mode("Indexed");
    job.mutable_spec()->clear_completions();
  });
  cases.update("completions", "spec.completions",
               change("spec { completions: 2 }"),
               change("spec { parallelism: 2 }"));
  cases.create("backoff-limit", "spec.backoffLimit",
               change("spec { backoff_limit: -1 }"),
               change("spec { backoff_limit: 0 }"));
  cases.create("active-deadline", "spec.activeDeadlineSeconds",
               change("spec { active_deadline_seconds: -1 }"),
               change("spec { active_deadline_seconds: 0 }"));
  cases.create("ttl", "spec.ttlSecondsAfterFinished",
               change("spec { ttl_seconds_after_finished: -1 }"),
               change("spec { ttl_seconds_after_finished: 0 }"));
}

void add_job_rest(kind_cases<Job>& cases) {
  auto change = [](const char* text) { return merge<Job>(text); };
  cases.create("selector", "spec.selector",
               change(R"(spec { selector { match_labels {
                           key: "mine" value: "x" } } })"));
  cases.update("selector", "spec.selector",
               change(R"(spec { selector { match_expressions {
                           key: "app" operator: "Exists" } } })"));
  cases.update("template", "spec.template",
               change(R"(spec { template { spec { hostname: "a" } } })"));
  cases.create("restart-policy", "spec.template.spec.restartPolicy",
               change(R"(spec { template { spec {
                           restart_policy: "Always" } } })"),
               change(R"(spec { template { spec {
                           restart_policy: "OnFailure" } } })"));
  cases.create("completion-mode", "spec.completionMode",
               change(R"(spec { completion_mode: "Each" })"),
               change(R"(spec { completion_mode: "Indexed" })"));
  auto policy = "spec { pod_failure_policy { rules { action: \"Ignore\" "
                "on_exit_codes { operator: \"In\" values: 1 } } } }";
  cases.create(
      "failure-policy", "spec.podFailurePolicy",
      [policy](Job& job) {
        merge<Job>(policy)(job);
        job.mutable_spec()
            ->mutable_template_()
            ->mutable_spec()
            ->set_restart_policy("OnFailure");
      },
      change(policy));
  cases.create("failure-policy", "spec.podFailurePolicy.rules",
               [policy](Job& job) {
                 for (int i = 0; i < 21; ++i)
                   merge<Job>(policy)(job);
               });
  cases.create("backoff-limit-per-index", "spec.backoffLimitPerIndex",
               change("spec { backoff_limit_per_index: 1 }"),
               change(R"(spec { backoff_limit_per_index: 1
                                completion_mode: "Indexed" })"));
  cases.create("managed-by", "spec.managedBy",
               change(R"(spec { managed_by: "me" })"),
               change(R"(spec { managed_by: "a.b/me" })"));
  cases.status("status", "status.failed", change("status { failed: -1 }"),
               change("status { failed: 1 }"));
  cases.status("status", "status.conditions", change(R"(status {
                 conditions { type: "Complete" status: "True" }
                 conditions { type: "Failed" status: "True" } })"),
               change(R"(status {
                 conditions { type: "Complete" status: "True" } })"));
}

void add_cron_jobs(rule_cases& all) {
  kind_cases<CronJob> cases{all, "batch/v1", "CronJob", good_cron};
  auto change = [](const char* text) { return merge<CronJob>(text); };
  auto named = [](size_t size) {
    return [size](CronJob& obj) {
      obj.mutable_metadata()->set_name(std::string(size, 'a'));
    };
  };
  cases.create("name", "metadata.name", named(53), named(52));
  cases.create("schedule", "spec.schedule",
               change(R"(spec { schedule: "* * * *" })"),
               change(R"(spec { schedule: "@every 5m" })"));
  cases.create("schedule", "spec.schedule",
               [](CronJob& obj) { obj.mutable_spec()->clear_schedule(); });
  cases.create("time-zone", "spec.timeZone",
               change(R"(spec { time_zone: "Local" })"),
               change(R"(spec { time_zone: "Europe/Berlin" })"));
  cases.create("starting-deadline", "spec.startingDeadlineSeconds",
               change("spec { starting_deadline_seconds: -1 }"),
               change("spec { starting_deadline_seconds: 0 }"));
  cases.create("concurrency-policy", "spec.concurrencyPolicy",
               change(R"(spec { concurrency_policy: "Wait" })"),
               change(R"(spec { concurrency_policy: "Forbid" })"));
  cases.create("successful-history", "spec.successfulJobsHistoryLimit",
               change("spec { successful_jobs_history_limit: -1 }"),
               change("spec { successful_jobs_history_limit: 0 }"));
  cases.create("failed-history", "spec.failedJobsHistoryLimit",
               change("spec { failed_jobs_history_limit: -1 }"),
               change("spec { failed_jobs_history_limit: 0 }"));
  cases.create("no-selector", "spec.jobTemplate.spec.selector",
               change("spec { job_template { spec { selector {} } } }"));
  cases.create("no-manual-selector", "spec.jobTemplate.spec.manualSelector",
               change("spec { job_template { spec { "
                      "manual_selector: true } } }"),
               change("spec { job_template { spec { "
                      "manual_selector: false } } }"));
  cases.create("restart-policy",
               "spec.jobTemplate.spec.template.spec.restartPolicy",
               change(R"(spec { job_template { spec { template { spec {
                           restart_policy: "Always" } } } } })"));
}

} // namespace

void add_job_cases(rule_cases& all) {
  kind_cases<Job> jobs{all, "batch/v1", "Job", good_job};
  add_job_numbers(jobs);
  add_job_rest(jobs);
  add_cron_jobs(all);
}

} // namespace troupe::rules

TEST(Cron, KnowsFieldsNamesAndMacros) {
  using troupe::rules::schedule_problem;
  for (auto* good : {"* * * * *", "*/5 1,2 1-5 jan-MAR sun", "0 0 1 1 0",
                     "5/10 * ? * 7", "@daily", "@every 1h30m"})
    EXPECT_EQ(schedule_problem(good), "") << good;
  for (auto* bad :
       {"", "*", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
        "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "* * * * * *",
        "@often", "@every", "TZ=UTC * * * * *", "1-2-3 * * * *", "1,, * * * *"})
    EXPECT_NE(schedule_problem(bad), "") << bad;
}
