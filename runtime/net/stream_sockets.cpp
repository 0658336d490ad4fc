#include "runtime/net/stream_sockets.hpp"

#include "runtime/net/inner_connect.hpp"

#include <memory>
#include <utility>

namespace troupe::net {

stream_sockets::~stream_sockets() {
  loop_.run([this] {
    for (auto& [number, x] : std::exchange(open_, {}))
      x->abandon();
  });
}

chunk_socket::callbacks stream_sockets::callbacks_for(uint64_t socket,
                                                      const listener& tell) {
  using kind = socket_news::kind;
  return {[=] {
            tell({socket, kind::connected, {}});
          },
          [=](std::string chunk) {
            tell({socket, kind::data, std::move(chunk)});
          },
          [=] {
            tell({socket, kind::ended, {}});
          },
          [=] {
            tell({socket, kind::written, {}});
          },
          [=, this](const std::string& problem) {
            open_.erase(socket);
            tell({socket, kind::over, problem});
          }};
}

uint64_t stream_sockets::connect(protocol kind, const endpoint& to,
                                 listener tell, const std::string& network) {
  auto number = ++last_;
  loop_.post([this, number, kind, to, network, tell = std::move(tell)] {
    auto fd = network.empty() ? start_connect(kind, to)
                              : start_connect_in(network, kind, to);
    if (!fd)
      return tell({number, socket_news::kind::over, message_of(fd.error())});
    auto fresh = std::make_shared<chunk_socket>(loop_, std::move(*fd), kind);
    open_.emplace(number, fresh);
    fresh->start_connecting(callbacks_for(number, tell));
  });
  return number;
}

uint64_t stream_sockets::adopt(unique_fd fd, protocol kind, listener tell) {
  auto number = ++last_;
  // Tasks are copied.
  auto given = std::make_shared<unique_fd>(std::move(fd));
  loop_.post([this, number, given, kind, tell = std::move(tell)] {
    auto fresh = std::make_shared<chunk_socket>(loop_, std::move(*given), kind);
    open_.emplace(number, fresh);
    fresh->start(callbacks_for(number, tell));
  });
  return number;
}

void stream_sockets::with(uint64_t socket,
                          std::function<void(chunk_socket&)> act) {
  loop_.post([this, socket, act = std::move(act)] {
    if (auto found = open_.find(socket); found != open_.end()) {
      auto kept = found->second;
      act(*kept);
    }
  });
}

void stream_sockets::allow(uint64_t socket, uint32_t chunks) {
  with(socket, [chunks](chunk_socket& x) { x.allow(chunks); });
}

void stream_sockets::write(uint64_t socket, std::string chunk) {
  with(socket, [chunk = std::move(chunk)](chunk_socket& x) { x.write(chunk); });
}

void stream_sockets::end(uint64_t socket) {
  with(socket, [](chunk_socket& x) { x.end(); });
}

void stream_sockets::finish(uint64_t socket) {
  with(socket, [](chunk_socket& x) { x.finish(); });
}

void stream_sockets::abandon(uint64_t socket) {
  loop_.post([this, socket] {
    auto found = open_.extract(socket);
    if (!found.empty())
      found.mapped()->abandon();
  });
}

} // namespace troupe::net
