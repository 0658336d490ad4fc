#include "runtime/rules/deletion.hpp"

#include "messages/api/batch.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/refusals.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr auto orphan = "orphan";
constexpr auto foreground = "foregroundDeletion";

caf::error check(const object& what, const deletion_request& request) {
  std::vector<field_error> found;
  if (request.grace_period_seconds && *request.grace_period_seconds < 0)
    found.push_back(
        {"FieldValueInvalid", "gracePeriodSeconds",
         "Invalid value: " + std::to_string(*request.grace_period_seconds)
             + ": must be greater than or equal to 0"});
  auto& policy = request.propagation_policy;
  if (!policy.empty() && policy != "Orphan" && policy != "Background"
      && policy != "Foreground")
    found.push_back({"FieldValueNotSupported", "propagationPolicy",
                     "Unsupported value: \"" + policy
                         + "\": supported values: \"Background\", "
                           "\"Foreground\", \"Orphan\""});
  if (!found.empty())
    return invalid(kind_of<meta::v1::DeleteOptions>(), what.name(), found);
  // Kubernetes says the kind here, where it says the resource elsewhere.
  auto refuse = [&](const std::string& why) {
    auto& kind = what.kind();
    return in_conflict({kind.group, kind.kind, what.name()}, why);
  };
  if (!request.uid.empty() && request.uid != what.uid())
    return refuse("the UID in the precondition (" + request.uid
                  + ") does not match the UID in record (" + what.uid()
                  + "). The object might have been deleted and then "
                    "recreated");
  auto version = std::to_string(what.revision());
  if (!request.resource_version.empty() && request.resource_version != version)
    return refuse("the ResourceVersion in the precondition ("
                  + request.resource_version
                  + ") does not match the ResourceVersion in record (" + version
                  + "). The object might have been modified");
  return caf::none;
}

bool is_pod(const object& what) {
  return &what.kind() == &kind_of<core::v1::Pod>();
}

/// Kubernetes: only pods take their time.
int64_t grace_of(const object& what, const deletion_request& request) {
  if (!is_pod(what))
    return 0;
  auto& pod = what.as<core::v1::Pod>();
  // Nobody runs it: nothing to wait for.
  if (pod.spec().node_name().empty() || pod.status().phase() == "Succeeded"
      || pod.status().phase() == "Failed")
    return 0;
  auto wished = request.grace_period_seconds.value_or(
      pod.spec().termination_grace_period_seconds());
  return wished < 0 ? 1 : wished;
}

bool is_namespace(const object& what) {
  return what.kind().plural == "namespaces" && what.kind().group.empty();
}

bool is_held(const google::protobuf::Message& msg, bool ns) {
  if (metadata_of(msg)->finalizers_size() > 0)
    return true;
  return ns
         && static_cast<const core::v1::Namespace&>(msg)
                    .spec()
                    .finalizers_size()
                > 0;
}

/// Kubernetes: from the time before there was garbage collection.
bool orphans_by_default(const object& what) {
  if (&what.kind() != &kind_of<core::v1::ReplicationController>()
      && &what.kind() != &kind_of<batch::v1::Job>())
    return false;
  auto& list = what.meta().finalizers();
  return std::none_of(list.begin(), list.end(), [](const std::string& f) {
    return f == orphan || f == foreground;
  });
}

void set_finalizers(meta::v1::ObjectMeta& meta, const std::string& policy) {
  if (policy.empty())
    return;
  auto& list = *meta.mutable_finalizers();
  list.erase(std::remove_if(list.begin(), list.end(),
                            [](const std::string& f) {
                              return f == orphan || f == foreground;
                            }),
             list.end());
  if (policy == "Orphan")
    meta.add_finalizers(orphan);
  else if (policy == "Foreground")
    meta.add_finalizers(foreground);
}

/// A further delete of a pod whose grace period runs: a shorter one counts,
/// nothing else does.
deletion_outcome shorten(const object& what, const deletion_request& request) {
  auto& meta = what.meta();
  auto before = meta.deletion_grace_period_seconds();
  auto grace = request.grace_period_seconds.value_or(before);
  if (grace >= before)
    return {false, what};
  if (grace == 0 && !is_held(what.message(), false))
    return {true, {}};
  auto pod = what.copy<core::v1::Pod>();
  auto start =
      from_time(meta.deletion_timestamp()) - std::chrono::seconds(before);
  *pod.mutable_metadata()->mutable_deletion_timestamp() =
      to_time(start + std::chrono::seconds(grace));
  pod.mutable_metadata()->set_deletion_grace_period_seconds(grace);
  return {false, object::of(pod)};
}

} // namespace

expected<deletion_outcome> plan_deletion(const object& what,
                                         const deletion_request& request,
                                         time_point now) {
  if (auto err = check(what, request))
    return err;
  auto marked = what.meta().has_deletion_timestamp();
  if (is_pod(what) && marked)
    return shorten(what, request);
  auto grace = grace_of(what, request);
  auto msg = what.clone();
  auto& meta = *mutable_metadata_of(*msg);
  auto orphans = request.propagation_policy.empty() && orphans_by_default(what);
  set_finalizers(meta, orphans ? "Orphan" : request.propagation_policy);
  auto ns = is_namespace(what);
  if (grace == 0 && !is_held(*msg, ns))
    return deletion_outcome{true, {}};
  if (marked)
    return deletion_outcome{false, object::of(std::move(msg))};
  *meta.mutable_deletion_timestamp() =
      to_time(now + std::chrono::seconds(grace));
  meta.set_deletion_grace_period_seconds(grace);
  if (meta.generation() > 0)
    meta.set_generation(meta.generation() + 1);
  if (ns)
    static_cast<core::v1::Namespace&>(*msg).mutable_status()->set_phase(
        "Terminating");
  return deletion_outcome{false, object::of(std::move(msg))};
}

bool is_finished(const object& what) {
  auto& meta = what.meta();
  return meta.has_deletion_timestamp()
         && meta.deletion_grace_period_seconds() == 0
         && !is_held(what.message(), is_namespace(what));
}

} // namespace troupe::rules
