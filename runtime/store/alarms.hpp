#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "runtime/raft/entry.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::store {

/// What the group remembers of its members until it is disarmed: the kind of
/// alarm, and whom it is about.
using alarm = std::pair<store_api::Alarm::Kind, raft::member_id>;
using alarm_set = std::set<alarm>;

/// Whether any member has no space left.
bool no_space(const alarm_set& alarms);

// Between the forms.
alarm from_message(const store_api::Alarm& what);
store_api::AlarmResponse to_message(const alarm_set& alarms);
std::string encode(const alarm_set& alarms);
/// Nothing if these are not bytes of encode().
std::optional<alarm_set> decode_alarms(std::string_view raw);

/// What to say to a change that would take space where there is none left.
caf::error make_no_space(const alarm_set& alarms);

} // namespace troupe::store
