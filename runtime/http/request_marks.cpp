#include "runtime/http/request_marks.hpp"

#include <utility>

namespace troupe::http {

flight_mark::flight_mark(std::shared_ptr<request_metrics> to,
                         const request_labels& what)
    : to_(std::move(to)), what_(what) {
  to_->began(what_);
}

flight_mark::~flight_mark() {
  done(0, {}, 0);
}

void flight_mark::done(int code, std::chrono::duration<double> took,
                       size_t bytes) {
  if (auto to = std::exchange(to_, nullptr))
    to->done(what_, code, took, bytes);
}

flow_mark::flow_mark(std::shared_ptr<request_metrics> to,
                     const request_labels& what)
    : to_(std::move(to)), what_(what) {
  to_->flow_began(what_);
}

flow_mark::~flow_mark() {
  if (to_)
    to_->flow_ended(what_);
}

flow_mark& flow_mark::operator=(flow_mark&& other) noexcept {
  std::swap(to_, other.to_);
  std::swap(what_, other.what_);
  return *this;
}

} // namespace troupe::http
