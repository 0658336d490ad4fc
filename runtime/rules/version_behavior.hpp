#pragma once

namespace troupe::autoscaling::v2 {
class HorizontalPodAutoscaler;
} // namespace troupe::autoscaling::v2

namespace troupe::meta::v1 {
class ObjectMeta;
} // namespace troupe::meta::v1

/// The behavior of an autoscaler, which versions before autoscaling/v2beta2
/// have in an annotation.
namespace troupe::rules {

/// Writes what `from` has as an annotation.
void add_behavior(const autoscaling::v2::HorizontalPodAutoscaler& from,
                  meta::v1::ObjectMeta& to);

/// Takes the annotation off and reads it into the spec; what cannot be read is
/// dropped.
void take_behavior(autoscaling::v2::HorizontalPodAutoscaler& to);

} // namespace troupe::rules
