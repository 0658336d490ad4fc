#include "actors/system/brood.hpp"

#include <caf/actor_cast.hpp>
#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe {

brood::brood(caf::local_actor* owner)
    : members_(std::make_shared<std::vector<caf::actor_addr>>()) {
  // Runs when the actor ends, also when it was killed: an exit handler would
  // not.
  owner->attach_functor([members = members_](const caf::error&) {
    for (auto i = members->rbegin(); i != members->rend(); ++i)
      if (auto child = caf::actor_cast<caf::actor>(*i))
        caf::anon_send_exit(child, caf::exit_reason::kill);
    members->clear();
  });
}

void brood::add(const caf::actor& child) {
  members_->push_back(child.address());
}

void brood::remove(const caf::actor_addr& child) {
  members_->erase(std::remove(members_->begin(), members_->end(), child),
                  members_->end());
}

bool brood::contains(const caf::actor_addr& child) const {
  return std::find(members_->begin(), members_->end(), child)
         != members_->end();
}

} // namespace troupe
