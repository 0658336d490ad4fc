#include "actors/system/doors.hpp"

#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>

#include <utility>

namespace troupe {

doors::doors(caf::scheduled_actor* self, calls& requests,
             std::vector<std::string> paths)
    : self_(self), requests_(&requests) {
  for (auto& path : paths)
    all_.push_back({std::move(path), {}});
}

void doors::look_in(const directory_actor& directory) {
  directory_ = directory;
  ++round_;
  for (size_t i = 0; i < all_.size(); ++i)
    seek(i);
}

void doors::seek(size_t which) {
  all_[which].handle = nullptr;
  system::Resolve msg;
  msg.set_path(all_[which].path);
  requests_->ask<caf::actor>(
      directory_,
      [this, which, round = round_](const caf::actor& found) {
        if (round != round_)
          return;
        all_[which].handle = caf::actor_cast<front_door_actor>(found);
        self_->monitor(found);
        for (auto& each : std::exchange(waiting_, {}))
          when_open(std::move(each.what), std::move(each.path));
      },
      // The directory's end is the end of all who use it, or there is another.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

const doors::door* doors::one(size_t turn) const {
  for (size_t i = 0; i < all_.size(); ++i)
    if (auto& next = all_[(turn + i) % all_.size()]; next.handle)
      return &next;
  return nullptr;
}

const doors::door* doors::find(const std::string& path) const {
  if (path.empty())
    return one();
  for (auto& each : all_)
    if (each.path == path && each.handle)
      return &each;
  return nullptr;
}

void doors::when_open(std::function<void(const door&)> what, std::string path) {
  if (auto* found = find(path))
    what(*found);
  else
    waiting_.push_back({std::move(path), std::move(what)});
}

void doors::on_down(const caf::down_msg& down) {
  for (size_t i = 0; i < all_.size(); ++i)
    if (all_[i].handle && all_[i].handle.address() == down.source)
      seek(i);
}

} // namespace troupe
