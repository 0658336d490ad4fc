#include "runtime/system/version.hpp"

namespace troupe {

const char* program_version() {
  return TROUPE_VERSION;
}

const char* program_commit() {
  return TROUPE_COMMIT;
}

} // namespace troupe
