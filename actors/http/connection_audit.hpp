#pragma once

#include "runtime/http/http_edge.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace troupe {

/// An edge that tells how exchanges are answered before it passes that on. The
/// actors of a connection's streams use it as well as the connection, so the
/// observer is called by any thread: it must not touch what is an actor's.
class observed_edge : public http::http_edge {
public:
  struct step {
    uint64_t exchange = 0;
    bool over = false; ///< all of it was said; else the answer has begun
    int status = 0;    ///< 0 where that was told before
    std::string type = {};
    std::string body = {}; ///< of a refusal
  };
  using observer = std::function<void(step)>;

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
    step what{exchange, true, head.status};
    if (head.status >= 400 && body.size() <= longest_refusal) {
      what.type = http::find_header(head.headers, "Content-Type");
      what.body = body;
    }
    tell_(std::move(what));
    behind_->answer(connection, exchange, std::move(head), std::move(body));
  }
  void begin(uint64_t connection, uint64_t exchange,
             http::response_head head) override {
    tell_({exchange, false, head.status});
    behind_->begin(connection, exchange, std::move(head));
  }
  void send(uint64_t connection, uint64_t exchange,
            std::string piece) override {
    behind_->send(connection, exchange, std::move(piece));
  }
  void end(uint64_t connection, uint64_t exchange, bool broken) override {
    tell_({exchange, true});
    behind_->end(connection, exchange, broken);
  }
  void upgrade(uint64_t connection, uint64_t exchange,
               http::response_head head) override {
    tell_({exchange, false, 101});
    behind_->upgrade(connection, exchange, std::move(head));
  }
  void allow(uint64_t connection, uint64_t exchange, uint32_t pieces) override {
    behind_->allow(connection, exchange, pieces);
  }
  std::shared_ptr<const rules::audit_settings> audit() const override {
    return behind_->audit();
  }

private:
  /// What is longer is no Status.
  static constexpr size_t longest_refusal = 64u << 10;

  std::shared_ptr<http::http_edge> behind_;
  observer tell_;
};

} // namespace troupe
