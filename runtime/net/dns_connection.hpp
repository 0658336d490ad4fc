#pragma once

#include "runtime/net/loop.hpp"
#include "runtime/net/socket.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::net {

/// One client that asks over TCP (RFC 1035, section 4.2.2, and RFC 7766): many
/// questions at once, answers in any order. Takes no more questions while
/// `most_open` wait, or while the client does not take its answers. Lives on
/// the loop's thread.
class dns_connection {
public:
  using give = std::function<void(std::string)>;
  using answer = std::function<void(std::string_view packet, give)>;

  static constexpr size_t most_open = 32;
  static constexpr size_t most_unsent = 256u << 10;

  /// `ask` gets a question and who takes the answer, "" for none. `on_use` is
  /// called when the client was heard or answered, and `on_over` when it is
  /// gone; that may end the connection.
  dns_connection(loop& on, unique_fd fd, answer ask,
                 std::function<void()> on_use, std::function<void()> on_over);
  ~dns_connection();

  dns_connection(const dns_connection&) = delete;
  dns_connection& operator=(const dns_connection&) = delete;

  /// Returns whether the loop serves it.
  bool start();

  /// Hears and says nothing any more, and calls nobody.
  void stop();

  loop::clock::time_point last() const { return last_; }

  /// Whether it waits for an answer of ours.
  bool is_busy() const { return open_ > 0; }

private:
  void on_ready(uint32_t events);
  void end();
  bool read();
  void take_questions();
  bool write();
  void replied(std::string packet);
  void wait();

  loop& loop_;
  unique_fd fd_;
  answer ask_;
  std::function<void()> on_use_;
  std::function<void()> on_over_;
  uint64_t watch_ = 0;
  std::string input_;
  std::string output_;
  size_t open_ = 0; ///< questions without an answer
  bool taking_ = false;
  bool over_ = false;
  bool ended_ = false; ///< the client says no more
  loop::clock::time_point last_;
  /// Answers that come late see by it that nobody waits any more.
  std::shared_ptr<dns_connection*> alive_;
};

} // namespace troupe::net
