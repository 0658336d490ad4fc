#include "messages/api/batch.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/timestamp.hpp"

namespace troupe::printing {

namespace {

using batch::v1::CronJob;
using batch::v1::Job;

bool has_condition(const Job& job, const char* type) {
  for (const auto& condition : job.status().conditions())
    if (condition.type() == type && condition.status() == "True")
      return true;
  return false;
}

std::string status_of(const Job& job) {
  if (has_condition(job, "Complete"))
    return "Complete";
  if (has_condition(job, "Failed"))
    return "Failed";
  if (job.metadata().has_deletion_timestamp())
    return "Terminating";
  if (has_condition(job, "Suspended"))
    return "Suspended";
  if (has_condition(job, "FailureTarget"))
    return "FailureTarget";
  return "Running";
}

std::string completions_of(const Job& job) {
  auto done = std::to_string(job.status().succeeded());
  if (job.spec().has_completions())
    return done + "/" + std::to_string(job.spec().completions());
  if (job.spec().parallelism() > 1)
    return done + "/1 of " + std::to_string(job.spec().parallelism());
  return done + "/1";
}

std::string duration_of(const Job& job, time_point now) {
  const auto& status = job.status();
  if (!status.has_start_time())
    return {};
  auto end =
      status.has_completion_time() ? from_time(status.completion_time()) : now;
  return text::age_text(end - from_time(status.start_time()));
}

void job_row(const Job& job, time_point now, cells& out) {
  out.push_back(job.metadata().name());
  out.push_back(status_of(job));
  out.push_back(completions_of(job));
  out.push_back(duration_of(job, now));
  out.push_back(age_of(job.metadata(), now));
  out.push_back(containers_of(job.spec().template_().spec()));
  out.push_back(images_of(job.spec().template_().spec()));
  out.push_back(selector_text(job.spec().selector()));
}

void cron_row(const CronJob& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  const auto& job = spec.job_template().spec();
  out.push_back(x.metadata().name());
  out.push_back(spec.schedule());
  out.push_back(or_else(spec.time_zone(), none));
  out.push_back(!spec.has_suspend() ? unset
                : spec.suspend()    ? "True"
                                    : "False");
  out.push_back(std::to_string(x.status().active_size()));
  out.push_back(x.status().has_last_schedule_time()
                    ? text::age_text(x.status().last_schedule_time(), now)
                    : none);
  out.push_back(age_of(x.metadata(), now));
  out.push_back(containers_of(job.template_().spec()));
  out.push_back(images_of(job.template_().spec()));
  out.push_back(selector_text(job.selector()));
}

} // namespace

void add_batch_columns(columns_list& out) {
  out.push_back(columns_for<Job>(
      {name_column(), text("Status"), text("Completions"), text("Duration"),
       text("Age"), wide("Containers"), wide("Images"), wide("Selector")},
      job_row));
  out.push_back(columns_for<CronJob>(
      {name_column(), text("Schedule"), text("Timezone"), truth("Suspend"),
       number("Active"), text("Last Schedule"), text("Age"), wide("Containers"),
       wide("Images"), wide("Selector")},
      cron_row));
}

} // namespace troupe::printing
