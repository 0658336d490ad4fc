#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/apply/configuration.hpp"
#include "runtime/apply/managed_fields.hpp"
#include "runtime/rules/nameless.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/rules/scale.hpp"
#include "runtime/rules/spoken_kind.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/patch.hpp"
#include "runtime/text/restore_problem.hpp"

#include <caf/stateful_actor.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace {

using findings = std::vector<std::string>;

/// Kubernetes answers a JSON patch that cannot be done so, whatever it is.
caf::error rejected() {
  return make_error(ec::invalid,
                    "the server rejected our request due to an "
                    "error in our request",
                    meta::v1::StatusDetails{});
}

/// The patch makes no object: `shown` is what Kubernetes tells of it.
caf::error makes_nothing(const std::string& shown, const std::string& why) {
  std::string detail = "Invalid value: ";
  text::append_json_string(detail, shown);
  return invalid({}, {}, {},
                 {{"FieldValueInvalid", "patch", detail + ": " + why}});
}

/// Reads the patch; names that occur twice in it are told.
expected<text::document> read_patch(const call::Request& request,
                                    findings& told) {
  auto patch = text::parse_json(request.patch(), {}, &told);
  if (!patch && is(patch.error(), ec::bad_request))
    return make_error(ec::bad_request,
                      "error decoding patch: " + message_of(patch.error()));
  if (!patch || request.patch_type() == call::JSON || patch->is_object())
    return patch;
  if (patch->is_null() && request.patch_type() == call::STRATEGIC)
    return text::document::object();
  auto type = patch->is_array() ? "array" : patch->type_name();
  return make_error(ec::bad_request,
                    std::string{"error decoding patch: json: cannot unmarshal "}
                        + type
                        + " into Go value of type map[string]interface {}");
}

/// What is no part of an operation comes before what it says twice.
findings found_in_operations(const text::document& patch,
                             const findings& twice) {
  constexpr std::array known{"op", "path", "from", "value"};
  findings result;
  for (size_t i = 0; patch.is_array() && i < patch.size(); ++i) {
    auto at = "field \"[" + std::to_string(i) + "].";
    findings unknown;
    for (auto& [name, value] : patch[i].items())
      if (patch[i].is_object()
          && std::find(known.begin(), known.end(), name) == known.end())
        unknown.push_back("unknown " + at + name + "\"");
    for (auto& each : unknown)
      result.push_back("json patch " + each);
    for (auto& each : twice) {
      auto name = each.substr(each.find(' ') + 1);
      auto is_unknown = std::any_of(unknown.begin(), unknown.end(),
                                    [&](auto& u) { return u.ends_with(name); });
      if (name.starts_with(at) && !is_unknown)
        result.push_back("json patch " + each);
    }
  }
  return result;
}

expected<text::document> json_patched(text::document before,
                                      const text::document& patch) {
  auto all_objects = patch.is_array();
  for (auto& each : patch)
    all_objects = all_objects && each.is_object();
  if (!all_objects)
    return make_error(ec::bad_request,
                      "error decoding patch: json: cannot unmarshal into Go "
                      "value of type jsonpatch.Patch");
  auto after = text::json_patch(std::move(before), patch);
  if (after || is(after.error(), ec::too_large))
    return after;
  return rejected();
}

expected<text::document> changed(call::PatchType type, text::document before,
                                 const text::document& patch,
                                 const kind_info& kind) {
  if (type == call::JSON)
    return json_patched(std::move(before), patch);
  if (type == call::STRATEGIC) {
    auto after = text::strategic_merge_patch(
        std::move(before), patch, &message_info_of(kind.descriptor()));
    // Kubernetes reads the outcome into what it was made of, whatever it says
    // that it is.
    if (after) {
      (*after)["apiVersion"] = kind.api_version();
      (*after)["kind"] = kind.kind;
    }
    return after;
  }
  return text::merge_patch(std::move(before), patch);
}

/// What of the patch is no field, or occurs twice, is told or refused, as the
/// request wants it.
caf::error take_findings(write_job& job, const findings& found,
                         const std::string& shown) {
  auto& check = job.request->field_validation();
  if (found.empty() || (check != "Warn" && check != "Strict"))
    return caf::none;
  if (check == "Warn") {
    job.text_warnings.insert(job.text_warnings.end(), found.begin(),
                             found.end());
    return caf::none;
  }
  std::string all = "strict decoding error: ";
  for (size_t i = 0; i < found.size(); ++i)
    all += (i == 0 ? "" : ", ") + found[i];
  return makes_nothing(shown, all);
}

expected<object> read_patched(write_job& job, const text::document& after,
                              findings found, const std::string& shown,
                              const kind_info& kind) {
  text::read_options options;
  options.kind = &kind;
  findings unknown;
  auto read = text::from_document(after, options, &unknown);
  if (!read && is(read.error(), ec::too_large))
    return read;
  if (!read) {
    auto why =
        job.request->patch_type() == call::STRATEGIC
            ? text::restore_problem(message_info_of(kind.descriptor()), after)
            : std::string{};
    return makes_nothing(shown, why.empty() ? message_of(read.error()) : why);
  }
  if (&read->kind() != &kind)
    return make_error(ec::bad_request,
                      "a patch cannot change apiVersion or kind");
  // Kubernetes: what is wrong with the patch alone is told of the patch.
  auto of_patch =
      unknown.empty() && job.request->patch_type() != call::STRATEGIC;
  found.insert(found.end(), unknown.begin(), unknown.end());
  if (auto err =
          take_findings(job, found, of_patch ? job.request->patch() : shown))
    return err;
  if (!apply::has_no_entries(after))
    return read;
  auto msg = read->clone();
  apply::reset(*mutable_metadata_of(*msg));
  return object::of(std::move(msg));
}

/// Returns the patched form of what a subresource shows.
expected<object> patched(write_job& job, const object& shown) {
  auto type = job.request->patch_type();
  findings found;
  auto patch = read_patch(*job.request, found);
  if (!patch)
    return patch.error();
  if (type == call::JSON)
    found = found_in_operations(*patch, found);
  auto after = changed(type, text::to_document(shown), *patch, shown.kind());
  if (!after)
    return after.error();
  auto told = type == call::STRATEGIC ? apply::go_text(*patch)
                                      : text::print_json(*after);
  return read_patched(job, *after, std::move(found), told, shown.kind());
}

void attempt(job_ptr job) {
  auto scale = job->request->subresource() == "scale";
  auto& spoken = rules::kind_at(job->kind(), job->request->api_version());
  auto shown = scale
                   ? rules::scale_of(job->current)
                   : expected<object>{rules::from_stored(spoken, job->current)};
  if (!shown) {
    job->fail(shown.error());
    return;
  }
  auto again = [job] { attempt(job); };
  job->text_warnings.clear();
  auto wish = patched(*job, *shown);
  // Kubernetes: neither may be patched away.
  if (wish && wish->name().empty())
    wish = rules::nameless(job->request->name());
  if (wish)
    if (auto err = rules::check_place(wish->meta(), job->kind(),
                                      job->request->namespace_(),
                                      job->request->name()))
      wish = std::move(err);
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
  if (job->request->patch_type() == call::APPLY)
    run_apply(job);
  else
    with_current(job, false, [job] { attempt(job); });
}

} // namespace troupe
