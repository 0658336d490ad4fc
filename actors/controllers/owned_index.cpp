#include "actors/controllers/owned_index.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/rules/ownership.hpp"

namespace troupe {

namespace {

template <class Index>
std::vector<object> list(const Index& index, const std::string& at) {
  std::vector<object> result;
  auto found = index.find(at);
  if (found == index.end())
    return result;
  result.reserve(found->second.size());
  for (const auto& [key, what] : found->second)
    result.push_back(what);
  return result;
}

} // namespace

void owned_index::change(const object& before, const object& now) {
  auto place = [this](const object& what) {
    const auto* ref = rules::controller_of(what.meta());
    return ref ? std::pair{&owned_, ref->uid()}
               : std::pair{&orphans_, what.ns()};
  };
  if (before) {
    auto [index, at] = place(before);
    auto found = index->find(at);
    if (found != index->end()) {
      found->second.erase(before.key());
      if (found->second.empty())
        index->erase(found);
    }
  }
  if (now) {
    auto [index, at] = place(now);
    (*index)[at][now.key()] = now;
  }
}

std::vector<object> owned_index::of(const std::string& uid) const {
  return list(owned_, uid);
}

std::vector<object> owned_index::orphans(const std::string& ns) const {
  return list(orphans_, ns);
}

} // namespace troupe
