#pragma once

#include "runtime/net/service_edge.hpp"
#include "runtime/net/target_chooser.hpp"
#include "runtime/net/tcp_relay.hpp"
#include "runtime/net/udp_relay.hpp"

#include <set>

namespace troupe::net {

/// Services by forwarding in user space: accepts at each place and carries the
/// bytes to a target. A place without targets is closed, so that the system
/// itself refuses whoever connects. Open connections outlive changes of their
/// place. Out of descriptors, it stops accepting until one is free.
class forwarder : public service_edge {
public:
  /// `on` outlives the forwarder, and so do the `ways` to targets to which
  /// there is no route, null for none. Clients of UDP that were silent for
  /// `udp_idle` are forgotten.
  explicit forwarder(loop& on, far_ways* ways = nullptr,
                     std::chrono::milliseconds udp_idle = std::chrono::seconds{
                         30});

  /// Resets all connections.
  ~forwarder() override;

  void replace(std::vector<listener> all, report tell) override;
  void update(std::vector<listener> changed,
              std::vector<listener_key> removed) override;
  service_stats stats() const override;

private:
  struct place {
    listener wish;
    target_chooser chooser;
    unique_fd fd; ///< TCP: listening while there are targets
    uint64_t watch = 0;
    uint64_t pause_timer = 0; ///< while out of descriptors
    std::unique_ptr<udp_relay> udp;
    std::string problem; ///< why it could not be opened
  };

  void set(listener x);
  void remove(const listener_key& key);
  void open(place& x);
  void close(place& x);
  void retry_failed();
  void tell(place& x, const std::string& problem);
  void on_accept(const listener_key& key);
  void pause_accepting(place& x);
  void start_relay(place& x, unique_fd client, const endpoint& from);
  void opened(place& x, bool served);
  void count(int change);

  loop& loop_;
  far_ways* ways_;
  std::chrono::milliseconds udp_idle_;
  report report_;
  std::map<listener_key, place> places_;
  std::set<std::shared_ptr<tcp_relay>> relays_;
  std::atomic<size_t> listening_{0};
  std::atomic<size_t> connections_{0};
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> failed_{0};
};

} // namespace troupe::net
