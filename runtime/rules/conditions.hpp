#pragma once

#include "messages/api/meta.pb.h"
#include "messages/time.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace troupe::rules {

/// Returns the condition of that type; null when there is none.
template <class Conditions>
auto* find_condition(Conditions& list, std::string_view type) {
  auto found = std::find_if(list.begin(), list.end(), [&](const auto& each) {
    return each.type() == type;
  });
  return found == list.end() ? nullptr : &*found;
}

/// Removes the condition of that type; returns whether there was one.
template <class Conditions>
bool remove_condition(Conditions& list, std::string_view type) {
  auto found = std::find_if(list.begin(), list.end(), [&](const auto& each) {
    return each.type() == type;
  });
  if (found == list.end())
    return false;
  list.erase(found);
  return true;
}

/// Sets type, status, reason and message in place, adding the condition when
/// there is none. The transition time moves only when the status does.
/// Returns whether anything changed.
template <class Conditions>
bool set_condition(Conditions& list, std::string_view type,
                   std::string_view status, std::string_view reason,
                   std::string_view message, time_point now) {
  auto* found = find_condition(list, type);
  if (found && found->status() == status && found->reason() == reason
      && found->message() == message)
    return false;
  auto moved = !found || found->status() != status;
  if (!found) {
    found = list.Add();
    found->set_type(std::string{type});
  }
  found->set_status(std::string{status});
  found->set_reason(std::string{reason});
  found->set_message(std::string{message});
  if (moved)
    *found->mutable_last_transition_time() = to_time(now);
  return true;
}

} // namespace troupe::rules
