#pragma once

#include "messages/errors.hpp"

#include <vector>

namespace troupe::core::v1 {
class Event;
} // namespace troupe::core::v1

namespace troupe::rules {

/// What events.k8s.io/v1 asks of a new event beyond what every event needs.
std::vector<field_error> validate_grouped_event(const core::v1::Event& event);

/// The same of the next state of one: only its series goes on, and its note may
/// change. (Kubernetes holds on to the note since 1.24; clients of before, its
/// conformance tests among them, write it anew.)
std::vector<field_error>
validate_grouped_event_update(const core::v1::Event& event,
                              const core::v1::Event& old);

} // namespace troupe::rules
