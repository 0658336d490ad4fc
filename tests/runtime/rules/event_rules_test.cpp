#include "messages/api/core_config.pb.h"
#include "runtime/rules/event_rules.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

core::v1::Event event_of(const std::string& more) {
  core::v1::Event event;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "type: 'Normal' reason: 'Why' event_time { seconds: 5 } " + more,
      &event));
  return event;
}

std::string fields(const std::vector<field_error>& found) {
  std::string result;
  for (auto& each : found)
    result += each.field + " ";
  return result;
}

} // namespace

TEST(EventRules, WantASeriesOfTwoAtLeast) {
  EXPECT_EQ(fields(validate_grouped_event(event_of(""))), "");
  EXPECT_EQ(fields(validate_grouped_event(event_of(
                "series { count: 2 last_observed_time { seconds: 7 } }"))),
            "");
  EXPECT_EQ(fields(validate_grouped_event(event_of("series { count: 1 }"))),
            "series.count series.lastObservedTime ");
}

TEST(EventRules, LetOnlyTheSeriesAndTheNoteGoOn) {
  auto old = event_of("");
  EXPECT_EQ(
      fields(validate_grouped_event_update(
          event_of("series { count: 2 last_observed_time { seconds: 7 } }"),
          old)),
      "");
  EXPECT_EQ(fields(validate_grouped_event_update(
                event_of("message: 'x' reporting_component: 'y'"), old)),
            "reportingController ");
}

} // namespace troupe::rules
