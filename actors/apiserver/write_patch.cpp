#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/scale.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/patch.hpp"

#include <caf/stateful_actor.hpp>
#include <nlohmann/json.hpp>

namespace troupe {

namespace {

expected<text::document> changed(call::PatchType type, text::document before,
                                 const text::document& patch,
                                 const kind_info& kind) {
  if (type == call::JSON)
    return text::json_patch(std::move(before), patch);
  if (type == call::STRATEGIC)
    return text::strategic_merge_patch(std::move(before), patch,
                                       &message_info_of(kind.descriptor()));
  if (!patch.is_object())
    return make_error(ec::bad_request, "a merge patch is an object");
  return text::merge_patch(std::move(before), patch);
}

/// The kind in the version that the client speaks.
const kind_info& served_kind(const write_job& job) {
  auto* found = find_kind(job.request->api_version(), job.request->kind());
  return found != nullptr ? *found : job.kind();
}

/// Returns the patched form of what a subresource shows.
expected<object> patched(const write_job& job, const object& shown) {
  auto patch = text::parse_json(job.request->patch());
  if (!patch)
    return patch.error();
  auto after = changed(job.request->patch_type(), text::to_document(shown),
                       *patch, shown.kind());
  if (!after)
    return after.error();
  text::read_options options;
  options.kind = &shown.kind();
  auto read = text::from_document(*after, options);
  if (!read)
    return read.error();
  if (&read->kind() != &shown.kind())
    return make_error(ec::bad_request,
                      "a patch cannot change apiVersion or kind");
  return read;
}

void attempt(job_ptr job) {
  auto scale = job->request->subresource() == "scale";
  auto shown = scale ? rules::scale_of(job->current)
                     : expected<object>{
                         rules::from_stored(served_kind(*job), job->current)};
  if (!shown) {
    job->fail(shown.error());
    return;
  }
  auto again = [job] { attempt(job); };
  auto wish = patched(*job, *shown);
  if (wish && scale)
    wish = rules::with_scale(job->current, wish->as<autoscaling::v1::Scale>());
  if (!wish) {
    refuse(job, wish.error(), again);
    return;
  }
  wish = rules::to_stored(*wish);
  finish_update(job, wish->clone(),
                scale ? std::string{} : job->request->subresource(), again);
}

} // namespace

void run_patch(job_ptr job) {
  with_current(job, false, [job] { attempt(job); });
}

} // namespace troupe
