#pragma once

#include "actors/controllers/reconciler.hpp"

#include <string>
#include <vector>

namespace troupe {

/// Follows services and pods, and marks a service when what stands behind it
/// may have changed.
class service_watch {
public:
  void open(reconciler& loop);

  /// Returns none when there is no such service.
  object find(const std::string& key) const { return services_->find(key); }

  /// Returns the pods that the service's selector matches, by key.
  std::vector<object> pods_of(const object& service) const;

  const shown& services() const { return *services_; }

private:
  void on_pod(const object& before, const object& now);
  void mark(const object& pod);

  reconciler* loop_ = nullptr;
  const shown* services_ = nullptr;
  const shown* pods_ = nullptr;
};

} // namespace troupe
