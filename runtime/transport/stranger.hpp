#pragma once

#include "runtime/transport/connection_book.hpp"
#include "runtime/transport/tls_stream.hpp"

#include <caf/ref_counted.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe {

class tls_scribe;

/// A connection that was accepted and has not proved itself. It becomes one of
/// the actors' once both sides have, or is answered once when it wants to join.
class stranger : public caf::ref_counted, public stream_user {
public:
  using clock = connection_book::clock;
  /// Takes over who has proved itself.
  using welcome = std::function<void(caf::intrusive_ptr<tls_scribe>)>;

  stranger(std::shared_ptr<connection_book> book, int fd, std::string address,
           welcome on_proof);

  /// Begins to listen to it.
  void open();

  const std::string& address() const { return address_; }
  clock::time_point deadline() const { return deadline_; }

  /// Closes it.
  void send_away(const std::string& why);

  void on_proved() override;
  void on_bytes(std::string_view bytes) override;
  void on_lost() override;

private:
  void become_actors();
  void hear(std::string request);
  void answer(const std::string& text);

  std::shared_ptr<connection_book> book_;
  std::shared_ptr<tls_stream> stream_;
  std::string address_;
  welcome on_proof_;
  clock::time_point began_;
  clock::time_point deadline_;
  std::string request_;
  bool heard_ = false;
  bool answered_ = false;
};

} // namespace troupe
