#pragma once

#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"

/// The metrics of autoscaling/v1, which are in annotations there, and of
/// autoscaling/v2: there and back. `to` is empty before.
namespace troupe::rules {

void newer(const autoscaling::v1::MetricSpec& from,
           autoscaling::v2::MetricSpec& to);
void older(const autoscaling::v2::MetricSpec& from,
           autoscaling::v1::MetricSpec& to);

void newer(const autoscaling::v1::MetricStatus& from,
           autoscaling::v2::MetricStatus& to);
void older(const autoscaling::v2::MetricStatus& from,
           autoscaling::v1::MetricStatus& to);

/// Copies a reference to another object between the versions.
template <class From, class To>
void copy_reference(const From& from, To& to) {
  to.set_kind(from.kind());
  to.set_name(from.name());
  if (from.has_api_version())
    to.set_api_version(from.api_version());
}

} // namespace troupe::rules
