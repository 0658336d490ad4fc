#include "messages/api/meta.pb.h"
#include "runtime/text/timestamp.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace troupe::text {
namespace {

TEST(Timestamp, ReadsRfc3339) {
  struct row {
    std::string_view in;
    int64_t seconds;
    int32_t nanos;
  };
  for (auto& [in, seconds, nanos] : std::vector<row>{
           {"1970-01-01T00:00:00Z", 0, 0},
           {"2006-01-02T15:04:05Z", 1136214245, 0},
           {"2006-01-02T15:04:05.000001Z", 1136214245, 1000},
           {"2006-01-02T15:04:05.5Z", 1136214245, 500'000'000},
           {"2006-01-02T15:04:05.1234567891Z", 1136214245, 123'456'789},
           {"2006-01-02T15:04:05+01:00", 1136210645, 0},
           {"2006-01-02T15:04:05-08:30", 1136244845, 0},
           {"2024-02-29T00:00:00Z", 1709164800, 0},
           {"1969-12-31T23:59:59Z", -1, 0},
       }) {
    auto result = parse_timestamp(in);
    ASSERT_TRUE(result) << in;
    EXPECT_EQ(result->seconds, seconds) << in;
    EXPECT_EQ(result->nanos, nanos) << in;
  }
}

TEST(Timestamp, RefusesOtherForms) {
  for (auto in :
       {"", "2006-01-02", "2006-01-02 15:04:05Z", "2006-01-02T15:04:05",
        "2006-13-02T15:04:05Z", "2006-02-30T15:04:05Z", "2023-02-29T00:00:00Z",
        "2006-01-02T24:04:05Z", "2006-01-02T15:60:05Z", "2006-01-02T15:04:60Z",
        "2006-01-02T15:04:05.Z", "2006-01-02T15:04:05+0100",
        "2006-01-02T15:04:05+24:00", "2006-01-02T15:04:05ZZ",
        "06-01-02T15:04:05Z", "2006-1-2T15:04:05Z", "now"})
    EXPECT_FALSE(parse_timestamp(in)) << in;
}

TEST(Timestamp, PrintsBothForms) {
  EXPECT_EQ(time_text(timestamp{1136214245, 999'999'999}),
            "2006-01-02T15:04:05Z");
  EXPECT_EQ(micro_time_text(timestamp{1136214245, 1000}),
            "2006-01-02T15:04:05.000001Z");
  EXPECT_EQ(micro_time_text(timestamp{0, 0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(time_text(timestamp{-1, 0}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(time_text(timestamp{std::numeric_limits<int64_t>::max(), 0}),
            "9999-12-31T23:59:59Z");
  EXPECT_EQ(time_text(timestamp{std::numeric_limits<int64_t>::min(), 0}),
            "0000-01-01T00:00:00Z");
}

TEST(Timestamp, GivesAges) {
  time_point now{std::chrono::seconds{1'000'000}};
  meta::v1::Time since;
  EXPECT_EQ(age_text(since, now), "<unknown>");
  since.set_seconds(1'000'000 - 61);
  EXPECT_EQ(age_text(since, now), "61s");
  since.set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(age_text(since, now), "<invalid>");
  since.set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(age_text(since, now), "285y");
}

} // namespace
} // namespace troupe::text
