#pragma once

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/fwd.hpp>

#include <memory>
#include <vector>

namespace troupe {

/// The actors that one actor has started. When it ends, in whatever way, they
/// are ended too, so that nobody is orphaned.
class brood {
public:
  brood() = default;

  /// Binds to the actor whose state this is. Call once, before `add`.
  explicit brood(caf::local_actor* owner);

  void add(const caf::actor& child);
  void remove(const caf::actor_addr& child);
  bool contains(const caf::actor_addr& child) const;
  size_t size() const { return members_ ? members_->size() : 0; }

private:
  std::shared_ptr<std::vector<caf::actor_addr>> members_;
};

} // namespace troupe
