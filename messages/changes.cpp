#include "messages/changes.hpp"

namespace troupe {

std::string to_string(const changes& x) {
  return "changes stream=" + std::to_string(x.stream)
         + " sequence=" + std::to_string(x.sequence)
         + " revision=" + std::to_string(x.revision)
         + " items=" + std::to_string(x.items.size());
}

} // namespace troupe
