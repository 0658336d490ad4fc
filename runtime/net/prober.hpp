#pragma once

#include "runtime/net/loop.hpp"
#include "runtime/net/probe_edge.hpp"

#include <memory>
#include <mutex>
#include <set>

namespace troupe::net {

/// Asks over real sockets, on the loop's thread, any number at a time. Host
/// names are looked up on threads of their own. Messages are worded as
/// Kubernetes words them.
class prober : public probe_edge {
public:
  /// `on` outlives the prober.
  explicit prober(loop& on);

  /// Ends all probes; their callbacks are not called any more.
  ~prober() override;

  /// Calls `tell` on the loop's thread.
  void probe(probe_request request, done tell) override;

  /// The way back from a thread that looked a name up, as long as there is
  /// somebody to come back to.
  struct way_back {
    std::mutex mutex;
    loop* to = nullptr;
  };

private:
  class attempt;

  loop& loop_;
  std::shared_ptr<way_back> way_back_ = std::make_shared<way_back>();
  std::set<std::shared_ptr<attempt>> attempts_;
};

} // namespace troupe::net
