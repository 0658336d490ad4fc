#include "messages/api/core_config.pb.h"
#include "runtime/http/request_marks.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

request_labels labels(std::string_view verb) {
  return {verb, &kind_of<core::v1::ConfigMap>(), "", "namespace", false};
}

std::string page(const request_metrics& metrics) {
  std::string out;
  metrics.append(out);
  return out;
}

bool holds(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST(RequestMetrics, CountsAnswersByCodeAndTime) {
  request_metrics metrics;
  for (auto seconds : {0.001, 0.3}) {
    metrics.began(labels("GET"));
    metrics.done(labels("GET"), 200, std::chrono::duration<double>{seconds},
                 1500);
  }
  auto text = page(metrics);
  std::string of = "component=\"apiserver\",group=\"\",resource=\"configmaps\","
                   "scope=\"namespace\",subresource=\"\",verb=\"GET\","
                   "version=\"v1\"";
  EXPECT_TRUE(holds(text, "apiserver_request_total{" + of
                              + ",dry_run=\"\",code=\"200\"} 2"))
      << text;
  auto bucket =
      "apiserver_request_duration_seconds_bucket{" + of + ",dry_run=\"\",le=";
  EXPECT_TRUE(holds(text, bucket + "\"0.005\"} 1")) << text;
  EXPECT_TRUE(holds(text, bucket + "\"0.2\"} 1"));
  EXPECT_TRUE(holds(text, bucket + "\"0.4\"} 2"));
  EXPECT_TRUE(holds(text, bucket + "\"+Inf\"} 2"));
  EXPECT_TRUE(holds(text, "apiserver_response_sizes_sum{" + of + "} 3000"));
}

TEST(RequestMetrics, HasNobodyInFlightWhoHasLeft) {
  auto metrics = std::make_shared<request_metrics>();
  auto in_flight = [&](const std::string& count) {
    auto text = page(*metrics);
    return holds(text, "apiserver_current_inflight_requests{"
                       "request_kind=\"readOnly\"} "
                           + count);
  };
  {
    flight_mark stays{metrics, labels("GET")};
    {
      flight_mark leaves{metrics, labels("GET")};
      EXPECT_TRUE(in_flight("2"));
    }
    EXPECT_TRUE(in_flight("1"));
    stays.done(200, std::chrono::seconds{1}, 10);
    EXPECT_TRUE(in_flight("0"));
  }
  EXPECT_TRUE(in_flight("0"));
}

TEST(RequestMetrics, HasNothingFlowThatHasEnded) {
  auto metrics = std::make_shared<request_metrics>();
  auto watchers = [&](const std::string& count) {
    return holds(page(*metrics), "apiserver_registered_watchers{group=\"\","
                                 "kind=\"ConfigMap\",version=\"v1\"} "
                                     + count);
  };
  {
    flow_mark watch;
    watch = {metrics, labels("WATCH")};
    EXPECT_TRUE(watchers("1"));
  }
  EXPECT_TRUE(watchers("0"));
}

TEST(RequestMetrics, KnowsWhatIsUnderWay) {
  request_metrics metrics;
  metrics.began(labels("POST"));
  metrics.began(labels("WATCH"));
  metrics.flow_began(labels("WATCH"));
  metrics.events_sent(kind_of<core::v1::ConfigMap>(), 3);
  auto text = page(metrics);
  EXPECT_TRUE(holds(text, "apiserver_current_inflight_requests{"
                          "request_kind=\"mutating\"} 1"))
      << text;
  EXPECT_TRUE(holds(text, "apiserver_current_inflight_requests{"
                          "request_kind=\"readOnly\"} 0"));
  EXPECT_TRUE(holds(text, "apiserver_registered_watchers{group=\"\",kind="
                          "\"ConfigMap\",version=\"v1\"} 1"));
  EXPECT_TRUE(holds(text, "apiserver_watch_events_total{group=\"\",kind="
                          "\"ConfigMap\",version=\"v1\"} 3"));
  metrics.flow_ended(labels("WATCH"));
  EXPECT_TRUE(holds(page(metrics), "apiserver_registered_watchers{group=\"\","
                                   "kind=\"ConfigMap\",version=\"v1\"} 0"));
}

} // namespace troupe::http
