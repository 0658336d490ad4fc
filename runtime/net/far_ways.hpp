#pragma once

#include "runtime/net/socket.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::net {

/// Pods that no route of this machine leads to, and who gets there all the
/// same: the meeting place of those who want a connection (forwarders) and of
/// who makes it (the actor `proxy/tunnels`). Calls may come from any thread.
class far_ways {
public:
  /// The pods of one node.
  struct way {
    cidr pods;
    std::string node;

    bool operator==(const way&) const = default;
  };
  /// Called once, on any thread, with a socket whose other end is served, or
  /// with why there is none.
  using done = std::function<void(expected<unique_fd>)>;
  /// What somebody waits for. Who drops it unanswered has answered that there
  /// is no way.
  class wanted {
  public:
    using answer_to = std::function<void(const caf::error&)>;

    wanted(protocol what, const endpoint& where, unique_fd served,
           answer_to tell)
        : kind(what),
          to(where),
          socket(std::move(served)),
          tell_(std::move(tell)) {}
    wanted(wanted&& other) noexcept;
    ~wanted();

    /// The socket is served, or why it is not.
    void answer(const caf::error& err);

    protocol kind;
    endpoint to;
    std::string node;
    unique_fd socket; ///< for UDP each message is a datagram

  private:
    answer_to tell_;
  };

  /// `network` tells ours from others (network_identity).
  explicit far_ways(std::string network) : network_(std::move(network)) {}
  far_ways(const far_ways&) = delete;
  far_ways& operator=(const far_ways&) = delete;
  /// Whoever waits is told that there is nobody.
  ~far_ways();

  const std::string& network() const { return network_; }

  /// From now on these are the ways.
  void lead(std::vector<way> all);

  /// Returns the node beside that address; nothing where routes lead there.
  std::optional<std::string> node_at(ipv4 address) const;

  /// Asks for a connection to a place that `node_at` knows. Fails at once when
  /// nobody makes any.
  void open(protocol kind, const endpoint& to, done tell);

  /// The same without waiting: what is sent meanwhile is kept by the socket,
  /// which hangs up when there is no way.
  expected<unique_fd> begin(protocol kind, const endpoint& to);

  /// From now on `ask` is told the number of each that is wanted. What nobody
  /// has taken by now fails.
  void serve(std::function<void(uint64_t)> ask);

  /// Hands over what that number stands for, once.
  std::optional<wanted> take(uint64_t number);

private:
  void ask_for(wanted what);

  const std::string network_;
  mutable std::mutex mutex_; ///< guards the following
  std::vector<way> ways_;
  std::function<void(uint64_t)> ask_;
  uint64_t last_ = 0;
  std::map<uint64_t, wanted> wanted_;
};

} // namespace troupe::net
