#include "tests/bench/http/load.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace troupe::bench {

namespace {

using clock = std::chrono::steady_clock;

double ms_between(clock::time_point a, clock::time_point b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

} // namespace

double share_of(std::vector<double> values, double share) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(share * last)];
}

load_figures
measure_load(const http_place& to, int clients, double seconds,
             const std::function<bool(http_client&, int, int)>& one) {
  std::vector<std::unique_ptr<http_client>> all;
  for (int i = 0; i < clients; ++i)
    all.push_back(std::make_unique<http_client>(to));
  std::vector<std::vector<double>> took(static_cast<size_t>(clients));
  auto begin = clock::now();
  auto limit = begin + std::chrono::duration<double>(seconds);
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&, i] {
      auto which = static_cast<size_t>(i);
      for (int n = 0; clock::now() < limit; ++n) {
        auto start = clock::now();
        if (!one(*all[which], i, n))
          return;
        took[which].push_back(ms_between(start, clock::now()));
      }
    });
  for (auto& each : threads)
    each.join();
  auto whole = ms_between(begin, clock::now()) / 1000;
  std::vector<double> values;
  for (auto& each : took)
    values.insert(values.end(), each.begin(), each.end());
  load_figures result;
  result.count = values.size();
  result.per_second = static_cast<double>(values.size()) / whole;
  result.p50_ms = share_of(values, 0.5);
  result.p99_ms = share_of(values, 0.99);
  return result;
}

void expect_success(const http_answer& got, const std::string& what) {
  if (got.status >= 200 && got.status < 300)
    return;
  std::fprintf(stderr, "error: %s: %d %s\n", what.c_str(), got.status,
               got.body.c_str());
  std::exit(1);
}

} // namespace troupe::bench
