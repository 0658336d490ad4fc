#include "messages/api/core_container.pb.h"
#include "runtime/rules/pod_probe.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

// Feeds results ('+' and '-') and writes what is told: '+', '-' or '.'.
std::string told(const core::v1::Probe& probe, probe_kind kind,
                 const std::string& results) {
  auto count = first_probe(probe, steady_point{});
  std::string out;
  for (char c : results) {
    auto verdict = count_probe(probe, kind, count, c == '+', count.due);
    out += !verdict ? '.' : *verdict ? '+' : '-';
  }
  return out;
}

} // namespace

TEST(PodProbe, TellsOnlyWhenAThresholdIsCrossed) {
  core::v1::Probe usual;
  EXPECT_EQ(told(usual, probe_kind::readiness, "---+++--+---+"),
            "...+.......-+");
  EXPECT_EQ(told(usual, probe_kind::liveness, "++--+---"), ".......-");
  EXPECT_EQ(told(usual, probe_kind::startup, "--+"), "..+");
  EXPECT_EQ(told(usual, probe_kind::startup, "---"), "..-");
  core::v1::Probe strict;
  strict.set_success_threshold(2);
  strict.set_failure_threshold(1);
  EXPECT_EQ(told(strict, probe_kind::readiness, "+-++-+"), "...+-.");
}

TEST(PodProbe, KeepsItsPeriod) {
  core::v1::Probe probe;
  probe.set_initial_delay_seconds(5);
  probe.set_period_seconds(3);
  auto count = first_probe(probe, steady_point{} + 100s);
  EXPECT_EQ(count.due, steady_point{} + 105s);
  count_probe(probe, probe_kind::liveness, count, true, steady_point{} + 106s);
  EXPECT_EQ(count.due, steady_point{} + 108s);
  // One that took longer than a period is followed at once.
  count_probe(probe, probe_kind::liveness, count, true, steady_point{} + 200s);
  EXPECT_EQ(count.due, steady_point{} + 200s);
  EXPECT_EQ(probe_timeout(probe), 1s);
}
