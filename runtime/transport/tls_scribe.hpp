#pragma once

#include "runtime/transport/connection_book.hpp"
#include "runtime/transport/frame_guard.hpp"
#include "runtime/transport/tls_stream.hpp"

#include <caf/io/scribe.hpp>

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// A connection as CAF's broker uses it, once both sides have proved
/// themselves: gives it whole frames that this peer may send, and breaks off
/// with a peer that sends others or does not read.
class tls_scribe : public caf::io::scribe, public stream_user {
public:
  enum class side { accepted, dialled };

  tls_scribe(std::shared_ptr<connection_book> book,
             std::shared_ptr<tls_stream> stream, peer who, side from);
  ~tls_scribe() override;

  const peer& who() const { return who_; }
  /// For logs: user and address.
  std::string name() const;
  bool greeted() const { return guard_.greeted(); }
  bool dialled() const { return from_ == side::dialled; }
  connection_book::clock::time_point since() const { return since_; }

  /// Closes the connection, later.
  void break_off(std::string why);

  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override;
  std::vector<char>& wr_buf() override { return stream_->outgoing(); }
  std::vector<char>& rd_buf() override { return incoming_; }
  void flush() override;
  void graceful_shutdown() override;
  std::string addr() const override;
  uint16_t port() const override;
  void add_to_loop() override {}
  void remove_from_loop() override;

  void on_proved() override {}
  void on_bytes(std::string_view bytes) override;
  void on_lost() override;

private:
  void enter();
  bool meet();
  bool deliver();
  bool pass(std::vector<char>& bytes);
  void forget_spawner();

  std::shared_ptr<connection_book> book_;
  std::shared_ptr<tls_stream> stream_;
  peer who_;
  side from_;
  std::string address_;
  connection_book::clock::time_point since_;
  frame_guard guard_;
  std::vector<char> incoming_;
  bool launched_ = false;
  bool used_ = false;   ///< CAF knows it for a way to the peer
  bool broken_ = false; ///< about to be closed
};

} // namespace troupe
