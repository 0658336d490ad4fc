#include "tests/bench/cluster/figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace troupe::bench {

double ms_since(clock::time_point since) {
  return std::chrono::duration<double, std::milli>(clock::now() - since)
      .count();
}

double sample::at(double share) const {
  if (values_.empty())
    return 0;
  auto sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<size_t>(std::lround(share * last))];
}

std::string sample::spread(const std::string& unit) const {
  return text(at(0)) + " / " + text(at(0.5)) + " / " + text(at(1)) + " " + unit
         + " (least / median / most of " + std::to_string(size()) + ")";
}

std::string sample::middle_and_tail(const std::string& unit) const {
  return "median " + text(at(0.5)) + ", p99 " + text(at(0.99)) + " " + unit
         + " (of " + std::to_string(size()) + ")";
}

std::string sample::outage(const std::string& unit) const {
  return "median " + text(at(0.5)) + ", p99 " + text(at(0.99)) + ", most "
         + text(at(1)) + " " + unit;
}

std::string text(double value) {
  auto size = std::abs(value);
  int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  char buffer[40];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}

void table::add(std::string what, std::string figure, std::string goal) {
  // Told at once too: a long run shows how far it is.
  std::fprintf(stderr, "%s: %s\n", what.c_str(), figure.c_str());
  rows_.push_back({std::move(what), std::move(figure), std::move(goal)});
}

void table::print() const {
  size_t what = 4;
  size_t figure = 8;
  for (auto& r : rows_) {
    what = std::max(what, r.what.size());
    figure = std::max(figure, r.figure.size());
  }
  auto line = [&](const std::string& a, const std::string& b,
                  const std::string& c) {
    std::printf("| %-*s | %-*s | %-10s |\n", static_cast<int>(what), a.c_str(),
                static_cast<int>(figure), b.c_str(), c.c_str());
  };
  line("what", "measured", "goal");
  line("---", "---", "---");
  for (auto& r : rows_)
    line(r.what, r.figure, r.goal);
}

std::string machine_line() {
  double load[3] = {};
  if (getloadavg(load, 3) < 1)
    load[0] = 0;
  std::string model = "unknown processor";
  std::ifstream cpus{"/proc/cpuinfo"};
  for (std::string line; std::getline(cpus, line);)
    if (line.rfind("model name", 0) == 0) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  auto pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
  auto memory = pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e9;
  return std::to_string(std::thread::hardware_concurrency()) + " x " + model
         + ", " + text(memory) + " GB, load average " + text(load[0]);
}

} // namespace troupe::bench
