#pragma once

namespace troupe::autoscaling {
namespace v1 {
class HorizontalPodAutoscaler;
} // namespace v1
namespace v2 {
class HorizontalPodAutoscaler;
} // namespace v2
} // namespace troupe::autoscaling

namespace troupe::core::v1 {
class Event;
} // namespace troupe::core::v1

namespace troupe::events::v1 {
class Event;
} // namespace troupe::events::v1

/// One pair of functions per kind with several versions: there and back.
namespace troupe::rules {

void convert(const autoscaling::v1::HorizontalPodAutoscaler& from,
             autoscaling::v2::HorizontalPodAutoscaler& to);
void convert(const autoscaling::v2::HorizontalPodAutoscaler& from,
             autoscaling::v1::HorizontalPodAutoscaler& to);

void convert(const events::v1::Event& from, core::v1::Event& to);
void convert(const core::v1::Event& from, events::v1::Event& to);

} // namespace troupe::rules
