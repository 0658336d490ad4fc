#pragma once

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "tests/bench/cluster/cluster.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace troupe::bench {

/// Sends a create or a delete as `troupe create` and `troupe delete` do.
void create(command_client& client, const object& what);
void remove(command_client& client, const object_ref& what, bool at_once);

/// A Deployment of pods with one container. As a process, it sleeps.
object deployment(const std::string& name, int replicas);
object pod(const std::string& name);

/// Follows the pods of a cluster with a client and a thread of its own, as
/// `get pods --watch` does.
class pod_watch {
public:
  struct counts {
    size_t pods = 0;
    size_t running = 0;
    size_t ready = 0;
    size_t seen = 0; ///< names that ever were there
  };

  /// Returns once it has been told of what is there.
  explicit pod_watch(const cluster& of);
  ~pod_watch();
  pod_watch(const pod_watch&) = delete;
  pod_watch& operator=(const pod_watch&) = delete;

  /// Waits until it has seen that; ends the benchmark when nothing changes for
  /// a minute.
  void until(const std::function<bool(const counts&)>& so);

private:
  struct state {
    bool running = false;
    bool ready = false;
  };

  void run();
  void take(const change& what);
  void forget(const std::string& name);

  std::unique_ptr<command_client> client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, state> pods_;
  counts counts_;
  uint64_t batches_ = 0;
  bool complete_ = false;
  bool over_ = false;
  std::thread thread_;
};

} // namespace troupe::bench
