#include "actors/controllers/shown.hpp"

#include <algorithm>

namespace troupe {

void shown::apply(const changes& batch, const on_change& heard) {
  if (batch.reset) {
    complete_ = false;
    untold_.clear();
    for (const auto& [key, what] : objects_)
      untold_.insert(key);
  }
  for (const auto& item : batch.items) {
    if (item.type == change_type::deleted)
      drop(item.what.key(), heard);
    else
      put(item.what, heard);
  }
  if (batch.complete) {
    complete_ = true;
    for (const auto& key : std::exchange(untold_, {}))
      drop(key, heard);
  }
  revision_ = std::max(revision_, batch.revision);
}

void shown::put(const object& what, const on_change& heard) {
  auto key = what.key();
  if (!untold_.empty())
    untold_.erase(key);
  auto& slot = objects_[key];
  auto before = slot;
  // Deleted and created again within one batch: another object altogether.
  if (before && before.uid() != what.uid()) {
    heard(before, {});
    before = {};
  }
  slot = what;
  if (!before || before.revision() != what.revision())
    heard(before, what);
}

void shown::drop(const std::string& key, const on_change& heard) {
  if (!untold_.empty())
    untold_.erase(key);
  auto found = objects_.find(key);
  if (found == objects_.end())
    return;
  auto before = std::move(found->second);
  objects_.erase(found);
  heard(before, {});
}

object shown::find(const std::string& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? object{} : found->second;
}

std::vector<object> shown::in(const std::string& ns) const {
  std::vector<object> result;
  auto prefix = ns + "/";
  for (auto i = objects_.lower_bound(prefix);
       i != objects_.end() && i->first.compare(0, prefix.size(), prefix) == 0;
       ++i)
    result.push_back(i->second);
  return result;
}

} // namespace troupe
