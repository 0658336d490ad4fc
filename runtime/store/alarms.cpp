#include "runtime/store/alarms.hpp"

#include "runtime/store/layout.hpp"

namespace troupe::store {

using store_api::Alarm;

bool no_space(const alarm_set& alarms) {
  auto first = alarms.lower_bound({Alarm::SPACE, 0});
  return first != alarms.end() && first->first == Alarm::SPACE;
}

alarm from_message(const Alarm& what) {
  return {what.kind(), what.member()};
}

store_api::AlarmResponse to_message(const alarm_set& alarms) {
  store_api::AlarmResponse result;
  for (auto& [kind, member] : alarms) {
    auto& one = *result.add_alarms();
    one.set_kind(kind);
    one.set_member(member);
  }
  return result;
}

std::string encode(const alarm_set& alarms) {
  std::string out;
  for (auto& [kind, member] : alarms) {
    out.push_back(static_cast<char>(kind));
    append_fixed64(out, member);
  }
  return out;
}

std::optional<alarm_set> decode_alarms(std::string_view raw) {
  alarm_set result;
  while (!raw.empty()) {
    auto kind = static_cast<unsigned char>(raw.front());
    raw.remove_prefix(1);
    raft::member_id member = 0;
    if (!Alarm::Kind_IsValid(kind) || !take_fixed64(raw, member))
      return std::nullopt;
    result.emplace(static_cast<Alarm::Kind>(kind), member);
  }
  return result;
}

caf::error make_no_space(const alarm_set& alarms) {
  std::string who;
  for (auto& [kind, member] : alarms)
    if (kind == Alarm::SPACE)
      who += (who.empty() ? "" : ", ") + std::to_string(member);
  return make_error(ec::service_unavailable,
                    "the store has no space left: the state of member " + who
                        + " has reached its quota. Delete what is not needed, "
                          "or give up history: once there is space again, "
                          "changes are taken as before");
}

} // namespace troupe::store
