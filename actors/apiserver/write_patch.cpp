#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/scale.hpp"
#include "runtime/text/document.hpp"

#include <caf/stateful_actor.hpp>
#include <nlohmann/json.hpp>

namespace troupe {

namespace {

/// Returns the patched form of what a subresource shows.
expected<object> patched(const write_job& job, const object& shown) {
  auto patch = text::parse_json(job.request->patch());
  if (!patch)
    return patch.error();
  auto before = text::to_document(shown);
  auto after = before;
  switch (job.request->patch_type()) {
    case call::JSON:
      // Kubernetes: a patch whose test fails, or that cannot be applied, is
      // Invalid.
      try {
        after = before.patch(*patch);
      } catch (const text::document::exception& e) {
        return make_error(ec::invalid,
                          std::string{"the JSON patch cannot be applied: "}
                              + e.what());
      }
      break;
    case call::STRATEGIC:
      return make_error(ec::unsupported_media_type,
                        "strategic merge patch is not supported");
    default:
      if (!patch->is_object())
        return make_error(ec::bad_request, "a merge patch is an object");
      after.merge_patch(*patch);
  }
  text::read_options options;
  options.kind = &shown.kind();
  auto read = text::from_document(after, options);
  if (!read)
    return read.error();
  if (&read->kind() != &shown.kind())
    return make_error(ec::bad_request,
                      "a patch cannot change apiVersion or kind");
  return read;
}

/// A patch that names a revision insists on it, as Kubernetes has it.
bool names_revision(const write_job& job) {
  auto patch = text::parse_json(job.request->patch());
  return patch && patch->is_object()
         && patch
                ->value("/metadata/resourceVersion"_json_pointer,
                        text::document{})
                .is_string();
}

void attempt(job_ptr job) {
  auto scale = job->request->subresource() == "scale";
  auto shown =
      scale ? rules::scale_of(job->current) : expected<object>{job->current};
  if (!shown) {
    job->fail(shown.error());
    return;
  }
  auto wish = patched(*job, *shown);
  if (wish && scale)
    wish = rules::with_scale(job->current, wish->as<autoscaling::v1::Scale>());
  if (!wish) {
    job->fail(wish.error());
    return;
  }
  auto again = [job] {
    if (names_revision(*job))
      job->fail(modified_meanwhile(job->kind(), job->request->name()));
    else
      attempt(job);
  };
  finish_update(job, wish->clone(),
                scale ? std::string{} : job->request->subresource(), again);
}

} // namespace

void run_patch(job_ptr job) {
  with_current(job, false, [job] { attempt(job); });
}

} // namespace troupe
