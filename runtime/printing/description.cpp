#include "runtime/printing/description.hpp"

#include "messages/api/core_config.pb.h"
#include "runtime/printing/describe.hpp"
#include "runtime/printing/tab_align.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <tuple>

namespace troupe::printing {

namespace {

constexpr size_t padding = 2;
constexpr size_t longest_annotation = 140;
constexpr const char* last_applied =
    "kubectl.kubernetes.io/last-applied-configuration";

std::string rfc1123(int64_t seconds) {
  auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  // Names of days and months are English, whatever the locale.
  static const char* const days[]{"Sun", "Mon", "Tue", "Wed",
                                  "Thu", "Fri", "Sat"};
  static const char* const months[]{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d +0000",
                days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                parts.tm_sec);
  return text;
}

std::string shortened(const std::string& text, size_t most) {
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> result;
  size_t from = 0;
  for (;;) {
    auto end = text.find('\n', from);
    result.push_back(text.substr(from, end - from));
    if (end == std::string::npos)
      return result;
    from = end + 1;
  }
}

std::string trimmed(const std::string& text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

int64_t last_seen(const core::v1::Event& x) {
  if (x.has_series())
    return x.series().last_observed_time().seconds();
  if (x.last_timestamp().seconds() != 0)
    return x.last_timestamp().seconds();
  if (x.event_time().seconds() != 0)
    return x.event_time().seconds();
  return x.metadata().creation_timestamp().seconds();
}

std::string interval_of(const core::v1::Event& x, time_point now) {
  auto first = x.event_time().seconds() != 0
                   ? age_of(x.event_time(), now)
                   : text::age_text(x.first_timestamp(), now);
  if (x.has_series())
    return fmt::format("{} (x{} over {})",
                       age_of(x.series().last_observed_time(), now),
                       x.series().count(), first);
  if (x.count() > 1)
    return fmt::format("{} (x{} over {})",
                       text::age_text(x.last_timestamp(), now), x.count(),
                       first);
  return first;
}

} // namespace

void description::add(int level, std::string text) {
  open_.append(static_cast<size_t>(level) * 2, ' ');
  open_ += text;
  open_ += '\n';
}

void description::raw(std::string_view text) {
  flush();
  done_ += text;
}

void description::flush() {
  done_ += align_tabs(open_, padding);
  open_.clear();
}

std::string description::str() {
  flush();
  for (auto& c : done_) {
    auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\n' && c != '\t') || code == 0x7f)
      c = ' ';
  }
  return std::move(done_);
}

std::string date_text(const meta::v1::Time& when) {
  return rfc1123(when.seconds());
}

std::string date_text(const meta::v1::MicroTime& when) {
  return rfc1123(when.seconds());
}

void describe_name(description& d, const object& x) {
  d.line(0, "Name:\t{}", x.name());
  if (!x.ns().empty())
    d.line(0, "Namespace:\t{}", x.ns());
}

void describe_labels(description& d, const std::string& title,
                     const string_map& labels, const std::string& indent) {
  if (labels.empty()) {
    d.line(0, "{}{}:\t<none>", indent, title);
    return;
  }
  std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  auto lead = indent + title + ":";
  for (const auto& [key, value] : sorted) {
    d.line(0, "{}\t{}={}", lead, key, value);
    lead = indent;
  }
}

void describe_annotations(description& d, const string_map& annotations,
                          const std::string& indent) {
  std::map<std::string, std::string> sorted(annotations.begin(),
                                            annotations.end());
  sorted.erase(last_applied);
  auto lead = indent + "Annotations:";
  if (sorted.empty()) {
    d.line(0, "{}\t<none>", lead);
    return;
  }
  for (auto& [key, value] : sorted) {
    if (!value.empty() && value.back() == '\n')
      value.pop_back();
    if (key.size() + value.size() + 2 > longest_annotation
        || value.find('\n') != std::string::npos) {
      d.line(0, "{}\t{}:", lead, key);
      for (const auto& part : lines_of(value))
        d.line(0, "{}\t  {}", indent, shortened(part, longest_annotation - 2));
    } else {
      d.line(0, "{}\t{}: {}", lead, key, value);
    }
    lead = indent;
  }
}

void describe_controller(description& d, const meta::v1::ObjectMeta& meta) {
  for (const auto& owner : meta.owner_references())
    if (owner.controller())
      d.line(0, "Controlled By:\t{}/{}", owner.kind(), owner.name());
}

bool happened_before(const object& a, const object& b) {
  // The name ends in the time of the first, finer than the last one's.
  auto key = [](const object& x) {
    auto name = x.name();
    return std::tuple{last_seen(x.as<core::v1::Event>()),
                      name.substr(name.rfind('.') + 1), name};
  };
  return key(a) < key(b);
}

void describe_events(description& d, const std::vector<object>& events,
                     time_point now) {
  if (events.empty()) {
    d.line(0, "Events:\t<none>");
    return;
  }
  d.flush();
  auto sorted = events;
  std::sort(sorted.begin(), sorted.end(), happened_before);
  d.line(0, "Events:");
  d.line(1, "Type\tReason\tAge\tFrom\tMessage");
  d.line(1, "----\t------\t----\t----\t-------");
  for (const auto& event : sorted) {
    const auto& x = event.as<core::v1::Event>();
    d.line(1, "{}\t{}\t{}\t{}\t{}", x.type(), x.reason(), interval_of(x, now),
           x.source().component().empty() ? x.reporting_component()
                                          : x.source().component(),
           trimmed(x.message()));
  }
}

std::string printed_bool(bool value) {
  return value ? "True" : "False";
}

} // namespace troupe::printing
