#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::net {

class bridge_network;

/// Joins pods that have a network namespace of their own to the network. Where
/// there is no such edge, pods use the network of their node.
class pod_network {
public:
  /// Called once, on any thread; the problem is empty when all went well.
  using done = std::function<void(const std::string& problem)>;

  virtual ~pod_network() = default;

  /// Gives the network namespace at `path` the loopback and an interface with
  /// `address`. Again is fine.
  virtual void join(std::string pod, std::string address, std::string path,
                    done tell) = 0;

  /// Takes the pod's interface away, if it is still there.
  virtual void leave(std::string pod) = 0;
};

/// The network of a bridge. Calls to the kernel, some of which take
/// milliseconds, happen on a thread of its own.
class bridged_pods : public pod_network {
public:
  explicit bridged_pods(const bridge_network& bridge);

  /// Does what was asked for before.
  ~bridged_pods() override;

  void join(std::string pod, std::string address, std::string path,
            done tell) override;
  void leave(std::string pod) override;

private:
  void post(std::function<void()> what);
  void serve();

  std::unique_ptr<bridge_network> bridge_;
  std::mutex mutex_; ///< guards the following
  std::condition_variable changed_;
  std::vector<std::function<void()>> posted_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace troupe::net
