#include "runtime/system/version.hpp"

namespace troupe {

const char* program_version() {
  return TROUPE_VERSION;
}

} // namespace troupe
