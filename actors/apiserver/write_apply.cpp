#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/apply/server_side_apply.hpp"
#include "runtime/rules/refusals.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/rules/scale.hpp"
#include "runtime/rules/spoken_kind.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/text/document.hpp"

#include <caf/stateful_actor.hpp>
#include <nlohmann/json.hpp>

namespace troupe {

namespace {

apply::writer writer_of(const write_job& job) {
  return {job.request->field_manager(), job.request->subresource(),
          job.self->state.ctx->now(), job.request->api_version()};
}

/// Reads the configuration. Names that occur twice in it are told, or refused,
/// as the request wants it; the last one counts.
expected<text::document> read_configuration(write_job& job,
                                            std::vector<std::string>& told) {
  std::vector<std::string> findings;
  auto config = text::parse_json(job.request->patch(), {}, &findings);
  if (!config)
    return make_error(ec::bad_request,
                      "error decoding YAML: " + message_of(config.error()));
  if (!config->is_object())
    return make_error(ec::bad_request,
                      "error decoding YAML: json: cannot unmarshal "
                      "into Go value of type map[string]interface {}");
  auto& check = job.request->field_validation();
  if (findings.empty() || (check != "Warn" && check != "Strict"))
    return config;
  std::string all = "error converting YAML to JSON: yaml: unmarshal errors:";
  for (auto& each : findings) {
    // Its last name, as Go's YAML tells it; what is applied is one line.
    auto start = each.find_last_of(".\"", each.size() - 2);
    auto name = each.substr(start + 1);
    all += "\n  line 1: key \"" + name + " already set in map";
  }
  if (check == "Strict")
    return make_error(ec::bad_request, "error strict decoding YAML: " + all);
  told.push_back(all);
  return config;
}

/// What is made must be what the path says, and is nobody else's.
caf::error check_new(const write_job& job, const object& made) {
  auto& request = *job.request;
  auto& name = request.name();
  if (made.name().empty())
    return make_error(ec::bad_request,
                      "the name of the object (" + name
                          + " based on URL) was undeterminable: name must be "
                            "provided");
  if (made.name() != name)
    return make_error(ec::bad_request, "the name of the object (" + made.name()
                                           + ") does not match the name on the "
                                             "URL ("
                                           + name + ")");
  auto& ns = made.meta().namespace_();
  if (job.kind().namespaced && !ns.empty() && ns != request.namespace_())
    return make_error(ec::bad_request,
                      "the namespace of the object (" + ns
                          + ") does not match the namespace on the request ("
                          + request.namespace_() + ")");
  return caf::none;
}

/// What is to be there already is not: it cannot be made, or may not.
caf::error check_may_create(const write_job& job, const object& made) {
  auto& request = *job.request;
  if (!request.subresource().empty() || !request.precondition_uid().empty())
    return no_such_object(job.kind(), request.name());
  if (!made.uid().empty())
    return rules::in_conflict(
        {job.kind().group, job.kind().plural, request.name()},
        "uid mismatch: the provided object specified uid " + made.uid()
            + ", and no existing object was found");
  return caf::none;
}

void attempt(job_ptr job);

void create(job_ptr job, object made) {
  auto err = check_new(*job, made);
  if (!err)
    err = check_may_create(*job, made);
  if (err) {
    job->fail(std::move(err));
    return;
  }
  // What it insists on, nothing has yet.
  job->body = made.with_revision(0);
  create_applied(job);
}

void change(job_ptr job, const object& made) {
  auto again = [job] { attempt(job); };
  auto& wanted = job->request->precondition_uid();
  auto err = check_new(*job, made);
  if (!err && !wanted.empty() && wanted != job->current.uid())
    err = no_such_object(job->kind(), job->request->name());
  if (err) {
    refuse(job, std::move(err), again);
    return;
  }
  finish_update(job, made.clone(), job->request->subresource(), again);
}

void change_scale(job_ptr job, const text::document& config) {
  auto again = [job] { attempt(job); };
  auto shown = rules::scale_of(job->current);
  if (!shown) {
    job->fail(shown.error());
    return;
  }
  apply::managed_fields entries;
  auto wish = apply::apply_scale(job->current, *shown, config, writer_of(*job),
                                 job->request->force(), entries);
  auto resized =
      wish ? rules::with_scale(job->current, wish->as<autoscaling::v1::Scale>())
           : wish;
  if (!resized) {
    refuse(job, resized.error(), again);
    return;
  }
  auto msg = resized->clone();
  apply::encode(entries, *mutable_metadata_of(*msg));
  finish_update(job, std::move(msg), {}, again);
}

void attempt(job_ptr job) {
  job->applied = true;
  job->text_warnings.clear();
  auto config = read_configuration(*job, job->text_warnings);
  if (!config) {
    job->fail(config.error());
    return;
  }
  if (job->request->subresource() == "scale") {
    if (job->current)
      change_scale(job, *config);
    else
      job->fail(no_such_object(job->kind(), job->request->name()));
    return;
  }
  auto& spoken = rules::kind_at(job->kind(), job->request->api_version());
  auto live =
      job->current ? rules::from_stored(spoken, job->current) : object{};
  auto made = apply::apply_configuration(spoken, live, *config, writer_of(*job),
                                         job->request->force());
  if (made)
    made = rules::to_stored(*made);
  if (!made && !job->current)
    job->fail(made.error());
  else if (!made)
    refuse(job, made.error(), [job] { attempt(job); });
  else if (job->current)
    change(job, *made);
  else
    create(job, std::move(*made));
}

} // namespace

void run_apply(job_ptr job) {
  rules::write_parameters given;
  given.field_manager = job->request->field_manager();
  given.apply_patch = true;
  if (auto found = rules::validate_write_parameters(given); !found.empty()) {
    job->fail(invalid("meta.k8s.io", "PatchOptions", {}, found));
    return;
  }
  job->current = {};
  job->body = {};
  with_current(
      job, false, [job] { attempt(job); }, [job] { attempt(job); });
}

} // namespace troupe
