#include "messages/api/core_config.pb.h"
#include "messages/api/events.pb.h"
#include "messages/api/events_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/version_forms.hpp"

namespace troupe::rules {

namespace {

using Newer = events::v1::Event;
using Beta = events::v1beta1::Event;
using Older = core::v1::Event;

/// What both forms name alike.
template <class From, class To>
void copy_shared(const From& from, To& to) {
  *to.mutable_metadata() = from.metadata();
  if (from.has_event_time())
    *to.mutable_event_time() = from.event_time();
  if (from.has_series()) {
    auto& series = *to.mutable_series();
    series.set_count(from.series().count());
    *series.mutable_last_observed_time() = from.series().last_observed_time();
  }
  if (from.has_related())
    *to.mutable_related() = from.related();
  to.set_reporting_instance(from.reporting_instance());
  to.set_action(from.action());
  to.set_reason(from.reason());
  to.set_type(from.type());
}

template <class Grouped>
void to_core(const Grouped& from, Older& to) {
  copy_shared(from, to);
  *to.mutable_involved_object() = from.regarding();
  to.set_message(from.note());
  to.set_reporting_component(from.reporting_controller());
  if (from.has_deprecated_source())
    *to.mutable_source() = from.deprecated_source();
  if (from.has_deprecated_first_timestamp())
    *to.mutable_first_timestamp() = from.deprecated_first_timestamp();
  if (from.has_deprecated_last_timestamp())
    *to.mutable_last_timestamp() = from.deprecated_last_timestamp();
  to.set_count(from.deprecated_count());
}

template <class Grouped>
void from_core(const Older& from, Grouped& to) {
  copy_shared(from, to);
  *to.mutable_regarding() = from.involved_object();
  to.set_note(from.message());
  to.set_reporting_controller(from.reporting_component());
  if (from.has_source())
    *to.mutable_deprecated_source() = from.source();
  if (from.has_first_timestamp())
    *to.mutable_deprecated_first_timestamp() = from.first_timestamp();
  if (from.has_last_timestamp())
    *to.mutable_deprecated_last_timestamp() = from.last_timestamp();
  to.set_deprecated_count(from.count());
}

} // namespace

void convert(const Newer& from, Older& to) {
  to_core(from, to);
}

void convert(const Older& from, Newer& to) {
  from_core(from, to);
}

void convert(const Beta& from, Older& to) {
  to_core(from, to);
}

void convert(const Older& from, Beta& to) {
  from_core(from, to);
}

} // namespace troupe::rules
