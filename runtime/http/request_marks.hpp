#pragma once

#include "runtime/http/request_metrics.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace troupe::http {

/// A request that is to be answered: in flight until it was, or until this ends
/// because nobody waits any more. Then it counts as no answer.
class flight_mark {
public:
  flight_mark(std::shared_ptr<request_metrics> to, const request_labels& what);
  ~flight_mark();

  flight_mark(const flight_mark&) = delete;
  flight_mark& operator=(const flight_mark&) = delete;

  /// It was answered; only the first time counts.
  void done(int code, std::chrono::duration<double> took, size_t bytes);

private:
  std::shared_ptr<request_metrics> to_; ///< null when it is done
  request_labels what_;
};

/// A request that flows, until this ends.
class flow_mark {
public:
  flow_mark() = default;
  flow_mark(std::shared_ptr<request_metrics> to, const request_labels& what);
  ~flow_mark();

  flow_mark(flow_mark&&) = default;
  flow_mark& operator=(flow_mark&& other) noexcept;

private:
  std::shared_ptr<request_metrics> to_;
  request_labels what_;
};

} // namespace troupe::http
