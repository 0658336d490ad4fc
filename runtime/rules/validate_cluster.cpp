#include "messages/api/authentication.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/event_rules.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/rules/validate_meta.hpp"

namespace troupe::rules {

using coordination::v1::Lease;
using core::v1::Event;
using core::v1::Namespace;
using scheduling::v1::PriorityClass;

namespace {

constexpr int32_t most_user_priority = 1000000000;

void validate_namespace(const Namespace& ns, findings& out) {
  field_path at{"spec.finalizers"};
  for (int i = 0; i < ns.spec().finalizers_size(); ++i)
    validate_finalizer(ns.spec().finalizers(i), at[static_cast<size_t>(i)],
                       out);
}

void validate_namespace_status(const Namespace& ns, const Namespace&,
                               findings& out) {
  auto& phase = ns.status().phase();
  field_path at{"status.phase"};
  if (!ns.metadata().has_deletion_timestamp() && phase != "Active")
    out.invalid(at, phase,
                "may only be 'Active' if `deletionTimestamp` is empty");
  if (ns.metadata().has_deletion_timestamp() && phase != "Terminating")
    out.invalid(at, phase,
                "may only be 'Terminating' if `deletionTimestamp` is not "
                "empty");
}

bool built_in(const PriorityClass& one) {
  auto& name = one.metadata().name();
  return (name == "system-node-critical" && one.value() == 2000001000)
         || (name == "system-cluster-critical" && one.value() == 2000000000);
}

void validate_priority(const PriorityClass& one, findings& out) {
  if (built_in(one))
    return;
  if (one.metadata().name().starts_with("system-"))
    out.forbidden(field_path{"metadata.name"},
                  "priority class names with 'system-' prefix are reserved for "
                  "system use only");
  if (one.value() > most_user_priority)
    out.forbidden(field_path{"value"},
                  "maximum allowed value of a user defined priority is "
                      + std::to_string(most_user_priority));
}

void validate_priority_update(const PriorityClass& one,
                              const PriorityClass& old, findings& out) {
  if (one.value() != old.value())
    out.forbidden(field_path{"value"}, "may not be changed in an update.");
  require_unchanged(one.preemption_policy() == old.preemption_policy(),
                    one.preemption_policy(), field_path{"preemptionPolicy"},
                    out);
}

// An event lives where its object does; one about an object without a
// namespace lives in `default`.
void check_event_word(const std::string& word, std::string_view field,
                      findings& out) {
  constexpr size_t longest = 128;
  field_path at{field};
  if (word.empty())
    out.required(at);
  if (word.size() > longest)
    out.invalid(at, "", "can have at most 128 characters");
}

/// Kubernetes: events that say when they happened say who tells of them.
void check_dated_event(const Event& event, findings& out) {
  auto& own = event.metadata().namespace_();
  if (event.involved_object().namespace_().empty() && own != "default"
      && own != "kube-system")
    out.invalid(field_path{"involvedObject.namespace"}, "",
                "does not match event.namespace");
  field_path reporter{"reportingController"};
  if (event.reporting_component().empty())
    out.required(reporter);
  else
    out.invalid(reporter, event.reporting_component(),
                check_qualified_name(event.reporting_component()));
  check_event_word(event.reporting_instance(), "reportingInstance", out);
  check_event_word(event.action(), "action", out);
  check_event_word(event.reason(), "reason", out);
  constexpr size_t longest_note = 1024;
  if (event.message().size() > longest_note)
    out.invalid(field_path{"message"}, "", "can have at most 1024 characters");
}

void validate_event(const Event& event, findings& out) {
  if (event.event_time().seconds() != 0 || event.event_time().nanos() != 0) {
    check_dated_event(event, out);
    return;
  }
  auto& space = event.involved_object().namespace_();
  auto& own = event.metadata().namespace_();
  bool same = space.empty() ? own.empty() || own == "default" : space == own;
  if (!same)
    out.invalid(field_path{"involvedObject.namespace"}, space,
                "does not match event.namespace");
}

void validate_lease(const Lease& lease, findings& out) {
  field_path at{"spec"};
  auto& spec = lease.spec();
  if (spec.has_lease_duration_seconds() && spec.lease_duration_seconds() <= 0)
    out.invalid(at.child("leaseDurationSeconds"), spec.lease_duration_seconds(),
                "must be greater than 0");
  require_count(spec.lease_transitions(), at.child("leaseTransitions"), out);
}

void check_series(const Event& event, findings& out) {
  if (!event.has_series())
    return;
  if (event.series().count() < 2)
    out.invalid(field_path{"series.count"}, "", "should be at least 2");
  if (!event.series().has_last_observed_time())
    out.required(field_path{"series.lastObservedTime"});
}

} // namespace

std::vector<field_error>
validate_token_request(const authentication::v1::TokenRequest& request) {
  constexpr int64_t shortest = 600;
  constexpr int64_t longest = int64_t{1} << 32;
  findings out;
  field_path at{"spec"};
  auto& spec = request.spec();
  if (spec.has_expiration_seconds()) {
    auto seconds = spec.expiration_seconds();
    if (seconds < shortest)
      out.invalid(at.child("expirationSeconds"), seconds,
                  "may not specify a duration less than 10 minutes");
    if (seconds > longest)
      out.invalid(at.child("expirationSeconds"), seconds,
                  "may not specify a duration larger than 2^32 seconds");
  }
  if (!spec.has_bound_object_ref())
    return out.take();
  auto& kind = spec.bound_object_ref().kind();
  if (kind != "Pod" && kind != "Secret" && kind != "Node")
    out.not_supported(at.child("boundObjectRef.kind"), kind,
                      {"Node", "Pod", "Secret"});
  if (spec.bound_object_ref().name().empty())
    out.required(at.child("boundObjectRef.name"));
  return out.take();
}

std::vector<field_error> validate_grouped_event(const Event& event) {
  findings out;
  check_series(event, out);
  if (!event.has_event_time())
    out.required(field_path{"eventTime"});
  if (event.type() != "Normal" && event.type() != "Warning")
    out.invalid(field_path{"type"}, "", "has invalid value: " + event.type());
  auto unset = [&](bool is_set, std::string_view name) {
    if (is_set)
      out.invalid(field_path{name}, "", "needs to be unset");
  };
  unset(event.first_timestamp().seconds() != 0, "deprecatedFirstTimestamp");
  unset(event.last_timestamp().seconds() != 0, "deprecatedLastTimestamp");
  unset(event.count() != 0, "deprecatedCount");
  unset(!event.source().component().empty() || !event.source().host().empty(),
        "deprecatedSource");
  return out.take();
}

std::vector<field_error> validate_grouped_event_update(const Event& event,
                                                       const Event& old) {
  findings out;
  if (!canonical_equal(event.series(), old.series()))
    check_series(event, out);
  auto keep = [&](bool same, const shown& value, std::string_view name) {
    require_unchanged(same, value, field_path{name}, out);
  };
  keep(canonical_equal(event.involved_object(), old.involved_object()), "",
       "involvedObject");
  keep(event.reason() == old.reason(), event.reason(), "reason");
  keep(canonical_equal(event.source(), old.source()), "", "source");
  keep(canonical_equal(event.first_timestamp(), old.first_timestamp()), "",
       "firstTimestamp");
  keep(canonical_equal(event.last_timestamp(), old.last_timestamp()), "",
       "lastTimestamp");
  keep(event.count() == old.count(), event.count(), "count");
  keep(event.type() == old.type(), event.type(), "type");
  keep(canonical_equal(event.event_time(), old.event_time()), "", "eventTime");
  keep(event.action() == old.action(), event.action(), "action");
  keep(canonical_equal(event.related(), old.related()), "", "related");
  keep(event.reporting_component() == old.reporting_component(),
       event.reporting_component(), "reportingController");
  keep(event.reporting_instance() == old.reporting_instance(),
       event.reporting_instance(), "reportingInstance");
  return out.take();
}

void prepare_for_finalize(Namespace& ns, const Namespace& old) {
  auto finalizers = ns.spec().finalizers();
  ns = old;
  *ns.mutable_spec()->mutable_finalizers() = finalizers;
}

void add_cluster_validation(registry& all) {
  auto& ns = all.of<Namespace>();
  ns.names = name_form::label;
  ns.validate = check<Namespace, validate_namespace>;
  ns.validate_status = check_from<Namespace, validate_namespace_status>;
  auto& priority = all.of<PriorityClass>();
  priority.validate = check<PriorityClass, validate_priority>;
  priority.validate_update =
      check_from<PriorityClass, validate_priority_update>;
  all.of<Event>().validate = check<Event, validate_event>;
  auto& lease = all.of<Lease>();
  lease.validate = check<Lease, validate_lease>;
}

} // namespace troupe::rules
