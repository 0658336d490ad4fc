#include "messages/api/batch.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/cron.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/pod_warnings.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>

namespace troupe::rules {

using batch::v1::CronJob;
using batch::v1::Job;
using batch::v1::JobSpec;

namespace {

constexpr int32_t most_indexed = 100000;
constexpr int most_failure_rules = 20;
constexpr size_t most_cron_name = 52;

bool indexed(const JobSpec& spec) {
  return spec.completion_mode() == "Indexed";
}

void check_numbers(const JobSpec& spec, const field_path& at, findings& out) {
  require_count(spec.parallelism(), at.child("parallelism"), out);
  require_count(spec.completions(), at.child("completions"), out);
  require_count(spec.backoff_limit(), at.child("backoffLimit"), out);
  require_count(spec.active_deadline_seconds(),
                at.child("activeDeadlineSeconds"), out);
  require_count(spec.ttl_seconds_after_finished(),
                at.child("ttlSecondsAfterFinished"), out);
  auto limit = at.child("backoffLimitPerIndex");
  require_count(spec.backoff_limit_per_index(), limit, out);
  if (spec.has_backoff_limit_per_index() && !indexed(spec))
    out.forbidden(limit, "requires indexed completion mode");
  if (!indexed(spec))
    return;
  if (!spec.has_completions())
    out.required(at.child("completions"), "when completion mode is Indexed");
  if (spec.parallelism() > most_indexed)
    out.invalid(at.child("parallelism"), spec.parallelism(),
                "must be less than or equal to " + std::to_string(most_indexed)
                    + " when completion mode is Indexed");
}

void check_failure_policy(const JobSpec& spec, const field_path& at,
                          findings& out) {
  if (!spec.has_pod_failure_policy())
    return;
  auto& policy = spec.pod_failure_policy();
  if (spec.template_().spec().restart_policy() != "Never")
    out.invalid(at, spec.template_().spec().restart_policy(),
                "only \"Never\" is supported when podFailurePolicy is "
                "specified");
  auto rules = at.child("rules");
  if (policy.rules_size() > most_failure_rules)
    out.too_many(rules, static_cast<size_t>(policy.rules_size()),
                 most_failure_rules);
  for (int i = 0; i < policy.rules_size(); ++i) {
    auto one = rules[static_cast<size_t>(i)];
    if (policy.rules(i).action().empty())
      out.required(one.child("action"));
    if (policy.rules(i).has_on_exit_codes()
        == !policy.rules(i).on_pod_conditions().empty())
      out.invalid(one, policy.rules(i).action(),
                  "specifying one of OnExitCodes and OnPodConditions is "
                  "required");
  }
}

void check_job_template(const JobSpec& spec, const field_path& at,
                        findings& out) {
  validate_pod_template(spec.template_(), at, out);
  auto& policy = spec.template_().spec().restart_policy();
  if (policy != "OnFailure" && policy != "Never")
    out.not_supported(at.child("spec.restartPolicy"), policy,
                      {"OnFailure", "Never"});
}

void check_job_spec(const JobSpec& spec, const field_path& at, findings& out) {
  check_numbers(spec, at, out);
  auto failure = at.child("podFailurePolicy");
  check_failure_policy(spec, failure, out);
  if (spec.has_managed_by()) {
    auto by = at.child("managedBy");
    out.invalid(by, spec.managed_by(),
                check_domain_prefixed_path(spec.managed_by()));
    if (spec.managed_by().size() > 63)
      out.too_long(by, 63);
  }
  auto pods = at.child("template");
  check_job_template(spec, pods, out);
}

// The pods of an indexed Job are named after it: job-<index>-<5 characters>.
void check_job_name(const Job& job, findings& out) {
  if (!indexed(job.spec()) || job.spec().completions() == 0)
    return;
  auto digits = std::to_string(job.spec().completions() - 1).size();
  if (job.metadata().name().size() + digits + 1 > 63)
    out.invalid(field_path{"metadata.name"}, job.metadata().name(),
                "will not be able to create pod with invalid DNS label: "
                "too long with its index");
}

void validate_job(const Job& job, findings& out) {
  field_path at{"spec"};
  check_job_spec(job.spec(), at, out);
  check_job_name(job, out);
  auto selector = at.child("selector");
  if (!job.spec().has_selector())
    out.required(selector);
  else if (!selector_matches(job.spec().selector(),
                             job.spec().template_().metadata().labels()))
    out.invalid(at.child("template.metadata.labels"),
                job.spec().template_().metadata().labels(),
                "`selector` does not match template `labels`");
}

// Who may not choose the selector finds more in it than what the server put
// there.
void validate_new_job(const Job& job, findings& out) {
  auto& selector = job.spec().selector();
  if (!job.spec().manual_selector()
      && (selector.match_labels().size() != 1
          || !selector.match_expressions().empty()))
    out.invalid(field_path{"spec.selector"}, selector.match_labels(),
                "`selector` not auto-generated");
}

void validate_job_update(const Job& job, const Job& old, findings& out) {
  field_path at{"spec"};
  auto& now = job.spec();
  auto& before = old.spec();
  bool elastic = indexed(now) && now.completions() == now.parallelism();
  require_unchanged(elastic
                        || (now.has_completions() == before.has_completions()
                            && now.completions() == before.completions()),
                    now.completions(), at.child("completions"), out);
  require_unchanged(canonical_equal(now.selector(), before.selector()),
                    now.selector().match_labels(), at.child("selector"), out);
  require_unchanged(now.completion_mode() == before.completion_mode(),
                    now.completion_mode(), at.child("completionMode"), out);
  require_unchanged(
      canonical_equal(now.pod_failure_policy(), before.pod_failure_policy()),
      "", at.child("podFailurePolicy"), out);
  require_unchanged(
      now.has_backoff_limit_per_index() == before.has_backoff_limit_per_index()
          && now.backoff_limit_per_index() == before.backoff_limit_per_index(),
      now.backoff_limit_per_index(), at.child("backoffLimitPerIndex"), out);
  require_unchanged(now.managed_by() == before.managed_by(), now.managed_by(),
                    at.child("managedBy"), out);
  bool idle = before.suspend() && old.status().start_time().seconds() == 0;
  if (!idle)
    require_unchanged(canonical_equal(now.template_(), before.template_()), "",
                      at.child("template"), out);
}

void validate_job_status(const Job& job, const Job&, findings& out) {
  field_path at{"status"};
  auto& status = job.status();
  require_count(status.active(), at.child("active"), out);
  require_count(status.succeeded(), at.child("succeeded"), out);
  require_count(status.failed(), at.child("failed"), out);
  auto is_true = [&](const char* type) {
    auto& all = status.conditions();
    return std::any_of(all.begin(), all.end(), [&](auto& one) {
      return one.type() == type && one.status() == "True";
    });
  };
  if (is_true("Complete") && is_true("Failed"))
    out.invalid(at.child("conditions"), status.conditions_size(),
                "cannot set Complete=True and Failed=true conditions");
}

void validate_cron_job(const CronJob& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if (obj.metadata().name().size() > most_cron_name)
    out.invalid(field_path{"metadata.name"}, obj.metadata().name(),
                "must be no more than 52 characters");
  auto schedule = at.child("schedule");
  if (spec.schedule().empty())
    out.required(schedule);
  else if (auto problem = schedule_problem(spec.schedule()); !problem.empty())
    out.invalid(schedule, spec.schedule(), problem);
  if (spec.has_time_zone() && !time_zone_shaped(spec.time_zone()))
    out.invalid(at.child("timeZone"), spec.time_zone(),
                "must be an explicit time zone as defined in "
                "https://www.iana.org/time-zones");
  require_count(spec.starting_deadline_seconds(),
                at.child("startingDeadlineSeconds"), out);
  if (spec.concurrency_policy().empty())
    out.required(at.child("concurrencyPolicy"));
  require_count(spec.successful_jobs_history_limit(),
                at.child("successfulJobsHistoryLimit"), out);
  require_count(spec.failed_jobs_history_limit(),
                at.child("failedJobsHistoryLimit"), out);
  auto job = at.child("jobTemplate.spec");
  check_job_spec(spec.job_template().spec(), job, out);
  if (spec.job_template().spec().has_selector())
    out.forbidden(job.child("selector"), "`selector` will be auto-generated");
  if (spec.job_template().spec().manual_selector())
    out.not_supported(job.child("manualSelector"), true, {"nil", "false"});
}

} // namespace

void add_job_validation(registry& all) {
  auto& job = all.of<Job>();
  job.validate = check<Job, validate_job>;
  job.validate_create = check<Job, validate_new_job>;
  job.validate_update = check_from<Job, validate_job_update>;
  job.validate_status = check_from<Job, validate_job_status>;
  job.warnings = warn<Job, warn_template<Job>>;
  all.of<CronJob>().validate = check<CronJob, validate_cron_job>;
}

} // namespace troupe::rules
