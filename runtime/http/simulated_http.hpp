#pragma once

#include "runtime/http/http_edge.hpp"

#include <map>
#include <string>

namespace troupe::http {

/// The edge without a network: clients are in the same process and see what
/// would have been sent to them. For one thread.
class simulated_http : public http_edge {
public:
  /// What a client has got for a request.
  struct heard {
    response_head head;
    std::string body;
    bool begun = false;
    bool ended = false;
    bool broken = false;
    bool upgraded = false;
    uint32_t allowed = 0; ///< pieces, by hand
  };

  // -- the client's side --

  uint64_t connect(peer who);
  /// Sends a request, or the head of one that streams; returns its exchange.
  uint64_t ask(uint64_t connection, request what, bool streams = false);
  const heard& told(uint64_t connection, uint64_t exchange);
  /// Says something on an upgraded connection, or of a body that streams.
  void say(uint64_t connection, uint64_t exchange, std::string bytes);
  void hang_up(uint64_t connection);
  /// How many pieces of the client were allowed.
  uint32_t allowed(uint64_t connection, uint64_t exchange);
  /// Whether the server has ended the connection.
  bool is_closed(uint64_t connection) const;
  /// From now on pieces of answers stay unread, until they are read again.
  void read_slowly(uint64_t connection, bool slowly);

  // -- the server's side --

  void listen(on_connection tell) override;
  void serve(uint64_t connection, on_event tell) override;
  void close(uint64_t connection) override;
  void answer(uint64_t connection, uint64_t exchange, response_head head,
              std::string body) override;
  void begin(uint64_t connection, uint64_t exchange,
             response_head head) override;
  void send(uint64_t connection, uint64_t exchange, std::string piece) override;
  void end(uint64_t connection, uint64_t exchange, bool broken) override;
  void upgrade(uint64_t connection, uint64_t exchange,
               response_head head) override;
  void allow(uint64_t connection, uint64_t exchange, uint32_t pieces) override;

private:
  struct client {
    peer who;
    bool told = false; ///< the server knows of it
    on_event tell;
    std::vector<event> waiting; ///< until it is served
    uint64_t last = 0;
    bool slow = false;
    std::map<uint64_t, uint32_t> unread;
    std::map<uint64_t, heard> exchanges;
  };

  client* find(uint64_t connection);
  heard* find(uint64_t connection, uint64_t exchange);
  void happen(client& c, event x);

  on_connection tell_;
  uint64_t last_ = 0;
  std::map<uint64_t, client> clients_;
};

} // namespace troupe::http
