#include "runtime/rules/deletion.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr auto orphan = "orphan";
constexpr auto foreground = "foregroundDeletion";

/// Kubernetes: a Pod gets 30 s unless it says otherwise.
constexpr int64_t default_grace = 30;

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
  auto refuse = [&](const std::string& why) {
    return make_error(ec::conflict, "Operation cannot be fulfilled on "
                                        + what.kind().qualified_plural() + " \""
                                        + what.name() + "\": " + why);
  };
  if (!request.uid.empty() && request.uid != what.uid())
    return refuse("the UID in the precondition (" + request.uid
                  + ") does not match the UID in record (" + what.uid()
                  + "). The object might have been deleted and then "
                    "recreated");
  if (request.revision != 0 && request.revision != what.revision())
    return refuse("the ResourceVersion in the precondition ("
                  + std::to_string(request.revision)
                  + ") does not match the ResourceVersion in record ("
                  + std::to_string(what.revision())
                  + "). The object might have been modified");
  return caf::none;
}

int64_t grace_of(const object& what, const deletion_request& request) {
  if (what.kind().plural != "pods" || !what.kind().group.empty())
    return 0;
  auto& pod = what.as<core::v1::Pod>();
  // Nobody runs it: nothing to wait for.
  if (pod.spec().node_name().empty() || pod.status().phase() == "Succeeded"
      || pod.status().phase() == "Failed")
    return 0;
  if (request.grace_period_seconds)
    return *request.grace_period_seconds;
  if (pod.spec().has_termination_grace_period_seconds())
    return std::max<int64_t>(1, pod.spec().termination_grace_period_seconds());
  return default_grace;
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

} // namespace

expected<deletion_outcome> plan_deletion(const object& what,
                                         const deletion_request& request,
                                         time_point now) {
  if (auto err = check(what, request))
    return err;
  auto grace = grace_of(what, request);
  auto msg = what.clone();
  auto& meta = *mutable_metadata_of(*msg);
  set_finalizers(meta, request.propagation_policy);
  auto ns = is_namespace(what);
  auto held = is_held(*msg, ns);
  if (meta.has_deletion_timestamp()) {
    // Already on its way: a shorter grace period counts, a longer does not.
    if (grace == 0 && !held)
      return deletion_outcome{true, {}};
    if (grace >= meta.deletion_grace_period_seconds())
      return deletion_outcome{false, object::of(std::move(msg))};
    auto start = from_time(meta.deletion_timestamp())
                 - std::chrono::seconds(meta.deletion_grace_period_seconds());
    *meta.mutable_deletion_timestamp() =
        to_time(start + std::chrono::seconds(grace));
    meta.set_deletion_grace_period_seconds(grace);
    return deletion_outcome{false, object::of(std::move(msg))};
  }
  if (grace == 0 && !held)
    return deletion_outcome{true, {}};
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
