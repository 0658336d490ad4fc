#include "runtime/text/duration.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace troupe::text {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(Duration, ReadsGosSyntax) {
  struct row {
    std::string_view in;
    nanoseconds out;
  };
  for (auto& [in, out] : std::vector<row>{
           {"0", 0ns},
           {"-0", 0ns},
           {"5s", 5s},
           {"+5s", 5s},
           {"-5s", -5s},
           {"300ms", 300ms},
           {"1.5h", 90min},
           {"-1.5h", -90min},
           {"2h45m", 165min},
           {"1h0m0s", 1h},
           {".5s", 500ms},
           {"1.s", 1s},
           {"10ns", 10ns},
           {"11us", 11us},
           {"12\u00b5s", 12us},
           {"12\u03bcs", 12us},
           {"1h2m3s4ms5us6ns", 1h + 2min + 3s + 4ms + 5us + 6ns},
           {"0.3333333333333333333h", 20min},
           {"9223372036854775807ns", nanoseconds::max()},
           {"-9223372036854775808ns", nanoseconds::min()},
       }) {
    auto result = parse_duration(in);
    ASSERT_TRUE(result) << in;
    EXPECT_EQ(*result, out) << in;
  }
}

TEST(Duration, RefusesWhatIsNone) {
  for (auto in : {"", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "1 s", "1sm",
                  "10000000000h", "9223372036854775808ns",
                  "9223372036854775807ns1ns", "1h-5m", "--1s", "1e3s"})
    EXPECT_FALSE(parse_duration(in)) << in;
}

TEST(Duration, PrintsGosForm) {
  struct row {
    nanoseconds in;
    std::string_view out;
  };
  for (auto& [in, out] : std::vector<row>{
           {0ns, "0s"},
           {1ns, "1ns"},
           {1100ns, "1.1\u00b5s"},
           {2200us, "2.2ms"},
           {3300ms, "3.3s"},
           {1h, "1h0m0s"},
           {245s, "4m5s"},
           {4 * 60s + 5001ms, "4m5.001s"},
           {5h + 6min + 7001ms, "5h6m7.001s"},
           {-90s, "-1m30s"},
           {nanoseconds::max(), "2562047h47m16.854775807s"},
           {nanoseconds::min(), "-2562047h47m16.854775808s"},
       })
    EXPECT_EQ(duration_text(in), out);
}

TEST(Age, IsShortAsInATable) {
  struct row {
    nanoseconds in;
    std::string_view out;
  };
  for (auto& [in, out] : std::vector<row>{
           {0s, "0s"},
           {-1s, "0s"},
           {-1500ms, "0s"},
           {-2s, "<invalid>"},
           {1s, "1s"},
           {119s, "119s"},
           {2min, "2m"},
           {2min + 30s, "2m30s"},
           {9min + 59s, "9m59s"},
           {10min, "10m"},
           {179min, "179m"},
           {3h, "3h"},
           {3h + 5min, "3h5m"},
           {8h, "8h"},
           {47h + 59min, "47h"},
           {48h, "2d"},
           {50h, "2d2h"},
           {8 * 24h, "8d"},
           {729 * 24h, "729d"},
           {730 * 24h, "2y"},
           {770 * 24h, "2y40d"},
           {8 * 365 * 24h, "8y"},
           {100 * 365 * 24h, "100y"},
       })
    EXPECT_EQ(age_text(in), out);
}

} // namespace
} // namespace troupe::text
