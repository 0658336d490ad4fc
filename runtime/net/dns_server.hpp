#pragma once

#include "runtime/dns/responder.hpp"
#include "runtime/net/dns_connection.hpp"
#include "runtime/net/dns_edge.hpp"
#include "runtime/net/upstream.hpp"

#include <atomic>
#include <list>
#include <map>
#include <memory>

namespace troupe::net {

/// How much a DNS server takes from clients over TCP.
struct dns_limits {
  size_t connections = 256; ///< the most silent makes room for one more
  std::chrono::milliseconds idle{10'000};
};

/// Answers names over UDP and TCP, on a thread of its own: those of the cluster
/// out of what it was told, all others by asking the machine's servers. Goes on
/// with what it has while nobody tells it anything.
class dns_server : public dns_edge {
public:
  explicit dns_server(upstream_settings others = {}, dns_limits limits = {});

  /// Ends all connections.
  ~dns_server() override;

  void replace(dns_settings settings, dns_change all, report tell) override;
  void update(dns_change change) override;
  void listen(std::vector<listener_key> places) override;
  dns_stats stats() const override;
  machine_names machine() const override;

private:
  struct place {
    unique_fd fd;
    uint64_t watch = 0;
    uint64_t pause_timer = 0;
    uint64_t number = 0; ///< tells it from others that were there before
    std::string problem;
  };

  using connections = std::list<std::unique_ptr<dns_connection>>;

  void open(const listener_key& key, place& x);
  void close(place& x);
  void tell(const listener_key& key, place& x, const std::string& problem);
  void on_datagrams(const listener_key& key);
  void on_accept(const listener_key& key);
  void add_connection(unique_fd fd);
  void remove_connection(connections::iterator x);
  void plan_sweep();
  void touch_serial();

  /// Calls `give` with the reply, at once or later.
  void forward(dns::verdict todo, bool udp, dns_connection::give give);
  void send_late(const listener_key& key, uint64_t number,
                 const sockaddr_in& peer, std::string reply);
  void note_upstream();

  std::filesystem::path resolv_conf_;
  dns_limits limits_;
  dns::zone zone_;
  report report_;
  std::map<listener_key, place> places_;
  uint64_t last_place_ = 0;
  uint32_t turn_ = 0;
  connections connections_; ///< the most silent first
  uint64_t sweep_timer_ = 0;
  std::atomic<size_t> listening_{0};
  std::atomic<size_t> open_{0};
  std::atomic<uint64_t> queries_{0};
  std::atomic<uint64_t> forwarded_{0};
  std::atomic<uint64_t> unanswered_{0};
  std::atomic<size_t> cached_{0};
  loop loop_;
  std::unique_ptr<upstream> others_; ///< lives on the loop
};

} // namespace troupe::net
