#include "runtime/text/patch.hpp"

#include <nlohmann/json.hpp>

namespace troupe::text {

document merge_patch(document target, const document& patch) {
  if (!patch.is_object())
    return patch;
  if (!target.is_object())
    target = document::object();
  for (auto& [key, value] : patch.items()) {
    if (value.is_null()) {
      target.erase(key);
      continue;
    }
    auto& member = target[key];
    member = merge_patch(std::move(member), value);
  }
  return target;
}

} // namespace troupe::text
