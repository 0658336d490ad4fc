#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace troupe::bench {

using clock = std::chrono::steady_clock;

/// Returns how long ago `since` was, in milliseconds.
double ms_since(clock::time_point since);

/// Measurements of one thing, in any order.
class sample {
public:
  void add(double value) { values_.push_back(value); }
  size_t size() const { return values_.size(); }

  /// Returns the value that this share of all values is not above; 0 when
  /// there is none.
  double at(double share) const;

  /// "12.3 / 14.0 / 20.1 ms": least, median, greatest.
  std::string spread(const std::string& unit) const;
  /// "median 12.3, p99 20.1 ms".
  std::string middle_and_tail(const std::string& unit) const;
  /// "median 12.3, p99 20.1, most 25.0 ms".
  std::string outage(const std::string& unit) const;

private:
  std::vector<double> values_;
};

/// Returns a number with three digits that count.
std::string text(double value);

/// What was measured, beside what is wanted.
class table {
public:
  void add(std::string what, std::string figure, std::string goal = {});
  void print() const;

private:
  struct row {
    std::string what;
    std::string figure;
    std::string goal;
  };

  std::vector<row> rows_;
};

/// Returns the machine in one line: processors, memory, load.
std::string machine_line();

} // namespace troupe::bench
