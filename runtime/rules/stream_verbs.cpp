#include "runtime/rules/stream_verbs.hpp"

#include <algorithm>

namespace troupe::rules {

std::vector<std::string> stream_verbs(const std::string& subresource,
                                      const std::string& verb, bool raw) {
  if (subresource == "log")
    return {"get"};
  std::vector<std::string> result{verb.empty() ? "create" : verb};
  auto need = [&](const char* other) {
    if (std::find(result.begin(), result.end(), other) == result.end())
      result.emplace_back(other);
  };
  if (subresource != "proxy")
    need("create");
  else if (raw)
    for (auto* each : {"get", "create", "update", "patch", "delete"})
      need(each);
  return result;
}

} // namespace troupe::rules
