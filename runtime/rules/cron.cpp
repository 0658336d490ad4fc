#include "runtime/rules/cron.hpp"

#include "runtime/text/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace troupe::rules {

namespace {

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr",
                                                  "may", "jun", "jul", "aug",
                                                  "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays{"sun", "mon", "tue", "wed",
                                                   "thu", "fri", "sat"};

struct field {
  const char* name;
  int first;
  int last;
};

constexpr std::array<field, 5> fields{
    field{"minute", 0, 59}, field{"hour", 0, 23}, field{"day of month", 1, 31},
    field{"month", 1, 12}, field{"day of week", 0, 7}};

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> result;
  for (;;) {
    auto end = text.find(at);
    result.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return result;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  for (auto word : split(text, ' '))
    if (!word.empty())
      result.push_back(word);
  return result;
}

std::string joined(const std::vector<std::string_view>& parts) {
  std::string result;
  for (auto part : parts)
    (result += result.empty() ? "" : " ") += part;
  return result;
}

template <class Names>
std::optional<int> index_of(const Names& names, const std::string& word,
                            int first) {
  auto i = std::find(names.begin(), names.end(), word);
  if (i == names.end())
    return std::nullopt;
  return static_cast<int>(i - names.begin()) + first;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto* last = text.data() + text.size();
  auto [end, err] = std::from_chars(text.data(), last, value);
  if (err != std::errc{} || end != last || text[0] == '-')
    return std::nullopt;
  return value;
}

std::optional<int> value_of(std::string_view text, const field& where) {
  if (text.empty())
    return std::nullopt;
  if (where.last == 12)
    if (auto month = index_of(months, lower(text), 1))
      return month;
  if (where.last == 7)
    if (auto day = index_of(weekdays, lower(text), 0))
      return day;
  auto value = number(text);
  if (!value || *value < where.first || *value > where.last)
    return std::nullopt;
  return value;
}

// "*", "?", "5", "1-5", and any of them with "/step".
bool good_range(std::string_view text, const field& where) {
  auto parts = split(text, '/');
  if (parts.size() > 2)
    return false;
  if (parts.size() == 2) {
    auto step = parts[1].empty() ? std::nullopt : number(parts[1]);
    if (!step || *step == 0)
      return false;
  }
  if (parts[0] == "*" || parts[0] == "?")
    return true;
  auto ends = split(parts[0], '-');
  if (ends.size() > 2)
    return false;
  auto from = value_of(ends[0], where);
  auto to = value_of(ends.back(), where);
  return from && to && *from <= *to;
}

std::string macro_problem(std::string_view schedule) {
  constexpr std::array<std::string_view, 7> known{
      "@hourly",  "@daily",  "@midnight", "@weekly",
      "@monthly", "@yearly", "@annually"};
  if (std::find(known.begin(), known.end(), schedule) != known.end())
    return {};
  constexpr std::string_view every = "@every ";
  if (schedule.starts_with(every)
      && text::parse_duration(schedule.substr(every.size())))
    return {};
  return "unrecognized descriptor: " + std::string{schedule};
}

} // namespace

std::string schedule_problem(std::string_view schedule) {
  if (schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ="))
    return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
  if (schedule.starts_with('@'))
    return macro_problem(schedule);
  auto parts = words(schedule);
  if (parts.size() != fields.size())
    return "expected exactly 5 fields, found " + std::to_string(parts.size())
           + ": [" + joined(parts) + "]";
  for (size_t i = 0; i < parts.size(); ++i)
    for (auto range : split(parts[i], ','))
      if (!good_range(range, fields[i]))
        return "the " + std::string{fields[i].name} + " cannot be \""
               + std::string{parts[i]} + "\"";
  return {};
}

bool time_zone_shaped(std::string_view name) {
  if (name.empty() || name == "Local" || name.front() == '/'
      || name.find("..") != std::string_view::npos)
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-'
           || c == '+';
  });
}

} // namespace troupe::rules
