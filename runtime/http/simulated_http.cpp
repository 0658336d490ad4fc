#include "runtime/http/simulated_http.hpp"

#include <utility>

namespace troupe::http {

simulated_http::client* simulated_http::find(uint64_t connection) {
  auto i = clients_.find(connection);
  return i == clients_.end() ? nullptr : &i->second;
}

simulated_http::heard* simulated_http::find(uint64_t connection,
                                            uint64_t exchange) {
  auto* c = find(connection);
  if (c == nullptr)
    return nullptr;
  auto i = c->exchanges.find(exchange);
  return i == c->exchanges.end() || i->second.ended ? nullptr : &i->second;
}

void simulated_http::happen(client& c, event x) {
  if (c.tell)
    c.tell(std::move(x));
  else
    c.waiting.push_back(std::move(x));
}

uint64_t simulated_http::connect(peer who) {
  auto id = ++last_;
  auto& c = clients_[id];
  c.who = std::move(who);
  if (tell_) {
    c.told = true;
    tell_(id, c.who);
  }
  return id;
}

uint64_t simulated_http::ask(uint64_t connection, request what, bool streams) {
  auto* c = find(connection);
  if (c == nullptr)
    return 0;
  event x;
  x.kind = event::type::request;
  x.exchange = ++c->last;
  x.what = std::move(what);
  x.streams = streams;
  c->exchanges[x.exchange];
  auto number = x.exchange;
  happen(*c, std::move(x));
  return number;
}

const simulated_http::heard& simulated_http::told(uint64_t connection,
                                                  uint64_t exchange) {
  static const heard nothing;
  auto* c = find(connection);
  return c == nullptr ? nothing : c->exchanges[exchange];
}

void simulated_http::say(uint64_t connection, uint64_t exchange,
                         std::string bytes) {
  if (find(connection, exchange) == nullptr)
    return;
  event x;
  x.kind = event::type::data;
  x.exchange = exchange;
  x.bytes = std::move(bytes);
  happen(*find(connection), std::move(x));
}

void simulated_http::hang_up(uint64_t connection) {
  auto node = clients_.extract(connection);
  if (!node.empty() && node.mapped().tell)
    node.mapped().tell({});
}

uint32_t simulated_http::allowed(uint64_t connection, uint64_t exchange) {
  return told(connection, exchange).allowed;
}

bool simulated_http::is_closed(uint64_t connection) const {
  return clients_.count(connection) == 0;
}

void simulated_http::read_slowly(uint64_t connection, bool slowly) {
  auto* c = find(connection);
  if (c == nullptr)
    return;
  c->slow = slowly;
  if (slowly)
    return;
  for (auto& [exchange, pieces] : std::exchange(c->unread, {})) {
    event x;
    x.kind = event::type::taken;
    x.exchange = exchange;
    x.pieces = pieces;
    happen(*c, std::move(x));
  }
}

void simulated_http::listen(on_connection tell) {
  for (auto i = clients_.begin(); i != clients_.end();)
    i = i->second.told ? clients_.erase(i) : std::next(i);
  tell_ = std::move(tell);
  for (auto& [id, c] : clients_) {
    c.told = true;
    tell_(id, c.who);
  }
}

void simulated_http::serve(uint64_t connection, on_event tell) {
  auto* c = find(connection);
  if (c == nullptr) {
    tell({});
    return;
  }
  c->tell = std::move(tell);
  for (auto& x : std::exchange(c->waiting, {}))
    c->tell(std::move(x));
}

void simulated_http::close(uint64_t connection) {
  hang_up(connection);
}

void simulated_http::answer(uint64_t connection, uint64_t exchange,
                            response_head head, std::string body) {
  auto* x = find(connection, exchange);
  if (x == nullptr || x->begun)
    return;
  x->head = std::move(head);
  x->body = std::move(body);
  x->begun = x->ended = true;
}

void simulated_http::begin(uint64_t connection, uint64_t exchange,
                           response_head head) {
  auto* x = find(connection, exchange);
  if (x == nullptr || x->begun)
    return;
  x->head = std::move(head);
  x->begun = true;
}

void simulated_http::send(uint64_t connection, uint64_t exchange,
                          std::string piece) {
  auto* x = find(connection, exchange);
  if (x == nullptr || !x->begun)
    return;
  x->body += piece;
  auto& c = *find(connection);
  if (c.slow) {
    ++c.unread[exchange];
    return;
  }
  event taken;
  taken.kind = event::type::taken;
  taken.exchange = exchange;
  taken.pieces = 1;
  happen(c, std::move(taken));
}

void simulated_http::end(uint64_t connection, uint64_t exchange, bool broken) {
  auto* x = find(connection, exchange);
  if (x == nullptr)
    return;
  x->ended = true;
  x->broken = broken;
}

void simulated_http::upgrade(uint64_t connection, uint64_t exchange,
                             response_head head) {
  begin(connection, exchange, std::move(head));
  if (auto* x = find(connection, exchange))
    x->upgraded = true;
}

void simulated_http::allow(uint64_t connection, uint64_t exchange,
                           uint32_t pieces) {
  // What clients of a simulation say is never held back.
  if (auto* x = find(connection, exchange))
    x->allowed += pieces;
}

} // namespace troupe::http
