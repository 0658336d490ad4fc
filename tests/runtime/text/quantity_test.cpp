#include "messages/api/meta.pb.h"
#include "runtime/text/quantity.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace troupe::text {
namespace {

quantity q(std::string_view str) {
  auto result = quantity::parse(str);
  EXPECT_TRUE(result) << str;
  return result ? *result : quantity{};
}

TEST(Quantity, PrintsTheCanonicalForm) {
  struct row {
    std::string_view in, out;
  };
  for (auto& [in, out] : std::vector<row>{
           {"0", "0"},
           {"0Ki", "0"},
           {"0e5", "0"},
           {"-0", "0"},
           {"1", "1"},
           {"+1", "1"},
           {"-1", "-1"},
           {"00100", "100"},
           {".5", "500m"},
           {"0.5", "500m"},
           {"1.G", "1G"},
           {"1000m", "1"},
           {"1500m", "1500m"},
           {"100000m", "100"},
           {"1000", "1k"},
           {"1500", "1500"},
           {"12000", "12k"},
           {"1025", "1025"},
           {"0.0001", "100u"},
           {"2.5", "2500m"},
           {"1.5Gi", "1536Mi"},
           {"1024Mi", "1Gi"},
           {"1023Ki", "1023Ki"},
           {"500Ki", "500Ki"},
           {"1.25Ki", "1280"},
           {"0.5Ki", "512"},
           {"0.5Mi", "512Ki"},
           {"0.00001Ki", "10240u"},
           {"100.035Ki", "102435840m"},
           {"9Ei", "9223372036854775807"},
           {"100Ei", "9223372036854775807"},
           {"7Ei", "7Ei"},
           {"12E", "12E"},
           {"1000E", "1000E"},
           {"1e3", "1e3"},
           {"1E3", "1e3"},
           {"1e+3", "1e3"},
           {"1e4", "10e3"},
           {"1.5e3", "1500"},
           {"12345e-3", "12345e-3"},
           {"1e21", "1e21"},
           {"1e-10", "1e-9"},
           {"92233720368547758070", "92233720368547758070"},
           {"128974848", "128974848"},
           {"129e6", "129e6"},
           {"129M", "129M"},
           {"123Mi", "123Mi"},
       })
    EXPECT_EQ(q(in).str(), out) << in;
}

TEST(Quantity, KeepsTheTextWhereKubernetesDoes) {
  // As kube-apiserver 1.20 answers.
  for (auto text :
       {"+1", "-1", "00100", "1.500", "1E3", "1e+3", "1e0", "1.k", "007Ki",
        "1e03", "1E-3", "1.001", "1n", "1", "100u", "1e+21", "1025Ki"})
    EXPECT_EQ(*quantity::kept_text(text), text);
  struct row {
    std::string_view in, out;
  };
  for (auto& [in, out] :
       std::vector<row>{{"0.5", "500m"},
                        {"1.5", "1500m"},
                        {"1000", "1k"},
                        {"0008Ki", "8Ki"},
                        {"8192Ki", "8Mi"},
                        {"0.000", "0"},
                        {"1.000", "1"},
                        {"1.5Gi", "1536Mi"},
                        {"1e4", "10e3"},
                        {"1.255e-99999999999", "1e-9"},
                        {"1234567890123456789012", "1234567890123456789012"}})
    EXPECT_EQ(*quantity::kept_text(in), out) << in;
  EXPECT_FALSE(quantity::kept_text("1e"));
}

TEST(Quantity, RoundsToThousandthsAwayFromZero) {
  EXPECT_EQ(q("1n").rounded_to_milli().str(), "1m");
  EXPECT_EQ(q("1e-10").rounded_to_milli().str(), "1e-3");
  EXPECT_EQ(q("100.0005m").rounded_to_milli().str(), "101m");
  EXPECT_EQ(q("-0.0001").rounded_to_milli().str(), "-1m");
  EXPECT_EQ(q("1.5").rounded_to_milli(), q("1500m"));
}

TEST(Quantity, RoundsUpToNano) {
  EXPECT_EQ(q("0.1n").str(), "1n");
  EXPECT_EQ(q("-0.1n").str(), "-1n");
  EXPECT_EQ(q("1.999999999999").str(), "2");
  EXPECT_EQ(q("1.0000000000000000000000000001").str(), "1000000001n");
  EXPECT_EQ(q("1e-2000000000").str(), "1e-9");
  EXPECT_EQ(q("1e-99999999999999999999").str(), "1e-9");
  // 1/1024 of a thousandth of a thousandth: the long fraction stays exact.
  EXPECT_EQ(q("0.0009765625Ki").str(), "1");
  EXPECT_EQ(q("0.00097656250000000000000000000000000000001Ki").str(),
            "1000000001n");
}

TEST(Quantity, RefusesWhatIsNoQuantity) {
  for (auto str : {"",    ".",    "k",     "Ki",   "-",   "+",     "1_0",
                   "1i",  "1Kii", "1e",    "1e+",  "5e-", "1u1",   "1 ",
                   " 1",  "1,5",  "1..5",  "0x10", "1K",  "1ki",   "1mi",
                   "inf", "NaN",  "1e3e3", "--1",  "+-1", "1e+-3", "1.5.2"})
    EXPECT_FALSE(quantity::parse(str)) << str;
}

TEST(Quantity, RefusesWhatIsOutOfRange) {
  for (auto str : {"1e27", "-1e27", "1e9999999999", "1000000000E",
                   "1000000000000000000000000000"})
    EXPECT_FALSE(quantity::parse(str)) << str;
  EXPECT_TRUE(quantity::parse("999999999E"));
  EXPECT_TRUE(quantity::parse(std::string(100'000, '0') + "1"));
  EXPECT_FALSE(quantity::parse(std::string(100'000, '1')));
}

TEST(Quantity, ScalesRoundingAwayFromZero) {
  EXPECT_EQ(q("100m").value(), 1);
  EXPECT_EQ(q("-100m").value(), -1);
  EXPECT_EQ(q("1500m").value(), 2);
  EXPECT_EQ(q("2").value(), 2);
  EXPECT_EQ(q("100m").milli_value(), 100);
  EXPECT_EQ(q("100u").milli_value(), 1);
  EXPECT_EQ(q("1.5").milli_value(), 1500);
  EXPECT_EQ(q("1Ki").milli_value(), 1'024'000);
}

TEST(Quantity, CapsInsteadOfOverflowing) {
  constexpr auto most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(q("100E").value(), most);
  EXPECT_EQ(q("-100E").value(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(q("10P").value(), 10'000'000'000'000'000);
  EXPECT_EQ(q("10P").milli_value(), most);
  auto sum = q("999999999E");
  for (int i = 0; i < 200; ++i)
    sum += sum;
  EXPECT_GT(sum, q("999999999E"));
  EXPECT_EQ(sum + sum, sum);
  EXPECT_EQ((-sum) * 2, -sum);
  EXPECT_EQ(sum * -2, -sum);
}

TEST(Quantity, ComparesAcrossFamilies) {
  EXPECT_EQ(q("1024"), q("1Ki"));
  EXPECT_EQ(q("1000m"), q("1"));
  EXPECT_LT(q("1G"), q("1Gi"));
  EXPECT_GT(q("1"), q("999m"));
  EXPECT_LT(q("-1"), q("0"));
  EXPECT_EQ(q("-3").sign(), -1);
}

TEST(Quantity, AddsAndSubtractsExactly) {
  EXPECT_EQ((q("100m") + q("200m")).str(), "300m");
  EXPECT_EQ((q("1Gi") + q("512Mi")).str(), "1536Mi");
  EXPECT_EQ((q("1Gi") - q("1Gi")).str(), "0");
  EXPECT_EQ((q("1") - q("1500m")).str(), "-500m");
  EXPECT_EQ((q("250m") * 4).str(), "1");
  // A zero takes the family of what is added.
  EXPECT_EQ((quantity{} + q("2Gi")).str(), "2Gi");
  EXPECT_EQ((q("1Gi") + q("1")).str(), "1073741825");
}

TEST(Quantity, ReadsAndWritesMessages) {
  EXPECT_EQ(quantity::of(meta::v1::Quantity{}).str(), "0");
  EXPECT_EQ(quantity::of(q("1.5").message()).str(), "1500m");
  EXPECT_EQ(quantity::of(3).str(), "3");
  EXPECT_EQ(quantity::of(2048, quantity::family::binary).str(), "2Ki");
  EXPECT_EQ(quantity::of_milli(250).str(), "250m");
  EXPECT_DOUBLE_EQ(q("250m").as_double(), 0.25);
}

} // namespace
} // namespace troupe::text
