#pragma once

#include "runtime/http/http_edge.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace troupe {

/// An edge that tells how exchanges are answered before it passes that on.
class observed_edge : public http::http_edge {
public:
  enum class step : uint8_t {
    begun, ///< the answer has begun; there is more to come
    over,  ///< all of it was said
  };
  using observer =
      std::function<void(uint64_t exchange, step what, int status)>;

  observed_edge(std::shared_ptr<http::http_edge> behind, observer tell)
      : behind_(std::move(behind)), tell_(std::move(tell)) {}

  http::request_metrics& metrics() override { return behind_->metrics(); }
  void listen(on_connection tell) override { behind_->listen(std::move(tell)); }
  void serve(uint64_t connection, on_event tell) override {
    behind_->serve(connection, std::move(tell));
  }
  void close(uint64_t connection) override { behind_->close(connection); }
  void answer(uint64_t connection, uint64_t exchange, http::response_head head,
              std::string body) override {
    tell_(exchange, step::over, head.status);
    behind_->answer(connection, exchange, std::move(head), std::move(body));
  }
  void begin(uint64_t connection, uint64_t exchange,
             http::response_head head) override {
    tell_(exchange, step::begun, head.status);
    behind_->begin(connection, exchange, std::move(head));
  }
  void send(uint64_t connection, uint64_t exchange,
            std::string piece) override {
    behind_->send(connection, exchange, std::move(piece));
  }
  void end(uint64_t connection, uint64_t exchange, bool broken) override {
    tell_(exchange, step::over, 0);
    behind_->end(connection, exchange, broken);
  }
  void upgrade(uint64_t connection, uint64_t exchange,
               http::response_head head) override {
    tell_(exchange, step::begun, head.status);
    behind_->upgrade(connection, exchange, std::move(head));
  }
  void allow(uint64_t connection, uint64_t exchange, uint32_t pieces) override {
    behind_->allow(connection, exchange, pieces);
  }
  std::shared_ptr<const rules::audit_settings> audit() const override {
    return behind_->audit();
  }

private:
  std::shared_ptr<http::http_edge> behind_;
  observer tell_;
};

} // namespace troupe
