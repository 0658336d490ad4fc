#pragma once

#include "runtime/net/loop.hpp"
#include "runtime/net/socket.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How processes find a cluster that nobody named: a question to a multicast
/// group, to which servers answer. Answers are hints: whoever joins trusts the
/// hash in its token and nothing else.
namespace troupe::net {

constexpr ipv4 discovery_group{0xefff5452}; // 239.255.84.82
constexpr uint16_t discovery_port = 6445;

/// A cluster that was found.
struct found_cluster {
  std::string id; ///< the hash of its authority's key, "sha256:..."
  std::string name;
  std::vector<std::string> servers; ///< HOST:PORT, where actors come in

  bool operator==(const found_cluster&) const = default;
};

/// A datagram: a question has no cluster.
struct discovery_message {
  uint64_t number = 0; ///< of the question, repeated in answers
  std::optional<found_cluster> cluster;

  bool operator==(const discovery_message&) const = default;
};

std::string encode(const discovery_message& x);

/// Nothing for what is no such datagram, be it of a later version.
std::optional<discovery_message> decode_discovery(std::string_view bytes);

/// Returns those of a cluster's servers that who asks from `from` can reach:
/// addresses of this machine alone are none for others.
std::vector<std::string> reachable(const std::vector<std::string>& servers,
                                   ipv4 from);

/// Puts what was heard together: one entry for each cluster, with all servers
/// that were told of it, in the order in which they came.
void note(std::vector<found_cluster>& to, found_cluster one);

/// Answers questions, on the thread of a loop, and tells the group once that it
/// is there. Ends with this.
class discovery_responder {
public:
  /// `what` is asked for each answer, on the loop's thread. Fails with the
  /// system's reason; a machine where no interface takes part has none.
  static expected<std::unique_ptr<discovery_responder>>
  open(std::shared_ptr<loop> thread, uint16_t port,
       std::function<found_cluster()> what);

  ~discovery_responder();

  discovery_responder(const discovery_responder&) = delete;
  discovery_responder& operator=(const discovery_responder&) = delete;

private:
  discovery_responder(std::shared_ptr<loop> thread, unique_fd fd,
                      std::function<found_cluster()> what);

  void announce(uint16_t port);
  void on_questions();

  std::shared_ptr<loop> thread_;
  unique_fd fd_;
  std::function<found_cluster()> what_;
  uint64_t watch_ = 0;
};

/// Asks on all interfaces and returns the clusters that answered within
/// `patience`, less where this machine has no network. Blocks. Fails with the
/// system's reason.
expected<std::vector<found_cluster>>
discover(uint16_t port = discovery_port,
         std::chrono::milliseconds patience = std::chrono::milliseconds(300));

} // namespace troupe::net
