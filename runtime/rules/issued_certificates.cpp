#include "runtime/rules/issued_certificates.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr auto user_key = "user";
constexpr auto last_key = "last-issued";
constexpr auto request_key = "last-request";
constexpr std::string_view serial_prefix = "serial.";

expected<time_point> parse_time(std::string_view given) {
  auto found = text::parse_timestamp(given);
  if (!found)
    return std::move(found.error());
  return time_point{std::chrono::seconds{found->seconds}};
}

} // namespace

void issued_certificates::note(const std::string& serial, time_point end,
                               time_point now) {
  std::erase_if(until, [&](auto& each) { return each.second <= now; });
  until[serial] = end;
  last = now;
}

std::string issued_name(std::string_view user) {
  return "troupe-certificates-"
         + crypto::hex_encode(crypto::sha256(user)).substr(0, 32);
}

core::v1::ConfigMap to_config_map(const issued_certificates& x) {
  core::v1::ConfigMap result;
  auto& meta = *result.mutable_metadata();
  meta.set_name(issued_name(x.user));
  meta.set_namespace_(certificates_namespace);
  (*meta.mutable_labels())[certificates_label] = "issued";
  auto& data = *result.mutable_data();
  data[user_key] = x.user;
  data[last_key] = text::time_text(x.last);
  if (!x.last_request.empty())
    data[request_key] = x.last_request;
  for (auto& [serial, end] : x.until)
    data[std::string{serial_prefix} + serial] = text::time_text(end);
  return result;
}

expected<issued_certificates>
read_issued_certificates(const core::v1::ConfigMap& from) {
  issued_certificates out;
  auto user = from.data().find(user_key);
  auto last = from.data().find(last_key);
  if (user == from.data().end() || last == from.data().end())
    return make_error(ec::invalid,
                      from.metadata().name() + " tells of no certificates");
  out.user = user->second;
  auto when = parse_time(last->second);
  if (!when)
    return when.error();
  out.last = *when;
  auto request = from.data().find(request_key);
  if (request != from.data().end())
    out.last_request = request->second;
  for (auto& [key, value] : from.data()) {
    if (!std::string_view{key}.starts_with(serial_prefix))
      continue;
    auto end = parse_time(value);
    if (!end)
      return end.error();
    out.until[key.substr(serial_prefix.size())] = *end;
  }
  return out;
}

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() <= 40 && text.size() % 2 == 0
         && std::all_of(text.begin(), text.end(), [](char c) {
              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            });
}

core::v1::ConfigMap to_config_map(const revoked_certificates& all,
                                  time_point now) {
  core::v1::ConfigMap result;
  result.mutable_metadata()->set_name(revoked_name);
  result.mutable_metadata()->set_namespace_(certificates_namespace);
  for (auto& [serial, each] : all)
    if (each.until > now)
      (*result.mutable_data())[serial] =
          text::time_text(each.until) + " " + each.user;
  return result;
}

revoked_certificates read_revoked(const core::v1::ConfigMap& from) {
  revoked_certificates result;
  for (auto& [serial, value] : from.data()) {
    auto space = std::min(value.find(' '), value.size());
    auto end = parse_time(value.substr(0, space));
    auto user = space < value.size() ? value.substr(space + 1) : std::string{};
    result[serial] = {user, end ? *end : time_point::max()};
  }
  return result;
}

std::set<std::string> serials_of(const revoked_certificates& all) {
  std::set<std::string> result;
  for (auto& [serial, each] : all)
    result.insert(serial);
  return result;
}

} // namespace troupe::rules
