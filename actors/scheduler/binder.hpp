#pragma once

#include "actors/client/api_session.hpp"
#include "runtime/scheduling/queue.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

namespace troupe {

/// A pod that is being bound to a node.
struct binding {
  scheduling::waiting_pod pod;
  std::string node;
  uint64_t number = 0;
  bool done = false; ///< the API server has bound it, our view lags behind
};

/// The bindings that are on their way, several at a time. Part of the
/// scheduler's state: a scheduler that starts anew begins with a new session,
/// and the API server refuses what the old one still had to say.
class binder {
public:
  using on_bound = std::function<void(const binding&)>;
  using on_failed = std::function<void(const binding&, const caf::error&)>;

  /// Call once; `api` outlives this.
  /// `room` is called after each answer: one more may be started.
  void open(api_session& api, on_bound bound, on_failed failed,
            std::function<void()> room);

  /// Asks the API server to bind the pod. A binding is kept here until
  /// `settle`, or until it failed.
  void start(scheduling::waiting_pod pod, const std::string& node);

  /// The view shows what became of the pod; nothing more will be told of it.
  void settle(const std::string& key) { bindings_.erase(key); }

  /// nullptr when the pod is not being bound.
  const binding* find(const std::string& key) const;

  /// Takes note of a newer version of a pod that is being bound.
  void refresh(scheduling::pod_ptr pod);

  /// Whether as many answers are awaited as may be at a time.
  bool full() const { return open_ >= most_open; }
  size_t open_requests() const { return open_; }

private:
  static constexpr size_t most_open = 256;

  void answered(const std::string& key, uint64_t number,
                const expected<answer>& result);

  api_session* api_ = nullptr;
  on_bound bound_;
  on_failed failed_;
  std::function<void()> room_;
  std::unordered_map<std::string, binding> bindings_; ///< by key
  uint64_t last_ = 0;
  size_t open_ = 0;
};

} // namespace troupe
