#include "messages/api/core_config.pb.h"
#include "messages/api/events.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::printing {

namespace {

/// What both kinds of events tell, under one set of names.
struct event_view {
  const meta::v1::ObjectMeta& meta;
  const core::v1::ObjectReference& about;
  const std::string& type;
  const std::string& reason;
  const std::string& message;
  const core::v1::EventSource& source;
  const std::string& controller;
  const std::string& instance;
  const meta::v1::Time& first;
  const meta::v1::Time& last;
  const meta::v1::MicroTime& time;
  bool series = false;
  int32_t series_count = 0;
  const meta::v1::MicroTime& series_last;
  int32_t count = 0;
};

std::string trimmed(const std::string& text) {
  auto space = [](unsigned char c) { return std::isspace(c) != 0; };
  auto begin = std::find_if_not(text.begin(), text.end(), space);
  auto end = std::find_if_not(text.rbegin(), text.rend(), space).base();
  return begin < end ? std::string(begin, end) : std::string{};
}

std::string object_of(const core::v1::ObjectReference& about) {
  auto result = about.kind();
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (!about.name().empty())
    result += "/" + about.name();
  return result;
}

std::string source_of(const event_view& x) {
  auto result =
      x.source.component().empty() ? x.controller : x.source.component();
  const auto& host = x.source.host().empty() ? x.instance : x.source.host();
  if (!host.empty())
    result += ", " + host;
  return result;
}

void add_row(const event_view& x, time_point now, cells& out) {
  auto first = x.first.seconds() != 0 ? text::age_text(x.first, now)
                                      : age_of(x.time, now);
  auto last = x.series                ? age_of(x.series_last, now)
              : x.last.seconds() != 0 ? text::age_text(x.last, now)
                                      : first;
  auto count = x.series ? x.series_count + 1 : std::max(x.count, 1);
  out.push_back(last);
  out.push_back(x.type);
  out.push_back(x.reason);
  out.push_back(object_of(x.about));
  out.push_back(x.about.field_path());
  out.push_back(source_of(x));
  out.push_back(trimmed(x.message));
  out.push_back(first);
  out.push_back(std::to_string(count));
  out.push_back(x.meta.name());
}

void core_row(const core::v1::Event& x, time_point now, cells& out) {
  add_row({x.metadata(), x.involved_object(), x.type(), x.reason(), x.message(),
           x.source(), x.reporting_component(), x.reporting_instance(),
           x.first_timestamp(), x.last_timestamp(), x.event_time(),
           x.has_series(), x.series().count(), x.series().last_observed_time(),
           x.count()},
          now, out);
}

void events_row(const events::v1::Event& x, time_point now, cells& out) {
  add_row({x.metadata(), x.regarding(), x.type(), x.reason(), x.note(),
           x.deprecated_source(), x.reporting_controller(),
           x.reporting_instance(), x.deprecated_first_timestamp(),
           x.deprecated_last_timestamp(), x.event_time(), x.has_series(),
           x.series().count(), x.series().last_observed_time(),
           x.deprecated_count()},
          now, out);
}

} // namespace

void add_event_columns(columns_list& out) {
  const std::vector<column> columns{
      text("Last Seen"), text("Type"),
      text("Reason"),    text("Object"),
      wide("Subobject"), wide("Source"),
      text("Message"),   wide("First Seen"),
      wide("Count"),     {"Name", "string", "name", 1}};
  out.push_back(columns_for<core::v1::Event>(columns, core_row));
  out.push_back(columns_for<events::v1::Event>(columns, events_row));
}

} // namespace troupe::printing
