#pragma once

#include "runtime/transport/connection_book.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/network/event_handler.hpp>

#include <memory>
#include <string>

namespace troupe {

/// Accepts connections, which are strangers at first, and gives those that
/// prove themselves to CAF. Goes on when there are no descriptors left: it
/// closes who has waited longest, then the newcomer itself by a descriptor
/// that it keeps for that.
class tls_doorman : public caf::io::doorman {
public:
  /// Takes a socket that listens.
  tls_doorman(std::shared_ptr<connection_book> book, int fd);
  ~tls_doorman() override;

  bool new_connection() override { return false; }
  void launch() override;
  void graceful_shutdown() override;
  std::string addr() const override;
  uint16_t port() const override;
  void add_to_loop() override {}
  void remove_from_loop() override;

private:
  class ear;

  void accept_some();
  /// Returns whether the next one may be accepted.
  bool accept_one();
  bool turn_away();
  void refuse_one();
  void rest();

  std::shared_ptr<connection_book> book_;
  std::shared_ptr<ear> ear_;
  int spare_ = -1;
};

} // namespace troupe
