#include "runtime/http/date_header.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>

namespace troupe::http {

std::string date_text(time_point when) {
  auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     days[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                     months[static_cast<size_t>(parts.tm_mon)],
                     parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

void add_date(response_head& head, time_point now) {
  if (find_header(head.headers, "Date").empty())
    head.headers.emplace_back("Date", date_text(now));
}

} // namespace troupe::http
